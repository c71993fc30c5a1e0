/**
 * Copy-on-write as the COW lab asks for it: one RSW bit.
 *
 * fork maps the parent's frames in the child, takes W away in both where it was set, and marks those pages
 * {@link PTE_COW}. Pages that were read-only stay so, without a mark. A store to a marked page copies
 * it, unless nobody else is left: then the page is simply writable again. A store to an unmarked one kills.
 *
 * @module
 */

import { PTE_W } from "../../machine/sv39.ts";
import { PTE_COW } from "../memory/tables/pte.ts";
import type { ForkPolicy, StoreVerdict } from "./policy.ts";

/** The COW lab's fork. */
export const cow: ForkPolicy = {
  name: "cow",
  summary: "share all pages at fork, copy a page at its first store (one RSW bit)",
  rsw: ["C", "1"],
  atFork: () => "share",
  sharePte: (pte) => (pte & PTE_W) !== 0 ? (pte & ~PTE_W) | PTE_COW : pte,
  ownPte: (pte) => (pte & ~PTE_COW) | PTE_W,
  onStore(pte, sole): StoreVerdict {
    if ((pte & PTE_COW) === 0) return { do: "kill", why: "store to a read-only page" };
    return sole ? { do: "reuse" } : { do: "copy" };
  },
};
