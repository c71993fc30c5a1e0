/** The user registers of a process, by name, as it will run on. */

import { spaceOf } from "./kernel/process/table.ts";
import { readEpc, readRegister, writeRegister } from "./kernel/process/trapframe.ts";
import { CSR_ROWS } from "./machine/hart/csr_rows.ts";
import { REGISTER_NAMES, registerNumber } from "./machine/isa/register_names.ts";
import type { Ram } from "./machine/memory.ts";
import { makeSatp } from "./machine/sv39.ts";
import type { PaNum } from "./machine/address.ts";
import { kernelOf, machineOf, recorderOf, recordOf } from "./parts.ts";
import type { Process } from "./process.ts";
import type { Vm } from "./vm.ts";

/** Names of the control and status registers that the hart has. */
export const CSR_NAMES: readonly string[] = CSR_ROWS.map((row) => row.name);

/** The user registers of one process, live, as it will run on. Values are unsigned. */
export class Registers {
  readonly #vm: Vm;
  readonly #process: Process;

  /** @internal For {@link Process.registers}. */
  constructor(vm: Vm, process: Process) {
    this.#vm = vm;
    this.#process = process;
  }

  get #ram(): Ram {
    return machineOf(this.#vm).ram;
  }

  get #trapframe(): PaNum {
    return recordOf(this.#process).trapframe;
  }

  /** The address of its next instruction. */
  get pc(): bigint {
    return readEpc(this.#ram, this.#trapframe);
  }

  /** satp while it runs: Sv39, ASID 0 and the page number of its root table. */
  get satp(): bigint {
    return makeSatp(spaceOf(kernelOf(this.#vm), recordOf(this.#process)).root);
  }

  /** x0 to x31. */
  values(): bigint[] {
    return REGISTER_NAMES.map((_, n) => readRegister(this.#ram, this.#trapframe, n));
  }

  /** One by its name: `a0`, `x10`, `fp`, `pc`, `satp` …; undefined: there is none. */
  get(name: string): bigint | undefined {
    if (name === "pc") return this.pc;
    if (name === "satp") return this.satp;
    const n = registerNumber(name);
    return n === undefined ? undefined : readRegister(this.#ram, this.#trapframe, n);
  }

  /** Sets one, modulo 2^64. Throws a RangeError for a name that is none of `ra` to `t6`. */
  set(name: string, value: bigint): void {
    const n = registerNumber(name);
    if (n === undefined || n === 0) {
      throw new RangeError(`${name} cannot be set: ra, sp, gp, tp, t0 … a0 …`);
    }
    void this.#trapframe; // Whoever is gone has none.
    const set = () => writeRegister(this.#ram, this.#trapframe, n, value);
    recorderOf(this.#vm).call(`p${this.#process.pid}.registers.set`, [name, value], set);
  }
}
