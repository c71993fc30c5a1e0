/**
 * The system calls of a guest: their numbers, told from the stubs of its own programs, of which
 * every program of an xv6 has them all, and what their arguments mean. Trees number the labs' calls
 * differently, and no kernel says how.
 */

import type { CallName } from "./kernel/abi.ts";
import { ABIS } from "./kernel/abi.ts";
import { KernelError } from "./kernel/manual.ts";
import { type Stub, stubsOf } from "./kernel/stubs.ts";
import type { Argument } from "./kernel/syscalls/call.ts";
import { callNamed } from "./kernel/syscalls/dispatch.ts";
import { argTexts, filledTexts } from "./kernel/syscalls/trace.ts";
import type { Caller, CallTexts } from "./guest/event_sources.ts";
import type { Elf } from "./machine/elf.ts";

/** Programs that every xv6 has. */
const PROGRAMS = ["sh", "init", "cat"];
/** What calls were named before they were renamed. */
const OLDER: Readonly<Partial<Record<CallName, string>>> = { pause: "sleep" };

/** The calls of one guest. */
export class GuestCalls implements CallTexts {
  readonly #program: (name: string) => Elf | undefined;
  #known: readonly Stub[] | undefined;

  /** @param program A program of the guest's disk by its name. */
  constructor(program: (name: string) => Elf | undefined) {
    this.#program = program;
  }

  /** The stubs of its programs; none when they have no symbols. */
  get #stubs(): readonly Stub[] {
    if (this.#known !== undefined) return this.#known;
    for (const name of PROGRAMS) {
      const elf = this.#program(name);
      const stubs = elf === undefined ? [] : stubsOf(elf);
      if (stubs.length > 0) return this.#known = stubs;
    }
    return this.#known = [];
  }

  /** Without stubs, the calls that every xv6 has. */
  get #all(): readonly Pick<Stub, "name" | "number">[] {
    if (this.#stubs.length > 0) return this.#stubs;
    return Object.entries(ABIS[0].calls).map(([number, name]) => ({ name, number: Number(number) }))
      .filter(({ number }) => number <= 21);
  }

  /** @inheritdoc */
  nameOf(number: number): string | undefined {
    return this.#stubs.find((one) => one.number === number)?.name;
  }

  /** @inheritdoc */
  made(name: string, caller: Caller): string[] | undefined {
    const all = this.#arguments(name);
    return all && argTexts(caller, all);
  }

  /** @inheritdoc */
  returned(name: string, caller: Caller, texts: readonly string[], result: number): string[] {
    return filledTexts(caller, this.#arguments(name) ?? [], texts, result);
  }

  /** What a call is given; undefined: nobody knows. */
  #arguments(name: string): readonly Argument[] | undefined {
    const all = callNamed(name)?.arguments;
    // Since 2025 the stub of sbrk has another name and a second argument.
    const how = name !== "sbrk" || this.#stubs.some(({ symbol }) => symbol === "sys_sbrk");
    return how ? all : all?.filter(({ kind }) => kind !== "sbrk-how");
  }

  /** The number of a call. Throws a KernelError for one that the guest has not. */
  numberOf(name: CallName): number {
    const older = OLDER[name];
    const numbered = (wanted: string | undefined) =>
      this.#all.findLast((one) => one.name === wanted)?.number;
    const number = numbered(name) ?? numbered(older);
    if (number !== undefined) return number;
    throw new KernelError(`${name}: the guest's programs have no such call`);
  }
}
