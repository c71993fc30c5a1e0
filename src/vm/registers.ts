/** The user registers of a process, by name, as it will run on. */

import { readEpc, readRegister, writeRegister } from "./kernel/process/trapframe.ts";
import { CSR_ROWS } from "./machine/hart/csr_rows.ts";
import { REGISTER_NAMES, registerNumber } from "./machine/isa/register_names.ts";
import type { Ram } from "./machine/memory.ts";
import type { PaNum } from "./machine/address.ts";
import { changesOf, partsOf, type RegisterFile } from "./parts.ts";
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

  get #file(): RegisterFile {
    return partsOf(this.#vm).registers(this.#process.pid);
  }

  /** The address of its next instruction. */
  get pc(): bigint {
    return this.#file.pc;
  }

  /** satp while it runs: Sv39, its ASID and the page number of its root table. */
  get satp(): bigint {
    return this.#file.satp;
  }

  /** x0 to x31. */
  values(): bigint[] {
    const file = this.#file;
    return REGISTER_NAMES.map((_, n) => file.get(n));
  }

  /** One by its name: `a0`, `x10`, `fp`, `pc`, `satp` …; undefined: there is none. */
  get(name: string): bigint | undefined {
    if (name === "pc") return this.pc;
    if (name === "satp") return this.satp;
    const n = registerNumber(name);
    return n === undefined ? undefined : this.#file.get(n);
  }

  /** Sets one, modulo 2^64. Throws a RangeError for a name that is none of `ra` to `t6`. */
  set(name: string, value: bigint): void {
    const n = registerNumber(name);
    if (n === undefined || n === 0) {
      throw new RangeError(`${name} cannot be set: ra, sp, gp, tp, t0 … a0 …`);
    }
    void this.pc; // Whoever is gone has none.
    const set = () => this.#file.set(n, value);
    changesOf(this.#vm).call(`p${this.#process.pid}.registers.set`, [name, value], set);
  }
}

/** The user registers that stand in a trapframe of xv6's layout. */
export function trapframeRegisters(
  ram: Ram,
  trapframe: () => PaNum,
  satp: () => bigint,
): RegisterFile {
  return {
    get pc() {
      return readEpc(ram, trapframe());
    },
    get satp() {
      return satp();
    },
    get: (n) => readRegister(ram, trapframe(), n),
    set: (n, value) => writeRegister(ram, trapframe(), n, value),
  };
}
