/** What a saved state of a computer costs: what changed since the one before, and no more. */

import { assert, assertEquals } from "@std/assert";
import { stateBytes } from "../../src/vm/state_size.ts";
import type { VmState } from "../../src/vm/vm.ts";
import { boot } from "./lab.ts";

const KB = 1024;

/** Bytes of each state that cannot be reached from those before it. */
function added(states: readonly VmState[]): number[] {
  const seen = new Set<object>();
  return states.map((state) => stateBytes([state], seen));
}

for (
  const [name, options, before] of [
    ["a fresh computer", { mem: "128M" }, ""],
    ["2 GiB of RAM", { mem: "2G" }, ""],
    ["a full event log, files, dead processes and a swap disk", { swap: "16M" }, "forktest"],
  ] as const
) {
  Deno.test(`a snapshot with one dirty page costs less than 20 KB: ${name}`, () => {
    const vm = boot(options);
    while (before !== "" && vm.mark().event < 70_000) vm.run(before);
    const p = vm.spawn();
    const heap = p.sbrk("8 pages");
    p.fill(heap, "8 pages", 1);
    const states = [vm.save()];
    for (let i = 0; i < 16; i++) {
      p.store(heap + BigInt(i % 8 * 4096 + i), 1000 + i, 4);
      states.push(vm.save());
    }
    const costs = added(states).slice(1);
    assert(Math.max(...costs) < 20 * KB, `${costs}`);
    assert(Math.min(...costs) > 1024, `${costs}: it is in it`);
  });
}

Deno.test("a fork, a copied page, a block of a file: a snapshot costs the frames and blocks that changed", () => {
  const vm = boot({ mem: "128M" });
  const p = vm.spawn();
  const heap = p.sbrk("64 pages");
  p.fill(heap, "64 pages", 1);
  const fd = p.open("f", "w+");
  const states = [vm.save()];
  const child = p.fork();
  states.push(vm.save());
  child.store(heap, 2n);
  states.push(vm.save());
  p.write(fd, heap, 100);
  states.push(vm.save());
  const [, fork, copy, write] = added(states);
  assert(fork < 100 * KB, `fork: ${fork}`);
  assert(copy < 40 * KB, `copy: ${copy}`);
  // The log, the inode, the free map, the block, and the trapframe.
  assert(write < 48 * KB, `write: ${write}`);
});

Deno.test("ten thousand snapshots, a page dirtied each, and any of them comes back", () => {
  const vm = boot();
  const p = vm.spawn();
  const heap = p.sbrk("64 pages");
  const at = (i: number) => heap + BigInt(i % 64 * 4096);
  const states = Array.from({ length: 10_000 }, (_, i) => {
    p.fill(at(i), 1, i % 251);
    return vm.save();
  });
  const bytes = stateBytes(states);
  assert(bytes < 10_000 * 10 * KB, `${bytes} bytes`);
  for (const i of [9999, 1, 5000, 64, 0, 9998]) {
    vm.restore(states[i]);
    assertEquals(p.load(at(i), 1), BigInt(i % 251));
    if (i > 0) assertEquals(p.load(at(i - 1), 1), BigInt((i - 1) % 251));
  }
});

Deno.test("saving twice costs next to nothing, and gives an equal state", () => {
  const vm = boot();
  vm.run("forktest");
  const states = [vm.save(), vm.save()];
  assertEquals(states[0], states[1]);
  assertEquals(structuredClone(states[1]), states[0]);
  assert(added(states)[1] < 3 * KB, `${added(states)}`);
});
