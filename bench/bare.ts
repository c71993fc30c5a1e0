/**
 * One bare-metal program on our machine, in a process of its own as QEMU's is: prints the seconds
 * from its first instruction to its last. What is translated and compiled on the way counts, and
 * nothing is warm from a run before; the start of the process does not count.
 *
 *     deno run --allow-read bench/bare.ts PROGRAM.elf
 *
 * @module
 */

import { Guest } from "../src/vm/guest.ts";

/** Far more than any of the programs takes. */
const BUDGET = 100_000_000_000;

const file = Deno.args[0]!;
const guest = new Guest(Deno.readFileSync(file), { budget: BUDGET });
const start = performance.now();
let { end } = guest.slice();
while (end === undefined) ({ end } = guest.slice());
const seconds = (performance.now() - start) / 1000;
if (end.end !== "exit" || end.code !== 0) throw new Error(`${file}: ${end.end} ${end.code}`);
console.log(seconds);
