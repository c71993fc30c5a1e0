/**
 * What processes must read, kept in plain maps: a flat model that knows nothing of frames. A page is a cell
 * of words; fork copies the cells of private pages and keeps those of shared ones; a page of a
 * shared file is the file's own cell.
 *
 * {@link Play} does random operations on model and kernel together and compares after each.
 *
 * @module
 */

import { copyout } from "../../../src/vm/kernel/memory/faults/copyin.ts";
import {
  leaveSpace,
  releaseSpace,
  shareSpace,
} from "../../../src/vm/kernel/memory/areas/spaces.ts";
import { failAllocation } from "../../../src/vm/kernel/memory/frames/frames.ts";
import { assert, assertEquals } from "@std/assert";
import type { VaNum } from "../../../src/vm/machine/address.ts";
import type { FileKey } from "../../../src/vm/kernel/memory/areas/backing.ts";
import type { AddressSpace } from "../../../src/vm/kernel/memory/areas/space.ts";
import { problems } from "./check.ts";
import {
  forkedSpace,
  grow,
  Killed,
  mmap,
  mprotect,
  msync,
  munmap,
  PAGE,
  shrink,
  type World,
} from "./world.ts";

type Cell = Map<number, bigint>;

interface Page {
  perm: number;
  readonly shared: boolean;
  readonly kind: "heap" | "anon" | "file";
  cell: Cell;
  /** A private page of a file reads this where its own cell has nothing. */
  readonly below?: Cell;
}

interface Actor {
  space: AddressSpace;
  pages: Map<number, Page>;
}

/** One random step: which actor, and numbers to be read as each operation likes. */
export interface Step {
  readonly op: Operation;
  readonly actor: number;
  readonly a: number;
  readonly b: number;
}

/** What can be done. */
export const OPERATIONS = [
  "store",
  "load",
  "store",
  "load",
  "copyout",
  "fork",
  "exit",
  "grow",
  "grow lazy",
  "shrink",
  "mmap",
  "mmap shared",
  "mmap file",
  "mmap private file",
  "munmap",
  "mprotect",
  "sync",
  "clone",
  "reclaim",
  "fail",
] as const;
/** One of {@link OPERATIONS}. */
export type Operation = typeof OPERATIONS[number];

/** Words looked at in each page; all lie before the middle, so that file pages of half a page have them. */
const OFFSETS = [0, 8, 1024, 2040];
const FILE_BYTES = 10_240; // two and a half pages
const MAX_ACTORS = 6;

/** Sizes of what the steps do. */
export interface Scale {
  /** Pages of one sbrk or mmap at most. */
  readonly pages: number;
  /** Whether operations may fail for lack of memory. */
  readonly scarce: boolean;
}

/** A kernel's memory and its model, played together. */
export class Play {
  readonly world: World;
  readonly free: number;
  actors: Actor[] = [];
  readonly #scale: Scale;
  readonly #shared: FileKey;
  readonly #private: FileKey;
  readonly #sharedCells: Cell[] = [];
  readonly #privateCells: Cell[] = [];
  #value = 1n;
  /** How often memory ran out, for tests that want it to. */
  failures = 0;

  constructor(world: World, scale: Scale) {
    this.world = world;
    this.#scale = scale;
    this.free = world.memory.state.frames.free;
    const bytes = Uint8Array.from({ length: FILE_BYTES }, (_, i) => (i * 7 + (i >> 8)) & 0xff);
    this.#shared = world.files.make(1, bytes.slice());
    this.#private = world.files.make(2, bytes);
    const view = new DataView(bytes.buffer);
    for (const cells of [this.#sharedCells, this.#privateCells]) {
      for (let page = 0; page < 3; page++) {
        const at = (offset: number) => view.getBigUint64(page * PAGE + offset, true);
        cells.push(new Map(OFFSETS.map((offset) => [offset, at(offset)])));
      }
    }
    this.actors.push({ space: world.space(), pages: new Map() });
  }

  /** Does one step; throws when kernel and model differ or the audit finds something. */
  step(step: Step): void {
    const actor = this.actors[step.actor % this.actors.length];
    this.#do(actor, step);
    const wrong = problems(this.world);
    assertEquals(wrong, [], `after ${step.op}`);
  }

  /** Reads everything, ends all actors and looks that nothing is left. */
  finish(): void {
    failAllocation(this.world.memory, 0);
    for (const actor of this.actors) {
      for (const [va, page] of actor.pages) {
        for (const offset of OFFSETS) this.#load(actor, va + offset, page);
      }
    }
    for (const { space } of this.actors) this.#leave(space);
    assertEquals(problems(this.world), [], "at the end");
    assertEquals(this.world.memory.state.frames.free, this.free, "free frames at the end");
    const { holders, contents } = this.world.files;
    for (const [inode, count] of holders) assertEquals(count, 0, `holders of file ${inode}`);
    const view = new DataView(contents.get(1)!.buffer);
    for (const [i, cell] of this.#sharedCells.entries()) {
      for (const [offset, value] of cell) {
        assertEquals(view.getBigUint64(i * PAGE + offset, true), value, "file after write-back");
      }
    }
    assertEquals(contents.get(1)!.length, FILE_BYTES);
  }

  #do(actor: Actor, { op, a, b }: Step): void {
    const { memory } = this.world;
    const space = actor.space;
    switch (op) {
      case "store":
      case "copyout":
        return this.#store(actor, this.#address(actor, a, b), op === "copyout");
      case "load": {
        const va = this.#address(actor, a, b);
        return this.#load(actor, va, actor.pages.get(va - (va % PAGE)));
      }
      case "fork":
        return this.#fork(actor);
      case "clone":
        if (this.actors.length >= MAX_ACTORS) return;
        if (shareSpace(memory, space) === undefined) return this.#failed();
        this.actors.push({ space, pages: actor.pages });
        return;
      case "exit":
        if (this.actors.length < 2) return;
        this.#leave(space);
        this.actors.splice(this.actors.indexOf(actor), 1);
        return;
      case "grow":
      case "grow lazy":
        return this.#grow(actor, 1 + (a % (this.#scale.pages * PAGE)), op === "grow lazy");
      case "shrink": {
        const n = a % (space.size + 1);
        const start = Math.ceil((space.size - n) / PAGE) * PAGE;
        const end = Math.ceil(space.size / PAGE) * PAGE;
        if (!shrink(memory, space, n)) return this.#failed();
        for (let va = start; va < end; va += PAGE) actor.pages.delete(va);
        return;
      }
      case "mmap":
      case "mmap shared":
        return this.#map(actor, 1 + (a % this.#scale.pages), b, op === "mmap shared");
      case "mmap file":
      case "mmap private file":
        return this.#mapFile(actor, a, b, op === "mmap file");
      case "munmap":
      case "mprotect": {
        const va = this.#mapped(actor, a);
        if (va === undefined) return;
        const length = (1 + (b % this.#scale.pages)) * PAGE;
        if (op === "munmap") this.#unmap(actor, va, length);
        else this.#protect(actor, va, length, [0, 1, 3, 3][a % 4]);
        return;
      }
      case "sync": {
        const va = this.#mapped(actor, a);
        if (va !== undefined) assert(msync(memory, space, va as VaNum, PAGE));
        return;
      }
      case "reclaim":
        this.world.reclaim(1 + (a % 40));
        return;
      case "fail":
        if (this.#scale.scarce) failAllocation(memory, 1 + (a % 8));
        return;
    }
  }

  #failed(): void {
    assert(this.#scale.scarce, "memory ran out");
    this.failures++;
  }

  /** Runs a user access; undefined when it was killed only because memory ran out. */
  #access<T>(access: () => T, allowed: boolean): T | undefined {
    try {
      const result = access();
      assert(allowed, "an access succeeded that must kill");
      return result;
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      if (error.oom) this.#failed();
      else assert(!allowed, `killed: ${error.why}`);
      return undefined;
    }
  }

  #load(actor: Actor, va: number, page: Page | undefined): void {
    const allowed = page !== undefined && page.perm !== 0;
    const value = this.#access(() => this.world.load(actor.space, va), allowed);
    if (value === undefined) return;
    const offset = va % PAGE;
    assertEquals(value, page!.cell.get(offset) ?? page!.below?.get(offset) ?? 0n, `load ${va}`);
  }

  #store(actor: Actor, va: number, byKernel: boolean): void {
    const page = actor.pages.get(va - (va % PAGE));
    const value = ++this.#value;
    const allowed = page !== undefined && (page.perm & 2) !== 0;
    if (byKernel) {
      const bytes = new Uint8Array(BigUint64Array.of(value).buffer);
      if (!copyout(this.world.memory, actor.space, va as VaNum, bytes)) {
        if (allowed) this.#failed();
        return;
      }
      assert(allowed, "copyout succeeded that must not");
    } else {
      const done = this.#access(() => {
        this.world.store(actor.space, va, value);
        return true;
      }, allowed);
      if (done === undefined) return;
    }
    page!.cell.set(va % PAGE, value);
  }

  #fork(actor: Actor): void {
    if (this.actors.length >= MAX_ACTORS) return;
    const space = forkedSpace(this.world.memory, actor.space);
    if (space === undefined) return this.#failed();
    const pages = new Map<number, Page>();
    for (const [va, page] of actor.pages) {
      pages.set(va, { ...page, cell: page.shared ? page.cell : new Map(page.cell) });
    }
    this.actors.push({ space, pages });
  }

  #grow(actor: Actor, n: number, lazy: boolean): void {
    const { space } = actor;
    const start = Math.ceil(space.size / PAGE) * PAGE;
    if (!grow(this.world.memory, space, n, lazy)) return this.#failed();
    for (let va = start; va < space.size; va += PAGE) {
      actor.pages.set(va, { perm: 3, shared: false, kind: "heap", cell: new Map() });
    }
  }

  #map(actor: Actor, pages: number, b: number, shared: boolean): void {
    const request = { length: pages * PAGE, perm: 3, kind: "anon" as const, shared };
    const fixed = b % 3 === 0 ? this.#mapped(actor, b) : undefined;
    if (fixed !== undefined && fixed + request.length > 0x3f_ffe0_0000) return;
    const va = mmap(this.world.memory, actor.space, {
      ...request,
      ...(fixed === undefined ? {} : { at: fixed as VaNum }),
    });
    if (va < 0) return this.#failed();
    for (let i = 0; i < pages; i++) {
      const page = { perm: 3, shared, kind: "anon" as const, cell: new Map() };
      actor.pages.set(va + i * PAGE, page);
    }
  }

  #mapFile(actor: Actor, a: number, b: number, shared: boolean): void {
    const first = a % 3;
    const count = 1 + (b % (3 - first));
    const file = shared ? this.#shared : this.#private;
    const cells = shared ? this.#sharedCells : this.#privateCells;
    const backing = { file, offset: first * PAGE, length: count * PAGE, writable: true };
    const request = { length: count * PAGE, perm: 3, kind: "file" as const, shared, backing };
    const va = mmap(this.world.memory, actor.space, request);
    assert(va > 0);
    for (let i = 0; i < count; i++) {
      const page: Page = shared
        ? { perm: 3, shared, kind: "file", cell: cells[first + i] }
        : { perm: 3, shared, kind: "file", cell: new Map(), below: cells[first + i] };
      actor.pages.set(va + i * PAGE, page);
    }
  }

  #unmap(actor: Actor, va: number, length: number): void {
    for (let at = va; at < va + length; at += PAGE) {
      if (actor.pages.get(at)?.kind === "heap" || at >= 0x3f_ffe0_0000) return;
    }
    if (!munmap(this.world.memory, actor.space, va as VaNum, length)) return this.#failed();
    for (let at = va; at < va + length; at += PAGE) actor.pages.delete(at);
  }

  #protect(actor: Actor, va: number, length: number, perm: number): void {
    let whole = true;
    for (let at = va; at < va + length; at += PAGE) whole &&= actor.pages.has(at);
    const done = mprotect(this.world.memory, actor.space, va as VaNum, length, perm);
    if (!done) return whole ? this.#failed() : undefined;
    assert(whole, "mprotect went over a hole");
    for (let at = va; at < va + length; at += PAGE) actor.pages.get(at)!.perm = perm;
  }

  #leave(space: AddressSpace): void {
    if (space.users === 1) releaseSpace(this.world.memory, space);
    else leaveSpace(this.world.memory, space, space.trapframes.at(-1)!.frame);
  }

  /** An address: mostly of a page that is there, now and then just beside one. */
  #address(actor: Actor, a: number, b: number): number {
    const pages = [...actor.pages.keys()];
    const offset = OFFSETS[b % OFFSETS.length];
    if (pages.length === 0) return offset;
    const page = pages[a % pages.length];
    return page + offset + (b % 17 === 0 ? PAGE : 0);
  }

  /** A page that mmap made. */
  #mapped(actor: Actor, a: number): number | undefined {
    const pages = [...actor.pages].filter(([, page]) => page.kind !== "heap");
    return pages.length === 0 ? undefined : pages[a % pages.length][0];
  }
}
