/**
 * Steps done on a whole computer, through system calls and accesses of its processes, and on the model of what they
 * must read; whatever differs is thrown.
 *
 * @module
 */

import fc from "fast-check";
import { assert, assertEquals } from "@std/assert";
import * as model from "./model.ts";
import { promoteSpace } from "../kernel/memory/world.ts";
import { readBytes } from "../../src/vm/kernel/files/file_system.ts";
import { findProc, spaceOf } from "../../src/vm/kernel/process/table.ts";
import { usageOf } from "../../src/vm/kernel/memory/areas/usage.ts";
import { failAllocation } from "../../src/vm/kernel/memory/frames/frames.ts";
import type { Process } from "../../src/vm/process.ts";
import { KernelError, userAccess } from "../../src/vm/kernel/manual.ts";
import { va as toVa } from "../../src/vm/machine/address.ts";
import type { BootOptions, Vm, VmState } from "../../src/vm/vm.ts";
import { boot } from "./lab.ts";
import {
  type Actor,
  type Cell,
  FILE_PAGES,
  HALF,
  type Model,
  nearBorders,
  OFFSETS,
  PAGE,
  type Page,
} from "./model.ts";
import { change, FD, grow, map, mapFile, shrink } from "./play_calls.ts";
import { kernelOf, recordOf } from "../../src/vm/parts.ts";
import { fileOf } from "../../src/vm/kernel/files/table.ts";

/** The stack page of a manual process, for what calls need. */
const STACK = 0x2000;
/** Processes at a time: enough to share, few enough to meet often. */
const MOST = 4;

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

/** Random lives of 10 to `most` steps. */
export function stepLists(most: number): fc.Arbitrary<Step[]> {
  return fc.array(
    fc.record({
      op: fc.constantFrom(...OPERATIONS),
      who: fc.nat(10),
      a: fc.nat(1_000_000),
      b: fc.nat(1_000_000),
    }),
    { minLength: 10, maxLength: most, size: "max" },
  );
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
    this.#model = model.newModel(p.pid);
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
    const kernel = kernelOf(this.vm);
    const before = this.save();
    const first = kernel.state.frames.allocations;
    this.step(step);
    this.audit(step.op);
    const tried = kernel.state.frames.allocations - first;
    const after = this.save();
    const { scarce } = this;
    for (let n = 1; n <= tried; n++) {
      this.restore(before);
      failAllocation(kernel, n);
      this.scarce = true;
      this.step(step);
      this.scarce = scarce;
      failAllocation(kernel, 0);
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
        if (model.wordsOf(this.#model, page) === undefined || !this.#alive(actor)) continue;
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
    const away = usageOf(kernelOf(vm), spaceOf(kernelOf(vm), findProc(kernelOf(vm), 1)!)).swapped;
    assertEquals([vm.free().free, kernelOf(vm).state.swap.pages.size], [this.#free + away, away]);
    const words = this.#model.file.pages.map((cell) => OFFSETS.map((o) => cell.get(o) ?? 0n));
    const { files } = kernelOf(vm);
    const inode = files.findFile(undefined, "/data")!;
    const bytes = readBytes(files.at(inode), inode, 0, FILE_PAGES * PAGE) as Uint8Array;
    files.at(inode).iput(inode);
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
        return grow(memory, p, this.#pages(a), op === "sbrk lazy");
      case "shrink":
        return shrink(memory, p, a);
      case "mmap":
      case "mmap shared":
        return map(memory, p, op === "mmap" ? this.#pages(a) : 1 + (a % 3), b, op !== "mmap");
      case "mmap file":
      case "mmap private file":
        return mapFile(memory, p, a, op === "mmap file");
      case "munmap":
      case "mprotect":
      case "msync":
        return change(memory, p, op, a, b);
      case "append":
        return this.#append(p);
      case "truncate":
        return this.#truncate(p);
      case "reclaim":
        for (let i = 0; i <= b % 4; i++) this.vm.reclaim(1 + (a % 64));
        return;
      case "promote":
        return void promoteSpace(kernelOf(this.vm), spaceOf(kernelOf(this.vm), recordOf(p)));
      case "snapshot":
        return this.restore(this.save());
    }
  }

  #pages(a: number): number {
    const { pages } = this.#setting;
    return pages[a % pages.length];
  }

  #handle(actor: Actor): Process {
    return this.vm.process(actor.pid);
  }

  #alive(actor: Actor): boolean {
    const p = findProc(kernelOf(this.vm), actor.pid);
    return p !== undefined && p.state !== "zombie";
  }

  #gone(actor: Actor): void {
    this.#model.actors = this.#model.actors.filter((other) => other !== actor);
    if (this.#model.actors.length > 0) return;
    const p = this.vm.spawn();
    p.open("/data", "rw");
    this.#model.actors.push(model.newActor(p.pid));
  }

  /** Something was refused: that may be only where memory runs out. */
  #failed(actor: Actor, why: string): void {
    assert(this.scarce, `pid ${actor.pid}: ${why}`);
    this.failures++;
    if (!this.#alive(actor)) this.#gone(actor);
  }

  /** Loads a word and holds it against the model. */
  #expect(actor: Actor, va: number, page: Page, where: string): bigint | undefined {
    const kernel = kernelOf(this.vm);
    const outcome = userAccess(kernel, findProc(kernel, actor.pid)!, toVa(va), 8);
    if (outcome.kind === "killed") return void this.#failed(actor, outcome.why);
    const allowed = model.wordsOf(this.#model, page)!.map((cell) => cell.get(va % PAGE) ?? 0n);
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
  #place(
    memory: model.Memory,
    a: number,
    b: number,
  ): { va: number; page: Page | undefined } | undefined {
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
    const readable = page !== undefined && model.wordsOf(this.#model, page) !== undefined;
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

  #seek(p: Process, offset: number): void {
    const file = fileOf(kernelOf(this.vm), recordOf(p), FD);
    if (file?.type === "inode") file.offset = offset;
  }

  #fork(actor: Actor, p: Process, thread: boolean): void {
    if (this.#model.actors.length === MOST || actor.program) return;
    while (this.vm.processes().some((q) => recordOf(q).parent === p.pid && !q.alive)) p.wait();
    if (thread) {
      const { pid } = p.clone({ vm: true });
      this.#model.actors.push({ ...actor, pid });
      return;
    }
    const { pid } = p.fork();
    const memory = model.forked(this.#model, actor.memory, this.#eager);
    this.#model.actors.push({ pid, program: false, memory });
  }

  #exec(actor: Actor, p: Process): void {
    p.put(STACK, "/echo\0");
    p.store(STACK + 16, BigInt(STACK));
    p.store(STACK + 24, 0n);
    const { result } = p.call("exec", STACK, STACK + 16);
    if (result === -1n) return this.#failed(actor, "exec failed");
    actor.program = true;
    actor.memory = { heapEnd: Number(p.break), pages: new Map() };
  }

  #append(p: Process): void {
    const { file } = this.#model;
    if (file.size + HALF > FILE_PAGES * PAGE) return;
    const byte = Number(++this.#model.value % 255n) + 1;
    p.fill(STACK, HALF, byte);
    this.#seek(p, file.size);
    p.write(FD, STACK, HALF);
    model.append(this.#model, byte);
  }

  #truncate(p: Process): void {
    p.close(p.open("/data", "w0"));
    model.truncate(this.#model);
  }
}
