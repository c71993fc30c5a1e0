/**
 * One fork() of a process with so much memory under each policy: time, bytes copied, PTEs written.
 *
 * @module
 */

import { POLICIES } from "../../src/vm/kernel/fork/policies.ts";
import { fork as kernelFork } from "../../src/vm/kernel/process/lifecycle.ts";
import { forkDifference, noForks } from "../../src/vm/fork_statistics.ts";
import { type Cell, seconds, table } from "../report.ts";
import { bootedVm } from "../vm.ts";
import { kernelOf, recordOf } from "../../src/vm/parts.ts";

const MEBIBYTES = [1, 16, 64];
const TRIES = 15;

/** Prints the table. */
export function fork(): Promise<void> {
  const rows: Cell[][] = [];
  for (const { name: policy } of POLICIES) {
    for (const size of MEBIBYTES) {
      const vm = bootedVm(policy, "256M");
      const parent = vm.spawn();
      const heap = parent.sbrk(`${size}M`);
      parent.fill(heap, `${size}M`, 0x5a);
      let shortest = Infinity;
      let did = noForks();
      for (let i = 0; i < TRIES; i++) {
        // The kernel's own call: a report of all that it did takes longer than the fork.
        const before = { ...kernelOf(vm).state.forkTotals };
        const start = performance.now();
        const child = kernelFork(kernelOf(vm), recordOf(parent))!;
        shortest = Math.min(shortest, (performance.now() - start) / 1000);
        did = forkDifference(kernelOf(vm).state.forkTotals, before);
        vm.process(child.pid).exit();
        parent.wait();
      }
      const { shared, copied, ptes, tables } = did;
      rows.push([policy, `${size} MiB`, seconds(shortest), shared, copied * 4096, ptes, tables]);
    }
  }
  const columns = ["POLICY", "HEAP", "FORK", "SHARED", "BYTES-COPIED", "PTES", "TABLES"];
  table("fork() of a process with its heap written", columns, rows);
  return Promise.resolve();
}
