/**
 * Rights that a guest's page tables give beyond what its programs' files say: code and constants
 * that may be written. Judged
 * where the kernel maps segments as their files say (`flags2perm`, from 2022 on), and for pages that
 * no writable segment has a byte in.
 */

import type { ImageSymbols } from "./guest/symbols.ts";
import type { GuestView } from "./guest/view.ts";
import { entryText, type Say } from "./inspect/finding.ts";
import { eachLeaf } from "./inspect/mappings.ts";
import { userRoots } from "./inspect/view.ts";
import type { Ram } from "./machine/memory.ts";
import { frameOf, PTE_U, PTE_W } from "./machine/sv39.ts";

/** Tells of each such page of each process whose program is known. */
export function checkRights(
  view: GuestView,
  ram: Ram,
  program: (pid: number) => ImageSymbols | undefined,
  say: Say,
): void {
  if (view.known.symbols.function("flags2perm") === undefined) return;
  for (const { root, pid } of userRoots(view)) {
    const readOnly = program(pid)?.readOnlyPages;
    if (readOnly === undefined || readOnly.size === 0) continue;
    const leaf = (address: number, pte: number, at: number, level: number) => {
      if (level !== 0 || (pte & PTE_U) === 0 || !readOnly.has(address)) return;
      // A mark says little: many kernels set it in all entries, and look at the page's rights later.
      if ((pte & PTE_W) === 0) return;
      const frame = frameOf(pte);
      const text = `${
        entryText(pid, address, pte, at)
      }, may be written, and its program's file says read-only`;
      say("flag gained", { address, pid, frame }, text);
    };
    eachLeaf(ram, root, { leaf });
  }
}
