/**
 * A guest xv6's process table, read out of its memory without debug information. `struct proc`
 * changes from year to year and from student to student, so nothing about it is taken for granted:
 *
 * - offsets that the kernel's own code says: `sys_getpid` loads the pid, `yield` stores RUNNABLE
 *   into the state, `sleep` clears the channel when it has woken;
 * - the size of one entry, by the name of the lock at its start, the same in all of them;
 * - page tables, by what they map: the trampoline, and below it a trapframe;
 * - name, parent and size, by what they hold in all processes that there are.
 *
 * What cannot be told so is undefined.
 */

import { hex, PAGE_SIZE, pageUp, type PaNum, vaNum } from "../machine/address.ts";
import { frameOf, PTE_R, PTE_U, PTE_V, PTE_W, PTE_X, walk } from "../machine/sv39.ts";
import type { ProcessState } from "../inspect/view.ts";
import { type CodeFacts, STATES_2019 } from "./code_facts.ts";
import type { ImageSymbols, Variable } from "./symbols.ts";
import type { Words } from "./words.ts";
import { TRAMPOLINE, TRAPFRAME } from "./xv6.ts";

/** One process. */
export interface Slot {
  /** Where its record stands. */
  readonly at: PaNum;
  readonly pid: number;
  readonly name: string | undefined;
  readonly state: ProcessState | undefined;
  readonly waits: string | undefined;
  readonly parent: number | undefined;
  readonly root: PaNum | undefined;
  readonly size: number | undefined;
  readonly trapframe: PaNum | undefined;
  /** The live part of its kernel stack while it is switched out: from its sp to the end. */
  readonly stack: readonly [from: number, to: number] | undefined;
  /** Where its registers stand meanwhile: ra, sp, s0 to s11 (`struct context`). */
  readonly context: PaNum | undefined;
  /** Its frame pointer then. */
  readonly frame: number | undefined;
}

/** Where things stand in a process's record, as far as that is known. */
export interface Layout {
  /** Bytes of one record. */
  readonly stride: number;
  readonly records: number;
  readonly offsets: Readonly<Record<Member, number | undefined>>;
}

/** What of a record is known by its place. */
type Member =
  | "pid"
  | "state"
  | "chan"
  | "pagetable"
  | "sz"
  | "parent"
  | "name"
  | "kstack"
  | "context";

/** What a process sleeps for. */
export const CONSOLE = "the console", CLOCK = "a clock tick";
/** Longest name (`char name[16]`), with its NUL. */
const NAME_BYTES = 16;

/** The process table of a kernel, as far as it can be told. */
export class ProcTable {
  readonly #words: Words;
  readonly #symbols: ImageSymbols;
  readonly #facts: CodeFacts | undefined;
  readonly #fixed: Layout | undefined;

  /** The table in some memory. `layout`: where things stand, where that is known already. */
  constructor(
    words: Words,
    symbols: ImageSymbols,
    facts: CodeFacts | undefined,
    layout?: Layout,
  ) {
    this.#fixed = layout;
    this.#words = words;
    this.#symbols = symbols;
    this.#facts = facts;
  }

  /** Where things stand in its records, once {@link ProcTable.slots} has been asked. */
  layout: Layout | undefined;

  /** The processes, lowest pid first; undefined: unknown. */
  slots(): Slot[] | undefined {
    const facts = this.#facts;
    const proc = this.#symbols.variable("proc");
    const stride = this.#fixed?.stride ?? (proc && this.#stride(proc));
    if (facts === undefined || proc === undefined || stride === undefined) return undefined;
    const used: PaNum[] = [];
    for (let at = proc.start; at < proc.start + proc.size; at = (at + stride) as PaNum) {
      const pid = this.#words.word(at + facts.pid) ?? 0;
      const state = facts.state === undefined ? 1 : this.#words.word(at + facts.state);
      // UNUSED is 0; from 2021 on a process that has a pid has another state.
      const made = facts.states === STATES_2019 && state === 0;
      if (pid > 0 && pid < 2 ** 31 && (state !== 0 || made)) used.push(at);
    }
    return this.#read(used, stride, proc, facts).sort((a, b) => a.pid - b.pid);
  }

  /** Bytes of one entry: the name of its lock, its second word, is the same in all of them. */
  #stride({ start, size }: Variable): number | undefined {
    const name = this.#words.long(start + 8);
    if (!name || this.#words.text(name, 8) !== "proc") return undefined;
    let stride = 8;
    while (stride < size && this.#words.long(start + stride + 8) !== name) stride += 8;
    if (stride >= size || size % stride !== 0) return undefined;
    for (let at = start; at < start + size; at = (at + stride) as PaNum) {
      if (this.#words.long(at + 8) !== name) return undefined;
    }
    return stride;
  }

  #read(used: readonly PaNum[], stride: number, proc: Variable, facts: CodeFacts): Slot[] {
    const words = this.#words;
    const pid = (at: number) => words.word(at + facts.pid)!;
    const fixed = this.#fixed?.offsets;
    const [pagetable, roots] = fixed?.pagetable === undefined
      ? this.#roots(used, stride)
      : [fixed.pagetable, this.#rootsAt(used, fixed.pagetable)];
    const name = fixed === undefined ? this.#nameOffset(used, stride) : fixed.name;
    const parent = fixed === undefined
      ? this.#parentOffset(used, stride, proc, facts)
      : fixed.parent;
    const size = fixed === undefined ? this.#sizeOffset(used, stride, roots) : fixed.sz;
    const { kstack, context } = fixed ?? this.#contextOffsets(used, stride);
    this.layout = {
      stride,
      records: proc.size / stride,
      offsets: {
        pid: facts.pid,
        state: facts.state,
        chan: facts.chan,
        pagetable,
        sz: size,
        parent,
        name,
        kstack,
        context,
      },
    };
    const isSlot = (at: number) =>
      at >= proc.start && at < proc.start + proc.size && (at - proc.start) % stride === 0;
    const parentOf = (at: PaNum) => {
      if (at === this.#init) return 0;
      const there = parent === undefined ? undefined : words.long(at + parent);
      if (there === undefined || !isSlot(there)) return there === 0 ? 0 : undefined;
      return pid(there);
    };
    return used.map((at): Slot => {
      const root = roots.get(at);
      const number = facts.state === undefined ? undefined : words.word(at + facts.state);
      const state = number === undefined ? undefined : facts.states[number];
      const chan = facts.chan === undefined ? undefined : words.long(at + facts.chan);
      return {
        at,
        pid: pid(at),
        name: name === undefined ? undefined : words.text(at + name, NAME_BYTES),
        state,
        waits: state !== undefined && state !== "sleeping"
          ? ""
          : chan === undefined || state === undefined
          ? undefined
          : this.#channel(chan, isSlot),
        parent: parentOf(at),
        root,
        size: size === undefined ? undefined : words.long(at + size),
        trapframe: root === undefined ? undefined : this.#kernelPage(root, TRAPFRAME),
        ...this.#context(at, kstack, context),
      };
    });
  }

  /** The record of the first process, whose parent is nobody. */
  get #init(): number | undefined {
    const pointer = this.#symbols.variable("initproc");
    return pointer && this.#words.long(pointer.start);
  }

  /** What a process sleeps for, in words, by the address that it sleeps at. */
  #channel(chan: number, isSlot: (at: number) => boolean): string {
    const inside = (name: string) => {
      const variable = this.#symbols.variable(name);
      return variable !== undefined && chan >= variable.start &&
        chan < variable.start + variable.size;
    };
    if (inside("ticks")) return CLOCK;
    if (inside("cons")) return CONSOLE;
    if (isSlot(chan)) return "a child to exit";
    const place = this.#symbols.at(BigInt(chan));
    if (place === undefined) return hex(chan);
    return place.offset === 0 ? place.name : `${place.name}+${hex(place.offset)}`;
  }

  /**
   * The page table of each process that has one: the pointer that in most of them leads to a table
   * with a trampoline and a trapframe, and in none to anything but a frame.
   */
  #roots(
    used: readonly PaNum[],
    stride: number,
  ): [offset: number | undefined, roots: Map<PaNum, PaNum>] {
    let best = new Map<PaNum, PaNum>(), most = 0, where: number | undefined;
    for (let offset = 0; offset < stride; offset += 8) {
      const found = new Map<PaNum, PaNum>();
      const fits = used.every((at) => {
        const value = this.#words.long(at + offset);
        const root = this.#words.frame(value);
        if (root !== undefined) found.set(at, root);
        return root !== undefined || value === 0;
      });
      if (!fits) continue;
      const whole = [...found.values()].filter((root) => this.isUserRoot(root)).length;
      if (whole > most) [best, most, where] = [found, whole, offset];
    }
    return [where, best];
  }

  /** The same, where the pointer's place is known. */
  #rootsAt(used: readonly PaNum[], offset: number): Map<PaNum, PaNum> {
    const found = new Map<PaNum, PaNum>();
    for (const at of used) {
      const root = this.#words.frame(this.#words.long(at + offset));
      if (root !== undefined && root !== 0) found.set(at, root);
    }
    return found;
  }

  /** Whether a frame is a process's root table: trampoline and trapframe stand where they do. */
  isUserRoot(root: PaNum): boolean {
    const { tables } = this.#words;
    const { leaf } = walk(tables, root, TRAMPOLINE);
    if (leaf === undefined || leaf.level !== 0) return false;
    if ((leaf.flags & (PTE_V | PTE_X | PTE_U)) !== (PTE_V | PTE_X)) return false;
    const { trampoline } = this.#symbols;
    if (trampoline !== undefined && leaf.page !== trampoline) return false;
    return this.#kernelPage(root, TRAPFRAME) !== undefined;
  }

  /** The frame that a page of the kernel's data has in a table. */
  #kernelPage(root: PaNum, address: number): PaNum | undefined {
    const { leaf } = walk(this.#words.tables, root, vaNum(address));
    const rights = PTE_R | PTE_W;
    const fits = leaf !== undefined && leaf.level === 0 && (leaf.flags & rights) === rights &&
      (leaf.flags & PTE_U) === 0;
    return fits ? frameOf(Number(leaf.pte & 0xffff_ffffn)) : undefined;
  }

  /**
   * Where names stand: text in every process (none yet in one that fork is making), `init…` in the
   * first, the most letters of all.
   */
  #nameOffset(used: readonly PaNum[], stride: number): number | undefined {
    let best: number | undefined, most = 1;
    for (let offset = 0; offset + NAME_BYTES <= stride; offset += 4) {
      let letters = 0;
      for (const at of used) {
        const text = this.#words.text(at + offset, NAME_BYTES);
        const wrong = at === this.#init && !text?.startsWith("init");
        letters += text === undefined || wrong ? -Infinity : text.length;
      }
      if (letters > most) [best, most] = [offset, letters];
    }
    return best;
  }

  /**
   * Where parents stand: another process for all but the first (none yet in one that fork is
   * making); undefined unless just one place fits.
   */
  #parentOffset(
    used: readonly PaNum[],
    stride: number,
    { start, size }: Variable,
    { chan, state, states }: CodeFacts,
  ): number | undefined {
    const isMade = (at: PaNum) =>
      state !== undefined && states[this.#words.word(at + state)!] === "made";
    const others = used.filter((at) => at !== this.#init && !isMade(at));
    if (others.length === 0 || others.length === used.length) return undefined;
    const fits = (offset: number) =>
      this.#words.long(this.#init! + offset) === 0 && others.every((at) => {
        const there = this.#words.long(at + offset)!;
        return there !== at && there >= start && there < start + size &&
          (there - start) % stride === 0;
      });
    const found: number[] = [];
    for (let offset = 0; offset < stride; offset += 8) {
      if (offset !== chan && fits(offset)) found.push(offset);
    }
    return found.length === 1 ? found[0] : undefined;
  }

  /**
   * Where sizes stand: in each process at or above the end of the pages that are mapped from
   * address 0 on, in one of them exactly there.
   */
  #sizeOffset(
    used: readonly PaNum[],
    stride: number,
    roots: ReadonlyMap<PaNum, PaNum>,
  ): number | undefined {
    const ends = used.filter((at) => roots.has(at))
      .map((at) => ({ at, end: this.#mappedEnd(roots.get(at)!) }));
    if (!ends.some(({ end }) => end > 0)) return undefined;
    const found: number[] = [];
    for (let offset = 0; offset < stride; offset += 8) {
      let exact = 0;
      const fits = ends.every(({ at, end }) => {
        const size = this.#words.long(at + offset)!;
        if (size >= TRAPFRAME) return false;
        if (end > 0 && pageUp(vaNum(size)) === end) exact++;
        return size >= 0 && pageUp(vaNum(size)) >= end;
      });
      if (fits && exact > 0) found.push(offset);
    }
    return found.length === 1 ? found[0] : undefined;
  }

  /** The end of the pages that are mapped without a gap from address 0 on. */
  #mappedEnd(root: PaNum): number {
    let at = 0;
    for (;;) {
      const { leaf } = walk(this.#words.tables, root, vaNum(at));
      if (leaf === undefined) return at;
      at += leaf.size;
    }
  }

  /**
   * Where a record has the page of its kernel stack (`kstack`, far below the trampoline in the
   * kernel's own table), and where the context of a process that is switched out: a return address
   * in the kernel's code in front of a stack pointer into that page.
   */
  #contextOffsets(
    used: readonly PaNum[],
    stride: number,
  ): Pick<Layout["offsets"], "kstack" | "context"> {
    for (const at of used) {
      const pages = new Map<number, number>();
      for (let offset = 0; offset < stride; offset += 8) {
        const value = this.#words.long(at + offset)!;
        if (value % PAGE_SIZE === 0 && value > TRAMPOLINE - 2 ** 30 && value < TRAPFRAME) {
          pages.set(value, offset);
        }
      }
      for (let offset = 0; offset + 16 < stride; offset += 8) {
        const ra = this.#words.long(at + offset)!, sp = this.#words.long(at + offset + 8)!;
        if (ra < this.#symbols.start || ra >= this.#symbols.end) continue;
        // A stack that is empty yet begins at the end of its page; none ends at the page's start.
        const kstack = pages.get(sp - 8 - (sp - 8) % PAGE_SIZE);
        if (kstack !== undefined) return { kstack, context: offset };
      }
    }
    return { kstack: undefined, context: undefined };
  }

  /** What of a kernel stack is live while its process is switched out, and its frame pointer. */
  #context(
    at: PaNum,
    kstack: number | undefined,
    context: number | undefined,
  ): Pick<Slot, "stack" | "frame" | "context"> {
    const none = { stack: undefined, frame: undefined, context: undefined };
    if (kstack === undefined || context === undefined) return none;
    const page = this.#words.long(at + kstack)!, sp = this.#words.long(at + context + 8)!;
    if (sp <= page || sp > page + PAGE_SIZE) return none;
    const frame = this.#words.long(at + context + 16);
    return { stack: [sp, page + PAGE_SIZE], frame, context: (at + context) as PaNum };
  }
}
