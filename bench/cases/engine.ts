/**
 * Guest instructions a second on bare-metal loops: interpreted, and with hot code compiled to
 * WebAssembly. Beside QEMU: the case `qemu`.
 *
 * @module
 */

import type { Compile } from "../../src/vm/machine/machine_state.ts";
import { Machine } from "../../src/vm/machine/machine.ts";
import { load } from "../../tests/isa/programs.ts";
import { loopFile, LOOPS } from "../loops.ts";
import { best, type Cell, seconds, table, times } from "../report.ts";

/** Tries of compiled code, the first of which meets a cold translator; interpreted, seconds each. */
const TRIES = 3;

/** Prints the table. */
export async function engine(): Promise<void> {
  const rows: Cell[][] = [];
  for (const name of LOOPS) {
    const elf = Deno.readFileSync(loopFile(name));
    const interpreted = await best(1, () => run(name, elf, "never"));
    const compiled = await best(TRIES, () => run(name, elf, "hot"));
    const speed = ({ seconds, result }: typeof compiled) => (result / seconds / 1e6).toFixed(0);
    rows.push([
      name,
      `${(compiled.result / 1e6).toFixed(0)} M`,
      seconds(interpreted.seconds),
      speed(interpreted),
      seconds(compiled.seconds),
      speed(compiled),
      times(interpreted.seconds / compiled.seconds),
    ]);
  }
  const columns = ["LOOP", "INSTRUCTIONS", "INTERPRETED", "MIPS", "COMPILED", "MIPS", "FASTER"];
  table("engine: bare-metal loops", columns, rows);
}

/** Runs a program to its end; the instructions that it took. */
function run(name: string, elf: Uint8Array, compile: Compile): number {
  const machine = new Machine({ compile, countHits: false });
  load(machine, elf);
  const stop = machine.run(Number.MAX_SAFE_INTEGER);
  if (stop.kind === "finisher" && stop.code === 0) return machine.instret;
  throw new Error(`${name}: ${stop.kind === "finisher" ? `code ${stop.code}` : stop.kind}`);
}
