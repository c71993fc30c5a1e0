/**
 * Machines of both tiers that do the same in lockstep: one interprets, the other compiles all that it can. After each
 * step everything that can be seen of them has to be the same; what is not, is named with the instructions that came
 * before it.
 *
 * @module
 */

import type { PaNum } from "../../../src/vm/machine/address.ts";
import { isLong } from "../../../src/vm/machine/isa/decode.ts";
import { disassemble } from "../../../src/vm/machine/isa/disassemble.ts";
import {
  type Compile,
  Machine,
  type MachineOptions,
  type Stop,
} from "../../../src/vm/machine/machine.ts";
import { sameSaved } from "../../../src/vm/machine/saver.ts";
import { differences, sameButTurns, sameHarts, sameRam, sameStates } from "./compare.ts";

/** Makes the machine of a tier, at the start. */
export type Make = (compile: Compile) => Machine;

/** 16 MiB: the smallest machine. */
const SMALL = 16 * 1024 * 1024;

/** A small machine of a tier, with something loaded. */
export const maker =
  (options: MachineOptions, load: (machine: Machine) => void): Make => (compile) => {
    const machine = new Machine({ memBytes: SMALL, ...options, compile });
    load(machine);
    return machine;
  };

/** What is done to both: its answers must be the same. Runs are numbers of instructions. */
export type Step = number | {
  readonly name: string;
  readonly do: (machine: Machine) => unknown;
};

const take = (step: Step, machine: Machine) =>
  typeof step === "number" ? machine.run(step) : step.do(machine);

/** How closely both are looked at. */
export interface Care {
  /** After every so many steps all that the machines do not notice being looked at. */
  readonly whole: number;
  /** After every so many steps what a saved state holds; 0: at the end only. */
  readonly saved: number;
  /** How the second machine compiles; `always` when absent. */
  readonly second?: Compile;
}

/** Where two machines parted. */
export class Parted extends Error {
  /** What differs, and how it came to that. */
  constructor(readonly lines: readonly string[]) {
    super(lines.join("\n"));
  }
}

const END: ReadonlySet<Stop["kind"]> = new Set(["finisher", "wfi", "stuck"]);

/** Both machines. */
export class Lockstep {
  /** The interpreter. */
  readonly one: Machine;
  /** The compiler. */
  readonly two: Machine;
  readonly #care: Care;
  #steps = 0;
  /** The guest has ended, or will never go on. */
  over = false;

  constructor(make: Make, care: Care = { whole: 16, saved: 0 }) {
    this.one = make("never");
    this.two = make(care.second ?? "always");
    this.#care = care;
  }

  /** Does a step on both, and gives their answer. Throws where they part. */
  step(step: Step): unknown {
    const [a, b] = [this.one, this.two].map((machine) => take(step, machine));
    this.#steps++;
    if (!sameSaved(a, b)) this.#part([`answers ${said(a)} and ${said(b)}`]);
    if (typeof step === "number" && END.has((a as Stop).kind)) this.over = true;
    const { whole, saved } = this.#care;
    if (!sameHarts(this.one, this.two)) this.#part([]);
    if (this.#steps % whole === 0 && !sameButTurns(this.one, this.two)) this.#part([]);
    if (saved > 0 && this.#steps % saved === 0) this.sameSaved();
    return a;
  }

  /** Holds saved states of both against each other. */
  sameSaved(): void {
    if (!sameStates(this.one, this.two)) this.#part([]);
  }

  /** The same with all of RAM, for the end. */
  end(): void {
    this.sameSaved();
    if (!sameRam(this.one, this.two, true)) this.#part([]);
  }

  #part(lines: readonly string[]): never {
    const { instret } = this.one;
    const found = differences(this.one, this.two);
    throw new Parted([
      `after step ${this.#steps}, ${instret} instructions, the compiler's state is not the interpreter's:`,
      ...lines,
      ...found,
    ]);
  }
}

const said = (answer: unknown): string =>
  JSON.stringify(
    answer,
    (_, value) => typeof value === "bigint" ? `0x${value.toString(16)}` : value,
  ) ?? "nothing";

/** Steps, new ones at each call: some of them remember what they did. */
export type Script = () => Iterable<Step>;

/**
 * Does the steps on both machines, until the guest ends. Where they part, and one wants to know `how`, they are made
 * once more and looked at after each step, and the error has the instructions of the step after which they first
 * differed.
 */
export function play(make: Make, script: Script, care?: Care, how = true): Lockstep {
  const pair = new Lockstep(make, care);
  try {
    for (const step of script()) {
      pair.step(step);
      if (pair.over) break;
    }
    pair.end();
    return pair;
  } catch (error) {
    if (!(error instanceof Parted) || !how) throw error;
    throw new Parted([...closely(make, script, care) ?? error.lines]);
  }
}

/** The same once more, looked at after each step. */
function closely(make: Make, script: Script, care: Care | undefined): string[] | undefined {
  const pair = new Lockstep(make, { saved: 0, ...care, whole: 1 });
  let done = 0;
  try {
    for (const step of script()) {
      done++;
      pair.step(step);
      if (pair.over) break;
    }
    pair.end();
  } catch (error) {
    if (!(error instanceof Parted)) throw error;
    return [...error.lines, ...last(make, [...script()].slice(0, done))];
  }
  return undefined;
}

/** Instructions that are shown of a step, at most: its last ones. */
const SHOWN = 60;

/** What the last step was, as the interpreter did it. */
function last(make: Make, steps: readonly Step[]): string[] {
  const machine = make("never");
  for (const step of steps.slice(0, -1)) take(step, machine);
  const step = steps.at(-1)!;
  if (typeof step !== "number") return [`the step: ${step.name}`];
  const lines: string[] = [];
  for (let i = 0; i < step; i++) {
    const { hart, instret } = machine;
    lines.push(`${instret}: ${instructionAt(machine)}`);
    const { kind } = machine.run(1);
    if (kind !== "budget") {
      lines.push(`it ends: ${kind}`);
      break;
    }
    if (machine.hart !== hart) lines.push(`hart ${machine.hart.hartid}:`);
  }
  const left = Math.max(0, lines.length - SHOWN);
  return [`a run of ${step}, interpreted (${left} instructions before):`, ...lines.slice(left)];
}

/** The instruction that is next, unless an interrupt is. */
function instructionAt(machine: Machine): string {
  const { hart, ram, mmu } = machine;
  const { pc, mode } = hart;
  const half = (at: bigint) => {
    // A look into the TLB alone: nothing is to change.
    const frame = mode === 3 || !mmu.paging
      ? Number(at) / 4096
      : mmu.tlb.find(mmu.fetchBank, 2, Number(BigInt.asUintN(27, at >> 12n)));
    const pa = Math.floor(frame) * 4096 + Number(at & 0xfffn);
    return frame >= 0 && ram.contains(pa as PaNum, 2) ? ram.read16(pa as PaNum) : undefined;
  };
  const where = `${"USHM"[mode]} ${pc.toString(16)}`;
  const low = half(pc);
  if (low === undefined) return where;
  const word = isLong(low) ? low | (half(pc + 2n) ?? 0) << 16 : low;
  return `${where}: ${disassemble(word, pc, { aliases: false }).text}`;
}
