/**
 * Runs the programs of `tests/litmus/bin` on a machine of several harts, and reads what they say.
 *
 * @module
 */
import { Machine, type MachineOptions } from "../../src/vm/machine/machine.ts";
import { load } from "../isa/programs.ts";

/** Which harts, and how their turns interleave. */
export type Interleaving = Required<Pick<MachineOptions, "harts" | "quantum" | "seed">>;

/** How a program ended. */
export interface Told {
  /** What it said on its UART, a line each. */
  readonly lines: readonly string[];
  /** Its exit code: 0, or the source line of the check that failed. */
  readonly code: number;
  /** Instructions of all harts. */
  readonly instret: number;
}

/** All programs are over after some million instructions: a barrier costs a turn of each hart. */
export const BUDGET = 2_000_000_000;

/** Where a program's file is. */
export const programFile = (name: string): URL => new URL(`bin/${name}.elf`, import.meta.url);

const files = new Map<string, Uint8Array>();

/** A machine with a program at its first instruction. */
export function loaded(name: string, how: Interleaving): Machine {
  const file = files.get(name) ?? Deno.readFileSync(programFile(name));
  files.set(name, file);
  const machine = new Machine({ memBytes: 2 ** 24, ...how });
  load(machine, file);
  return machine;
}

/** What a machine's program has said and how it ended. Throws when it has not. */
export function toldBy(machine: Machine): Told {
  const { finish } = machine.finisher;
  const { instret } = machine;
  const said = new TextDecoder().decode(machine.uart.take());
  if (finish === undefined) {
    const where = machine.harts.map((hart) => `0x${hart.pc.toString(16)}`).join(", ");
    throw new Error(`no end after ${instret} instructions, harts at ${where}; it said:\n${said}`);
  }
  return { lines: linesOf(said), code: finish.code, instret };
}

/** Runs a program to its end. */
export function run(name: string, how: Interleaving): Told {
  const machine = loaded(name, how);
  machine.run(BUDGET);
  return toldBy(machine);
}

/** The lines of what a program said. */
export function linesOf(said: string): string[] {
  return said.split("\n").filter((line) => line !== "");
}

/** Lines `name rest` as a record. */
export function named(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(lines.map((line) => {
    const blank = line.indexOf(" ");
    return [line.slice(0, blank), line.slice(blank + 1)];
  }));
}

/** From the shortest turns to the longest: what a litmus program is run with by default. */
export const QUANTA: readonly number[] = [2, 3, 4, 7, 16, 33, 100, 250, 1000, 10_000];
