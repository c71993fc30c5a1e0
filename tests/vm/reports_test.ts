/** What a report says an access caused, against a sweep over all page tables and counts before and after. */

import { usageOf } from "../../src/vm/kernel/memory/areas/usage.ts";
import { findProc, spaceOf } from "../../src/vm/kernel/process/table.ts";
import { frameIndex } from "../../src/vm/kernel/memory/frames/frames.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { Process } from "../../src/vm/process.ts";
import { spacesInUse } from "../../src/vm/kernel/view.ts";
import { eachLeaf } from "../../src/vm/inspect/mappings.ts";
import type { AccessReport, Translation, WalkReport } from "../../src/vm/reports.ts";
import { promoteSpace } from "../kernel/memory/world.ts";
import { KernelError } from "../../src/vm/kernel/manual.ts";
import { va } from "../../src/vm/machine/address.ts";
import type { BootOptions, Vm } from "../../src/vm/vm.ts";
import { note } from "../../src/framework/result.ts";
import { accessJson, accessSections } from "../../src/format/views.ts";
import { assertAudit, boot } from "./lab.ts";
import { kernelOf, machineOf, recordOf } from "../../src/vm/parts.ts";

const PAGE = 4096;
const HEAP = 0x3000;

/** Every leaf and swapped entry by process and page, and every count: no code of the reports has a part in it. */
function sweep(vm: Vm) {
  const entries = new Map<string, { pte: number; frame: number | undefined }>();
  for (const { space, p } of spacesInUse(kernelOf(vm))) {
    const add = (va: number, pte: number, level: number) => {
      for (let i = 0; i < 512 ** level; i++) {
        const frame = (pte & 1) === 0 ? undefined : (pte >>> 10) * PAGE + i * PAGE;
        entries.set(`${p.pid}:${va + i * PAGE}`, { pte, frame });
      }
    };
    eachLeaf(machineOf(vm).ram, space.root, {
      leaf: (va, pte, _at, level) => add(va, pte, level),
      away: (va, pte) => add(va, pte, 0),
    });
  }
  return { entries, counts: kernelOf(vm).state.frames.counts.slice() };
}

type Sweep = ReturnType<typeof sweep>;

/** Holds a report against the two sweeps. */
function check(
  vm: Vm,
  report: Pick<AccessReport, "pid" | "va" | "owners" | "counts">,
  before: Sweep,
  after: Sweep,
  where: string,
): void {
  const [self] = report.owners;
  assertEquals([self.pid, self.va], [report.pid, report.va], where);
  const seen = new Set<string>();
  for (const o of report.owners) {
    const key = `${o.pid}:${Number(o.va - o.va % 4096n)}`;
    assert(!seen.has(key), `${where}: ${key} twice`);
    seen.add(key);
    for (const [which, state] of [["before", before], ["after", after]] as const) {
      const entry = state.entries.get(key);
      assertEquals(o.pte[which], entry && BigInt(entry.pte), `${where}: PTE of ${key} ${which}`);
      const frame = o.frame[which];
      assertEquals(frame && Number(frame), entry?.frame, `${where}: frame of ${key} ${which}`);
    }
  }
  // Nobody who has the frame, or had it, is left out.
  const frames = [self.frame.before, self.frame.after].filter((f) => f !== undefined).map(Number);
  for (const [which, state] of [["before", before], ["after", after]] as const) {
    // The frame that a copy gave back may be another page's copy: each moment by itself.
    const own = self.frame[which];
    for (const [key, { frame }] of state.entries) {
      if (own !== undefined && frame === Number(own)) assert(seen.has(key), `${where}: ${key}`);
    }
  }
  assertEquals(report.counts.map((c) => Number(c.frame)), [...new Set(frames)], where);
  for (const { frame, count } of report.counts) {
    const i = frameIndex(kernelOf(vm), Number(frame) as never);
    assertEquals(count, { before: before.counts[i], after: after.counts[i] }, `${where}: count`);
  }
}

/** Two processes, and a third that shares nothing but files: heap, mapped memory and files of all kinds. */
function scene(options: BootOptions): { vm: Vm; processes: Process[]; places: bigint[] } {
  const vm = boot({ mem: "32M", ...options });
  const p = vm.spawn();
  const superpage = options.superpages === true;
  p.sbrk(superpage ? "4M" : 4 * PAGE);
  p.fill(HEAP, 4 * PAGE, 1);
  const fd = p.open("data", "rw+");
  p.write(fd, HEAP, 3 * PAGE);
  const map = (shared: boolean, file: boolean) =>
    p.mmap(3 * PAGE, { shared, ...(file ? { fd } : {}) });
  const maps = [map(false, false), map(true, false), map(true, true), map(false, true)];
  p.store(maps[0], 1n);
  p.store(maps[1], 1n);
  const child = p.fork();
  const places = [...maps, BigInt(superpage ? 0x20_0000 : HEAP)]
    .flatMap((at) => [0n, 1n, 2n].map((i) => at + i * 4096n));
  return { vm, processes: [p, child], places };
}

const step = fc.record({
  what: fc.constantFrom(
    ...["load", "store", "store", "load", "cross", "reclaim", "fork"],
    ...["exit", "unmap", "protect", "promote", "exec"],
  ),
  /** Its report is asked ten steps later. */
  late: fc.boolean(),
  who: fc.nat(5),
  where: fc.nat(100),
  size: fc.constantFrom(1, 2, 4, 8) as fc.Arbitrary<1 | 2 | 4 | 8>,
});

const MACHINES: [string, BootOptions][] = [
  ["cow", {}],
  ["eager, swap", { policy: "eager", swap: "2M" }],
  ["cow, swap, read-ahead", { swap: "2M", readAhead: 2 }],
  ["share-readonly, demand, lazy", { policy: "share-readonly", exec: "demand", lazy: true }],
  ["2 MiB leaves, split", { superpages: true, swap: "8M" }],
  ["2 MiB leaves, whole", { superpages: true, superpageCow: "whole" }],
];

for (const [name, options] of MACHINES) {
  Deno.test(`reports of random accesses are what a sweep before and after says: ${name}`, () => {
    const { vm, places, processes } = scene(options);
    const pids = processes.map((p) => p.pid);
    const start = vm.save();
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 25 }), (steps) => {
        vm.restore(start);
        const live = [...pids];
        const late: { at: number; ask: () => void }[] = [];
        for (const [i, { what, late: isLate, who, where, size }] of steps.entries()) {
          while (late.length > 0 && late[0].at <= i) late.shift()!.ask();
          const p = vm.process(live[who % live.length]);
          const place = places[where % places.length];
          if (what !== "load" && what !== "store" && what !== "cross") {
            act(vm, p, what, place, live);
            continue;
          }
          const at = va(place + (what === "cross" ? 4093n : BigInt(size)));
          const mark = vm.mark();
          const walks = [p.pte(at)];
          const before = sweep(vm);
          const report = p.access(
            at,
            what === "cross" ? 8 : size,
            what === "load" ? undefined : 5n,
          );
          const after = sweep(vm);
          const events = vm.events(mark.event);
          const killed = report.killed !== undefined;
          if (!killed) walks.push(p.pte(at));
          const said = `step ${i}, ${what} ${p.pid}:0x${at.toString(16)}`;
          const ask = () => {
            if (what !== "cross") check(vm, report, before, after, said);
            else if (!killed) checkHalves(vm, report, before, after, said);
            for (const [n, seen] of [report.before, report.after].entries()) {
              assertEquals(seen, walks[n] && walkOf(walks[n]), said);
            }
            assertEquals(report.events, events, said);
          };
          if (isLate) late.push({ at: i + 10, ask });
          else ask();
          if (killed) live.splice(live.indexOf(p.pid), 1);
          if (live.length === 0) break;
        }
        for (const { ask } of late) ask();
        assertAudit(vm);
      }),
      { numRuns: 16 },
    );
  });
}

/** What is done between accesses. */
function act(vm: Vm, p: Process, what: string, place: bigint, live: number[]): void {
  switch (what) {
    case "fork":
      if (live.length < 4) live.push(p.fork().pid);
      return;
    case "reclaim":
      for (let n = 0; n < 3; n++) vm.reclaim(20);
      return;
    case "exit":
      if (live.length === 1) return;
      live.splice(live.indexOf(p.pid), 1);
      return p.exit();
    case "exec":
      if (live.length === 1) return;
      live.splice(live.indexOf(p.pid), 1);
      p.put(0x2000, "/echo\0");
      p.store(0x2010, 0n);
      p.call("exec", 0x2000, 0x2010);
      return;
    case "unmap":
      p.call("munmap", place, PAGE);
      return;
    case "protect":
      p.call("mprotect", place, PAGE, place % 8192n === 0n ? 1 : 3);
      return;
    case "promote":
      promoteSpace(kernelOf(vm), spaceOf(kernelOf(vm), recordOf(p)));
  }
}

/** The part of a translation that reports tell. */
function walkOf({ verdicts: _, owners: __, ...walk }: Translation): WalkReport {
  return walk;
}

/** An access across two pages reports the one, then the other. */
function checkHalves(vm: Vm, report: AccessReport, one: Sweep, two: Sweep, where: string): void {
  const second = report.va - report.va % 4096n + 4096n;
  const i = report.owners.findIndex((o) => o.pid === report.pid && o.va === second);
  assert(i > 0, `${where}: no second page`);
  const frames = new Set(
    [report.owners[0].frame.before, report.owners[0].frame.after].filter((f) => f !== undefined),
  );
  const half = (owners: AccessReport["owners"], counts: AccessReport["counts"]) =>
    check(vm, { pid: report.pid, va: owners[0].va, owners, counts }, one, two, where);
  half(report.owners.slice(0, i), report.counts.slice(0, frames.size));
  half(report.owners.slice(i), report.counts.slice(frames.size));
}

Deno.test("a load of a shared file's page that another has: the count was 1", () => {
  for (const exec of ["eager", "demand"] as const) {
    const vm = boot({ exec });
    const p = vm.spawn();
    const at = p.mmap(PAGE, { shared: true, fd: p.open("README", "rw") });
    const child = p.fork();
    child.store(at, 5n);
    const report = p.access(at);
    assertEquals(report.counts.map((c) => c.count), [{ before: 1, after: 2 }]);
    assertEquals(report.owners.map((o) => o.pid), [p.pid, child.pid]);
  }
});

Deno.test("a shared page that comes back from the disk: every owner's entry, before and after", () => {
  const vm = boot({ swap: "1M" });
  const p = vm.spawn();
  p.sbrk(PAGE);
  p.store(HEAP, 42n);
  const child = p.fork();
  for (let i = 0; i < 4; i++) vm.reclaim(30);
  const { levels } = p.pte(HEAP);
  assertEquals([levels.at(-1)!.pa, typeof levels.at(-1)!.slot], [undefined, "number"]);
  const report = p.access(HEAP);
  assertEquals(report.owners.map((o) => o.pid), [p.pid, child.pid]);
  assertEquals(report.owners.map((o) => o.pte.before! & 1n), [0n, 0n]);
  assertEquals(report.owners.map((o) => o.pte.after! & 1n), [1n, 1n]);
  assertEquals(report.counts.map((c) => c.count), [{ before: 0, after: 2 }]);
});

Deno.test("what fork says it shared, copied and took is what the tables have", () => {
  for (const [name, options] of MACHINES) {
    const { vm, processes: [p] } = scene(options);
    for (let i = 0; i < 2; i++) vm.reclaim(20);
    const mark = vm.mark();
    const report = p.forkReport();
    const { entries } = sweep(vm);
    const of = (pid: number) => [...entries].filter(([key]) => key.startsWith(`${pid}:`));
    const own = new Map(of(p.pid).map(([key, e]) => [key.split(":")[1], e]));
    const top = 0x3f_ffff_d000; // the usyscall page, trapframe and trampoline are neither
    const pages = of(report.child).filter(([key]) => Number(key.split(":")[1]) < top);
    const same = pages.filter(([key, e]) => {
      const theirs = own.get(key.split(":")[1])!;
      return e.frame === undefined ? e.pte >>> 10 === theirs.pte >>> 10 : e.frame === theirs.frame;
    });
    assertEquals(report.shared, same.length, name);
    assertEquals(report.copied, pages.length - same.length, name);
    const space = spaceOf(kernelOf(vm), findProc(kernelOf(vm), report.child)!);
    assertEquals(report.tables, usageOf(kernelOf(vm), space).tables, name);
    const written = vm.events(mark.event).filter((e) => e.kind === "pte" && /^fork/.test(e.why));
    assertEquals(report.ptes, written.length, name);
    assertAudit(vm);
  }
});

Deno.test("a report that is asked too late says so, and what was asked stays", () => {
  const vm = boot();
  const p = vm.spawn();
  p.sbrk(4 * PAGE);
  p.fork();
  const early = p.store(HEAP, 1n);
  const owners = early.owners;
  const [late, call, fork] = [p.store(HEAP + PAGE, 1n), p.call("getpid"), p.forkReport()];
  const before = vm.save();
  const nothing = p.access(HEAP);
  while (kernelOf(vm).events.next < 65_000) p.call("sbrk", 0);
  assertEquals(late.owners.length, 2, "all of it is still there");
  const kept = p.store(HEAP + 2 * PAGE, 1n);
  for (let i = 0; i < 33_000; i++) p.call("sbrk", 0);
  assertEquals([early.owners, late.owners.length], [owners, 2]);
  assertThrows(() => early.counts, KernelError, "the log, which goes back to event");
  for (const report of [late, call, fork, kept]) {
    assertThrows(() => report.events, KernelError, "explained from the log");
  }
  assertEquals([nothing.events, nothing.before.pa], [[], nothing.pa]);
  const last = p.store(HEAP + 3 * PAGE, 1n);
  vm.restore(before);
  assertThrows(() => last.owners, KernelError, "put back to a saved state");
  assertThrows(() => last.events, KernelError, "put back to a saved state");
  assertEquals([last.value, last.after!.pa], [1n, last.pa]);
});

Deno.test("an access that made more events than the log holds: what it did, and why not to whom else", () => {
  const vm = boot();
  const p = vm.spawn();
  const report = p.store(Number(p.sbrk(4 * PAGE)), 7n);
  const fault = p.fork().access(HEAP, 8, 1n).events;
  const forgotten: AccessReport = {
    ...report,
    ...{ before: report.before, after: report.after, events: fault, counts: [] },
    get owners(): never {
      throw new KernelError("forgotten");
    },
  };
  const sections = accessSections(vm, forgotten);
  assertEquals(sections.at(-1), note("forgotten", "warn"));
  assertEquals(sections.some((one) => "rows" in one), false);
  const json = accessJson(vm, forgotten);
  assertEquals([json.owners, json.counts, json.value], [null, null, "0x7"]);
});
