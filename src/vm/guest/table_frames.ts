/**
 * Which frames of a guest are page tables, and every change of an entry in one of them. A frame is
 * a table when it is a root that somebody named, or when an entry of a table points to it; it is
 * none any more when that entry does not, when it is freed, or when somebody fills it byte by byte,
 * as a kernel does with a page that it frees. Nothing but hardware is asked.
 */

import { PAGE_SIZE, type PaNum } from "../machine/address.ts";
import type { Machine } from "../machine/machine.ts";
import type { Remove, StoreSeen } from "../machine/probes.ts";
import { frameOf, leafSize, PTE_R, PTE_V, PTE_W, PTE_X } from "../machine/sv39.ts";

/** An entry that has changed. */
export interface EntryChange {
  /** Where the entry stands. */
  readonly pteAddr: PaNum;
  /** The first address that it maps, or that the table behind it does; below 2^39. */
  readonly va: number;
  /** The entry before, as the nearest number: exact for any PTE without reserved bits. */
  readonly before: number;
  readonly after: number;
  /** The root of the table that it is in. */
  readonly root: PaNum;
  /** What stored; `found`: it stood there when its frame became a table. */
  readonly by: StoreSeen["by"] | "found";
}

/** A frame that is a table. */
interface Table {
  readonly frame: PaNum;
  readonly level: number;
  readonly root: PaNum;
  /** The first address that it maps. */
  readonly va: number;
  /** The entry that points to it; undefined: a root. */
  readonly parent: PaNum | undefined;
  readonly remove: Remove;
}

/** A table whose frame was freed, or filled, while an entry still pointed to it. */
interface Suspect {
  readonly table: Omit<Table, "remove">;
  /** What it held, as 32-bit words. */
  readonly held: Uint32Array;
  /** In whose name; it is looked at again when that one is back in user mode. */
  readonly who: number;
}

/** Tables as plain data: to be put back with a state of the machine. */
export interface TableFramesState {
  readonly tables: readonly Omit<Table, "remove">[];
  readonly suspects: readonly Suspect[];
}

const LEAF = PTE_R | PTE_W | PTE_X;
const ENTRIES = 512;

/** The page tables of a machine. */
export class TableFrames {
  readonly #machine: Machine;
  readonly #tell: (change: EntryChange) => void;
  readonly #tables = new Map<number, Table>();
  #suspects: Suspect[] = [];

  /** None yet; `tell` is told of each change of an entry, after it. */
  constructor(machine: Machine, tell: (change: EntryChange) => void) {
    this.#machine = machine;
    this.#tell = tell;
  }

  /** How many frames are tables. */
  get count(): number {
    return this.#tables.size;
  }

  /** Whether the frame at an address is a table. */
  has(frame: number): boolean {
    return this.#tables.has(frame);
  }

  /** A frame is a root table. What is in it, and below, is told if `tell` is true. */
  root(frame: PaNum, tell: boolean): void {
    if (this.#tables.has(frame) || !this.#machine.ram.contains(frame, PAGE_SIZE)) return;
    this.#add({ frame, level: 2, root: frame, va: 0, parent: undefined }, tell);
  }

  /** A frame is being freed, in the name of `who`. */
  freed(frame: PaNum, who: number): void {
    const table = this.#tables.get(frame);
    if (table !== undefined) this.#suspect(table, who);
  }

  /** `undo`: a byte that was stored just now. */
  #suspect(table: Table, who: number, undo?: StoreSeen): void {
    const { words } = this.#machine.ram;
    const first = this.#wordsOf(table.frame);
    const { remove, ...plain } = table;
    remove();
    this.#tables.delete(table.frame);
    const held = words.slice(first, first + 2 * ENTRIES);
    if (undo !== undefined) {
      new Uint8Array(held.buffer)[undo.pa - table.frame] = Number(undo.before);
    }
    this.#suspects.push({ table: plain, held, who });
  }

  /**
   * `who` is back in user mode: what was freed or filled in its name, and is a table all the same,
   * is one again. `lives`: whether a root is still in use.
   */
  settle(who: number, lives: (root: PaNum) => boolean): void {
    if (this.#suspects.length === 0) return;
    const mine = this.#suspects.filter((one) => one.who === who);
    if (mine.length === 0) return;
    this.#suspects = this.#suspects.filter((one) => one.who !== who);
    for (const { table, held } of mine) {
      const { frame, parent } = table;
      const used = parent === undefined ? lives(frame) : this.#pointsTo(parent, frame);
      if (!used || this.#tables.has(frame)) continue;
      this.#add(table, false);
      const now = this.#wordsOf(frame), { words } = this.#machine.ram;
      for (let i = 0; i < ENTRIES; i++) {
        const before = held[2 * i + 1] * 2 ** 32 + held[2 * i];
        const after = words[now + 2 * i + 1] * 2 ** 32 + words[now + 2 * i];
        if (before !== after) this.#changed(table, i, before, after, "found");
      }
    }
  }

  /** Whether an entry of a table that is known leads to a frame. */
  #pointsTo(entry: PaNum, frame: number): boolean {
    const table = entry - entry % PAGE_SIZE;
    if (!this.#tables.has(table)) return false;
    const low = this.#machine.ram.readPte(entry);
    return isPointer(low) && frameOf(low) === frame;
  }

  #wordsOf(frame: number): number {
    return this.#machine.ram.wordsOf(frame / PAGE_SIZE);
  }

  #add(plain: Omit<Table, "remove">, tell: boolean): void {
    const { frame } = plain;
    const remove = this.#machine.probes.stores(frame, PAGE_SIZE, (one) => this.#stored(table, one));
    const table: Table = { ...plain, remove };
    this.#tables.set(frame, table);
    const { words } = this.#machine.ram;
    const first = this.#wordsOf(frame);
    for (let i = 0; i < ENTRIES; i++) {
      const low = words[first + 2 * i], high = words[first + 2 * i + 1];
      if (low === 0 && high === 0) continue;
      if (tell) this.#changed(table, i, 0, high * 2 ** 32 + low, "found");
      this.#link(table, i, low, tell);
    }
  }

  /** The table behind an entry is one from now on. */
  #link({ frame, level, root, va }: Omit<Table, "remove">, i: number, low: number, tell: boolean) {
    if (level === 0 || !isPointer(low)) return;
    const child = frameOf(low);
    if (this.#tables.has(child) || !this.#machine.ram.contains(child, PAGE_SIZE)) return;
    const parent = (frame + 8 * i) as PaNum;
    const below = { frame: child, level: level - 1, root, va: va + i * leafSize(level), parent };
    this.#add(below, tell);
  }

  /** The table behind an entry that pointed to it is none any more, nor are those below. */
  #unlink(entry: PaNum, low: number): void {
    if (!isPointer(low)) return;
    const child = this.#tables.get(frameOf(low));
    if (child === undefined || child.parent !== entry) return;
    child.remove();
    this.#tables.delete(child.frame);
    if (child.level === 0) return;
    const { words } = this.#machine.ram;
    const first = this.#wordsOf(child.frame);
    for (let i = 0; i < ENTRIES; i++) {
      this.#unlink((child.frame + 8 * i) as PaNum, words[first + 2 * i]);
    }
  }

  #stored(table: Table, store: StoreSeen): void {
    const { pa, size, before, after, by } = store;
    if (size === 1 && by === "instruction") {
      // A page that is freed, or used for something else: memset.
      this.#suspect(table, this.who(), store);
      return;
    }
    const { ram } = this.#machine;
    const last = pa + size - 1;
    for (let word = pa - pa % 8; word <= last; word += 8) {
      if (word < table.frame || word >= table.frame + PAGE_SIZE) continue;
      const now = ram.read64(word as PaNum);
      const old = size === 8 && word === pa ? before : mixed(now, word, pa, size, before);
      if (now === old && after === before) continue;
      const low = Number(old & 0xffff_ffffn), fresh = Number(now & 0xffff_ffffn);
      const i = (word - table.frame) / 8;
      const same = isPointer(low) && isPointer(fresh) && frameOf(low) === frameOf(fresh);
      if (!same && table.level > 0) this.#unlink(word as PaNum, low);
      if (now !== old) this.#changed(table, i, Number(old), Number(now), by);
      if (!same) this.#link(table, i, fresh, true);
    }
  }

  /** In whose name things are done now; set by the owner. */
  who: () => number = () => 0;

  #changed(
    { frame, level, root, va }: Omit<Table, "remove">,
    i: number,
    before: number,
    after: number,
    by: EntryChange["by"],
  ): void {
    const pteAddr = (frame + 8 * i) as PaNum;
    this.#tell({ pteAddr, va: va + i * leafSize(level), before, after, root, by });
  }

  /** The tables now. */
  save(): TableFramesState {
    return {
      tables: [...this.#tables.values()].map(({ remove: _, ...plain }) => plain),
      suspects: this.#suspects,
    };
  }

  /** Puts tables back: RAM is as it was then. */
  restore({ tables, suspects }: TableFramesState): void {
    const wanted = new Map(tables.map((one) => [one.frame as number, one]));
    for (const [frame, table] of this.#tables) {
      const same = wanted.get(frame);
      if (same !== undefined && sameTable(same, table)) {
        wanted.delete(frame);
        continue;
      }
      table.remove();
      this.#tables.delete(frame);
    }
    for (const plain of wanted.values()) {
      const remove = this.#machine.probes.stores(
        plain.frame,
        PAGE_SIZE,
        (one) => this.#stored(table, one),
      );
      const table: Table = { ...plain, remove };
      this.#tables.set(plain.frame, table);
    }
    this.#suspects = [...suspects];
  }

  /** Forgets all. */
  clear(): void {
    for (const { remove } of this.#tables.values()) remove();
    this.#tables.clear();
    this.#suspects = [];
  }
}

function sameTable(one: Omit<Table, "remove">, two: Omit<Table, "remove">): boolean {
  return one.root === two.root && one.va === two.va && one.level === two.level &&
    one.parent === two.parent;
}

function isPointer(low: number): boolean {
  return (low & (PTE_V | LEAF)) === PTE_V;
}

/** The word at an address as it was before a store that changed some of its bytes. */
function mixed(now: bigint, word: number, pa: number, size: number, before: bigint): bigint {
  let old = now;
  for (let i = 0; i < size; i++) {
    const at = pa + i - word;
    if (at < 0 || at >= 8) continue;
    const shift = BigInt(8 * at);
    old = (old & ~(0xffn << shift)) | (((before >> BigInt(8 * i)) & 0xffn) << shift);
  }
  return old;
}
