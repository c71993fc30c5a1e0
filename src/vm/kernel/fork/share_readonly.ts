/**
 * Copy-on-write with two RSW bits, as contest kernels do it. {@link PTE_SHARE}: fork shared the
 * page; {@link PTE_READONLY}: it was read-only before. The stack, which the child is about to
 * write, is copied at once. A store to a shared page always copies, the last owner's too.
 *
 * | SHARE | READONLY | a store |
 * |---|---|---|
 * | 1 | 0 | copies the page |
 * | 1 | 1 | kills: "write a readonly shared page" |
 * | 0 | - | kills: "write a readonly page" |
 */

import { PTE_W } from "../../machine/sv39.ts";
import { PTE_READONLY, PTE_SHARE } from "../memory/tables/pte.ts";
import { COPY, type ForkPolicy, type StoreVerdict } from "./policy.ts";

/** The two-bit design. */
export const shareReadonly: ForkPolicy = {
  name: "share-readonly",
  summary: "share pages at fork with two RSW bits, copy the stack at once, copy at every store",
  rsw: ["S", "O"],
  atFork: (area) => area.kind === "stack" ? "copy" : "share",
  sharePte(pte) {
    if ((pte & PTE_SHARE) !== 0) return pte;
    return (pte & PTE_W) !== 0 ? (pte & ~PTE_W) | PTE_SHARE : pte | PTE_SHARE | PTE_READONLY;
  },
  ownPte: (pte) => (pte & ~(PTE_SHARE | PTE_READONLY)) | PTE_W,
  onStore(pte): StoreVerdict {
    if ((pte & PTE_SHARE) === 0) return { do: "kill", why: "write a readonly page" };
    if ((pte & PTE_READONLY) !== 0) return { do: "kill", why: "write a readonly shared page" };
    return COPY;
  },
};
