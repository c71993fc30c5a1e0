/**
 * Sv39 address translation as the privileged specification's section "Virtual Address Translation
 * Process" words it: PTE bits, the walk through three levels, and the check of a leaf. The MMU and
 * the inspectors use this one walker.
 *
 * @module
 */

import {
  inFrame,
  offset,
  PAGE_SHIFT,
  PAGE_SIZE,
  type PaNum,
  paNum,
  type Va,
  type VaNum,
} from "./address.ts";

/** Valid. */
export const PTE_V = 0x001;
/** Readable. */
export const PTE_R = 0x002;
/** Writable. */
export const PTE_W = 0x004;
/** Executable. */
export const PTE_X = 0x008;
/** Accessible from U-mode. */
export const PTE_U = 0x010;
/** Global: in every address space. */
export const PTE_G = 0x020;
/** Accessed; set by the walker. */
export const PTE_A = 0x040;
/** Dirty; set by the walker. */
export const PTE_D = 0x080;
/** First of the two bits left to software (bit 8), which the COW lab takes for its mark. */
export const PTE_RSW0 = 0x100;
/** Second of the two bits left to software (bit 9). */
export const PTE_RSW1 = 0x200;
/** Flags and RSW: everything below the frame number. */
export const PTE_FLAGS = 0x3ff;

/** Bits 63–54: reserved, or of extensions that this machine does not have (Svnapot, Svpbmt). */
const RESERVED_HIGH = 0xffc0_0000;

/** A kind of memory access: {@link READ}, {@link WRITE} or {@link EXECUTE}. */
export type Access = 0 | 1 | 2;
/** A load. */
export const READ = 0;
/** A store or an atomic operation. */
export const WRITE = 1;
/** An instruction fetch. */
export const EXECUTE = 2;

/** Level of a leaf: 0 = 4 KiB, 1 = 2 MiB, 2 = 1 GiB. */
export type Level = 0 | 1 | 2;

/** Bytes that a leaf of a level maps. */
export function leafSize(level: number): number {
  return 2 ** (PAGE_SHIFT + 9 * level);
}

/** The bits of a page number that lie inside a leaf of a level. */
export function insideLeaf(level: number): number {
  return (1 << (9 * level)) - 1;
}

/** Why a translation fails. */
export type WalkFail =
  | "address not canonical"
  | "PTE outside RAM"
  | "PTE not valid"
  | "writable but not readable"
  | "reserved bits set"
  | "A, D or U set in a pointer"
  | "no leaf at level 0"
  | "superpage misaligned"
  | "not a user page"
  | "user page"
  | "not readable"
  | "not writable"
  | "not executable";

/** The levels a walk visited, in preallocated arrays: a TLB miss allocates nothing. */
export class WalkTrail {
  /** PTEs read, 1 to 3; the last one is at index `count - 1`. */
  count = 0;
  /** Level of the last PTE read. */
  level: Level = 2;
  /** Physical address of each PTE read. */
  readonly pteAddr: Float64Array = new Float64Array(3);
  /** Low half of each PTE read. */
  readonly low: Uint32Array = new Uint32Array(3);
  /** High half of each PTE read. */
  readonly high: Uint32Array = new Uint32Array(3);
}

/** Where page tables are read from: RAM, or RAM as it was. */
export interface TableMemory {
  /** 32-bit words; an entry of a table has two. */
  readonly words: Uint32Array;
  /**
   * Index in {@link TableMemory.words} of the first word of a frame, given by its number (pa /
   * 4096); -1 outside RAM.
   */
  wordsOf(frame: number): number;
}

/**
 * Walks from the root table to a leaf for a virtual page number (27 bits, of a canonical address).
 * Leaves the leaf last in `trail`, or returns the check that failed. Permissions are not looked at:
 * see {@link checkLeaf}.
 */
export function walkTables(
  ram: TableMemory,
  root: PaNum,
  vpn: number,
  trail: WalkTrail,
): WalkFail | undefined {
  let table = root / PAGE_SIZE;
  trail.count = 0;
  for (let level = 2; level >= 0; level--) {
    const index = (vpn >>> (9 * level)) & 0x1ff;
    trail.level = level as Level;
    // Step 2: "If accessing pte violates a PMA or PMP check, raise an access-fault exception". RAM
    // is whole frames.
    const first = ram.wordsOf(table);
    if (first < 0) return "PTE outside RAM";
    const low = ram.words[first + 2 * index], high = ram.words[first + 2 * index + 1];
    const n = trail.count++;
    trail.pteAddr[n] = table * PAGE_SIZE + 8 * index;
    trail.low[n] = low;
    trail.high[n] = high;
    // Step 3: "If pte.v = 0, or if pte.r = 0 and pte.w = 1, or if any bits or encodings that are
    // reserved for future standard use are set within pte, stop and raise a page-fault exception".
    if ((low & PTE_V) === 0) return "PTE not valid";
    if ((low & (PTE_R | PTE_W)) === PTE_W) return "writable but not readable";
    if ((high & RESERVED_HIGH) !== 0) return "reserved bits set";
    if ((low & (PTE_R | PTE_X)) !== 0) {
      // Step 6: "If i > 0 and pte.ppn[i-1:0] != 0, this is a misaligned superpage".
      const mask = insideLeaf(level) << 10;
      return (low & mask) !== 0 ? "superpage misaligned" : undefined;
    }
    // "For non-leaf PTEs, the D, A, and U bits are reserved for future standard use."
    if ((low & (PTE_D | PTE_A | PTE_U)) !== 0) return "A, D or U set in a pointer";
    // Frame numbers from 2^22 on are beyond any RAM of this machine.
    table = (high & 0x3f_ffff) === 0 ? low >>> 10 : -1;
  }
  return "no leaf at level 0";
}

/** The frame number in a PTE (44 bits). */
export function frameNumber(low: number, high: number): number {
  return (low >>> 10) + (high & 0x3f_ffff) * 0x40_0000;
}

/** What the translation of an access depends on beside the tables. */
export interface Rights {
  /** The access counts as U-mode, else as S-mode. */
  readonly user: boolean;
  /** mstatus.SUM: S-mode may load and store user pages. */
  readonly sum: boolean;
  /** mstatus.MXR: an executable page may be read. */
  readonly mxr: boolean;
}

/** Checks a leaf's permissions (step 5). Returns the check that failed, if any. */
export function checkLeaf(low: number, access: Access, rights: Rights): WalkFail | undefined {
  if (rights.user) {
    if ((low & PTE_U) === 0) return "not a user page";
  } else if ((low & PTE_U) !== 0 && (access === EXECUTE || !rights.sum)) {
    // "Irrespective of SUM, the supervisor may not execute code on pages with U=1."
    return "user page";
  }
  switch (access) {
    case EXECUTE:
      return (low & PTE_X) !== 0 ? undefined : "not executable";
    case WRITE:
      return (low & PTE_W) !== 0 ? undefined : "not writable";
    case READ:
      return (low & (rights.mxr ? PTE_R | PTE_X : PTE_R)) !== 0 ? undefined : "not readable";
  }
}

/** One level of a walk as inspectors get it. */
export interface WalkStep {
  /** 2 at the root, 0 at the last level. */
  readonly level: Level;
  /** Index in that level's table, 0 to 511. */
  readonly index: number;
  /** Where the PTE stands. */
  readonly pteAddr: PaNum;
  /** The PTE, all 64 bits. */
  readonly pte: bigint;
}

/** The leaf that maps an address. */
export interface WalkLeaf {
  /** 0 = 4 KiB, 1 = 2 MiB, 2 = 1 GiB. */
  readonly level: Level;
  /** Bytes that the leaf maps. */
  readonly size: number;
  /** Where the PTE stands. */
  readonly pteAddr: PaNum;
  /** The PTE, all 64 bits. */
  readonly pte: bigint;
  /** The PTE's low ten bits. */
  readonly flags: number;
  /** First address of the (super)page. */
  readonly page: PaNum;
  /** The address asked for, translated. */
  readonly pa: PaNum;
}

/** A walk, level by level. There is a leaf or a failed check, never both. */
export interface Walk {
  /** The PTEs read, root first. */
  readonly steps: readonly WalkStep[];
  /** The leaf, when the walk ends at a valid one. */
  readonly leaf?: WalkLeaf;
  /** The check that failed. */
  readonly fail?: WalkFail;
}

/**
 * Walks the tables at `root` for a virtual address and tells every level. Reads RAM only: it goes
 * round the TLB, sets no A or D, and looks at no permission (see {@link permits}).
 */
export function walk(ram: TableMemory, root: PaNum, address: Va | VaNum): Walk {
  const value = BigInt.asUintN(64, BigInt(address));
  // "Instruction fetch addresses and load and store effective addresses, which are 64 bits, must
  // have bits 63–39 all equal to bit 38, or else a page-fault exception will occur."
  if (BigInt.asUintN(64, BigInt.asIntN(39, value)) !== value) {
    return { steps: [], fail: "address not canonical" };
  }
  const low39 = Number(BigInt.asUintN(39, value));
  const vpn = Math.floor(low39 / PAGE_SIZE);
  const trail = new WalkTrail();
  const fail = walkTables(ram, root, vpn, trail);
  const steps: WalkStep[] = [];
  for (let i = 0; i < trail.count; i++) {
    const level = (2 - i) as Level;
    steps.push({
      level,
      index: (vpn >>> (9 * level)) & 0x1ff,
      pteAddr: paNum(trail.pteAddr[i]),
      pte: trail.high[i] === 0
        ? BigInt(trail.low[i])
        : (BigInt(trail.high[i]) << 32n) | BigInt(trail.low[i]),
    });
  }
  if (fail !== undefined) return { steps, fail };
  const { level, pteAddr, pte } = steps[steps.length - 1];
  const size = leafSize(level);
  const last = trail.count - 1;
  const page = inFrame(frameNumber(trail.low[last], trail.high[last]));
  return {
    steps,
    leaf: {
      level,
      size,
      pteAddr,
      pte,
      flags: trail.low[last] & PTE_FLAGS,
      page,
      pa: offset(page, low39 % size),
    },
  };
}

/** Whether a leaf lets an access through; `undefined` when it does, else the failed check. */
export function permits(
  pte: bigint | number,
  access: Access,
  rights: Rights = { user: true, sum: false, mxr: false },
): WalkFail | undefined {
  return checkLeaf(Number(BigInt(pte) & 0x3ffn), access, rights);
}

/** satp.MODE: no translation. */
export const SATP_BARE = 0;
/** satp.MODE: Sv39. */
export const SATP_SV39 = 8;

/** A value of satp: the page table at `root` (xv6's MAKE_SATP). */
export function makeSatp(root: PaNum, asid = 0, mode: number = SATP_SV39): bigint {
  return (BigInt(mode) << 60n) | (BigInt(asid) << 44n) | BigInt(root / PAGE_SIZE);
}

/** A PTE for the frame at `pa` with flags, as xv6's PA2PTE | flags; exact for RAM addresses. */
export function makePte(pa: PaNum, flags: number): number {
  return (pa / PAGE_SIZE) * 1024 + flags;
}

/** The frame a kernel-made PTE maps or points to, as xv6's PTE2PA. */
export function frameOf(low: number): PaNum {
  return inFrame(low >>> 10);
}
