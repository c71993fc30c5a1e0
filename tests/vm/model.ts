/**
 * What processes must read, kept in plain maps that know nothing of frames, PTEs, slots or caches. A page is a few
 * words; fork copies those of private pages and keeps those of shared ones; a page of a file is the file's own, until
 * a private mapping stores to it.
 *
 * {@link Play} does steps on the model and on a whole computer, through system calls and accesses of its processes.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Handle } from "../../src/vm/handle.ts";
import { KernelError, userAccess } from "../../src/vm/kernel/standing.ts";
import { va as toVa } from "../../src/vm/machine/address.ts";
import { MMAP_TOP } from "../../src/vm/kernel/memory/space.ts";
import type { BootOptions, Vm, VmState } from "../../src/vm/vm.ts";
import { boot } from "./lab.ts";

/** A page in bytes. */
export const PAGE = 4096;
/** Words looked at in each page: in its first half, since the file may end in the middle of one. */
const OFFSETS = [0, 8, 2040];
/** Bytes by which the file grows, and pages it has at most. */
const HALF = PAGE / 2, FILE_PAGES = 4;
/** The stack page of a standing process, for what calls need, and the descriptor of the file in all of them. */
const STACK = 0x2000, HEAP = 0x3000, FD = 3;
/** Processes at a time, and areas' pages of one: enough to meet, few enough to meet often. */
const MOST = 4, MOST_PAGES = 2000;

/** What can be done; often, what makes the others matter. */
export const OPERATIONS = [
  "store",
  "load",
  "store",
  "load",
  "fork",
  "exit",
  "wait",
  "clone",
  "exec",
  "sbrk",
  "sbrk lazy",
  "shrink",
  "mmap",
  "mmap shared",
  "mmap file",
  "mmap private file",
  "munmap",
  "mprotect",
  "msync",
  "read",
  "write",
  "append",
  "truncate",
  "reclaim",
  "reclaim",
  "promote",
  "snapshot",
] as const;
/** One of {@link OPERATIONS}. */
export type Operation = typeof OPERATIONS[number];

/** One step: whose, and numbers that each operation reads as it likes, modulo what there is. */
export interface Step {
  readonly op: Operation;
  readonly who: number;
  readonly a: number;
  readonly b: number;
}

/** Words by offset; one that is not there reads 0. */
type Cell = Map<number, bigint>;

interface Page {
  perm: number;
  readonly shared: boolean;
  readonly heap: boolean;
  /** Which page of the file it shows, as long as it has no words of its own. */
  readonly file: number | undefined;
  cell: Cell | undefined;
  /** An eager fork may have copied the file's page as it was then, or left it to be read later. */
  old: Cell[];
}

/** The memory of one process, or of several threads. */
interface Memory {
  heapEnd: number;
  readonly pages: Map<number, Page>;
}

interface Actor {
  readonly pid: number;
  /** Runs a program since exec: it is not forked, or its child would run. */
  program: boolean;
  memory: Memory;
}

interface Model {
  actors: Actor[];
  file: { size: number; readonly pages: Cell[] };
  value: bigint;
}

/** A moment of computer and model, to go back to. */
export interface Moment {
  readonly vm: VmState;
  readonly model: Model;
}

/** How a computer is played with. */
export interface Setting {
  readonly name: string;
  readonly options: BootOptions;
  /** Pages that a mapping, or a growing heap, may have. */
  readonly pages: readonly number[];
  /** Memory may run out: calls may fail and processes be killed for it. */
  readonly scarce?: boolean;
  /** Bytes that a process nobody looks at takes, so that the others meet reclaim. */
  readonly hog?: string;
}

/** A computer and its model, played together. */
export class Play {
  readonly vm: Vm;
  #model: Model;
  readonly #setting: Setting;
  readonly #eager: boolean;
  readonly #free: number;
  /** Steps that failed, or killed, for want of memory. */
  failures = 0;
  /** Set while an allocation is made to fail. */
  scarce: boolean;

  constructor(setting: Setting) {
    this.#setting = setting;
    this.#eager = setting.options.policy === "eager";
    this.scarce = setting.scarce ?? false;
    this.vm = boot(setting.options);
    this.#free = this.vm.free().free;
    const p = this.vm.spawn();
    p.open("/data", "rw+");
    if (setting.hog !== undefined) this.vm.spawn().sbrk(setting.hog);
    this.#model = {
      actors: [{ pid: p.pid, program: false, memory: { heapEnd: HEAP, pages: new Map() } }],
      file: { size: 0, pages: Array.from({ length: FILE_PAGES }, () => new Map()) },
      value: 1n,
    };
    for (let i = 0; i < 5; i++) this.step({ op: "append", who: 0, a: 0, b: 0 });
  }

  /** This moment. */
  save(): Moment {
    return { vm: this.vm.save(), model: structuredClone(this.#model) };
  }

  /** Back to it. */
  restore(moment: Moment): void {
    this.vm.restore(moment.vm);
    this.#model = structuredClone(moment.model);
  }

  /** Does one step on both; throws when they differ, or when a step fails that must not. */
  step(step: Step): void {
    const actor = this.#model.actors[step.who % this.#model.actors.length];
    try {
      this.#do(actor, step);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      this.#failed(actor, error.message);
    }
  }

  /**
   * Tries a step with each of its allocations failing, the audit and everybody's words each time as if it had not
   * been begun; then does it. How many allocations that were.
   */
  failEach(step: Step): number {
    const { frames } = this.vm.kernel.memory;
    const before = this.save();
    const first = frames.allocations;
    this.step(step);
    this.audit(step.op);
    const tried = frames.allocations - first;
    const after = this.save();
    const { scarce } = this;
    for (let n = 1; n <= tried; n++) {
      this.restore(before);
      frames.failAt(n);
      this.scarce = true;
      this.step(step);
      this.scarce = scarce;
      frames.failAt(0);
      this.audit(`${step.op}, allocation ${n}`);
      this.readAll(`${step.op}, allocation ${n}:`);
    }
    this.restore(after);
    return tried;
  }

  /** Nothing may be wrong with the computer. */
  audit(where: string): void {
    assertEquals(this.vm.audit().map((f) => `${f.class}: ${f.detail}`), [], where);
  }

  /** Every word of every process is what the model says. Pages are touched by it. */
  readAll(where = ""): void {
    for (const actor of [...this.#model.actors]) {
      for (const [va, page] of nearBorders(actor.memory)) {
        if (this.#words(page) === undefined || !this.#alive(actor)) continue;
        for (const offset of OFFSETS) this.#expect(actor, va + offset, page, where);
      }
    }
  }

  /** Reads everything, ends everybody, and looks that nothing is left of them. */
  finish(): void {
    this.readAll("at the end");
    const { vm } = this;
    for (const p of vm.processes()) if (p.pid !== 1 && p.alive) p.kill();
    this.audit("at the end");
    assertEquals(vm.processes().map((p) => p.pid), [1]);
    // Pages of init that are on the swap disk hold no frames.
    const away = vm.kernel.memory.usage(vm.kernel.process(1)!.space).swapped;
    assertEquals([vm.free().free, vm.kernel.memory.swap.pages.size], [this.#free + away, away]);
    const words = this.#model.file.pages.map((cell) => OFFSETS.map((o) => cell.get(o) ?? 0n));
    const inode = vm.kernel.files.findFile(undefined, "/data")!;
    const bytes = vm.kernel.files.root!.readBytes(inode, 0, FILE_PAGES * PAGE) as Uint8Array;
    vm.kernel.files.putInode(inode);
    assertEquals(bytes.length, this.#model.file.size);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let i = 0; i * PAGE < bytes.length; i++) {
      const held = OFFSETS.map((offset) => view.getBigUint64(i * PAGE + offset, true));
      assertEquals(held, words[i], `page ${i} of the file on the disk`);
    }
  }

  #do(actor: Actor, { op, a, b }: Step): void {
    const p = this.#handle(actor);
    const { memory } = actor;
    switch (op) {
      case "store":
      case "load":
      case "read":
      case "write": {
        const place = this.#place(memory, a, b);
        if (place !== undefined) this.#access(actor, op, place, b);
        return;
      }
      case "fork":
      case "clone":
        return this.#fork(actor, p, op === "clone");
      case "exit":
        if (this.#model.actors.length === 1) return;
        this.#gone(actor);
        return p.exit(b);
      case "wait":
        return void p.wait();
      case "exec":
        return this.#exec(actor, p);
      case "sbrk":
      case "sbrk lazy":
        return this.#grow(memory, p, this.#pages(a), op === "sbrk lazy");
      case "shrink":
        return this.#shrink(memory, p, a);
      case "mmap":
      case "mmap shared":
        return this.#map(memory, p, a, b, op === "mmap shared");
      case "mmap file":
      case "mmap private file":
        return this.#mapFile(memory, p, a, op === "mmap file");
      case "munmap":
      case "mprotect":
      case "msync":
        return this.#change(memory, p, op, a, b);
      case "append":
        return this.#append(p);
      case "truncate":
        return this.#truncate(p);
      case "reclaim":
        for (let i = 0; i <= b % 4; i++) this.vm.reclaim(1 + (a % 64));
        return;
      case "promote":
        return void this.vm.kernel.memory.promote(p.record.space);
      case "snapshot":
        return this.restore(this.save());
    }
  }

  #pages(a: number): number {
    const { pages } = this.#setting;
    return pages[a % pages.length];
  }

  #handle(actor: Actor): Handle {
    return this.vm.process(actor.pid);
  }

  #alive(actor: Actor): boolean {
    const p = this.vm.kernel.process(actor.pid);
    return p !== undefined && p.state !== "zombie";
  }

  #gone(actor: Actor): void {
    this.#model.actors = this.#model.actors.filter((other) => other !== actor);
    if (this.#model.actors.length > 0) return;
    const p = this.vm.spawn();
    p.open("/data", "rw");
    const memory = { heapEnd: HEAP, pages: new Map() };
    this.#model.actors.push({ pid: p.pid, program: false, memory });
  }

  /** Something was refused: that may be only where memory runs out. */
  #failed(actor: Actor, why: string): void {
    assert(this.scarce, `pid ${actor.pid}: ${why}`);
    this.failures++;
    if (!this.#alive(actor)) this.#gone(actor);
  }

  /** The words of a page: one cell, or several it may be; undefined when nobody may read it. */
  #words(page: Page): Cell[] | undefined {
    if (page.perm === 0) return undefined;
    if (page.cell !== undefined) return [page.cell];
    if (page.file! * PAGE >= this.#model.file.size) return undefined;
    return [this.#model.file.pages[page.file!], ...page.old];
  }

  /** Loads a word and holds it against the model. */
  #expect(actor: Actor, va: number, page: Page, where: string): bigint | undefined {
    const { kernel } = this.vm;
    const outcome = userAccess(kernel, kernel.process(actor.pid)!, toVa(va), 8);
    if (outcome.kind === "killed") return void this.#failed(actor, outcome.why);
    const allowed = this.#words(page)!.map((cell) => cell.get(va % PAGE) ?? 0n);
    const place = `${where} ${actor.pid}:0x${va.toString(16)} reads ${outcome.value}`;
    assert(allowed.includes(outcome.value), `${place}, not ${allowed.join(" or ")}`);
    return outcome.value;
  }

  /** The cell that a store changes. False: finding that out killed the process. */
  #own(actor: Actor, va: number, page: Page): Cell | undefined {
    if (page.cell !== undefined) return page.cell;
    if (page.shared) return this.#model.file.pages[page.file!];
    const base = va - (va % PAGE);
    const seen = new Map<number, bigint>();
    for (const offset of OFFSETS) {
      const value = this.#expect(actor, base + offset, page, "before a store:");
      if (value === undefined) return undefined;
      seen.set(offset, value);
    }
    return seen;
  }

  /** A place to look at: mostly in a page that is there, now and then just beside one. */
  #place(memory: Memory, a: number, b: number): { va: number; page: Page | undefined } | undefined {
    const near = nearBorders(memory);
    if (near.length === 0) return undefined;
    const page = near[a % near.length][0] + (b % 29 === 28 ? PAGE : 0);
    return { va: page + OFFSETS[b % OFFSETS.length], page: memory.pages.get(page) };
  }

  #access(
    actor: Actor,
    op: "load" | "store" | "read" | "write",
    { va, page }: { va: number; page: Page | undefined },
    b: number,
  ): void {
    const stores = op === "store" || op === "read";
    const readable = page !== undefined && this.#words(page) !== undefined;
    const allowed = readable && (!stores || (page.perm & 2) !== 0);
    if (!allowed) return this.#refused(actor, op, va);
    const p = this.#handle(actor);
    if (op === "load") return void this.#expect(actor, va, page, "");
    const { file } = this.#model;
    const index = b % FILE_PAGES;
    const inFile = index * PAGE < file.size;
    if (op === "write") {
      const value = this.#expect(actor, va, page, "");
      if (value === undefined || !inFile) return;
      this.#seek(p, index * PAGE + (va % PAGE));
      p.write(FD, va, 8);
      file.pages[index].set(va % PAGE, value);
      return;
    }
    const cell = this.#own(actor, va, page);
    if (cell === undefined) return;
    if (op === "store") {
      const value = ++this.#model.value;
      p.store(va, value);
      cell.set(va % PAGE, value);
    } else {
      if (!inFile) return;
      this.#seek(p, index * PAGE + (va % PAGE));
      p.read(FD, va, 8);
      cell.set(va % PAGE, file.pages[index].get(va % PAGE) ?? 0n);
    }
    if (page.shared) return;
    page.cell = cell;
    page.old = [];
  }

  /** An access that nobody may make: a call answers -1, an instruction kills. */
  #refused(actor: Actor, op: "load" | "store" | "read" | "write", va: number): void {
    const p = this.#handle(actor);
    if (op === "read" || op === "write") {
      if (this.#model.file.size === 0) return;
      this.#seek(p, 0);
      return assertEquals(p.call(op, FD, va, 8).result, -1n, `${op} at 0x${va.toString(16)}`);
    }
    if (this.#model.actors.length === 1) return;
    const report = p.access(va, 8, op === "store" ? 1n : undefined);
    assert(report.killed !== undefined, `${op} ${p.pid}:0x${va.toString(16)} must kill`);
    this.#gone(actor);
  }

  #seek(p: Handle, offset: number): void {
    const file = p.record.files[FD];
    if (file?.type === "inode") file.offset = offset;
  }

  #fork(actor: Actor, p: Handle, thread: boolean): void {
    if (this.#model.actors.length === MOST || actor.program) return;
    while (this.vm.processes().some((q) => q.record.parent === p.pid && !q.alive)) p.wait();
    if (thread) {
      const { pid } = p.clone({ vm: true });
      this.#model.actors.push({ ...actor, pid });
      return;
    }
    const { pid } = p.fork();
    const { pages, heapEnd } = actor.memory;
    const copies = [...pages].map(([va, page]): [number, Page] => [va, this.#forked(page)]);
    this.#model.actors.push({ pid, program: false, memory: { heapEnd, pages: new Map(copies) } });
  }

  #forked(page: Page): Page {
    if (page.shared) return { ...page };
    if (page.cell !== undefined) return { ...page, cell: new Map(page.cell) };
    const copied = this.#eager ? [new Map(this.#model.file.pages[page.file!])] : [];
    return { ...page, old: [...page.old, ...copied] };
  }

  #exec(actor: Actor, p: Handle): void {
    p.put(STACK, "/echo\0");
    p.store(STACK + 16, BigInt(STACK));
    p.store(STACK + 24, 0n);
    const { result } = p.call("exec", STACK, STACK + 16);
    if (result === -1n) return this.#failed(actor, "exec failed");
    actor.program = true;
    actor.memory = { heapEnd: Number(p.break), pages: new Map() };
  }

  #grow(memory: Memory, p: Handle, pages: number, lazy: boolean): void {
    if (memory.pages.size + pages > MOST_PAGES) return;
    p.sbrk(pages * PAGE, lazy ? "lazy" : "eager");
    for (let i = 0; i < pages; i++) memory.pages.set(memory.heapEnd + i * PAGE, blank(true, false));
    memory.heapEnd += pages * PAGE;
  }

  #shrink(memory: Memory, p: Handle, a: number): void {
    const heap = [...memory.pages].filter(([, page]) => page.heap).length;
    const pages = a % (heap + 1);
    p.sbrk(-pages * PAGE);
    memory.heapEnd -= pages * PAGE;
    for (let i = 0; i < pages; i++) memory.pages.delete(memory.heapEnd + i * PAGE);
  }

  #map(memory: Memory, p: Handle, a: number, b: number, shared: boolean): void {
    const pages = shared ? 1 + (a % 3) : this.#pages(a);
    if (memory.pages.size + pages > MOST_PAGES) return;
    const over = b % 3 === 0 ? this.#mapped(memory, b) : undefined;
    if (over !== undefined && over + pages * PAGE > MMAP_TOP) return;
    const at = over === undefined ? {} : { at: over };
    const va = Number(p.mmap(pages * PAGE, { shared, ...at }));
    for (let i = 0; i < pages; i++) memory.pages.set(va + i * PAGE, blank(false, shared));
  }

  #mapFile(memory: Memory, p: Handle, a: number, shared: boolean): void {
    if (memory.pages.size + FILE_PAGES > MOST_PAGES) return;
    const first = a % FILE_PAGES;
    const count = 1 + (a % 7) % (FILE_PAGES - first);
    const va = Number(p.mmap(count * PAGE, { shared, fd: FD, offset: first * PAGE }));
    for (let i = 0; i < count; i++) {
      const page = { perm: 3, shared, heap: false, file: first + i, cell: undefined, old: [] };
      memory.pages.set(va + i * PAGE, page);
    }
  }

  /** munmap, mprotect or msync of a few pages that begin in a mapping. */
  #change(
    memory: Memory,
    p: Handle,
    op: "munmap" | "mprotect" | "msync",
    a: number,
    b: number,
  ): void {
    const start = this.#mapped(memory, a);
    if (start === undefined) return;
    const count = 1 + (b % 3);
    const range = Array.from({ length: count }, (_, i) => start + i * PAGE);
    if (range.some((va) => va >= MMAP_TOP || memory.pages.get(va)?.heap)) return;
    const whole = range.every((va) => memory.pages.has(va));
    if (op === "munmap") {
      p.munmap(start, count * PAGE);
      for (const va of range) memory.pages.delete(va);
    } else if (op === "msync") {
      assertEquals(p.call("msync", start, count * PAGE).result, whole ? 0n : -1n);
    } else if (whole) {
      const prot = ["", "r", "rw", "rw"][b % 4];
      p.mprotect(start, count * PAGE, prot);
      for (const va of range) memory.pages.get(va)!.perm = prot.length === 2 ? 3 : prot.length;
    }
  }

  /** A page that mmap made. */
  #mapped(memory: Memory, a: number): number | undefined {
    const pages = [...memory.pages].filter(([, page]) => !page.heap);
    return pages.length === 0 ? undefined : pages[a % pages.length][0];
  }

  #append(p: Handle): void {
    const { file } = this.#model;
    if (file.size + HALF > FILE_PAGES * PAGE) return;
    const byte = Number(++this.#model.value % 255n) + 1;
    p.fill(STACK, HALF, byte);
    this.#seek(p, file.size);
    p.write(FD, STACK, HALF);
    if (file.size % PAGE === 0) {
      const word = BigInt(byte) * 0x0101_0101_0101_0101n;
      for (const offset of OFFSETS) file.pages[file.size / PAGE].set(offset, word);
    }
    file.size += HALF;
  }

  #truncate(p: Handle): void {
    p.close(p.open("/data", "w0"));
    const { file, actors } = this.#model;
    file.size = 0;
    for (const cell of file.pages) cell.clear();
    for (const { memory } of actors) {
      for (const page of memory.pages.values()) {
        if (page.file === undefined) continue;
        page.cell = undefined;
        page.old = [];
      }
    }
  }
}

/** All pages; where there are many, those at the ends, at the borders of 2 MiB blocks, and some others. */
function nearBorders({ pages }: Memory): [number, Page][] {
  const last = pages.size - 3;
  return [...pages].filter(([va], i) =>
    last < 64 || i < 2 || i > last || (va / PAGE + 1) % 512 < 3 || i % 101 === 0
  );
}

function blank(heap: boolean, shared: boolean): Page {
  return { perm: 3, shared, heap, file: undefined, cell: new Map(), old: [] };
}
