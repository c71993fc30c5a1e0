/**
 * Rights that a guest's page tables give beyond what its programs' files and exec say: code and
 * constants that may be written, and pages of the kernel's or below a stack that have U.
 */

import { stackOf } from "./guest/known.ts";
import type { ImageSymbols } from "./guest/symbols.ts";
import type { GuestView } from "./guest/view.ts";
import { TRAPFRAME } from "./guest/xv6.ts";
import { entryText, type Say } from "./inspect/finding.ts";
import { mappingsTo } from "./inspect/mappings.ts";
import { type RootView, userRoots } from "./inspect/view.ts";
import { PAGE_SIZE, pageUp, type PaNum, vaNum } from "./machine/address.ts";
import type { Ram } from "./machine/memory.ts";
import { PTE_U, PTE_W, walk } from "./machine/sv39.ts";

type Leaf = NonNullable<ReturnType<typeof walk>["leaf"]>;
const WRITABLE = PTE_U | PTE_W;

/** Tells of each such page of each process; `program`: what it runs, where that is known. */
export function checkRights(
  view: GuestView,
  ram: Ram,
  program: (pid: number) => ImageSymbols | undefined,
  say: Say,
): void {
  // Where the kernel maps segments as their files say, from 2022 on.
  const asFiles = view.known.symbols.function("flags2perm") !== undefined;
  const guards: { readonly root: RootView; readonly at: number }[] = [];
  const gained = (root: RootView, address: number, leaf: Leaf, what: string) => {
    const { page: frame, pte, pteAddr } = leaf;
    const owners = mappingsTo(view, ram, frame);
    const entry = entryText(root.pid, address, Number(pte), pteAddr);
    say("flag gained", { address, pid: root.pid, frame, owners }, `${entry}, ${what}`);
  };
  const opened = (root: RootView, address: number, what: string) => {
    const { leaf } = walk(ram, root.root, vaNum(address));
    if (leaf !== undefined && (leaf.flags & PTE_U) !== 0) {
      gained(root, address, leaf, `has U, and is ${what}`);
    }
  };
  for (const root of userRoots(view)) {
    // The trampoline is held against its place by the audit of any kernel.
    opened(root, TRAPFRAME, "the trapframe");
    const symbols = program(root.pid);
    if (symbols === undefined) continue;
    for (const address of asFiles ? symbols.readOnlyPages : []) {
      const { leaf } = walk(ram, root.root, vaNum(address));
      // A mark says little: many kernels set it in all entries, and look at the page's rights later.
      if (leaf === undefined || leaf.level !== 0 || (leaf.flags & WRITABLE) !== WRITABLE) continue;
      gained(root, address, leaf, "may be written, and its program's file says read-only");
    }
    guards.push({ root, at: pageUp(vaNum(symbols.end)) });
  }
  const stack = stackOf(view.known) ?? 1;
  // A kernel whose exec puts something else there has no such page in any process.
  if (!guards.some(({ root, at }) => isClosed(ram, root, at))) return;
  for (const { root, at } of guards) {
    if (hasStack(ram, root, at + stack * PAGE_SIZE)) {
      opened(root, at, "the guard page below its stack");
    }
  }
}

/** Whether a page is mapped and not for user code. */
function isClosed(ram: Ram, { root }: RootView, at: number): boolean {
  const { leaf } = walk(ram, root, vaNum(at));
  return leaf !== undefined && (leaf.flags & PTE_U) === 0;
}

/** Bytes at the top of a stack of which exec's arguments take the last ones. */
const TOP = 128;

/**
 * Whether the stack that exec has made stands above a guard page still: the program's name and
 * arguments are at the end of its last page. Who has given it back by sbrk, and grown again, has
 * zeros there.
 */
function hasStack(ram: Ram, { root }: RootView, last: number): boolean {
  const { leaf } = walk(ram, root, vaNum(last));
  if (leaf === undefined || !ram.contains(leaf.page, PAGE_SIZE)) return false;
  return ram.bytes((leaf.page + PAGE_SIZE - TOP) as PaNum, TOP).some((byte) => byte !== 0);
}
