/**
 * The memory management unit: satp, the choice of TLB bank, translation through TLB and walk with A
 * and D set by the walker, and sfence.vma.
 *
 * @module
 */

import {
  inFrame,
  PAGE_SHIFT,
  PAGE_SIZE,
  type PaNum,
  paNum,
  RAM_BASE,
  type Va,
  va,
  type VaNum,
  vaNum,
} from "./address.ts";
import { Banks, BARE_BANK } from "./banks.ts";
import type { Bus } from "./bus.ts";
import { ACCESS_FAULT, PAGE_FAULT } from "./cause.ts";
import { MSTATUS, previousMode } from "./hart/csr_state.ts";
import type { Registers } from "./hart/registers.ts";
import {
  RAM_OFFSET,
  RESERVATION,
  SATP,
  TLB_BANKS,
  TLB_EMPTY,
  TLB_EXECUTE,
  TLB_READ,
  TLB_WRITE,
} from "./layout.ts";
import type { Ram } from "./memory.ts";
import { ALLOWED, Pmp } from "./pmp.ts";
import {
  type Access,
  checkLeaf,
  EXECUTE,
  frameNumber,
  insideLeaf,
  leafSize,
  type Level,
  PTE_A,
  PTE_D,
  PTE_FLAGS,
  READ,
  SATP_BARE,
  SATP_SV39,
  type WalkFail,
  walkTables,
  WalkTrail,
  WRITE,
} from "./sv39.ts";
import type { AccessCounters, MmuCounters, MmuCounts, MmuState, TlbEntry } from "./mmu_state.ts";
import { QuickWalk } from "./quick_walk.ts";
import { Saver } from "./saver.ts";
import { Tlb } from "./tlb.ts";
import { Walked } from "./walked.ts";
import type { Watches } from "./watch.ts";

export type { AccessCounters, MmuCounters, MmuState, TlbEntry };

/** See {@link Mmu.marked}. */
export type Marked = (page: VaNum, pteAddr: PaNum, before: number, after: number) => void;

/** The MMU of one hart. */
export class Mmu {
  /** The TLBs. */
  readonly tlb: Tlb;
  /** Root page table of the current satp (0 while satp is Bare). */
  root: PaNum = paNum(0);
  /** ASID of the current satp. */
  asid = 0;
  /** satp.MODE is Sv39. */
  paging = false;
  /** Bank for loads and stores of the hart as it runs now. */
  dataBank: number = BARE_BANK;
  /** Bank for its fetches. */
  fetchBank: number = BARE_BANK;
  /** Privilege mode of its loads and stores. */
  dataMode = 3;
  /** Privilege mode of its fetches. */
  fetchMode = 3;
  /** Its physical memory protection; see {@link Mmu.protect}. */
  readonly pmp: Pmp = new Pmp();
  /**
   * Whether the fast tables of {@link BARE_BANK} are M-mode's, and not those of S or U with satp
   * Bare, who may have other rights; NaN: of nobody, they are empty. Kept while PMP is on.
   */
  #bareData = NaN;
  #bareFetch = NaN;

  /**
   * Called when a walk sets A, or A and D, in a leaf in RAM, before the access itself: with the
   * first address of the 4 KiB page accessed (negative in the upper half), where the PTE stands,
   * and its low 32 bits before and after. Walks of instructions, fetches and {@link UserAccess}
   * call it alike; the machine's owner connects itself here.
   */
  marked: Marked | undefined = undefined;

  /**
   * Each load and store of the hart takes the slow path, which must not answer that it is to be
   * tried again; from the next choice of banks on.
   */
  hidden = false;
  /** The hart's words, where the interpreter or the hart keeps them. */
  registers: Registers;
  /** The machine's watchpoints. */
  readonly watches: Watches;
  readonly #ram: Ram;
  readonly #bus: Bus;
  readonly #trail = new WalkTrail();
  readonly #quickWalk: QuickWalk;
  /** The data bank, when quick walks are for its accesses; -1: they are for none. */
  #quickBank = -1;
  /** What the banks were filled from. */
  readonly walked: Walked;
  readonly #banks: Banks;
  readonly #keeps: boolean;
  /** mstatus (its low 32 bits) at the last choice of banks. */
  #mstatus = 0;
  /** A value of satp, in one and in halves. */
  readonly #whole = new BigUint64Array(1);
  readonly #halves = new Uint32Array(this.#whole.buffer);
  #counts: MmuCounts = {
    faults: new Float64Array(3),
    walks: 0,
    flushes: 0,
    idleFlushes: 0,
    pageFlushes: 0,
  };
  readonly #saver = new Saver();

  /**
   * A hart's MMU over RAM and devices; satp starts as Bare. `keeps`: a fence keeps what it need not
   * drop, see {@link Mmu.sfence}.
   */
  constructor(
    ram: Ram,
    bus: Bus,
    watches: Watches,
    registers: Registers,
    hart: number,
    countHits: boolean,
    keeps: boolean,
  ) {
    this.#ram = ram;
    this.#quickWalk = new QuickWalk(ram);
    this.#bus = bus;
    this.watches = watches;
    this.registers = registers;
    this.tlb = new Tlb(ram.memory, hart, countHits);
    this.walked = new Walked(ram, keeps);
    this.#banks = new Banks(this.tlb, this.walked);
    this.#keeps = keeps;
    this.select(3, 0);
  }

  /** satp as the CSR reads. */
  get satp(): bigint {
    this.#putSatp(this.#halves, 0);
    return this.#whole[0];
  }

  /**
   * Writes satp, given as two halves; a MODE other than Bare and Sv39 changes nothing. No TLB entry
   * is dropped.
   */
  setSatp(low: number, high: number): void {
    const mode = high >>> 28;
    // "If satp is written with an unsupported MODE, the entire write has no effect".
    if (mode !== SATP_BARE && mode !== SATP_SV39) return;
    this.paging = mode === SATP_SV39;
    this.asid = (high >>> 12) & 0xffff;
    this.root = inFrame((high & 0xfff) * 2 ** 32 + (low >>> 0));
    this.#showSatp();
  }

  /** Keeps the copy of satp in linear memory true. The banks have to be chosen again. */
  #showSatp(): void {
    this.#quickBank = -1;
    this.#putSatp(this.registers.header, SATP / 4);
  }

  /** Puts its two halves into words. */
  #putSatp(words: Uint32Array, at: number): void {
    const frame = this.root / PAGE_SIZE, mode = this.paging ? SATP_SV39 : SATP_BARE;
    words[at] = frame >>> 0;
    words[at + 1] = mode << 28 | this.asid << 12 | frame / 2 ** 32;
  }

  /**
   * For the built-in kernel: satp to Sv39 with this root, without a flush, and U-mode's banks
   * selected. Another root also ends an LR's reservation, as a kernel does at a switch by a dummy
   * SC.
   */
  setRoot(root: PaNum, asid = 0): void {
    if (root !== this.root) this.registers.header[RESERVATION / 4] = 0;
    this.paging = true;
    this.asid = asid;
    this.root = root;
    this.#showSatp();
    this.select(0, 0);
  }

  /** Makes the interpreter use the banks for a privilege mode and mstatus (its low 32 bits). */
  select(mode: number, mstatus: number): void {
    this.#mstatus = mstatus;
    this.fetchBank = this.bankFor(mode, mstatus);
    // "When MPRV=1, load and store memory addresses are translated and protected as though the
    // current privilege mode were set to MPP."
    const data = (mstatus & MSTATUS.MPRV) !== 0 ? previousMode(mstatus) : mode;
    this.dataBank = data === mode ? this.fetchBank : this.bankFor(data, mstatus);
    this.fetchMode = mode;
    this.dataMode = data;
    if (this.pmp.on) this.#separate();
    const { registers: { header }, tlb: { fast } } = this;
    header[TLB_READ / 4] = this.hidden ? TLB_EMPTY : fast.offset(this.dataBank, READ);
    header[TLB_WRITE / 4] = this.hidden ? TLB_EMPTY : fast.offset(this.dataBank, WRITE);
    header[TLB_EXECUTE / 4] = fast.offset(this.fetchBank, EXECUTE);
    this.#quickBank = this.dataBank === BARE_BANK || this.pmp.on ? -1 : this.dataBank;
    if (this.#quickBank < 0) return;
    this.#quickWalk.begin(this.#banks.rights(this.dataBank), this.root / PAGE_SIZE);
  }

  /** Makes the fast tables of untranslated addresses those of the present privilege. */
  #separate(): void {
    const data = Number(this.dataMode === 3), fetch = Number(this.fetchMode === 3);
    if (this.dataBank === BARE_BANK && data !== this.#bareData) {
      this.#bareData = data;
      this.tlb.fast.dropTable(BARE_BANK * 3 + READ);
      this.tlb.fast.dropTable(BARE_BANK * 3 + WRITE);
    }
    if (this.fetchBank === BARE_BANK && fetch !== this.#bareFetch) {
      this.#bareFetch = fetch;
      this.tlb.fast.dropTable(BARE_BANK * 3 + EXECUTE);
    }
  }

  /** PMP registers were written: what was walked before may not be read any more. */
  doubt(): void {
    for (let bank = 1; bank < TLB_BANKS; bank++) this.walked.doubt(bank);
  }

  /** Takes the PMP registers over; to be followed by a choice of banks. */
  protect(cfg: readonly bigint[], addr: readonly bigint[]): void {
    this.pmp.load(cfg, addr);
    this.tlb.dropFast();
    this.#bareData = this.#bareFetch = NaN;
  }

  /** Whether PMP lets the hart as it runs now access some bytes in a page. */
  allows(access: Access, pa: PaNum, size: number): boolean {
    return this.pmp.allows(pa, size, access, access === EXECUTE ? this.fetchMode : this.dataMode);
  }

  /** The bank for a mode's accesses under the current satp; if none fits, the oldest is emptied. */
  bankFor(mode: number, mstatus: number): number {
    if (mode === 3 || !this.paging) return BARE_BANK;
    // The banks in use stay: fetches and data may need two different ones.
    const key = Banks.key(this.asid, mode, mstatus);
    return this.#banks.bankOf(key, this.root, this.fetchBank, this.dataBank);
  }

  /**
   * Translates one page for a bank, through its TLB and on a miss through the tables, setting A and
   * D. The address comes as two 32-bit halves. Returns the frame number (pa / 4096), of RAM or a
   * device, or minus the cause of the fault. {@link Mmu.missed} tells whether it was a miss; a hit
   * is not counted here.
   */
  frameOf(bank: number, access: Access, high: number, low: number): number {
    this.missed = false;
    if (bank === BARE_BANK) {
      const frame = low >>> PAGE_SHIFT;
      return high === 0 && this.#exists(frame) ? frame : -ACCESS_FAULT[access];
    }
    const top = high >> 6;
    if (top !== 0 && top !== -1) return -this.#fault(access, "address not canonical");
    const page = ((high & 0x7f) << 20) | (low >>> PAGE_SHIFT);
    const known = this.tlb.find(bank, access, page);
    if (known >= 0) return known;
    return this.#walk(bank, access, page);
  }

  /**
   * Makes the fast tables lead to a page of the data bank, with what is counted for it, when that
   * takes no more than a walk of which nobody is told. False: nothing has happened. The access is tried
   * again, as after {@link Mmu.fillFast}.
   */
  refill(access: typeof READ | typeof WRITE, high: number, low: number): boolean {
    const bank = this.dataBank;
    if (this.#quick(bank, access, high, low)) return true;
    const frame = this.peek(bank, access, high, low);
    if (!this.#isPlain(access, high, low, frame)) return false;
    this.take(bank, access, high, low, frame);
    this.#fill(bank, access, high, low, frame);
    return true;
  }

  /**
   * {@link Mmu.refill} where no entry has the page, and the walk ends at a leaf of 4 KiB with nothing
   * to mark; nothing is noted about its tables. Changes nothing when it returns false.
   */
  #quick(bank: number, access: typeof READ | typeof WRITE, high: number, low: number): boolean {
    const top = high >> 6;
    if (bank !== this.#quickBank || (top !== 0 && top !== -1) || this.watches.any) return false;
    const page = ((high & 0x7f) << 20) | (low >>> PAGE_SHIFT);
    if (this.tlb.find(bank, access, page) >= 0) return false;
    const walk = this.#quickWalk;
    const frame = walk.find(page, access);
    if (frame < 0 || !this.walked.knows(bank, this.root, walk)) return false;
    const ram = this.#ram;
    if (access === WRITE) {
      if (ram.isSeen(frame)) return false;
      ram.dirty[frame] = 1;
    }
    this.#counts.walks++;
    this.missed = true;
    ram.fills.reach(frame, false);
    this.tlb.insertSmall(bank, access, page, high, frame, walk.leaf & PTE_FLAGS);
    return true;
  }

  /** {@link Mmu.peek} has found the frame, and it is taken, as {@link Mmu.frameOf} does. */
  take(bank: number, access: Access, high: number, low: number, frame: number): void {
    this.missed = false;
    if (!this.#peeked) return;
    const page = ((high & 0x7f) << 20) | (low >>> PAGE_SHIFT);
    this.#counts.walks++;
    this.#mark(access, page);
    this.#insert(bank, access, page, frame);
  }

  /** The last {@link Mmu.peek} was a walk, whose trail is still there. */
  #peeked = false;

  /**
   * The frame number that {@link Mmu.frameOf} would give, of which nothing is seen but in the TLB, and
   * nobody is told; else -1. Changes nothing.
   */
  peek(bank: number, access: Access, high: number, low: number): number {
    this.#peeked = false;
    if (bank === BARE_BANK) return high === 0 ? low >>> PAGE_SHIFT : -1;
    const top = high >> 6;
    if (top !== 0 && top !== -1) return -1;
    const page = ((high & 0x7f) << 20) | (low >>> PAGE_SHIFT);
    const known = this.tlb.find(bank, access, page);
    if (known >= 0) return known;
    this.#peeked = true;
    return this.#peekWalk(bank, access, page);
  }

  #peekWalk(bank: number, access: Access, page: number): number {
    const trail = this.#trail;
    if (walkTables(this.#ram, this.root, page, trail) !== undefined) return -1;
    if (this.pmp.on && !this.#walked(trail)) return -1;
    const last = trail.count - 1;
    const low = trail.low[last];
    const wanted = access === WRITE ? PTE_A | PTE_D : PTE_A;
    if (checkLeaf(low, access, this.#banks.rights(bank)) !== undefined) return -1;
    if ((low & wanted) !== wanted) {
      // Whoever is told of it wants to know where the hart is.
      const pteAddr = paNum(trail.pteAddr[last]);
      if (this.marked !== undefined || this.#ram.seesStores(pteAddr)) return -1;
      if (this.pmp.on && !this.pmp.allows(pteAddr, 8, WRITE, 1)) return -1;
    }
    if (this.walked.disturbs(bank, trail)) return -1;
    return frameNumber(low, trail.high[last]) + (page & insideLeaf(trail.level));
  }

  /** {@link Mmu.frameOf} of an address modulo 2^64. */
  frameAt(bank: number, access: Access, va: bigint): number {
    return this.frameOf(
      bank,
      access,
      Number(BigInt.asIntN(32, va >> 32n)),
      Number(va & 0xffff_ffffn),
    );
  }

  /** Whether the last {@link Mmu.frameOf} had to walk. */
  missed = false;

  #walk(bank: number, access: Access, page: number): number {
    this.#counts.walks++;
    const trail = this.#trail;
    const failed = walkTables(this.#ram, this.root, page, trail);
    if (this.pmp.on && !this.#walked(trail)) return -this.#refused(access);
    if (failed !== undefined) return -this.#fault(access, failed);
    const last = trail.count - 1;
    const low = trail.low[last];
    const denied = checkLeaf(low, access, this.#banks.rights(bank));
    if (denied !== undefined) return -this.#fault(access, denied);
    const frame = frameNumber(low, trail.high[last]) + (page & insideLeaf(trail.level));
    if (!this.#mark(access, page)) return -this.#refused(access);
    // The translation is over; that nothing is there is found by the access itself.
    if (!this.#exists(frame)) return -this.#fault(access, "PTE outside RAM");
    this.#insert(bank, access, page, frame);
    return frame;
  }

  /**
   * Step 7 with hardware update, of the leaf that was walked to: "set pte.a to 1 and, if the original
   * memory access is a store, also set pte.d to 1". False: PMP does not let it.
   */
  #mark(access: Access, page: number): boolean {
    const trail = this.#trail;
    const last = trail.count - 1;
    const before = trail.low[last];
    const wanted = access === WRITE ? PTE_A | PTE_D : PTE_A;
    if ((before & wanted) === wanted) return true;
    const pteAddr = paNum(trail.pteAddr[last]);
    if (!this.pmp.allows(pteAddr, 8, WRITE, 1)) return false;
    const low = (before | wanted) >>> 0;
    trail.low[last] = low;
    this.#ram.by = "walk";
    this.#ram.write32(pteAddr, low);
    this.#ram.by = "outside";
    // Page numbers have 27 bits; the highest one is the sign.
    this.marked?.(vaNum(((page << 5) >> 5) * PAGE_SIZE), pteAddr, before, low);
    return true;
  }

  /** Makes a TLB entry of what was walked to. */
  #insert(bank: number, access: Access, page: number, frame: number): void {
    const trail = this.#trail;
    const { level } = trail;
    this.missed = true;
    this.tlb.foundLevel = level;
    this.tlb.insert(bank, access, level, page, frame, trail.low[trail.count - 1] & PTE_FLAGS);
    this.tlb.countMiss(access, level);
    this.walked.read(bank, this.root, trail);
  }

  /** Whether PMP let the walk read its PTEs: "the effective privilege mode is S". */
  #walked({ pteAddr, count }: WalkTrail): boolean {
    for (let i = 0; i < count; i++) {
      if (!this.pmp.allows(paNum(pteAddr[i]), 8, READ, 1)) return false;
    }
    return true;
  }

  /** "An access-fault exception corresponding to the original access type", of a walk. */
  #refused(access: Access): number {
    this.#counts.faults[access]++;
    return ACCESS_FAULT[access];
  }

  #fault(access: Access, fail: WalkFail): number {
    this.#counts.faults[access]++;
    return fail === "PTE outside RAM" ? ACCESS_FAULT[access] : PAGE_FAULT[access];
  }

  #exists(frame: number): boolean {
    return this.isRam(frame) || this.#bus.hasPage(frame);
  }

  /** Whether a frame number is one of RAM. */
  isRam(frame: number): boolean {
    return frame >= RAM_BASE / PAGE_SIZE && frame < this.#ram.end / PAGE_SIZE;
  }

  /**
   * Puts the page that {@link Mmu.frameOf} has just translated into the fast table, unless it needs
   * more than a plain access. Returns whether it is there now. For reads and writes.
   */
  fillFast(bank: number, access: Access, high: number, low: number, frame: number): boolean {
    if (!this.#isPlain(access, high, low, frame)) return false;
    this.#fill(bank, access, high, low, frame);
    return true;
  }

  /** What a frame of RAM still has to be filled with is in it from now on. */
  settle(frame: number): void {
    this.#ram.fills.settle(frame - RAM_BASE / PAGE_SIZE);
  }

  #fill(bank: number, access: Access, high: number, low: number, frame: number): void {
    const index = frame - RAM_BASE / PAGE_SIZE;
    if (access === WRITE) this.#ram.dirty[index] = 1;
    this.#ram.fills.reach(index, bank === BARE_BANK);
    const pa = inFrame(frame);
    const pageLow = (low & ~0xfff) >>> 0;
    const addend = pa - RAM_BASE + RAM_OFFSET - pageLow;
    // The access is tried again and the interpreter counts that as a hit; after a miss it must not
    // count.
    this.tlb.fast.fill(bank, access, pageLow, high, addend, this.#levelOf(bank), this.missed);
  }

  /** Whether accesses to a page, in a frame, need no more than its place in RAM. */
  #isPlain(access: Access, high: number, low: number, frame: number): boolean {
    if (!this.isRam(frame)) return false;
    const pa = inFrame(frame);
    if (this.pmp.on && this.pmp.page(pa, access, this.dataMode) !== ALLOWED) return false;
    const { watches } = this;
    const page = high * 2 ** 32 + ((low & ~0xfff) >>> 0);
    if (watches.any && watches.watchesPage(page, pa, access === WRITE)) return false;
    return access !== WRITE || !(this.#ram.seesStores(pa) || this.#ram.isTable(pa));
  }

  /** Puts the page just translated into the fast execute table, with its records' offset. */
  fillExecute(high: number, low: number, records: number): void {
    const bank = this.fetchBank;
    const pageLow = (low & ~0xfff) >>> 0;
    this.tlb.fast.fill(bank, EXECUTE, pageLow, high, records, this.#levelOf(bank), false);
  }

  /** The same for a page that has been dropped there, unless the TLB has it no longer. */
  refillExecute(high: number, low: number, records: number): void {
    const page = ((high & 0x7f) << 20) | (low >>> PAGE_SHIFT);
    const bank = this.fetchBank;
    if (bank !== BARE_BANK && this.tlb.find(bank, EXECUTE, page) < 0) return;
    this.fillExecute(high, low, records);
  }

  #levelOf(bank: number): Level | undefined {
    return bank === BARE_BANK ? undefined : this.tlb.foundLevel;
  }

  /** Counts the last {@link Mmu.frameOf} if it was a hit, for an access that is not tried again. */
  countHit(bank: number, access: Access): void {
    if (!this.missed && bank !== BARE_BANK && this.tlb.countsHits) {
      this.tlb.countHit(access, this.tlb.foundLevel);
    }
  }

  /**
   * sfence.vma: of one address, or of all; of one ASID (then entries of global leaves stay), or of
   * every address space. An address that is not canonical matches nothing. What is dropped, and
   * what is put by: see {@link Banks}. In the machine of the built-in kernel each fence drops.
   */
  sfence(address?: VaNum | Va, asid?: number): void {
    if (address === undefined) {
      this.#counts.flushes++;
      const dropped = this.#banks.fence(asid);
      if (!this.#keeps) {
        if (asid === undefined) this.#ram.fills.era++;
        return;
      }
      if (!dropped) this.#counts.idleFlushes++;
      return this.select(this.fetchMode, this.#mstatus);
    }
    this.#counts.pageFlushes++;
    const page = pageNumber(address);
    if (page >= 0) this.#banks.fencePage(page, asid);
  }

  /** The counters up to this moment. */
  counters(): MmuCounters {
    this.tlb.fold();
    const { faults, ...counts } = this.#counts;
    const of = (access: Access): AccessCounters => ({
      hits: this.tlb.countsHits ? this.tlb.hits(access) : undefined,
      misses: this.tlb.misses(access),
      faults: faults[access],
    });
    return { read: of(READ), write: of(WRITE), execute: of(EXECUTE), ...counts };
  }

  /** All TLB entries that accesses see; those that a fence has put by are not among them. */
  entries(): TlbEntry[] {
    const list: TlbEntry[] = [];
    this.tlb.visit(({ bank, access, level, page, frame, flags }) => {
      if (this.#banks.isPutBy(bank)) return;
      list.push({
        asid: this.#banks.asid(bank),
        user: this.#banks.rights(bank).user,
        access,
        va: va(BigInt.asIntN(39, BigInt(page) << 12n)),
        pa: inFrame(frame),
        size: leafSize(level),
        flags,
      });
    });
    return list;
  }

  /** The state as plain data. */
  save(): MmuState {
    return {
      satp: this.satp,
      banks: this.#banks.save(),
      walked: this.walked.save(),
      counts: this.#saver.save(this.#counts),
      tlb: this.tlb.save(),
    };
  }

  /** Takes over a saved state; the caller selects the banks of its mode after it. */
  restore(state: MmuState): void {
    this.tlb.restore(state.tlb);
    this.#banks.restore(state.banks);
    this.walked.restore(state.walked);
    this.#counts = this.#saver.revive(state.counts);
    this.setSatp(Number(state.satp & 0xffff_ffffn), Number(state.satp >> 32n));
  }
}

/** The 27-bit number of an address's page, or -1 when the address is not canonical. */
function pageNumber(address: VaNum | Va): number {
  if (typeof address === "number" && address >= 0 && address < 2 ** 38) {
    return Math.floor(address / PAGE_SIZE);
  }
  const value = BigInt.asIntN(64, BigInt(address));
  if (BigInt.asIntN(39, value) !== value) return -1;
  return Number(BigInt.asUintN(27, value >> 12n));
}
