/** The user registers of a process, by name, as it will run on. */

import type { Proc } from "./kernel/process/proc.ts";
import { readEpc, readRegister, writeRegister } from "./kernel/process/trapframe.ts";
import { CSR_ROWS } from "./machine/hart/csr_rows.ts";
import { REGISTER_NAMES, registerNumber } from "./machine/isa/register_names.ts";
import type { Ram } from "./machine/memory.ts";
import { makeSatp } from "./machine/sv39.ts";
import type { PaNum } from "./machine/address.ts";

/** Names of the control and status registers that the hart has. */
export const CSR_NAMES: readonly string[] = CSR_ROWS.map((row) => row.name);

/** The user registers of one process, live, as it will run on. Values are unsigned. */
export class Registers {
  readonly #ram: Ram;
  readonly #record: () => Proc;
  readonly #root: () => PaNum;
  readonly #does: (what: string, args: unknown[], body: () => void) => void;

  /**
   * For {@link Process.registers}.
   *
   * @internal
   */
  constructor(
    ram: Ram,
    record: () => Proc,
    root: () => PaNum,
    does: (what: string, args: unknown[], body: () => void) => void,
  ) {
    this.#ram = ram;
    this.#record = record;
    this.#root = root;
    this.#does = does;
  }

  /** The address of its next instruction. */
  get pc(): bigint {
    return readEpc(this.#ram, this.#record().trapframe);
  }

  /** satp while it runs: Sv39, ASID 0 and the page number of its root table. */
  get satp(): bigint {
    return makeSatp(this.#root());
  }

  /** x0 to x31. */
  values(): bigint[] {
    return REGISTER_NAMES.map((_, n) => readRegister(this.#ram, this.#record().trapframe, n));
  }

  /** One by its name: `a0`, `x10`, `fp`, `pc`, `satp` …; undefined: there is none. */
  get(name: string): bigint | undefined {
    if (name === "pc") return this.pc;
    if (name === "satp") return this.satp;
    const n = registerNumber(name);
    return n === undefined ? undefined : readRegister(this.#ram, this.#record().trapframe, n);
  }

  /** Sets one, modulo 2^64. Throws a RangeError for a name that is none of `ra` to `t6`. */
  set(name: string, value: bigint): void {
    const n = registerNumber(name);
    if (n === undefined || n === 0) {
      throw new RangeError(`${name} cannot be set: ra, sp, gp, tp, t0 … a0 …`);
    }
    this.#does(
      "registers.set",
      [name, value],
      () => writeRegister(this.#ram, this.#record().trapframe, n, value),
    );
  }
}
