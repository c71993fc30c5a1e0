/**
 * What a fork policy is: what fork does with a private page, and what a store to a present page
 * without W means. The decisions are pure functions of PTE bits, so that inspectors can say
 * beforehand what a store would do. One policy a file in this folder.
 */

import type { Area } from "../memory/areas/space.ts";

/** What a store does to a present user page without W, in an area that may be written. */
export type StoreVerdict =
  /** Allocate a frame, copy the page, map the copy with W, drop the old frame. */
  | { readonly do: "copy" }
  /** No other mapping of the frame: give W back in place. */
  | { readonly do: "reuse" }
  /** The process must die. */
  | { readonly do: "kill"; readonly why: string };

/** The verdict that copies the page. */
export const COPY: StoreVerdict = { do: "copy" };
/** The verdict that gives W back in place. */
export const REUSE: StoreVerdict = { do: "reuse" };

/** A design of fork. Stateless. */
export interface ForkPolicy {
  /** The name for `--policy`. */
  readonly name: string;
  /** One line for help and `compare`. */
  readonly summary: string;
  /** Letters for the two RSW bits of a PTE, bit 8 and bit 9; `1` for a bit it does not use. */
  readonly rsw: readonly [string, string];
  /**
   * What fork does with the pages of a private area: give the child copies at once, or map the
   * same frames in both. MAP_SHARED areas never ask: both map the same frames as they are.
   */
  atFork(area: Area): "copy" | "share";
  /** The PTE, for both parent and child, of a private page that fork shares. Idempotent. */
  sharePte(pte: number): number;
  /** The PTE of a page that is exclusive again and writable: W set, the policy's own bits clear. */
  ownPte(pte: number): number;
  /**
   * The verdict for a store to the page of `pte` (V and U set, W clear).
   * `sole`: this mapping is the only user of the frame, and no page cache keeps it.
   */
  onStore(pte: number, sole: boolean, area: Area): StoreVerdict;
}
