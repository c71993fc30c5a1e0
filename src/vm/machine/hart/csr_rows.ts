/**
 * The control and status registers: one row each, with its name, the bits that software can
 * change, and how it is read and written. Its number, which csr_names.ts knows, carries the lowest
 * privilege (bits 9:8) and "read-only" (bits 11:10 are 11), so rows do not repeat them.
 *
 * @module
 */

import { csrNumbers } from "../isa/csr_names.ts";
import { ALL_IRQS, type CsrState, IRQ, type Mode, MSTATUS, S_IRQS } from "./csr_state.ts";
import type { KeptCsr } from "../layout.ts";
import type { Registers } from "./registers.ts";

/** What a row can see of the machine. */
export interface CsrContext {
  /** Contents of the registers but for mstatus and those that are kept in linear memory. */
  readonly state: CsrState;
  /** Those. */
  readonly registers: Pick<Registers, "kept" | "keep">;
  /** mstatus: its low 32 bits, which are all that can change. */
  mstatus: number;
  /** The hart's number. */
  readonly hartid: number;
  /** The mode the access comes from. */
  readonly mode: Mode;
  /** Instructions that the hart has retired before this one. */
  readonly retired: number;
  /** mtime. */
  readonly time: number;
  /** Interrupt bits that hardware drives: MSIP, MTIP, MEIP, SEIP; STIP when stimecmp is used. */
  readonly lines: number;
  /** The MMU's register. */
  satp: bigint;
  /** menvcfg.STCE: stimecmp is in use, as {@link CsrContext.retime} found it. */
  readonly sstc: boolean;
  /** To be called when pmpcfg or pmpaddr registers have changed. */
  protect(): void;
  /** To be called when stimecmp or menvcfg has changed. */
  retime(): void;
}

/** One CSR. */
export interface CsrRow {
  /** 12-bit number. */
  readonly number: number;
  /** The name in the specification. */
  readonly name: string;
  /** Bits that a write can change; the others are fixed or follow hardware. */
  readonly writable: bigint;
  /** The value. */
  read(c: CsrContext): bigint;
  /** Writes; legalises (WARL). Absent for read-only registers. */
  write?(c: CsrContext, value: bigint): void;
  /** The value that csrrs and csrrc modify, where it is not what they read. */
  modify?(c: CsrContext): bigint;
  /** A condition beside the privilege; false makes the access illegal. */
  allowed?(c: CsrContext): boolean;
}

const ALL = 0xffff_ffff_ffff_ffffn;

type NumberField = {
  [K in keyof CsrState]: CsrState[K] extends number ? K : never;
}[keyof CsrState];
type BigField = { [K in keyof CsrState]: CsrState[K] extends bigint ? K : never }[keyof CsrState];

/** The name of a row, with its number. */
function named(name: string): Pick<CsrRow, "number" | "name"> {
  return { number: csrNumbers(name)[0], name };
}

/** A register that keeps the bits of `mask`. */
function stored(name: BigField, mask = ALL): CsrRow {
  return {
    ...named(name),
    writable: mask,
    read: ({ state }) => state[name],
    write: ({ state }, value) => {
      state[name] = (state[name] & ~mask) | (value & mask);
    },
  };
}

/** The same for one that has to do with the supervisor's timer. */
function timed(name: "stimecmp" | "menvcfg", mask: bigint): CsrRow {
  return {
    ...stored(name, mask),
    write: (c, value) => {
      c.state[name] = value & mask;
      c.retime();
    },
  };
}

/** The same for one that stands in linear memory. */
function kept(name: KeptCsr, mask = ALL): CsrRow {
  return {
    ...named(name),
    writable: mask,
    read: ({ registers }) => registers.kept(name),
    write: ({ registers }, value) => registers.keep(name, value & mask),
  };
}

/** The same for a register whose bits all lie in the low 32. */
function small(name: NumberField, mask: number): CsrRow {
  return {
    ...named(name),
    writable: BigInt(mask >>> 0),
    read: ({ state }) => BigInt(state[name] >>> 0),
    write: ({ state }, value) => {
      state[name] = (Number(value & 0xffff_ffffn) & mask) >>> 0;
    },
  };
}

/** A register that always reads the same; writes are ignored unless its number is read-only. */
function fixed(name: string, value = 0n): CsrRow {
  const row = { ...named(name), writable: 0n, read: () => value };
  return row.number >> 10 === 3 ? row : { ...row, write: () => {} };
}

/** The names of the counters above instret, numbered as the manual does. */
const counters = (name: string) => Array.from({ length: 29 }, (_, i) => `${name}${i + 3}`);

const MSTATUS_WRITABLE = MSTATUS.SIE | MSTATUS.MIE | MSTATUS.SPIE | MSTATUS.MPIE | MSTATUS.SPP |
  MSTATUS.MPP | MSTATUS.MPRV | MSTATUS.SUM | MSTATUS.MXR | MSTATUS.TVM | MSTATUS.TW | MSTATUS.TSR;
/** Bits of sstatus that can change: of mstatus those that S-mode sees. */
export const SSTATUS_WRITABLE: number = MSTATUS.SIE | MSTATUS.SPIE | MSTATUS.SPP | MSTATUS.SUM |
  MSTATUS.MXR;
/** SXL = UXL = 2: 64 bits, fixed. */
const MSTATUS_FIXED = 0xa_0000_0000n;
/** UXL in the upper half of sstatus. */
export const SSTATUS_HIGH = 2;
const SSTATUS_FIXED = BigInt(SSTATUS_HIGH) << 32n;

function writeStatus(c: CsrContext, value: bigint, mask: number): void {
  let next = (c.mstatus & ~mask) | (Number(value & 0xffff_ffffn) & mask);
  // MPP is WARL: 2 is no privilege mode, and the old value stays.
  if ((next & MSTATUS.MPP) === 2 << 11) {
    next = (next & ~MSTATUS.MPP) | (c.mstatus & MSTATUS.MPP);
  }
  c.mstatus = next;
}

/** mip: what software set and what hardware drives; with Sstc in use STIP is the timer's alone. */
export function pendingInterrupts(c: CsrContext): number {
  const software = c.sstc ? c.state.mip & ~IRQ.STI : c.state.mip;
  return software | c.lines;
}

const STCE = 1n << 63n;

/** The tick that stimecmp stands for; Infinity when it lies beyond all exact numbers; undefined while it is not in use. */
export function supervisorTimer({ menvcfg, stimecmp }: CsrState): number | undefined {
  if (menvcfg < STCE) return undefined;
  return stimecmp < 1n << 53n ? Number(stimecmp) : Infinity;
}

/** Whether a counter (bit 0 cycle, 1 time, 2 instret) may be read in the present mode. */
function counterEnabled(c: CsrContext, bit: number): boolean {
  if (c.mode === 3) return true;
  if ((c.state.mcounteren >>> bit & 1) === 0) return false;
  return c.mode === 1 || (c.state.scounteren >>> bit & 1) === 1;
}

/** A counter that moves with the retired instructions unless its bit in mcountinhibit is set. */
function counter(c: CsrContext, field: "cycle" | "instret"): bigint {
  const bit = field === "cycle" ? 1 : 4;
  const held = (c.state.mcountinhibit & bit) !== 0;
  return BigInt.asUintN(64, c.state[field] + (held ? 0n : BigInt(c.retired)));
}

function setCounter(c: CsrContext, field: "cycle" | "instret", value: bigint): void {
  const bit = field === "cycle" ? 1 : 4;
  const held = (c.state.mcountinhibit & bit) !== 0;
  // The write itself does not count: the next instruction reads what was written.
  c.state[field] = BigInt.asUintN(64, value - (held ? 0n : BigInt(c.retired + 1)));
}

function machineCounter(name: string, field: "cycle" | "instret"): CsrRow {
  return {
    ...named(name),
    writable: ALL,
    read: (c) => counter(c, field),
    write: (c, value) => setCounter(c, field, value),
  };
}

function userCounter(name: string, read: (c: CsrContext) => bigint): CsrRow {
  const row = named(name);
  // The enabling bits are numbered as the counters are.
  return { ...row, writable: 0n, read, allowed: (c) => counterEnabled(c, row.number & 31) };
}

/** A trap vector: base 4-aligned, mode 0 direct or 1 vectored. */
const TVEC_MASK = ALL & ~2n;
/** A trap's pc: 2-aligned, as C is there. */
const EPC_MASK = ALL & ~1n;
/** Exceptions that can be delegated: all but the reserved ones and the call from M-mode. */
const DELEGABLE = 0xb3ff;

/** Supervisor views of mie and mip show and change the delegated interrupts only. */
const sie: CsrRow = {
  ...named("sie"),
  writable: BigInt(S_IRQS),
  read: ({ state }) => BigInt(state.mie & state.mideleg),
  write: ({ state }, value) => {
    const mask = state.mideleg;
    state.mie = (state.mie & ~mask) | (Number(value & 0xffffn) & mask);
  },
};
const sip: CsrRow = {
  ...named("sip"),
  writable: BigInt(IRQ.SSI),
  read: (c) => BigInt(pendingInterrupts(c) & c.state.mideleg),
  write: ({ state }, value) => {
    const mask = IRQ.SSI & state.mideleg;
    state.mip = (state.mip & ~mask) | (Number(value & 0xffffn) & mask);
  },
};

function pmpcfg(index: number): CsrRow {
  return {
    ...named(`pmpcfg${2 * index}`),
    writable: 0x9f9f_9f9f_9f9f_9f9fn,
    read: ({ state }) => state.pmpcfg[index],
    write: (c, value) => {
      const { state } = c;
      let next = 0n;
      for (let i = 0n; i < 64n; i += 8n) {
        const old = (state.pmpcfg[index] >> i) & 0xffn;
        let byte = (value >> i) & 0x9fn;
        // A locked entry (L) ignores writes; R=0 with W=1 is reserved.
        if ((old & 0x80n) !== 0n || (byte & 3n) === 2n) byte = old;
        next |= byte << i;
      }
      state.pmpcfg[index] = next;
      c.protect();
    },
  };
}

/** Whether an entry is locked, or is the base of a locked top-of-range entry after it. */
function pmpLocked(state: CsrState, i: number): boolean {
  const cfg = (n: number) => (state.pmpcfg[n >> 3] >> BigInt(8 * (n & 7))) & 0xffn;
  return (cfg(i) & 0x80n) !== 0n || (i < 63 && (cfg(i + 1) & 0x98n) === 0x88n);
}

function pmpaddr(index: number): CsrRow {
  const mask = (1n << 54n) - 1n;
  return {
    ...named(`pmpaddr${index}`),
    writable: mask,
    read: ({ state }) => state.pmpaddr[index],
    write: (c, value) => {
      if (pmpLocked(c.state, index)) return;
      c.state.pmpaddr[index] = value & mask;
      c.protect();
    },
  };
}

/** RV64 with A, C, I, M, S and U; fixed. */
const MISA = (2n << 62n) | [..."ACIMSU"].reduce(
  (bits, letter) => bits | 1n << BigInt(letter.charCodeAt(0) - 65),
  0n,
);

/** All CSRs of the machine. */
export const CSR_ROWS: readonly CsrRow[] = [
  // Unprivileged counters.
  userCounter("cycle", (c) => counter(c, "cycle")),
  userCounter("time", (c) => BigInt(c.time)),
  userCounter("instret", (c) => counter(c, "instret")),
  ...counters("hpmcounter").map((name) => userCounter(name, () => 0n)),

  // Supervisor.
  {
    ...named("sstatus"),
    writable: BigInt(SSTATUS_WRITABLE),
    read: ({ mstatus }) => BigInt(mstatus & SSTATUS_WRITABLE) | SSTATUS_FIXED,
    write: (c, value) => writeStatus(c, value, SSTATUS_WRITABLE),
  },
  sie,
  kept("stvec", TVEC_MASK),
  small("scounteren", -1),
  stored("senvcfg", 1n),
  kept("sscratch"),
  kept("sepc", EPC_MASK),
  kept("scause"),
  kept("stval"),
  sip,
  {
    ...timed("stimecmp", ALL),
    // Sstc: from S-mode it needs menvcfg.STCE and mcounteren.TM.
    allowed: ({ mode, sstc, state }) => mode === 3 || (sstc && (state.mcounteren & 2) !== 0),
  },
  {
    ...named("satp"),
    writable: ALL,
    read: (c) => c.satp,
    write: (c, value) => {
      c.satp = value;
    },
    allowed: ({ mode, mstatus }) => mode === 3 || (mstatus & MSTATUS.TVM) === 0,
  },

  // Machine.
  fixed("mvendorid"),
  fixed("marchid"),
  fixed("mimpid"),
  { ...named("mhartid"), writable: 0n, read: (c) => BigInt(c.hartid) },
  fixed("mconfigptr"),
  {
    ...named("mstatus"),
    writable: BigInt(MSTATUS_WRITABLE),
    read: ({ mstatus }) => BigInt(mstatus >>> 0) | MSTATUS_FIXED,
    write: (c, value) => writeStatus(c, value, MSTATUS_WRITABLE),
  },
  fixed("misa", MISA),
  small("medeleg", DELEGABLE),
  small("mideleg", S_IRQS),
  small("mie", ALL_IRQS),
  stored("mtvec", TVEC_MASK),
  small("mcounteren", -1),
  timed("menvcfg", STCE | 1n),
  {
    ...named("mcountinhibit"),
    writable: 5n,
    read: ({ state }) => BigInt(state.mcountinhibit),
    write: (c, value) => {
      const next = Number(value & 5n), old = c.state.mcountinhibit;
      for (const [field, bit] of [["cycle", 1], ["instret", 4]] as const) {
        if ((next & bit) === (old & bit)) continue;
        // What a held counter keeps is its value; what a running one keeps is its lead over
        // `retired`.
        const retired = BigInt(c.retired);
        const lead = c.state[field] + ((next & bit) !== 0 ? retired : -retired - 1n);
        c.state[field] = BigInt.asUintN(64, lead);
      }
      c.state.mcountinhibit = next;
    },
  },
  stored("mscratch"),
  stored("mepc", EPC_MASK),
  stored("mcause"),
  stored("mtval"),
  {
    ...named("mip"),
    writable: BigInt(S_IRQS),
    read: (c) => BigInt(pendingInterrupts(c)),
    // "Only the software-writable SEIP bit participates in the read-modify-write sequence".
    modify: (c) => BigInt((pendingInterrupts(c) & ~IRQ.SEI) | (c.state.mip & IRQ.SEI)),
    write: ({ sstc, state }, value) => {
      const mask = sstc ? S_IRQS & ~IRQ.STI : S_IRQS;
      state.mip = (state.mip & ~mask) | (Number(value & 0xffffn) & mask);
    },
  },
  ...Array.from({ length: 8 }, (_, i) => pmpcfg(i)),
  ...Array.from({ length: 64 }, (_, i) => pmpaddr(i)),
  machineCounter("mcycle", "cycle"),
  machineCounter("minstret", "instret"),
  ...[...counters("mhpmcounter"), ...counters("mhpmevent")].map((name) => fixed(name)),

  // Debug triggers: none are there; tdata1 of type 0 says so.
  ...["tselect", "tdata1", "tdata2", "tdata3"].map((name) => fixed(name)),
];
