/** How memory is made and asked: options of a boot, a request to map, what it needs of the MMU. */

import type { PaNum, VaNum } from "../../machine/address.ts";
import type { Watches } from "../../machine/watch.ts";
import type { ForkPolicy } from "../fork/policy.ts";
import type { Backing } from "./areas/backing.ts";
import type { Area } from "./areas/space.ts";

/** What a store to a shared 2 MiB leaf does: copies it whole, or splits it and copies 4 KiB. */
export type SuperpageCow = "whole" | "split";

/** When to make room: at `low` free frames, until there are `high`. */
export interface Watermarks {
  /** Free frames at which room is made. */
  readonly low: number;
  /** Free frames up to which. */
  readonly high: number;
}

/** How memory behaves; fixed at boot. */
export interface MemoryOptions {
  /** Fork policy; `cow` unless given. */
  readonly policy?: ForkPolicy;
  /** Areas get 2 MiB leaves for aligned blocks while 512 frames in a row are free. */
  readonly superpages?: boolean;
  /** A store to a shared 2 MiB leaf: copy it whole, or split it and copy 4 KiB (unless given). */
  readonly superpageCow?: SuperpageCow;
  /** Bytes of the swap disk; none unless given. */
  readonly swap?: number;
  /** Pages brought back beside the one that is asked for; 0 unless given. */
  readonly readAhead?: number;
  /** Free frames at which room is made, and up to which. */
  readonly watermarks?: Watermarks;
  /** Frames that the kernel keeps for itself at the start of RAM. */
  readonly kernelFrames?: number;
}

/** The options that memory's functions read, all of them set. */
export type SettledMemoryOptions = Readonly<
  Required<
    Pick<
      MemoryOptions,
      "policy" | "superpages" | "superpageCow" | "readAhead" | "watermarks"
    >
  >
>;

/** What to map. */
export interface MapRequest {
  /** Where, page-aligned, in place of what is there (MAP_FIXED); without it the kernel chooses. */
  at?: VaNum;
  /** A wish, taken when free. */
  hint?: VaNum;
  /** Bytes, rounded up to pages. */
  length: number;
  /** PERM_R | PERM_W | PERM_X. */
  perm: number;
  /** What for. */
  kind: Area["kind"];
  /** MAP_SHARED; private unless given. */
  shared?: boolean;
  /** The file; anonymous unless given. Its length is the mapping's. */
  backing?: Backing;
}

/** What memory needs of the MMU. */
export interface Translation {
  /** Writes satp for Sv39 with this root and ASID 0. */
  setRoot(root: PaNum): void;
  /** Drops the TLB entries of a page, or all. */
  sfence(va?: VaNum): void;
  /** The watchpoints, which see what is copied in and out. */
  readonly watches: Watches;
}
