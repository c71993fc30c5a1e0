/**
 * The control and status registers' contents as plain data, and the names of their bits.
 *
 * @module
 */

/** Privilege modes: 0 user, 1 supervisor, 3 machine. */
export type Mode = 0 | 1 | 3;

/** Bits of mstatus (all that can change lie in the low 32). */
export const MSTATUS = {
  SIE: 1 << 1,
  MIE: 1 << 3,
  SPIE: 1 << 5,
  MPIE: 1 << 7,
  SPP: 1 << 8,
  MPP: 3 << 11,
  MPRV: 1 << 17,
  SUM: 1 << 18,
  MXR: 1 << 19,
  TVM: 1 << 20,
  TW: 1 << 21,
  TSR: 1 << 22,
} as const;

/** mstatus.MPP: the mode before a trap to M. */
export function previousMode(mstatus: number): number {
  return (mstatus >>> 11) & 3;
}

/** Interrupts: bits of mip and mie, numbered as in mcause. */
export const IRQ = {
  SSI: 1 << 1,
  MSI: 1 << 3,
  STI: 1 << 5,
  MTI: 1 << 7,
  SEI: 1 << 9,
  MEI: 1 << 11,
} as const;
/** The supervisor's interrupts. */
export const S_IRQS = IRQ.SSI | IRQ.STI | IRQ.SEI;
/** All interrupts. */
export const ALL_IRQS = S_IRQS | IRQ.MSI | IRQ.MTI | IRQ.MEI;

/**
 * Contents of the CSRs as plain data: at reset, when made. Numbers hold registers whose bits all
 * lie in the low 32. mstatus and the others that layout.ts names stand in linear memory.
 */
export class CsrState {
  medeleg = 0;
  mideleg = 0;
  mie = 0;
  /** The bits of mip that software sets: SSIP, STIP, SEIP. */
  mip = 0;
  mtvec = 0n;
  mepc = 0n;
  mcause = 0n;
  mtval = 0n;
  mscratch = 0n;
  mcounteren = 0;
  scounteren = 0;
  mcountinhibit = 0;
  menvcfg = 0n;
  senvcfg = 0n;
  stimecmp = 0xffff_ffff_ffff_ffffn;
  /** What mcycle and minstret are ahead of the retired instructions; inhibited, their value. */
  cycle = 0n;
  instret = 0n;
  /** pmpcfg0, 2, … 14 and pmpaddr0…63; see {@link Pmp}. */
  readonly pmpcfg: bigint[] = new Array(8).fill(0n);
  readonly pmpaddr: bigint[] = new Array(64).fill(0n);
}
