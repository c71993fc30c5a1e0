/**
 * Inspectors on a kernel that is not ours: page tables and a count array written into RAM by hand, and a view that
 * knows no areas, no kinds and no states.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { frameLine, translationJson, translationSections } from "../../src/format/views.ts";
import { hex, pa, PAGE_SIZE, type PaNum, paNum, va } from "../../src/vm/machine/address.ts";
import { Machine } from "../../src/vm/machine/machine.ts";
import * as sv39 from "../../src/vm/machine/sv39.ts";
import { audit } from "../../src/vm/inspect/audit.ts";
import { diffStates } from "../../src/vm/inspect/diff.ts";
import { frameHandle, frameReport } from "../../src/vm/inspect/frame.ts";
import { hardwareVerdicts } from "../../src/vm/inspect/hardware_verdict.ts";
import { mappingsOf, mappingsTo } from "../../src/vm/inspect/mappings.ts";
import { entryAt, pageOwners } from "../../src/vm/inspect/page_owners.ts";
import { sharing } from "../../src/vm/inspect/sharing.ts";
import { kernelTranslation, translation } from "../../src/vm/inspect/translation.ts";
import {
  type Fact,
  type KernelView,
  type RootView,
  type SavedView,
  userRoots,
} from "../../src/vm/inspect/view.ts";
import { vmmap } from "../../src/vm/inspect/vmmap.ts";
import { plant, va as vaNum } from "../machine/machine_lab.ts";

const { PTE_A, PTE_D, PTE_R, PTE_U, PTE_V, PTE_W, PTE_X, READ, WRITE } = sv39;
const USER = PTE_V | PTE_R | PTE_U | PTE_A;
const COW = sv39.PTE_RSW0;
const TRAMPOLINE = 2 ** 38 - PAGE_SIZE;
const TRAPFRAME = TRAMPOLINE - PAGE_SIZE;
const HEAP = 0x4000;

/** Two processes of some xv6, as a fork with copy on write has left them. */
class Guest implements KernelView {
  readonly machine = new Machine({ memBytes: 16 * 1024 * 1024 });
  readonly ram = this.machine.ram;
  /** Where `int ref[]` stands, one count a page of RAM. */
  readonly counts = paNum(this.ram.base + 0x10_0000);
  readonly free = new Set<PaNum>();
  readonly cowBit: number | undefined = COW;
  readonly rsw = ["C", "1"] as const;
  readonly here = undefined;
  readonly symbols = {
    at: () => undefined,
    all: () => new Map<string, bigint>(),
    source: () => undefined,
    debug: () => undefined,
  };
  why: string | undefined;
  onHart = 3;
  #next = paNum(this.ram.base + 0x20_0000);
  readonly parent: RootView;
  readonly child: RootView;
  readonly kernel: RootView;
  /** The heap page that both map, and the text page. */
  readonly shared = this.frame(2);
  readonly text = this.frame(2);

  constructor() {
    this.kernel = { ...this.table(0, "kernel"), kernelPages: [] };
    this.parent = this.table(3, "sh");
    this.child = this.table(4, "cowtest");
    const trampoline = this.frame(1);
    for (const { root } of [this.parent, this.child]) {
      this.map(root, 0, this.text, USER | PTE_X);
      this.map(root, HEAP, this.shared, USER | COW);
      this.map(root, TRAPFRAME, this.frame(1), PTE_V | PTE_R | PTE_W);
      this.map(root, TRAMPOLINE, trampoline, PTE_V | PTE_R | PTE_X);
    }
    this.map(this.kernel.root, this.ram.base, this.ram.base, PTE_V | PTE_R | PTE_W | PTE_X);
  }

  /** A frame of RAM that nobody has used, with its count. */
  frame(count: number): PaNum {
    const frame = this.#next;
    this.#next = paNum(frame + PAGE_SIZE);
    this.ram.write32(this.countOf(frame), count);
    return frame;
  }

  countOf(frame: PaNum): PaNum {
    return paNum(this.counts + 4 * ((frame - this.ram.base) / PAGE_SIZE));
  }

  table(pid: number, name: string): RootView {
    return {
      root: this.frame(1),
      pid,
      name,
      areas: [],
      allAreas: false,
      kernelPages: [
        { va: TRAMPOLINE, kind: "trampoline", frame: undefined },
        { va: TRAPFRAME, kind: "trapframe", frame: undefined },
      ],
    };
  }

  /** Writes a leaf, as mappages() does, and where it is written. */
  map(root: PaNum, address: number, frame: PaNum, flags: number): PaNum {
    let table = root;
    for (let level = 2; level > 0; level--) {
      const at = paNum(table + 8 * (Math.floor(address / 2 ** (12 + 9 * level)) % 512));
      if (this.ram.readPte(at) === 0) this.ram.writePte(at, sv39.makePte(this.frame(1), PTE_V));
      table = sv39.frameOf(this.ram.readPte(at));
    }
    const at = paNum(table + 8 * (Math.floor(address / PAGE_SIZE) % 512));
    this.ram.writePte(at, sv39.makePte(frame, flags));
    return at;
  }

  processes() {
    const about = { state: undefined, waits: undefined, parent: undefined, size: undefined };
    return [this.parent, this.child].map(({ pid, name, root }) => {
      const hart = this.onHart === pid ? 0 : undefined;
      return { ...about, trapframe: undefined, context: undefined, pid, name, root, hart };
    });
  }

  process(pid: number) {
    return this.processes().find((one) => one.pid === pid);
  }

  rootOf(pid: number): RootView | undefined {
    return this.roots().find((one) => one.pid === pid);
  }

  roots(): RootView[] {
    return [this.kernel, this.parent, this.child];
  }

  readonly frames = {
    first: this.ram.base,
    total: this.ram.size / PAGE_SIZE,
    free: (): number | undefined => undefined,
    counted: true,
    stored: (frame: PaNum) => this.ram.read32(this.countOf(frame)),
    isFree: (frame: PaNum) => this.free.has(frame) ? true : undefined,
    kind: (): string | undefined => undefined,
    countsMappings: (): boolean | undefined => undefined,
    more: 0,
    lost: () => undefined,
    wrongLinks: () => [],
  };

  slotOf(): number | undefined {
    return undefined;
  }

  unrest(): string | undefined {
    return this.why;
  }

  facts(): Fact[] {
    return [];
  }

  audit(): string[] {
    return audit(this, this.ram, [this.machine.mmu])
      .map((f) => `${f.class}: ${f.pa === undefined ? "" : hex(f.pa)} ${f.detail}`);
  }
}

/** A guest with one thing changed, and the only finding about it. */
function oneFinding(change: (g: Guest) => void): string {
  const g = new Guest();
  change(g);
  const found = g.audit();
  assertEquals(found.length, 1, found.join("\n"));
  return found[0];
}

Deno.test("mappings, owners and sharing are read from RAM alone", () => {
  const g = new Guest();
  assertEquals(mappingsOf(g.ram, g.parent).map((m) => [Number(m.va), m.kind]), [
    [0, "unknown"],
    [HEAP, "unknown"],
    [TRAPFRAME, "trapframe"],
    [TRAMPOLINE, "trampoline"],
  ]);
  const both = [[3, "sh", BigInt(HEAP)], [4, "cowtest", BigInt(HEAP)]];
  assertEquals(mappingsTo(g, g.ram, g.shared).map((m) => [m.pid, m.name, m.va]), both);
  const entry = (at: number) => entryAt(g, g.ram, g.child.root, va(at));
  const owners = pageOwners(g, g.ram, userRoots(g), entry(HEAP + 8), undefined);
  assertEquals(owners.map((e) => [e.pid, e.name, e.va]), both);
  assertEquals(pageOwners(g, g.ram, userRoots(g), entry(0x9000), undefined), []);
  const { processes, matrix, groups } = sharing(g, g.ram);
  assertEquals(processes.map((p) => p.pid), [3, 4]);
  assertEquals(matrix, [[0, 2], [2, 0]]);
  assertEquals(groups, [{
    pids: [3, 4],
    frames: [pa(g.shared), pa(g.text)],
    areas: ["unknown", "unknown"],
    kinds: ["unknown"],
  }]);
});

Deno.test("a frame's report says what is unknown, and judges nothing by it", () => {
  const g = new Guest();
  const report = (frame: PaNum) => frameReport(g, g.ram, pa(frame));
  const { kind, stored, counted, state } = report(g.shared);
  assertEquals([kind, stored, counted, state], ["unknown", 2, 2, "ok"]);
  const table = report(g.parent.root);
  assertEquals([table.counted, table.state, table.uses], [0, "unknown", [
    "level-2 table of pid 3",
  ]]);
  g.ram.write32(g.countOf(g.shared), 7);
  assertEquals(report(g.shared).state, "count is wrong");
  g.frames.stored = (() => undefined) as never;
  assertEquals([report(g.shared).stored, report(g.shared).state], [undefined, "unknown"]);
  assertEquals(frameHandle(g, g.ram, pa(g.shared)).stored, undefined);
  assertStringIncludes(frameLine(report(g.shared)).text, "stored ?  counted 2  unknown");
  assertEquals(frameLine(report(g.shared)).tone, "plain");
  g.free.add(g.shared);
  assertEquals(report(g.shared).state, "free, but mapped");
});

Deno.test("a guest in which all fits has no finding, whatever it counts for itself", () => {
  const g = new Guest();
  assertEquals(g.audit(), []);
  g.ram.write32(g.countOf(g.parent.root), 99);
  g.frame(5);
  assertEquals(g.audit(), [], "nobody knows what these frames are for");
  g.frames.stored = (() => undefined) as never;
  g.ram.write32(g.countOf(g.shared), 0);
  assertEquals(g.audit(), [], "without counts, none is wrong");
});

Deno.test("counts are held against mappings of any kernel", () => {
  assertStringIncludes(
    oneFinding((g) => g.ram.write32(g.countOf(g.shared), 1)),
    "mapped 2 times, but counted 1: it will be freed too early",
  );
  assertStringIncludes(
    oneFinding((g) => g.ram.write32(g.countOf(g.text), 3)),
    "count too high: ",
  );
  assertStringIncludes(oneFinding((g) => g.free.add(g.text)), "free but mapped: ");
  assertStringIncludes(
    oneFinding((g) => g.free.add(g.child.root)),
    "on the free list, but used as a page table",
  );
});

Deno.test("two who may write one frame need no count to be found", () => {
  const found = oneFinding((g) => {
    g.map(g.parent.root, HEAP, g.shared, USER | PTE_W | PTE_D);
    g.frames.stored = (() => undefined) as never;
  });
  assertStringIncludes(found, "writable by two");
  assertStringIncludes(found, "mapped 2 times, and 1 of them may write");
  const table = oneFinding((g) => {
    g.map(g.child.root, 0x8000, g.parent.root, USER);
  });
  assertStringIncludes(table, "a page table that user code can reach");
});

Deno.test("a leaf of the kernel's devices is no user's; one that user code can reach is", () => {
  const uart = paNum(0x1000_0000);
  const g = new Guest();
  g.map(g.parent.root, 0x1000_0000, uart, PTE_V | PTE_R | PTE_W);
  assertEquals(g.audit(), []);
  assertStringIncludes(
    oneFinding((g) => g.map(g.parent.root, 0x1000_0000, uart, USER)),
    "points outside RAM",
  );
});

Deno.test("entries that the hardware cannot take are named; software's own are let be", () => {
  const high = oneFinding((g) => {
    const at = g.map(g.parent.root, HEAP, g.shared, USER | COW);
    g.ram.write32(paNum(at + 4), 1 << 30);
  });
  assertStringIncludes(high, "PTE damaged: ");
  assertStringIncludes(high, "its upper half is 0x40000000");
  const g = new Guest();
  g.map(g.parent.root, 0x9000, g.text, PTE_R | PTE_W); // V is clear
  assertEquals(g.audit(), []);
  const odd = oneFinding((g) => {
    const level1 = sv39.frameOf(g.ram.readPte(g.parent.root));
    const frame = paNum(g.ram.base + 12 * 2 ** 20 + PAGE_SIZE);
    g.ram.writePte(paNum(level1 + 8), sv39.makePte(frame, USER));
    g.frames.stored = (() => undefined) as never;
  });
  assertStringIncludes(odd, "a 2 MiB leaf that is not aligned to 2 MiB");
});

Deno.test("in the middle of a fork, counts are not judged; the hardware's part is", () => {
  const found = oneFinding((g) => {
    g.why = "pid 4 is in uvmcopy";
    g.ram.write32(g.countOf(g.shared), 1);
  });
  assertEquals(
    found,
    "not at rest:  counts are not held against page tables now: pid 4 is in uvmcopy",
  );
});

Deno.test("a TLB entry of who has the hart is held against its tables", () => {
  const stale = (g: Guest) => {
    g.machine.mmu.setSatp(g.parent.root / PAGE_SIZE, 8 * 2 ** 28);
    plant(g.machine.mmu, vaNum(HEAP), READ, g.shared, USER | COW);
    plant(g.machine.mmu, vaNum(HEAP), WRITE, g.shared, USER | COW | PTE_W | PTE_D);
  };
  assertStringIncludes(oneFinding(stale), "stale TLB entry: ");
  assertStringIncludes(oneFinding(stale), "write TLB maps 0x4000");
  const g = new Guest();
  g.onHart = 4;
  stale(g);
  assertEquals(g.audit(), [], "those entries are of nobody who is known to run");
});

Deno.test("a translation knows the hardware's answer, and not the kernel's", () => {
  const g = new Guest();
  const at = va(HEAP + 16);
  const verdicts = hardwareVerdicts(g.ram, g.child.root, at);
  const t = translation(g, g.ram, g.child, at, verdicts);
  assertEquals([t.pid, t.name, t.kind, t.pa], [4, "cowtest", "unknown", pa(g.shared + 16)]);
  assertEquals(t.levels.at(-1)?.flags, "-C -A-U--RV");
  assertEquals(t.verdicts.map((v) => [v.allowed, v.survives, v.cause]), [
    [true, true, undefined],
    [false, undefined, 15],
    [false, undefined, 12],
  ]);
  assertStringIncludes(t.verdicts[1].text, "unknown: ");
  assertEquals(translationJson(t).kind, "unknown");
  const text = JSON.stringify(translationSections(t).flatMap((s) => "text" in s ? [s.text] : []));
  assertStringIncludes(text, "write → store fault (15), unknown: ");
  assertStringIncludes(text, "stored 2  counted 2  ok  3:0x4000  4:0x4000");

  const kernel = kernelTranslation(g, g.ram, va(g.ram.base + 8))!;
  assertEquals([kernel.kind, kernel.pid, kernel.pa], ["kernel map", 0, pa(g.ram.base + 8)]);
  assertEquals(kernel.verdicts.map((v) => [v.allowed, v.survives]), Array(3).fill([true, true]));
  const nowhere = kernelTranslation(g, g.ram, va(0x5000))!.verdicts[1];
  assertEquals([nowhere.allowed, nowhere.survives, nowhere.cause], [false, false, 15]);
  assertStringIncludes(nowhere.text, "panic: ");
  const kinds = [2n ** 38n - 1n, 2n ** 38n].map((at) =>
    translation(g, g.ram, g.child, va(at), hardwareVerdicts(g.ram, g.child.root, va(at))).kind
  );
  assertEquals(kinds, ["trampoline", "none"]);
  assert(frameHandle(g, g.ram, pa(g.shared)) === frameHandle(g, g.ram, pa(g.shared + 8)));
  assertEquals(kernelTranslation({ ...viewOf(g), roots: () => [g.parent] }, g.ram, at), undefined);
});

/** A guest's members as those of a record, to change some. */
function viewOf(g: Guest): KernelView {
  const { here, frames, cowBit, rsw, symbols, slotOf, unrest, facts } = g;
  const [processes, roots] = [() => g.processes(), () => g.roots()];
  const [process, rootOf] = [(pid: number) => g.process(pid), (pid: number) => g.rootOf(pid)];
  const view = { here, frames, cowBit, rsw, symbols, slotOf, unrest, facts };
  return { ...view, processes, process, roots, rootOf };
}

Deno.test("where areas are unknown, vmmap shows the runs that are mapped alike", () => {
  const g = new Guest();
  g.map(g.parent.root, HEAP + PAGE_SIZE, g.frame(1), USER | COW);
  g.map(g.parent.root, HEAP + 2 * PAGE_SIZE, g.frame(1), USER | PTE_W | PTE_D);
  g.map(g.parent.root, 0x9000, g.frame(1), PTE_V | PTE_R | PTE_W);
  const runs = vmmap(g, g.ram, g.parent).map((a) =>
    [a.start, a.end, a.perm, a.kind, a.rss, a.shared, a.cow] as const
  );
  assertEquals(runs, [
    [va(0), va(0x1000), "r-x?", "unknown", 4096, 4096, 0],
    [va(HEAP), va(0x6000), "r--?", "unknown", 8192, 4096, 8192],
    [va(0x6000), va(0x7000), "rw-?", "unknown", 4096, 0, 0],
    [va(0x9000), va(0xa000), "rw--", "unknown", 4096, 0, 0],
    [va(TRAPFRAME), va(TRAMPOLINE), "rw-p", "trapframe", 4096, 0, 0],
    [va(TRAMPOLINE), va(2 ** 38), "r-xp", "trampoline", 4096, 0, 0],
  ]);
  const blind = { ...viewOf(g), cowBit: undefined };
  assert(vmmap(blind, g.ram, g.parent).every((a) => a.cow === 0), "no bit is known to mean COW");
});

Deno.test("a frame in the middle of a 2 MiB page is found where it is", () => {
  const g = new Guest();
  const block = paNum(g.ram.base + 4 * 2 ** 20);
  for (const { root } of [g.parent, g.child]) {
    const level1 = sv39.frameOf(g.ram.readPte(root));
    g.ram.writePte(paNum(level1 + 3 * 8), sv39.makePte(block, USER | COW));
  }
  const at = 3 * 2 ** 21 + 5 * PAGE_SIZE;
  const frame = paNum(block + 5 * PAGE_SIZE);
  assertEquals(mappingsTo(g, g.ram, frame).map((m) => [m.pid, Number(m.va), m.size]), [
    [3, 3 * 2 ** 21, 2 ** 21],
    [4, 3 * 2 ** 21, 2 ** 21],
  ]);
  const entry = entryAt(g, g.ram, g.child.root, va(at + 9));
  const owners = pageOwners(g, g.ram, userRoots(g), entry, undefined);
  assertEquals(owners.map((e) => [Number(e.va), Number(e.frame)]), [[at, frame], [at, frame]]);
  assertEquals(sharing(g, g.ram).matrix, [[0, 514], [514, 0]]);
  const run = vmmap(g, g.ram, g.parent).find((a) => a.superpage > 0)!;
  assertEquals([run.size, run.shared, run.cow, run.superpage], Array(4).fill(2 ** 21));
});

Deno.test("two saved states are held against each other without kinds or counts", () => {
  const g = new Guest();
  const saved = (): SavedView => {
    const { ram, clock } = g.machine.save();
    return {
      ram,
      instret: clock.retired,
      event: undefined,
      processes: new Map(
        g.processes().map((p) => [p.pid, { text: p.name, root: p.root }]),
      ),
      free: undefined,
      kind: () => undefined,
      stored: () => undefined,
    };
  };
  const before = saved();
  const own = g.frame(0);
  const at = g.map(g.child.root, HEAP, own, USER | PTE_W | PTE_D);
  const { framesTaken, processes, ptes, frames } = diffStates(before, saved());
  assertEquals([framesTaken, processes], [undefined, []]);
  assertEquals(ptes.map((p) => [p.pid, Number(p.va), p.after === undefined]), [[4, HEAP, false]]);
  assertEquals(frames.map((f) => [Number(f.pa), f.kind, f.count]), [
    [at - at % PAGE_SIZE, ["unknown", "unknown"], [undefined, undefined]],
  ]);
});
