/**
 * The control and status registers: one row each, with its number, name, the bits that software can
 * change, and how it is read and written. Numbers carry the lowest privilege (bits 9:8) and
 * "read-only" (bits 11:10 are 11), so rows do not repeat them.
 *
 * @module
 */

import { ALL_IRQS, type CsrState, IRQ, type Mode, MSTATUS, S_IRQS } from "./csr_state.ts";

/** What a row can see of the machine. */
export interface CsrContext {
  /** Contents of the registers. */
  readonly state: CsrState;
  /** The mode the access comes from. */
  readonly mode: Mode;
  /** Instructions retired before this one. */
  readonly retired: number;
  /** mtime. */
  readonly time: number;
  /** Interrupt bits that hardware drives: MSIP, MTIP, MEIP, SEIP; STIP when stimecmp is used. */
  readonly lines: number;
  /** The MMU's register. */
  satp: bigint;
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

/** A register that keeps the bits of `mask`. */
function stored(number: number, name: BigField, mask = ALL): CsrRow {
  return {
    number,
    name,
    writable: mask,
    read: ({ state }) => state[name],
    write: ({ state }, value) => {
      state[name] = (state[name] & ~mask) | (value & mask);
    },
  };
}

/** The same for a register whose bits all lie in the low 32. */
function small(number: number, name: NumberField, mask: number): CsrRow {
  return {
    number,
    name,
    writable: BigInt(mask >>> 0),
    read: ({ state }) => BigInt(state[name] >>> 0),
    write: ({ state }, value) => {
      state[name] = (Number(value & 0xffff_ffffn) & mask) >>> 0;
    },
  };
}

/** A register that always reads the same; writes are ignored unless its number is read-only. */
function fixed(number: number, name: string, value = 0n): CsrRow {
  const row = { number, name, writable: 0n, read: () => value };
  return number >> 10 === 3 ? row : { ...row, write: () => {} };
}

/** Several {@link fixed} ones that read zero. */
function zeros(first: number, count: number, name: (i: number) => string): CsrRow[] {
  return Array.from({ length: count }, (_, i) => fixed(first + i, name(i)));
}

const MSTATUS_WRITABLE = MSTATUS.SIE | MSTATUS.MIE | MSTATUS.SPIE | MSTATUS.MPIE | MSTATUS.SPP |
  MSTATUS.MPP | MSTATUS.MPRV | MSTATUS.SUM | MSTATUS.MXR | MSTATUS.TVM | MSTATUS.TW | MSTATUS.TSR;
const SSTATUS_WRITABLE = MSTATUS.SIE | MSTATUS.SPIE | MSTATUS.SPP | MSTATUS.SUM | MSTATUS.MXR;
/** SXL = UXL = 2: 64 bits, fixed. */
const MSTATUS_FIXED = 0xa_0000_0000n;
const SSTATUS_FIXED = 0x2_0000_0000n;

function writeStatus(state: CsrState, value: bigint, mask: number): void {
  let next = (state.mstatus & ~mask) | (Number(value & 0xffff_ffffn) & mask);
  // MPP is WARL: 2 is no privilege mode, and the old value stays.
  if ((next & MSTATUS.MPP) === 2 << 11) {
    next = (next & ~MSTATUS.MPP) | (state.mstatus & MSTATUS.MPP);
  }
  state.mstatus = next;
}

/** mip: what software set and what hardware drives; with Sstc in use STIP is the timer's alone. */
export function pendingInterrupts(c: CsrContext): number {
  const software = sstc(c.state) ? c.state.mip & ~IRQ.STI : c.state.mip;
  return software | c.lines;
}

/** menvcfg.STCE: stimecmp is in use. */
export function sstc(state: CsrState): boolean {
  return state.menvcfg >> 63n === 1n;
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

function machineCounter(number: number, name: string, field: "cycle" | "instret"): CsrRow {
  return {
    number,
    name,
    writable: ALL,
    read: (c) => counter(c, field),
    write: (c, value) => setCounter(c, field, value),
  };
}

function userCounter(
  number: number,
  name: string,
  bit: number,
  read: (c: CsrContext) => bigint,
): CsrRow {
  return { number, name, writable: 0n, read, allowed: (c) => counterEnabled(c, bit) };
}

/** A trap vector: base 4-aligned, mode 0 direct or 1 vectored. */
const TVEC_MASK = ALL & ~2n;
/** A trap's pc: 2-aligned, as C is there. */
const EPC_MASK = ALL & ~1n;
/** Exceptions that can be delegated: all but the reserved ones and the call from M-mode. */
const DELEGABLE = 0xb3ff;

/** Supervisor views of mie and mip show and change the delegated interrupts only. */
const sie: CsrRow = {
  number: 0x104,
  name: "sie",
  writable: BigInt(S_IRQS),
  read: ({ state }) => BigInt(state.mie & state.mideleg),
  write: ({ state }, value) => {
    const mask = state.mideleg;
    state.mie = (state.mie & ~mask) | (Number(value & 0xffffn) & mask);
  },
};
const sip: CsrRow = {
  number: 0x144,
  name: "sip",
  writable: BigInt(IRQ.SSI),
  read: (c) => BigInt(pendingInterrupts(c) & c.state.mideleg),
  write: ({ state }, value) => {
    const mask = IRQ.SSI & state.mideleg;
    state.mip = (state.mip & ~mask) | (Number(value & 0xffffn) & mask);
  },
};

function pmpcfg(index: number): CsrRow {
  return {
    number: 0x3a0 + 2 * index,
    name: `pmpcfg${2 * index}`,
    writable: 0x9f9f_9f9f_9f9f_9f9fn,
    read: ({ state }) => state.pmpcfg[index],
    write: ({ state }, value) => {
      let next = 0n;
      for (let i = 0n; i < 64n; i += 8n) {
        const old = (state.pmpcfg[index] >> i) & 0xffn;
        let byte = (value >> i) & 0x9fn;
        // A locked entry (L) ignores writes; R=0 with W=1 is reserved.
        if ((old & 0x80n) !== 0n || (byte & 3n) === 2n) byte = old;
        next |= byte << i;
      }
      state.pmpcfg[index] = next;
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
    number: 0x3b0 + index,
    name: `pmpaddr${index}`,
    writable: mask,
    read: ({ state }) => state.pmpaddr[index],
    write: ({ state }, value) => {
      if (!pmpLocked(state, index)) state.pmpaddr[index] = value & mask;
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
  userCounter(0xc00, "cycle", 0, (c) => counter(c, "cycle")),
  userCounter(0xc01, "time", 1, (c) => BigInt(c.time)),
  userCounter(0xc02, "instret", 2, (c) => counter(c, "instret")),
  ...Array.from(
    { length: 29 },
    (_, i) => userCounter(0xc03 + i, `hpmcounter${i + 3}`, i + 3, () => 0n),
  ),

  // Supervisor.
  {
    number: 0x100,
    name: "sstatus",
    writable: BigInt(SSTATUS_WRITABLE),
    read: ({ state }) => BigInt(state.mstatus & SSTATUS_WRITABLE) | SSTATUS_FIXED,
    write: ({ state }, value) => writeStatus(state, value, SSTATUS_WRITABLE),
  },
  sie,
  stored(0x105, "stvec", TVEC_MASK),
  small(0x106, "scounteren", -1),
  stored(0x10a, "senvcfg", 1n),
  stored(0x140, "sscratch"),
  stored(0x141, "sepc", EPC_MASK),
  stored(0x142, "scause"),
  stored(0x143, "stval"),
  sip,
  {
    ...stored(0x14d, "stimecmp"),
    // Sstc: from S-mode it needs menvcfg.STCE and mcounteren.TM.
    allowed: ({ mode, state }) => mode === 3 || (sstc(state) && (state.mcounteren & 2) !== 0),
  },
  {
    number: 0x180,
    name: "satp",
    writable: ALL,
    read: (c) => c.satp,
    write: (c, value) => {
      c.satp = value;
    },
    allowed: ({ mode, state }) => mode === 3 || (state.mstatus & MSTATUS.TVM) === 0,
  },

  // Machine.
  fixed(0xf11, "mvendorid"),
  fixed(0xf12, "marchid"),
  fixed(0xf13, "mimpid"),
  fixed(0xf14, "mhartid"),
  fixed(0xf15, "mconfigptr"),
  {
    number: 0x300,
    name: "mstatus",
    writable: BigInt(MSTATUS_WRITABLE),
    read: ({ state }) => BigInt(state.mstatus >>> 0) | MSTATUS_FIXED,
    write: ({ state }, value) => writeStatus(state, value, MSTATUS_WRITABLE),
  },
  fixed(0x301, "misa", MISA),
  small(0x302, "medeleg", DELEGABLE),
  small(0x303, "mideleg", S_IRQS),
  small(0x304, "mie", ALL_IRQS),
  stored(0x305, "mtvec", TVEC_MASK),
  small(0x306, "mcounteren", -1),
  stored(0x30a, "menvcfg", (1n << 63n) | 1n),
  {
    number: 0x320,
    name: "mcountinhibit",
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
  stored(0x340, "mscratch"),
  stored(0x341, "mepc", EPC_MASK),
  stored(0x342, "mcause"),
  stored(0x343, "mtval"),
  {
    number: 0x344,
    name: "mip",
    writable: BigInt(S_IRQS),
    read: (c) => BigInt(pendingInterrupts(c)),
    // "Only the software-writable SEIP bit participates in the read-modify-write sequence".
    modify: (c) => BigInt((pendingInterrupts(c) & ~IRQ.SEI) | (c.state.mip & IRQ.SEI)),
    write: ({ state }, value) => {
      const mask = sstc(state) ? S_IRQS & ~IRQ.STI : S_IRQS;
      state.mip = (state.mip & ~mask) | (Number(value & 0xffffn) & mask);
    },
  },
  ...Array.from({ length: 8 }, (_, i) => pmpcfg(i)),
  ...Array.from({ length: 64 }, (_, i) => pmpaddr(i)),
  machineCounter(0xb00, "mcycle", "cycle"),
  machineCounter(0xb02, "minstret", "instret"),
  ...zeros(0xb03, 29, (i) => `mhpmcounter${i + 3}`),
  ...zeros(0x323, 29, (i) => `mhpmevent${i + 3}`),

  // Debug triggers: none are there; tdata1 of type 0 says so.
  ...zeros(0x7a0, 4, (i) => ["tselect", "tdata1", "tdata2", "tdata3"][i]),
];
