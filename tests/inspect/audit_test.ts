/** Each rule of the audit, broken behind the kernel's back: the frame and its owners are named. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { spaceOf } from "../../src/vm/kernel/process/table.ts";
import { reclaim } from "../../src/vm/kernel/memory/reclaim/reclaim.ts";
import { usageOf } from "../../src/vm/kernel/memory/areas/usage.ts";
import {
  countOf,
  freeFrame,
  freeList,
  refFrame,
  unrefFrame,
} from "../../src/vm/kernel/memory/frames/frames.ts";
import { hex, PAGE_SIZE, type PaNum, vaNum } from "../../src/vm/machine/address.ts";
import { PTE_R, PTE_U, PTE_V, PTE_W, walk, WRITE } from "../../src/vm/machine/sv39.ts";
import type { AuditClass, Finding } from "../../src/vm/inspect/finding.ts";
import type { Process } from "../../src/vm/process.ts";
import type { Vm } from "../../src/vm/vm.ts";
import { assertAudit, boot, frameOf, leafOf, tableOf } from "../vm/lab.ts";
import { plant } from "../machine/machine_lab.ts";
import { kernelOf, machineOf, recordOf } from "../../src/vm/parts.ts";
import { fileOf } from "../../src/vm/kernel/files/table.ts";

const HEAP = 0x3000;

/** A parent with one written heap page, and a child that shares it; and everything is well. */
function family(): { vm: Vm; parent: Process; child: Process; frame: PaNum } {
  const vm = boot();
  const parent = vm.spawn();
  parent.sbrk(2 * PAGE_SIZE);
  parent.store(HEAP, 42n);
  const child = parent.fork();
  assertAudit(vm);
  return { vm, parent, child, frame: frameOf(parent, HEAP) };
}

/** The finding of that class about that frame. There may be others that follow from the same damage. */
function found(vm: Vm, name: AuditClass, frame?: PaNum): Finding {
  const all = vm.audit();
  const one = all.find((f) => f.class === name && (frame === undefined || f.pa === BigInt(frame)));
  assert(
    one !== undefined,
    `no "${name}"${frame === undefined ? "" : ` of ${hex(frame)}`} among: ${
      all.map((f) => `${f.class} ${f.pa === undefined ? "" : hex(f.pa)}`).join(", ")
    }`,
  );
  return one;
}

function owners(finding: Finding): string[] {
  return finding.owners.map((m) => `${m.pid}:${hex(m.va)}`);
}

Deno.test("a stored count that is too low", () => {
  const { vm, parent, child, frame } = family();
  unrefFrame(kernelOf(vm), frame, "test");
  const finding = found(vm, "count too low", frame);
  assertEquals([finding.stored, finding.counted], [1, 2]);
  assertEquals(owners(finding), [`${parent.pid}:0x3000`, `${child.pid}:0x3000`]);
  assertEquals(vm.audit().length, 1);
});

Deno.test("a stored count that is too high", () => {
  const { vm, parent, child, frame } = family();
  refFrame(kernelOf(vm), frame, "test");
  const finding = found(vm, "count too high", frame);
  assertEquals([finding.stored, finding.counted], [3, 2]);
  assertEquals(owners(finding), [`${parent.pid}:0x3000`, `${child.pid}:0x3000`]);
  assertEquals(vm.audit().length, 1);
});

Deno.test("W set on a shared page", () => {
  const { vm, parent, child, frame } = family();
  const { at, pte } = leafOf(child, HEAP);
  machineOf(vm).ram.writePte(at, pte | PTE_W);
  const finding = found(vm, "writable by two", frame);
  assertEquals(owners(finding), [`${parent.pid}:0x3000`, `${child.pid}:0x3000`]);
  assertStringIncludes(finding.detail, "mapped 2 times, and 1 of them may write");
  assertEquals(vm.audit().length, 1);
});

Deno.test("rights that the area does not give", () => {
  const { vm, parent } = family();
  const { at, pte } = leafOf(parent, 0);
  const { frame } = parent.pte(0);
  machineOf(vm).ram.writePte(at, pte | PTE_W);
  const finding = found(vm, "flag gained");
  assertEquals([finding.pa, finding.va, finding.pid], [frame!.pa, 0n as never, parent.pid]);
  assertStringIncludes(finding.detail, "text area");
});

Deno.test("a guard page that user code can reach", () => {
  const { vm, parent } = family();
  const { at, pte } = leafOf(parent, 0x1000);
  assertEquals(pte & PTE_U, 0);
  machineOf(vm).ram.writePte(at, pte | PTE_U);
  assertEquals(found(vm, "flag gained").va, 0x1000n as never);
});

Deno.test("a link of the free list that leads out of RAM, into a used frame, in a circle", () => {
  const cases: [string, (vm: Vm, used: PaNum, member: PaNum) => number][] = [
    ["which is no frame", () => 0x1234],
    ["which is in use as user", (_, used) => used],
    ["a loop", (_, __, member) => member],
  ];
  for (const [said, target] of cases) {
    const { vm, parent, frame } = family();
    // Two frames on the list: what stood behind the heap's pages.
    parent.sbrk(2 * PAGE_SIZE);
    parent.sbrk(-2 * PAGE_SIZE);
    const [head, second] = [...freeList(kernelOf(vm))];
    assert(second !== undefined);
    assertAudit(vm);
    const to = target(vm, frame, head);
    machineOf(vm).ram.writePte(second, to);
    const finding = found(vm, "free list damaged");
    assertStringIncludes(finding.detail, said);
    assertStringIncludes(finding.detail, hex(second));
    assertEquals(finding.pa, BigInt(to) as never);
    if (to === frame) assertEquals(finding.owners.length, 2);
  }
});

Deno.test("a free list that lost its members, and a count of free frames that lies", () => {
  const { vm, parent } = family();
  parent.sbrk(PAGE_SIZE);
  parent.sbrk(-PAGE_SIZE);
  const state = kernelOf(vm).state.frames;
  const member = state.head as PaNum;
  const link = machineOf(vm).ram.readPte(member);
  state.head = link as PaNum | 0;
  assertEquals(found(vm, "free list damaged", member).detail, "free, but not on the list");
  assertStringIncludes(found(vm, "free count wrong").detail, "counted free");
  state.head = member;
  assertAudit(vm);
  state.free++;
  assertEquals(vm.audit().map((f) => f.class), ["free count wrong"]);
});

Deno.test("a frame that is freed while mapped", () => {
  const { vm, parent, child, frame } = family();
  freeFrame(kernelOf(vm), frame, "planted");
  const finding = found(vm, "free but mapped", frame);
  assertEquals(owners(finding), [`${parent.pid}:0x3000`, `${child.pid}:0x3000`]);
});

Deno.test("a page table that is freed while in use", () => {
  const { vm, parent } = family();
  const table = tableOf(parent, HEAP, 0);
  // free() writes links and junk; what the walk finds there is put back, as a lazy free would leave it.
  const kept = machineOf(vm).ram.bytes(table, PAGE_SIZE).slice();
  freeFrame(kernelOf(vm), table, "planted");
  machineOf(vm).ram.write(table, kept);
  assertStringIncludes(found(vm, "free but mapped", table).detail, "used as a page table");
});

Deno.test("a frame that nobody maps any more", () => {
  const { vm, frame, parent, child } = family();
  machineOf(vm).ram.writePte(leafOf(parent, HEAP).at, 0);
  const low = found(vm, "count too high", frame);
  assertEquals(owners(low), [`${child.pid}:0x3000`]);
  machineOf(vm).ram.writePte(leafOf(child, HEAP).at, 0);
  const finding = found(vm, "leak", frame);
  assertEquals([finding.stored, finding.counted], [2, 0]);
  assertEquals(finding.owners, []);
});

Deno.test("a page table that no root leads to", () => {
  const { vm, parent } = family();
  const table = tableOf(parent, HEAP, 0);
  machineOf(vm).ram.writePte(leafOf2(parent, HEAP, 1), 0);
  assertStringIncludes(found(vm, "table leak", table).detail, "no root leads to");
});

/** Where the PTE of that level stands on the way to an address. */
function leafOf2(p: Process, address: number, level: number): PaNum {
  return Number(p.pte(address).levels.find((l) => l.level === level)!.pteAddr) as PaNum;
}

Deno.test("a page table that two processes use", () => {
  const { vm, parent, child } = family();
  const table = tableOf(parent, HEAP, 0);
  machineOf(vm).ram.writePte(leafOf2(child, HEAP, 1), (table / 4) | PTE_V);
  assertStringIncludes(found(vm, "table shared", table).detail, "reached 2 times");
});

Deno.test("a table entry that leads to a user frame", () => {
  const { vm, frame, parent } = family();
  const root = tableOf(parent, HEAP, 2);
  // An unused entry of the root: page 0x3000's content is read as a table.
  machineOf(vm).ram.writePte(root + 8 * 100 as PaNum, (frame / 4) | PTE_V);
  assertStringIncludes(found(vm, "table not a table", frame).detail, "user");
});

Deno.test("a page table that user code can reach", () => {
  const { vm, parent } = family();
  const table = tableOf(parent, HEAP, 0);
  const { at } = leafOf(parent, 0x4000);
  machineOf(vm).ram.writePte(at, (table / 4) | PTE_V | PTE_R | PTE_W | PTE_U);
  const finding = found(vm, "writable by two", table);
  assertStringIncludes(finding.detail, "user code can reach");
  assertEquals(owners(finding), [`${parent.pid}:0x4000`]);
});

Deno.test("a mapping outside every area, and one outside RAM", () => {
  const { vm, frame, parent } = family();
  const { at, pte } = leafOf(parent, HEAP);
  const beside = at + 8 * 20 as PaNum;
  machineOf(vm).ram.writePte(beside, pte);
  const finding = found(vm, "mapped outside areas", frame);
  assertEquals([finding.va, finding.pid], [0x17000n as never, parent.pid]);
  machineOf(vm).ram.writePte(beside, 0x1000_0000 / 4 | PTE_V | PTE_R | PTE_U);
  assertStringIncludes(found(vm, "mapped outside areas").detail, "points outside RAM");
});

Deno.test("a trapframe that is not mapped", () => {
  const { vm, parent } = family();
  const { trapframe } = recordOf(parent);
  const space = spaceOf(kernelOf(vm), recordOf(parent));
  const at = leafOf(parent, space.trapframes[0].va).at;
  machineOf(vm).ram.writePte(at, 0);
  assertStringIncludes(found(vm, "trapframe lost", trapframe).detail, "not mapped");
});

Deno.test("a TLB entry that the page table no longer bears out", () => {
  const { vm, frame, parent } = family();
  parent.load(HEAP);
  assertAudit(vm);
  plant(machineOf(vm).mmu, vaNum(HEAP), WRITE, frame, 0xd7);
  const finding = found(vm, "stale TLB entry", frame);
  assertEquals([finding.va, finding.pid], [BigInt(HEAP) as never, parent.pid]);
  assertEquals(finding.owners.length, 2);
  assertStringIncludes(finding.detail, "write TLB maps 0x3000");
});

Deno.test("a TLB entry for another frame, and one for a page that is gone", () => {
  const { vm, frame, parent } = family();
  parent.load(HEAP + PAGE_SIZE);
  plant(machineOf(vm).mmu, vaNum(HEAP + PAGE_SIZE), WRITE, frame, 0xd7);
  assertStringIncludes(found(vm, "stale TLB entry", frame).detail, "the page table maps it to");
  machineOf(vm).mmu.sfence();
  assertAudit(vm);
  plant(machineOf(vm).mmu, vaNum(0x9000), WRITE, frame, 0xd7);
  assertStringIncludes(found(vm, "stale TLB entry", frame).detail, "no mapping");
});

Deno.test("a process whose memory was forgotten is a leak of all its frames", () => {
  const { vm, child } = family();
  const used = usageOf(kernelOf(vm), spaceOf(kernelOf(vm), recordOf(child)));
  child.store(HEAP, 1n);
  kernelOf(vm).state.procs[recordOf(child).slot] = undefined;
  const classes = vm.audit().map((f) => f.class);
  assertEquals(classes.filter((c) => c === "table leak").length, used.tables);
  assert(classes.includes("trapframe lost"));
  assert(classes.includes("leak"));
});

Deno.test("spaces without processes, processes without spaces, threads counted wrong", () => {
  const { vm, parent, child } = family();
  const { spaces } = kernelOf(vm).state;
  const space = spaceOf(kernelOf(vm), recordOf(child));
  spaces.delete(space.id);
  const lost = found(vm, "space lost");
  assertEquals(lost.pid, child.pid);
  assertStringIncludes(lost.detail, "memory does not know");
  spaces.set(space.id, space);
  assertAudit(vm);
  space.users = 2;
  assertEquals([found(vm, "space lost").stored, found(vm, "space lost").counted], [2, 1]);
  space.users = 1;
  const { trapframe } = recordOf(child);
  recordOf(child).trapframe = recordOf(parent).trapframe;
  assertStringIncludes(found(vm, "space lost").detail, "none of its space's");
  recordOf(child).trapframe = trapframe;
  assertAudit(vm);
  kernelOf(vm).state.procs[recordOf(child).slot] = undefined;
  assert(vm.audit().some((f) => f.class === "space lost" && f.detail.includes("no process")));
});

Deno.test("an open file with more descriptors than it counts, and one that nobody has", () => {
  const { vm, parent } = family();
  const file = fileOf(kernelOf(vm), recordOf(parent), 0)!;
  file.references--;
  const finding = found(vm, "file count");
  assertEquals([finding.pid, finding.stored, finding.counted], [parent.pid, 5, 6]);
  assertStringIncludes(finding.detail, "descriptor 0");
  file.references += 2;
  const high = found(vm, "file count");
  assertEquals([high.stored, high.counted], [7, 6]);
  file.references--;
  assertAudit(vm);
  const { ftable, fdTables, places, pipes } = kernelOf(vm).state;
  const { files, place } = recordOf(parent);
  ftable[50] = { ...file, references: 1 };
  assertStringIncludes(found(vm, "file count").detail, "open file 50 has no descriptor");
  ftable[50] = undefined;
  for (const shared of [fdTables.get(files)!, places.get(place)!]) {
    shared.users++;
    assertStringIncludes(found(vm, "file count").detail, "has 1 process, but counts 2");
    shared.users--;
  }
  parent.pipe(HEAP);
  const [id, pipe] = [...pipes][0];
  pipes.delete(id);
  assertStringIncludes(found(vm, "file count").detail, `pipe ${id} and its open ends`);
  pipes.set(id, pipe);
  assertAudit(vm);
});

/** A page on the swap disk, shared by a parent and its child. */
function swapped(): { vm: Vm; parent: Process; child: Process; slot: number } {
  const { vm, parent, child, frame } = swapFamily();
  for (let i = 0; i < 400 && countOf(kernelOf(vm), frame) > 0; i++) {
    reclaim(kernelOf(vm), kernelOf(vm).state.frames.free + 1);
  }
  assertAudit(vm);
  const { steps } = walk(
    machineOf(vm).ram,
    spaceOf(kernelOf(vm), recordOf(parent)).root,
    BigInt(HEAP) as never,
  );
  const pte = Number(steps.at(-1)!.pte);
  assertEquals(pte & PTE_V, 0, "the page is still in memory");
  return { vm, parent, child, slot: pte >>> 10 };
}

function swapFamily() {
  const vm = boot({ swap: "1M" });
  const parent = vm.spawn();
  parent.sbrk(PAGE_SIZE);
  parent.store(HEAP, 42n);
  const child = parent.fork();
  return { vm, parent, child, frame: frameOf(parent, HEAP) };
}

Deno.test("a swap slot that is counted wrong, has no content, or is not there", () => {
  const { vm, parent, slot } = swapped();
  const { swap } = kernelOf(vm).state;
  swap.counts[slot]++;
  const finding = found(vm, "swap slot");
  assertEquals([finding.stored, finding.counted], [3, 2]);
  assertEquals([finding.pid, finding.va], [parent.pid, BigInt(HEAP) as never]);
  swap.counts[slot]--;
  const page = swap.pages.get(slot)!;
  swap.pages.delete(slot);
  assertStringIncludes(found(vm, "swap slot").detail, "no content");
  swap.pages.set(slot, page);
  swap.pages.set(slot + 1, page);
  assertStringIncludes(found(vm, "swap slot").detail, "is free, but keeps a page");
  swap.pages.delete(slot + 1);
  assertAudit(vm);
  const { steps } = walk(
    machineOf(vm).ram,
    spaceOf(kernelOf(vm), recordOf(parent)).root,
    BigInt(HEAP) as never,
  );
  machineOf(vm).ram.writePte(steps.at(-1)!.pteAddr, 5000 * 1024 + 2);
  assert(vm.audit().some((f) => f.class === "swap slot" && f.detail.includes("no slot 5000")));
});
