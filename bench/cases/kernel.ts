/**
 * What the built-in kernel's own work costs: a system call, a TLB miss, a page fault, a fork. Each
 * is measured by a program that does little else. CPU time, so that other programs on the computer
 * matter less.
 *
 * @module
 */

import process from "node:process";
import { type Cell, seconds, table } from "../report.ts";
import { calls, copies, fills, forks, loads } from "../tiny.ts";
import { bootedVm } from "../vm.ts";

const TRIES = 3;
const STORES = 20_000;
const CALLS = 400_000, FORKS = 2_000, PAGES = 16_384, ROUNDS = 24;

/**
 * CPU seconds, user and system, that a program takes after a first run, for which the engine has to
 * be made and the host to find memory.
 */
function cost(bytes: Uint8Array): number {
  const vm = bootedVm("cow", "256M");
  let shortest = Infinity;
  for (let i = 0; i <= TRIES; i++) {
    const before = process.cpuUsage();
    const report = vm.run("tiny", [], { bytes });
    const { user, system } = process.cpuUsage(before);
    if (report.status !== 0) throw new Error(`ended with ${report.status}: ${report.console}`);
    if (i > 0) shortest = Math.min(shortest, (user + system) / 1e6);
  }
  return shortest;
}

/**
 * CPU seconds of a script's store, of which nobody asks what it caused, with so many processes that
 * share the page.
 */
function store(processes: number): number {
  const vm = bootedVm("cow", "128M");
  const p = vm.spawn();
  const at = p.sbrk(4096);
  for (let i = 1; i < processes; i++) p.fork();
  let shortest = Infinity;
  for (let i = 0; i <= TRIES; i++) {
    const before = process.cpuUsage();
    for (let n = 0; n < STORES; n++) p.store(at, n);
    const { user, system } = process.cpuUsage(before);
    if (i > 0) shortest = Math.min(shortest, (user + system) / 1e6 / STORES);
  }
  return shortest;
}

/** Prints the table. */
export function kernel(): Promise<void> {
  const idle = cost(copies(PAGES, false));
  const rows: Cell[][] = [
    ["getpid()", seconds(cost(calls(CALLS)) / CALLS)],
    ["load that misses the TLB", seconds(cost(loads(PAGES, ROUNDS)) / (PAGES * ROUNDS))],
    ["zero-fill fault", seconds(cost(fills(PAGES)) / PAGES)],
    ["copy-on-write fault", seconds((cost(copies(PAGES, true)) - idle) / PAGES)],
    ["fork, exit, wait", seconds(cost(forks(FORKS)) / FORKS)],
    ...[1, 16, 60].map((n): Cell[] => [`a script's store, processes: ${n}`, seconds(store(n))]),
  ];
  table("the kernel's work, CPU time of one", ["", "TIME"], rows);
  return Promise.resolve();
}
