/**
 * Where things stand in the records of a process table. `struct proc` changes from year to year and
 * from student to student, so nothing about it is taken for granted. What the file declares is held
 * against what stands there; what it does not is found by what the records of all processes that
 * there are hold:
 *
 * - page tables, by what they map: the trampoline, and below it a trapframe;
 * - name, parent and size, kernel stack and saved registers.
 *
 * What cannot be told so is undefined.
 */

import { PAGE_SIZE, pageUp, type PaNum, vaNum } from "../machine/address.ts";
import { frameOf, PTE_R, PTE_U, PTE_V, PTE_W, PTE_X, walk } from "../machine/sv39.ts";
import type { Member, RecordFacts } from "./record_facts.ts";
import type { ImageSymbols, Variable } from "./symbols.ts";
import type { Words } from "./words.ts";
import { TRAMPOLINE, TRAPFRAME } from "./xv6.ts";

/** The records of a table. */
export interface Records {
  readonly words: Words;
  readonly symbols: ImageSymbols;
  readonly facts: RecordFacts;
  /** All of them, side by side. */
  readonly proc: Variable;
  /** Bytes of one. */
  readonly stride: number;
  /** Where those stand that are somebody's. */
  readonly used: readonly PaNum[];
  /** That of the first process, whose parent is nobody. */
  readonly init: number | undefined;
}

/** Byte offsets in a record; undefined: unknown. */
export type Places = Readonly<Record<Member, number | undefined>>;

/** Where things stand, and which of them only what stands there tells. */
export interface Found {
  readonly places: Places;
  readonly seen: readonly Member[];
}

/** Where things stand in some records. */
export function findPlaces(r: Records): Found {
  const { pid, state, chan, declared, given } = r.facts;
  const seen: Member[] = [];
  /** What is declared, if it can be; else what is found. */
  const place = (member: Member, find: () => number | undefined): number | undefined => {
    // A person is believed as such.
    if (given[member] !== undefined) return given[member];
    const said = declared[member];
    if (said !== undefined && canBe(r, member, said)) return said;
    const found = find();
    if (found !== undefined) seen.push(member);
    return found;
  };
  const pagetable = place("pagetable", () => rootsOffset(r));
  const roots = rootsAt(r, pagetable);
  const kstack = place("kstack", () => contextOffsets(r).kstack);
  const places: Places = {
    pid,
    state,
    chan,
    pagetable,
    sz: place("sz", () => sizeOffset(r, roots)),
    parent: place("parent", () => parentOffset(r)),
    name: place("name", () => nameOffset(r)),
    kstack,
    context: place("context", () => contextOffsets(r).context),
    // Without a declaration the page table tells.
    trapframe: place("trapframe", () => undefined),
  };
  return { places, seen };
}

/** Whether what stands at a declared place can be what it is declared to be, in all records. */
function canBe(r: Records, member: Member, offset: number): boolean {
  const { words, used, facts: { nameBytes } } = r;
  if (offset + 8 > r.stride) return false;
  const long = (at: number) => words.long(at + offset)!;
  switch (member) {
    case "name":
      return used.every((at) => words.text(at + offset, nameBytes) !== undefined);
    case "pagetable":
    case "trapframe":
      return used.every((at) => words.frame(long(at)) !== undefined || long(at) === 0);
    case "parent":
      return used.every((at) => long(at) === 0 || isRecord(r, long(at)));
    case "sz":
      return used.every((at) => long(at) <= TRAMPOLINE);
    case "kstack":
      return used.every((at) => long(at) % PAGE_SIZE === 0);
    default:
      return true;
  }
}

/** Whether a record begins there. */
export function isRecord({ proc, stride }: Pick<Records, "proc" | "stride">, at: number): boolean {
  return at >= proc.start && at < proc.start + proc.size && (at - proc.start) % stride === 0;
}

/** The frames in a member that leads to page tables, by record. */
export function rootsAt(
  { words, used }: Pick<Records, "words" | "used">,
  offset: number | undefined,
): Map<PaNum, PaNum> {
  const found = new Map<PaNum, PaNum>();
  for (const at of offset === undefined ? [] : used) {
    const root = words.frame(words.long(at + offset!));
    if (root !== undefined && root !== 0) found.set(at, root);
  }
  return found;
}

/**
 * Where page tables are named: the pointer that in most records leads to a table with a trampoline
 * and a trapframe, and in none to anything but a frame.
 */
export function rootsOffset({ words, symbols, used, stride }: Records): number | undefined {
  let most = 0, where: number | undefined;
  for (let offset = 0; offset < stride; offset += 8) {
    const frames = used.map((at) =>
      words.frame(words.long(at + offset)) ?? words.long(at + offset)
    );
    if (!frames.every((one) => one === 0 || words.frame(one) !== undefined)) continue;
    const whole = frames.filter((root) => root && isUserRoot(words, symbols, root as PaNum)).length;
    if (whole > most) [most, where] = [whole, offset];
  }
  return where;
}

/** Whether a frame is a process's root table: trampoline and trapframe stand where they do. */
export function isUserRoot(words: Words, symbols: ImageSymbols, root: PaNum): boolean {
  const { leaf } = walk(words.tables, root, TRAMPOLINE);
  if (leaf === undefined || leaf.level !== 0) return false;
  if ((leaf.flags & (PTE_V | PTE_X | PTE_U)) !== (PTE_V | PTE_X)) return false;
  const { trampoline } = symbols;
  if (trampoline !== undefined && leaf.page !== trampoline) return false;
  return trapframeIn(words, root) !== undefined;
}

/** The frame that a page table has for the trapframe, for the kernel alone. */
export function trapframeIn(words: Words, root: PaNum): PaNum | undefined {
  const { leaf } = walk(words.tables, root, TRAPFRAME);
  const rights = PTE_R | PTE_W;
  const fits = leaf !== undefined && leaf.level === 0 && (leaf.flags & rights) === rights &&
    (leaf.flags & PTE_U) === 0;
  return fits ? frameOf(Number(leaf.pte & 0xffff_ffffn)) : undefined;
}

/**
 * Where names stand: text in every process (none yet in one that fork is making), `init…` in the
 * first, the most letters of all.
 */
function nameOffset({ words, used, stride, init, facts: { nameBytes } }: Records) {
  let best: number | undefined, most = 1;
  for (let offset = 0; offset + nameBytes <= stride; offset += 4) {
    let letters = 0;
    for (const at of used) {
      const text = words.text(at + offset, nameBytes);
      const wrong = at === init && !text?.startsWith("init");
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
function parentOffset(r: Records): number | undefined {
  const { words, used, stride, init, facts: { chan, state, states } } = r;
  const isMade = (at: PaNum) => state !== undefined && states[words.word(at + state)!] === "made";
  const others = used.filter((at) => at !== init && !isMade(at));
  if (others.length === 0 || others.length === used.length) return undefined;
  const fits = (offset: number) =>
    words.long(init! + offset) === 0 && others.every((at) => {
      const there = words.long(at + offset)!;
      return there !== at && isRecord(r, there);
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
function sizeOffset(
  { words, used, stride }: Records,
  roots: ReadonlyMap<PaNum, PaNum>,
): number | undefined {
  const ends = used.filter((at) => roots.has(at))
    .map((at) => ({ at, end: mappedEnd(words, roots.get(at)!) }));
  if (!ends.some(({ end }) => end > 0)) return undefined;
  const found: number[] = [];
  for (let offset = 0; offset < stride; offset += 8) {
    let exact = 0;
    const fits = ends.every(({ at, end }) => {
      const size = words.long(at + offset)!;
      if (size >= TRAPFRAME) return false;
      if (end > 0 && pageUp(vaNum(size)) === end) exact++;
      return size >= 0 && pageUp(vaNum(size)) >= end;
    });
    if (fits && exact > 0) found.push(offset);
  }
  return found.length === 1 ? found[0] : undefined;
}

/** The end of the pages that are mapped without a gap from address 0 on. */
function mappedEnd(words: Words, root: PaNum): number {
  let at = 0;
  for (;;) {
    const { leaf } = walk(words.tables, root, vaNum(at));
    if (leaf === undefined) return at;
    at += leaf.size;
  }
}

/**
 * Where a record has the page of its kernel stack (`kstack`, far below the trampoline in the
 * kernel's own table), and where the context of a process that is switched out: a return address
 * in the kernel's code in front of a stack pointer into that page.
 */
function contextOffsets({ words, symbols, used, stride }: Records) {
  for (const at of used) {
    const pages = new Map<number, number>();
    for (let offset = 0; offset < stride; offset += 8) {
      const value = words.long(at + offset)!;
      if (value % PAGE_SIZE === 0 && value > TRAMPOLINE - 2 ** 30 && value < TRAPFRAME) {
        pages.set(value, offset);
      }
    }
    for (let offset = 0; offset + 16 < stride; offset += 8) {
      const ra = words.long(at + offset)!, sp = words.long(at + offset + 8)!;
      if (ra < symbols.start || ra >= symbols.end) continue;
      // A stack that is empty yet begins at the end of its page; none ends at the page's start.
      const kstack = pages.get(sp - 8 - (sp - 8) % PAGE_SIZE);
      if (kstack !== undefined) return { kstack, context: offset };
    }
  }
  return { kstack: undefined, context: undefined };
}
