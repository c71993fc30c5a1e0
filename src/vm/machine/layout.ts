/**
 * Where things stand in the one `WebAssembly.Memory` that holds the whole machine: hart state
 * first, then the TLBs, the decoded-code pool, and guest RAM last. The emitted interpreter reads
 * these places with constant offsets; TypeScript reads the same places through typed arrays. So the
 * machine's state is this memory plus a few plain records, and a snapshot is a copy of it.
 *
 * Everything here is a byte offset into the linear memory unless its comment says otherwise.
 *
 * @module
 */

/**
 * Program counter (i64). Exact whenever TypeScript runs. It stands before x0, as epc in xv6's
 * trapframe stands before kernel_hartid and x1, so that a trap of the built-in kernel moves all of
 * them as one copy.
 */
export const PC = 0x3f8;
/** x0…x31, 64 bits each; x0 is never written. */
export const X = 0x400;
/** Where an instruction with rd = x0 writes. */
export const X_SINK = 0x500;
/** Instructions left in this run (i64). Exact whenever TypeScript runs. */
export const BUDGET = 0x510;
/** Virtual address of the access that a slow path is asked about (i64). */
export const ACCESS_VA = 0x518;
/** The value of that access: to be stored; or loaded by a slow load, already extended (i64). */
export const ACCESS_VALUE = 0x520;
/** Cause of a raised trap as in scause, without the interrupt bit (i32). */
export const TRAP_CAUSE = 0x528;
/** Value of stval/mtval for that trap (i64). */
export const TRAP_VALUE = 0x530;
/** LR/SC reservation: the linear-memory offset that was reserved, or 0 for none (i32). */
export const RESERVATION = 0x538;
/** mstatus: its low 32 bits, which are all that can change (i32). */
export const MSTATUS = 0x53c;
/** S-mode's CSRs that only keep what is written to them, or what a trap leaves there (i64 each). */
export const KEPT = {
  stvec: 0x540,
  sscratch: 0x548,
  sepc: 0x550,
  scause: 0x558,
  stval: 0x560,
} as const;
/** The name of one of them. */
export type KeptCsr = keyof typeof KEPT;
/**
 * Linear-memory offsets of the current TLB bank's read, write and execute tables (i32 each). They
 * and what follows them say again what the hart's state says elsewhere, and are in no saved state.
 */
export const TLB_READ = 0x568;
export const TLB_WRITE = 0x56c;
export const TLB_EXECUTE = 0x570;
/** Privilege mode: 0 user, 1 supervisor, 3 machine (i32). */
export const MODE = 0x574;
/**
 * Whether code in WebAssembly may do S-mode's plain CSR accesses without asking the host: 1 in
 * S-mode, unless each access has to be seen; else 0 (i32). It never changes while such code runs
 * without a call out.
 */
export const CSRS_OPEN = 0x578;
/**
 * 1: an interrupt is pending that mie enables, or the hart's turn ends as soon as it can take
 * interrupts, so the host has to do whatever turns interrupts on; else 0 (i32). Exact while the
 * engine runs.
 */
export const INTERRUPT_READY = 0x57c;
/** satp, as the CSR reads; what is written here changes nothing (i64). */
export const SATP = 0x580;
/** End of a hart's words, which begin with {@link PC}: of the hart that runs. */
export const HART_END = 0x588;

/** Not 0: a run's budget ended inside a region (i32). */
export const REGION_RAN_OUT = 0x600;
/** Not 0: no region is entered, as somebody looks at each access (i32). */
export const REGIONS_OFF = 0x604;
/**
 * The pages of the region that runs which are known to be mapped to the code that it was translated
 * from, one bit each, until the host is asked for anything (i32).
 */
export const REGION_SURE = 0x608;
/**
 * Where the last region was left for other code, and for which address (i64 each); 0 when that has
 * been counted. See regions/ways.ts.
 */
export const REGION_FROM = 0x610;
export const REGION_TO = 0x618;

/** A table that is always empty: with it in their place each load and store takes the slow path. */
export const TLB_EMPTY = 0x2000;

/** Entries of one TLB table; the index is `(va >> 12) & (TLB_ENTRIES - 1)`. */
export const TLB_ENTRIES = 256;
/**
 * Bytes of one entry: tag (i64, the page's virtual address; {@link TLB_INVALID} when empty),
 * addend (i32), hits (u32, counted by the interpreter when counting is compiled in).
 *
 * Read and write: linear-memory offset of the byte = addend + low 32 bits of its virtual address.
 * Execute: addend is the offset of the page's decoded records.
 */
export const TLB_ENTRY_SIZE = 16;
/** A tag that no address matches: tags are compared after masking to page and alignment bits. */
export const TLB_INVALID = -1n;
/** Bytes of one table's entries. */
export const TLB_ENTRIES_SIZE: number = TLB_ENTRIES * TLB_ENTRY_SIZE;
/**
 * Behind them stand, in the tables for reading and writing, copies of some: of the pages that places
 * in regions accessed last, found by the place and not by the address (regions/recent.ts). In the
 * place of an entry's hits one bit each says that it may have a copy whose number modulo 32 is that of
 * the bit. There are no copies where hits are counted.
 */
export const TLB_RECENT = 64;
/** Bytes of one table. */
export const TLB_TABLE_SIZE: number = TLB_ENTRIES_SIZE + TLB_RECENT * TLB_ENTRY_SIZE;
/** Banks, one translation context (privilege, ASID) each: a trap or switch flushes nothing. */
export const TLB_BANKS = 8;
/** Start of hart 0's banks; bank b's tables (read, write, execute) follow each other. */
export const TLB_BASE = 0x1_0000;
/** Bytes of one bank. */
export const TLB_BANK_SIZE = 3 * TLB_TABLE_SIZE;
/** Bytes of one hart's banks; those of the next hart follow. */
export const TLB_HART_SIZE: number = TLB_BANKS * TLB_BANK_SIZE;
/** Most harts of a machine: the banks of so many fit below {@link CODE_MAP}. */
export const MAX_HARTS = 8;

/** One i32 for each 4 KiB frame of RAM: offset of its decoded records, 0 while it has none. */
export const CODE_MAP = 0x10_0000;
/** Decoded pages of the interpreter. */
export const CODE_POOL = 0x40_0000;
/**
 * Places at which regions begin ({@link Entries}): {@link REGION_ENTRY_COUNT} entries, found by the
 * offset of the place's record, each with the number of the region's function in the table (i32), of
 * the label in it (i32), the region's context (i32), 4 bytes that are not used, and the program
 * counter (i64) for which it was translated.
 */
export const REGION_ENTRIES = 0x1c0_0000;
export const REGION_ENTRY_COUNT = 65536;
export const REGION_ENTRY_SHIFT = 5;
/** Contexts of regions, each for as many pages as a region may have: see frame.ts. */
export const REGION_CONTEXTS = 0x1e0_0000;
/**
 * What each region's function has done, found by its number in the table: {@link REGION_COUNTS}, i64
 * each, in so many bytes.
 */
export const REGION_COUNTERS = 0x1ff_0000;
export const REGION_COUNTER_SHIFT = 6;
/** Where each counter stands among those of its function. */
export const REGION_COUNTS = {
  /** Instructions executed inside. */
  instructions: 0,
  /** Ways out: the interpreter looked a page up; went on elsewhere in the page; had to do it. */
  lookedUp: 8,
  outside: 16,
  handedOver: 24,
  /** … the run's budget was used up. */
  ranOut: 32,
} as const;
/** Offset of guest RAM: physical 0x8000_0000 stands here. */
export const RAM_OFFSET = 0x200_0000;
