/**
 * Where the random guests of these tests have what, and their page tables.
 *
 * All of it lies in the first 2 MiB of RAM. A guest with Sv39 sees these bytes through several windows, from different
 * addresses and through leaves of all sizes; its program is independent of its position, so it calls its functions
 * through any of them. It has two address spaces: in the second one the pages of data are others, and half of the code
 * is a copy.
 *
 * @module
 */

import {
  PTE_A,
  PTE_D,
  PTE_G,
  PTE_R,
  PTE_RSW0,
  PTE_U,
  PTE_V,
  PTE_W,
  PTE_X,
} from "../../../src/vm/machine/sv39.ts";

/** Bytes that the guest has. */
export const EXTENT = 0x20_0000;
export const RAM = 0x8000_0000;
/** 1 KiB for each hart: what its trap handlers save and count; M-mode's, and S-mode's behind it. */
export const CONTROL = RAM + 0x4000, CONTROL_SIZE = 0x400, CONTROL_S = 0x200;
/** Number of copied pages, for all harts. */
export const GLOBALS = RAM + 0x5000;
const TABLES = RAM + 0x1_0000;
/** The page tables' roots of both address spaces, and the last-level tables of their {@link LOW} windows. */
export const ROOTS: readonly number[] = [TABLES, TABLES + 0x1000];
const L1 = [TABLES + 0x2000, TABLES + 0x3000];
export const LEAVES: readonly number[] = [TABLES + 0x4000, TABLES + 0x5000];
const ALIAS_LEAVES = TABLES + 0x6000,
  TWIN_LEAVES = TABLES + 0x7000,
  DEVICE_LEAVES = TABLES + 0x8000;
/** 32 KiB for loads and stores, at a multiple of their size. */
export const DATA = RAM + 0x2_0000, DATA_SIZE = 0x8000;
/** Frames that copied pages get, in turn. */
export const SPARE = RAM + 0x4_0000, SPARE_PAGES = 32;
/** A page for each hart. */
export const STACK = RAM + 0x6_0000;
/** Sixteen pages whose PTEs allow this or that; behind them sixteen pages of code, which may be unmapped, too. */
export const TROUBLE = RAM + 0x7_0000, CODE = RAM + 0x8_0000, CODE_SIZE = 0x1_0000;
/** Eight bytes of code that PMP may keep from being executed. */
export const PMP_HOLE = CODE + 0xc8;
/** The code once more, in other frames. */
export const COPY = RAM + 0xa_0000;
/** Where code is copied to. */
export const SCRATCH = RAM + 0xc_0000, SCRATCH_SIZE = 0x4000;

export const UART = 0x1000_0000;
const MEGA_LEVEL = 0x20_0000, PAGE = 0x1000;

/** Virtual addresses at which all of the guest's bytes begin. */
export const LOW = 0x4000_0000;
const ALIAS = 0x5000_0000, TWIN = 0x5020_0000, MEGA = 0x5040_0000;
export const UART_PAGE = 0x5060_0000;
/** 1 GiB leaves: S-mode's, the same for U-mode, and S-mode's once more in the upper half. */
export const GIGA = RAM, USER_GIGA = 0xc000_0000;
const HIGH = 0xffff_ffff_8000_0000n;

/** What a program runs in. */
export interface World {
  readonly mode: "M" | "S" | "U";
  /** With Sv39; in M-mode only where MPRV is set. */
  readonly paged: boolean;
  /** Traps from U and S go to S, else to M. */
  readonly delegated: boolean;
  /** `forwarded`: M's timer raises S's software interrupt, as xv6 has it. */
  readonly timer: "none" | "clint" | "forwarded" | "sstc";
  /** Instructions between two timer interrupts, about. */
  readonly every: number;
  /** Retired instructions in one tick of mtime. */
  readonly tick: number;
  /** The pages of code come only when they are executed first. */
  readonly lazy: boolean;
  /** PMP has no entry; one, for everything; and one before it, for some bytes of code that may not be executed. */
  readonly pmp: "off" | "all" | "holes";
  /** One hart in M-mode says all registers and memory as a number at its end. */
  readonly tells?: boolean;
  /** Of the data and of what the troubled pages allow. */
  readonly seed: number;
}

/** The windows through which code can be called: first addresses. */
export function windows({ mode, paged }: World): readonly bigint[] {
  // Without translation only the copy is somewhere else.
  if (!paged || mode === "M") return [BigInt(RAM), BigInt(RAM + COPY - CODE)];
  const both = [LOW, ALIAS, TWIN, MEGA].map(BigInt);
  return mode === "S" ? [...both, BigInt(GIGA), HIGH] : [...both, BigInt(USER_GIGA)];
}

/** The window of data and code. */
export const windowOf = ({ mode, paged }: World): number => paged && mode !== "M" ? LOW : RAM;

/** Pseudo-random 32 bits of a number. */
export function scramble(n: number): number {
  let x = Math.imul(n ^ (n >>> 16), 0x7feb_352d);
  x = Math.imul(x ^ (x >>> 15), 0x846c_a68b);
  return (x ^ (x >>> 16)) >>> 0;
}

/** What the PTE of a page of TROUBLE may be, beside its frame. */
const TROUBLES = [
  0,
  PTE_V | PTE_R,
  PTE_V | PTE_R | PTE_RSW0,
  PTE_V | PTE_R | PTE_RSW0 | PTE_A,
  PTE_V | PTE_R | PTE_W,
  PTE_V | PTE_X,
  PTE_V | PTE_R | PTE_W | PTE_A | PTE_D | PTE_G,
  PTE_RSW0 | PTE_R,
];

/** Puts the page tables of a world into an image of the guest's bytes. */
export function putTables(image: DataView, world: World): void {
  const user = world.mode === "U" ? PTE_U : 0;
  const put = (table: number, index: number, pa: number, flags: number) =>
    image.setBigUint64(table - RAM + 8 * index, BigInt(pa / PAGE) << 10n | BigInt(flags), true);
  const page = (pa: number) => (pa - RAM) / PAGE;
  const range = (table: number, first: number, bytes: number, flags: number, to = first) => {
    for (let at = 0; at < bytes; at += PAGE) put(table, page(first + at), to + at, flags);
  };
  const rw = PTE_V | PTE_R | PTE_W | user, rwx = rw | PTE_X;
  const all = PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D;
  for (const space of [0, 1]) {
    const root = ROOTS[space]!, leaves = LEAVES[space]!;
    put(root, 0, 0, PTE_V | PTE_R | PTE_W | PTE_A | PTE_D);
    put(root, 1, L1[space]!, PTE_V);
    put(root, 2, RAM, all);
    put(root, 3, RAM, all | PTE_U);
    put(root, 510, RAM, all | PTE_G);
    put(L1[space]!, 0, leaves, PTE_V);
    put(L1[space]!, (ALIAS >> 21) & 511, ALIAS_LEAVES, PTE_V);
    put(L1[space]!, (TWIN >> 21) & 511, TWIN_LEAVES, PTE_V);
    put(L1[space]!, (MEGA >> 21) & 511, RAM, all & ~(PTE_A | PTE_D) | user);
    put(L1[space]!, (UART_PAGE >> 21) & 511, DEVICE_LEAVES, PTE_V);
    const code = world.lazy ? rwx & ~PTE_V : rwx;
    for (let i = 0; i < DATA_SIZE / PAGE; i++) {
      put(leaves, page(DATA) + i, DATA + PAGE * ((i + space) % (DATA_SIZE / PAGE)), rw);
    }
    range(leaves, STACK, 4 * PAGE, rw);
    range(leaves, CODE, CODE_SIZE, code);
    range(leaves, SCRATCH, SCRATCH_SIZE, code);
    for (let i = 0; i < 16; i++) {
      const random = scramble(world.seed + 16 * space + i);
      const flags = TROUBLES[random % TROUBLES.length]! |
        ((random & 0x300) === 0 ? user ^ PTE_U : user);
      put(leaves, page(TROUBLE) + i, TROUBLE + PAGE * (space === 0 ? i : 15 - i), flags);
      if (space === 1 && i % 2 === 1) put(leaves, page(CODE) + i, COPY + PAGE * i, code);
    }
  }
  for (const [table, to] of [[ALIAS_LEAVES, CODE], [TWIN_LEAVES, COPY]] as const) {
    range(table, DATA, DATA_SIZE, rw);
    range(table, CODE, CODE_SIZE, rwx, to);
    range(table, SCRATCH, SCRATCH_SIZE, rwx);
  }
  put(DEVICE_LEAVES, 0, UART, rw);
}

/** satp of an address space: 0 or 1, its ASID being one more. */
export const satpOf = (space: number): bigint =>
  8n << 60n | BigInt(space + 1) << 44n | BigInt(ROOTS[space]! / PAGE);

/** A virtual address's distance from the start of its window: all but {@link COPY}'s begin at a multiple of this. */
export const WINDOW_SIZE: number = MEGA_LEVEL;
