/**
 * Copy-on-write as the COW lab asks for it: one RSW bit.
 *
 * fork maps the parent's frames in the child; where W was set it is cleared in both, and
 * {@link PTE_COW} set. Read-only pages stay so, without the mark. A store to a marked page copies
 * it, or makes it writable again when it has one owner. A store to an unmarked one kills.
 */

import { PTE_W } from "../../machine/sv39.ts";
import { PTE_COW } from "../memory/tables/pte.ts";
import { COPY, type ForkPolicy, REUSE, type StoreVerdict } from "./policy.ts";

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
    return sole ? REUSE : COPY;
  },
};
