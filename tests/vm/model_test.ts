/**
 * Random lives of processes, through system calls and accesses of a person, against a flat model of what
 * each process must read: a map of words for each area, copied at fork where the area is private.
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Handle } from "../../src/vm/handle.ts";
import { POLICIES } from "../../src/vm/kernel/fork/policies.ts";
import { MMAP_TOP } from "../../src/vm/kernel/memory/space.ts";
import type { BootOptions, Vm } from "../../src/vm/vm.ts";
import { assertAudit, boot } from "./lab.ts";

const PAGE = 4096;
const HEAP = 0x3000;
/** Processes at a time, pages of a heap or a mapping: enough to meet, few enough to meet often. */
const MOST = 6, PAGES = 12;

/** What the model knows of one area: its words by address, one map for all who share it. */
interface Region {
  start: number;
  end: number;
  writable: boolean;
  readonly shared: boolean;
  words: Map<number, bigint>;
}

interface Twin {
  readonly p: Handle;
  readonly heap: Region;
  maps: Region[];
}

/** One step; numbers are taken modulo what there is. */
type Step =
  | { readonly do: "fork" | "exit" | "wait"; readonly who: number }
  | {
    readonly do: "store" | "load";
    readonly who: number;
    readonly where: number;
    readonly at: number;
    readonly value: bigint;
  }
  | { readonly do: "sbrk"; readonly who: number; readonly pages: number; readonly lazy: boolean }
  | {
    readonly do: "mmap";
    readonly who: number;
    readonly pages: number;
    readonly shared: boolean;
    readonly writable: boolean;
  }
  | {
    readonly do: "munmap" | "mprotect";
    readonly who: number;
    readonly where: number;
    readonly from: number;
    readonly pages: number;
  };

const small = fc.nat(1000);
const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: fc.record({ do: fc.constant("fork" as const), who: small }), weight: 3 },
  {
    arbitrary: fc.record({ do: fc.constantFrom("exit" as const, "wait" as const), who: small }),
    weight: 2,
  },
  {
    arbitrary: fc.record({
      do: fc.constantFrom("store" as const, "load" as const),
      who: small,
      where: small,
      at: small,
      value: fc.bigInt({ min: 1n, max: (1n << 64n) - 1n }),
    }),
    weight: 12,
  },
  {
    arbitrary: fc.record({
      do: fc.constant("sbrk" as const),
      who: small,
      pages: fc.integer({ min: -4, max: 6 }),
      lazy: fc.boolean(),
    }),
    weight: 3,
  },
  {
    arbitrary: fc.record({
      do: fc.constant("mmap" as const),
      who: small,
      pages: fc.integer({ min: 1, max: PAGES }),
      shared: fc.boolean(),
      writable: fc.boolean(),
    }),
    weight: 3,
  },
  {
    arbitrary: fc.record({
      do: fc.constantFrom("munmap" as const, "mprotect" as const),
      who: small,
      where: small,
      from: small,
      pages: fc.integer({ min: 1, max: PAGES }),
    }),
    weight: 3,
  },
);

class World {
  readonly vm: Vm;
  twins: Twin[] = [];
  readonly #free: number;

  constructor(options: BootOptions) {
    this.vm = boot(options);
    this.#free = this.vm.free().free;
    const p = this.vm.spawn();
    this.twins = [{ p, heap: region(HEAP, HEAP, true, false), maps: [] }];
  }

  run(one: Step): void {
    const twin = this.twins[one.who % this.twins.length];
    switch (one.do) {
      case "fork":
        return this.#fork(twin);
      case "exit":
        if (this.twins.length === 1) return;
        this.twins = this.twins.filter((other) => other !== twin);
        return twin.p.exit(one.who);
      case "wait":
        return void twin.p.wait();
      case "sbrk":
        return this.#sbrk(twin, one.pages, one.lazy);
      case "mmap":
        return this.#mmap(twin, one);
      case "munmap":
        return this.#munmap(twin, one.where, one.from, one.pages);
      case "mprotect":
        return this.#protect(twin, one.where);
      default:
        return this.#access(twin, one);
    }
  }

  #fork(twin: Twin): void {
    if (this.twins.length === MOST) return;
    const copy = (r: Region): Region => ({ ...r, words: r.shared ? r.words : new Map(r.words) });
    this.twins.push({ p: twin.p.fork(), heap: copy(twin.heap), maps: twin.maps.map(copy) });
  }

  #sbrk(twin: Twin, pages: number, lazy: boolean): void {
    const { heap, p } = twin;
    const end = heap.end + pages * PAGE;
    if (end < HEAP || end > HEAP + PAGES * PAGE) return;
    assertEquals(p.sbrk(pages * PAGE, lazy ? "lazy" : "eager"), BigInt(heap.end) as never);
    heap.end = end;
    forget(heap.words, end, Infinity);
  }

  #mmap(twin: Twin, one: Extract<Step, { do: "mmap" }>): void {
    if (twin.maps.length === 8) return;
    const options = { prot: one.writable ? "rw" : "r", shared: one.shared };
    const start = Number(twin.p.mmap(one.pages * PAGE, options));
    const end = start + one.pages * PAGE;
    const clash = twin.maps.find((r) => r.start < end && start < r.end);
    assert(clash === undefined && start >= twin.heap.end, "mmap gave what is in use");
    twin.maps.push(region(start, end, one.writable, one.shared));
  }

  #munmap(twin: Twin, where: number, from: number, pages: number): void {
    if (twin.maps.length === 0) return;
    const target = twin.maps[where % twin.maps.length];
    const start = target.start + PAGE * (from % ((target.end - target.start) / PAGE));
    const end = Math.min(start + pages * PAGE, MMAP_TOP);
    twin.p.munmap(start, end - start);
    twin.maps = twin.maps.flatMap((r) => {
      // A private page that comes back later comes back empty.
      if (!r.shared) forget(r.words, Math.max(start, r.start), Math.min(end, r.end));
      return [{ ...r, end: Math.min(r.end, start) }, { ...r, start: Math.max(r.start, end) }]
        .filter((part) => part.start < part.end);
    });
  }

  #protect(twin: Twin, where: number): void {
    if (twin.maps.length === 0) return;
    const r = twin.maps[where % twin.maps.length];
    r.writable = !r.writable;
    twin.p.mprotect(r.start, r.end - r.start, r.writable ? "rw" : "r");
  }

  #access(twin: Twin, one: Extract<Step, { do: "store" | "load" }>): void {
    const all = [twin.heap, ...twin.maps].filter((r) => r.start < r.end);
    if (all.length === 0) return;
    const r = all[one.where % all.length];
    const pages = (r.end - r.start) / PAGE;
    const address = r.start + PAGE * (one.at % pages) + 8 * (one.at % 3);
    if (one.do === "load") {
      assertEquals(twin.p.load(address), r.words.get(address) ?? 0n, place(twin, address));
    } else if (r.writable) {
      twin.p.store(address, one.value);
      r.words.set(address, one.value);
    } else if (this.twins.length > 1) {
      const report = twin.p.access(address, 8, one.value);
      assertEquals(report.killed?.cause, 15, place(twin, address));
      this.twins = this.twins.filter((other) => other !== twin);
    }
  }

  /** All words of all processes, and then nothing of them left. */
  finish(): void {
    for (const twin of this.twins) {
      for (const r of [twin.heap, ...twin.maps]) {
        for (const [address, value] of r.words) {
          if (address < r.start || address >= r.end) continue;
          assertEquals(twin.p.load(address), value, place(twin, address));
        }
      }
    }
    assertAudit(this.vm);
    // A dead child goes with its parent.
    for (const p of this.vm.processes()) if (p.pid !== 1 && p.alive) p.kill();
    assertEquals(this.vm.processes().map((p) => p.pid), [1]);
    assertEquals(this.vm.free().free, this.#free);
    assertAudit(this.vm);
  }
}

function region(start: number, end: number, writable: boolean, shared: boolean): Region {
  return { start, end, writable, shared, words: new Map() };
}

function forget(words: Map<number, bigint>, start: number, end: number): void {
  for (const address of words.keys()) if (address >= start && address < end) words.delete(address);
}

function place(twin: Twin, address: number): string {
  return `${twin.p.pid}:0x${address.toString(16)}`;
}

/** Runs the steps; the audit after each. */
function live(options: BootOptions, steps: readonly Step[]): void {
  const world = new World(options);
  for (const [i, one] of steps.entries()) {
    world.run(one);
    assertAudit(world.vm, `after step ${i}, ${one.do}`);
  }
  world.finish();
}

for (const { name: policy } of POLICIES) {
  Deno.test(`random lives of processes under ${policy} read what the model says`, () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 10, maxLength: 40 }), (steps) => {
        live({ policy }, steps);
      }),
      { numRuns: 40 },
    );
  });
}

Deno.test("random lives with lazy sbrk, saved and restored on the way", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 30 }), fc.nat(1000), (steps, when) => {
      const world = new World({ lazy: true });
      for (const [i, one] of steps.entries()) {
        if (i === when % steps.length) world.vm.restore(world.vm.save());
        world.run(one);
      }
      world.finish();
    }),
    { numRuns: 30 },
  );
});
