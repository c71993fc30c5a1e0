/**
 * Saved states of a computer: the time of a save and of a restore, and the bytes that a save adds,
 * with one page dirtied between two.
 *
 * @module
 */

import { KeptStates } from "../../src/vm/state_size.ts";
import { type Cell, seconds, table } from "../report.ts";
import { bootedVm } from "../vm.ts";

/** Saves and restores, all states kept. */
const TRIES = 200;
const PAGES = 64;

/** Prints the table. */
export function snapshots(): Promise<void> {
  const rows: Cell[][] = [];
  for (const [what, program] of [["fresh, 128M", ""], ["after cowtest, 128M", "cowtest"]]) {
    const vm = bootedVm("cow", "128M");
    if (program !== "") vm.run(program);
    const p = vm.spawn();
    const heap = p.sbrk(`${PAGES} pages`);
    const dirty = (i: number) => p.fill(heap + BigInt(i % PAGES * 4096), 1, i % 251);
    for (let i = 0; i < PAGES; i++) dirty(i);
    const states = [vm.save()];
    const kept = new KeptStates();
    kept.add(states[0]);
    // The mean, since what is allocated has to be collected some time.
    let save = 0, restore = 0, bytes = 0;
    for (let i = 0; i < TRIES; i++) {
      dirty(i);
      const start = performance.now();
      const state = vm.save();
      save += (performance.now() - start) / 1000;
      bytes = Math.max(bytes, kept.add(state));
      states.push(state);
    }
    for (let i = 0; i < TRIES; i++) {
      const start = performance.now();
      vm.restore(states[i * 7 % TRIES]);
      restore += (performance.now() - start) / 1000;
    }
    rows.push([what, seconds(save / TRIES), seconds(restore / TRIES), bytes]);
  }
  table("a snapshot with one page dirtied", ["COMPUTER", "SAVE", "RESTORE", "BYTES"], rows);
  return Promise.resolve();
}
