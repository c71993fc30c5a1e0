/**
 * The numbers of a guest's system calls, told from the stubs of its own programs: every program of
 * an xv6 has them all. Trees number the labs' calls differently, and no kernel says how.
 */

import type { CallName } from "./kernel/abi.ts";
import { ABIS } from "./kernel/abi.ts";
import { KernelError } from "./kernel/manual.ts";
import { stubsOf } from "./kernel/stubs.ts";
import type { Elf } from "./machine/elf.ts";

/** Programs that every xv6 has. */
const PROGRAMS = ["sh", "init", "cat"];
/** What calls were named before they were renamed. */
const OLDER: Readonly<Partial<Record<CallName, string>>> = { pause: "sleep" };

/** The calls of one guest. */
export class GuestCalls {
  readonly #program: (name: string) => Elf | undefined;
  #numbers: ReadonlyMap<string, number> | undefined;

  /** @param program A program of the guest's disk by its name. */
  constructor(program: (name: string) => Elf | undefined) {
    this.#program = program;
  }

  /** Numbers by name; without stubs, those of the calls that every xv6 has. */
  get #all(): ReadonlyMap<string, number> {
    if (this.#numbers !== undefined) return this.#numbers;
    for (const name of PROGRAMS) {
      const elf = this.#program(name);
      const stubs = elf === undefined ? [] : stubsOf(elf);
      if (stubs.length === 0) continue;
      return this.#numbers = new Map(stubs.map((stub) => [stub.name, stub.number]));
    }
    const known = Object.entries(ABIS[0].calls).filter(([number]) => Number(number) <= 21);
    return this.#numbers = new Map(known.map(([number, name]) => [name, Number(number)]));
  }

  /** The number of a call. Throws a KernelError for one that the guest has not. */
  numberOf(name: CallName): number {
    const older = OLDER[name];
    const number = this.#all.get(name) ?? (older === undefined ? undefined : this.#all.get(older));
    if (number !== undefined) return number;
    throw new KernelError(`${name}: the guest's programs have no such call`);
  }
}
