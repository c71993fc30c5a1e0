/**
 * Address spaces come and go: the trampoline and the trapframes at the top, threads that share one.
 */

import { allocate } from "../reclaim/allocate.ts";
import { offset, PAGE_SIZE, type PaNum, type VaNum, vaNum } from "../../../machine/address.ts";
import { makePte, PTE_R, PTE_V, PTE_W, PTE_X } from "../../../machine/sv39.ts";
import { frameAt, freeFrame, KERNEL_FRAMES } from "../frames/frames.ts";
import type { Memory } from "../memory.ts";
import { ensureTable, freeTables, prune } from "../tables/page_table.ts";
import { entryAt, findEntry, setEntry } from "../tables/entry.ts";
import { clearAreas, unmapAreas } from "./unmap.ts";
import { type AddressSpace, TRAMPOLINE, TRAPFRAME, USYSCALL } from "./space.ts";
import type { Ram } from "../../../machine/memory.ts";

/** The frame that all spaces map as their trampoline: the last of the kernel's own. */
export function trampolineFrame(ram: Ram): PaNum {
  return frameAt({ ram }, KERNEL_FRAMES - 1);
}

/** A space for one thread: root, trampoline, trapframe. undefined: out of memory, nothing kept. */
export function createSpace(m: Memory): AddressSpace | undefined {
  const root = allocate(m, "table", "zeroed");
  if (root === 0) return undefined;
  const id = m.state.nextSpace;
  const space: AddressSpace = { id, root, areas: [], size: vaNum(0), users: 1, trapframes: [] };
  const top = makePte(trampolineFrame(m.ram), PTE_V | PTE_R | PTE_X);
  const made = mapTopPage(m, root, TRAMPOLINE, top, "trampoline");
  if (!made || addTrapframe(m, space) === 0) {
    freeTopPages(m, space);
    freeTables(m, root);
    return undefined;
  }
  m.state.nextSpace++;
  m.state.spaces.set(space.id, space);
  return space;
}

/** Frees everything a space has. */
export function releaseSpace(m: Memory, space: AddressSpace): void {
  const { areas } = space;
  space.areas = [];
  clearAreas(m, space, areas, "exit");
  freeTopPages(m, space);
  freeTables(m, space.root);
  m.state.spaces.delete(space.id);
  space.users = 0;
  if (m.state.currentSpace === space.id) {
    m.mmu.sfence();
    m.state.currentSpace = 0;
  }
}

/** Unmaps all areas of a dead process whose record has to stay; its trapframe stays mapped. */
export function emptySpace(m: Memory, space: AddressSpace): void {
  const { areas } = space;
  space.areas = [];
  space.size = vaNum(0);
  unmapAreas(m, space, areas, "out of memory");
}

/** One more thread: the frame of its trapframe; undefined: out of memory. */
export function shareSpace(m: Memory, space: AddressSpace): PaNum | undefined {
  const frame = addTrapframe(m, space);
  if (frame === 0) return undefined;
  space.users++;
  return frame;
}

/** One thread less; its trapframe is unmapped and freed. */
export function leaveSpace(m: Memory, space: AddressSpace, frame: PaNum): void {
  const i = space.trapframes.findIndex((trapframe) => trapframe.frame === frame);
  if (i < 0) throw new RangeError(`no trapframe 0x${frame.toString(16)} in space ${space.id}`);
  const [{ va }] = space.trapframes.splice(i, 1);
  unmapTopPage(m, space, va);
  freeFrame(m, frame, "thread left");
  prune(m, space.root, va, offset(va, PAGE_SIZE));
  space.users--;
}

/** Maps a new trapframe at the first free place: TRAPFRAME, then downwards from below USYSCALL. */
function addTrapframe(m: Memory, space: AddressSpace): PaNum | 0 {
  let va: VaNum = TRAPFRAME;
  while (space.trapframes.some((trapframe) => trapframe.va === va)) {
    va = offset(va === TRAPFRAME ? USYSCALL : va, -PAGE_SIZE);
  }
  const frame = allocate(m, "trapframe", "junk");
  if (frame === 0) return 0;
  const pte = makePte(frame, PTE_V | PTE_R | PTE_W);
  if (!mapTopPage(m, space.root, va, pte, "trapframe")) {
    freeFrame(m, frame, "out of memory");
    return 0;
  }
  space.trapframes.push({ va, frame });
  return frame;
}

function mapTopPage(m: Memory, root: PaNum, va: VaNum, pte: number, why: string): boolean {
  const table = ensureTable(m, root, va);
  if (table === 0) return false;
  setEntry(m, va, entryAt(table, va, 0), 0, pte, why);
  return true;
}

function unmapTopPage(m: Memory, space: AddressSpace, va: VaNum): void {
  const entry = findEntry(m.ram, space.root, va);
  if (entry === undefined || entry.pte === 0) return;
  setEntry(m, va, entry.at, entry.pte, 0, "exit");
}

function freeTopPages(m: Memory, space: AddressSpace): void {
  unmapTopPage(m, space, TRAMPOLINE);
  for (const { va, frame } of space.trapframes) {
    unmapTopPage(m, space, va);
    freeFrame(m, frame, "exit");
  }
  space.trapframes = [];
}
