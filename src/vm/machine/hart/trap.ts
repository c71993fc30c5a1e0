/**
 * Traps: delivery to M or S by the delegation registers, interrupts by priority, and the way back
 * by mret and sret. Privileged specification, "Trap-Handling", mstatus and mideleg sections.
 *
 * @module
 */

import { KEPT, PC, TRAP_VALUE } from "../layout.ts";
import { IRQ, type Mode, MSTATUS, previousMode } from "./csr_state.ts";
import type { Hart } from "./hart.ts";

/**
 * "Multiple simultaneous interrupts destined for M-mode are handled in the following decreasing
 * priority order: MEI, MSI, MTI, SEI, SSI, STI."
 */
const PRIORITY = [11, 3, 7, 9, 1, 5] as const;

/** In the upper half of a cause. */
const INTERRUPT = 0x8000_0000;

/**
 * Takes a trap: pc must be the address to return to. An exception's value is that of the raised
 * trap.
 */
export function deliver(hart: Hart, cause: number, interrupt: boolean): void {
  const { state, mode, registers, onlooker } = hart;
  hart.life++;
  const epc = onlooker === undefined ? 0n : hart.pc;
  const delegated = (interrupt ? state.mideleg : state.medeleg) >>> cause & 1;
  // "Traps never transition from a more-privileged mode to a less-privileged mode."
  if (mode <= 1 && delegated === 1) {
    const { header } = registers;
    header[KEPT.scause / 4] = cause;
    header[KEPT.scause / 4 + 1] = interrupt ? INTERRUPT : 0;
    registers.copy(PC, KEPT.sepc);
    if (interrupt) registers.keep("stval", 0n);
    else registers.copy(TRAP_VALUE, KEPT.stval);
    hart.mstatus = moveBit(hart.mstatus, MSTATUS.SIE, MSTATUS.SPIE) & ~MSTATUS.SIE;
    hart.mstatus = mode === 1 ? hart.mstatus | MSTATUS.SPP : hart.mstatus & ~MSTATUS.SPP;
    hart.mode = 1;
    registers.copy(KEPT.stvec, PC);
  } else {
    state.mcause = BigInt(cause) | (interrupt ? BigInt(INTERRUPT) << 32n : 0n);
    state.mepc = hart.pc;
    state.mtval = interrupt ? 0n : registers.trapValue;
    hart.mstatus = moveBit(hart.mstatus, MSTATUS.MIE, MSTATUS.MPIE) & ~MSTATUS.MIE;
    hart.mstatus = (hart.mstatus & ~MSTATUS.MPP) | (mode << 11);
    hart.mode = 3;
    hart.pc = state.mtvec;
  }
  // Vectored: "asynchronous interrupts set pc to BASE+4×cause"; exceptions go to BASE.
  const vectored = interrupt && (registers.pcLow & 1) === 1;
  registers.advance((vectored ? 4 * cause : 0) - (registers.pcLow & 3));
  if (onlooker === undefined) return;
  const value = interrupt ? 0n : registers.trapValue;
  onlooker.trap({ hart, cause, interrupt, value, epc, from: mode });
}

/** `status` with the bit `to` set as the bit `from` is. */
function moveBit(status: number, from: number, to: number): number {
  return (status & from) !== 0 ? status | to : status & ~to;
}

/** The interrupts that mode and mstatus let through now: for M-mode, and for S-mode. */
function enabled({ state, mode, mstatus }: Hart): { machine: number; supervisor: number } {
  // "An interrupt i will trap to M-mode if: (a) either the current privilege mode is M and MIE is
  // set, or the current privilege mode has less privilege than M-mode; (b) bit i is set in both mip
  // and mie; (c) bit i is not set in mideleg."
  const machine = mode < 3 || (mstatus & MSTATUS.MIE) !== 0 ? ~state.mideleg : 0;
  const supervisor = mode < 1 || (mode === 1 && (mstatus & MSTATUS.SIE) !== 0) ? state.mideleg : 0;
  return { machine, supervisor };
}

/** The same, as bits of mip. */
export function enabledInterrupts(hart: Hart): number {
  const { machine, supervisor } = enabled(hart);
  return machine | supervisor;
}

/** Whether the mode's own interrupts are on, as they are outside of all spinlocks. */
export function interruptible({ mode, mstatus }: Hart): boolean {
  const enable = mode === 3 ? MSTATUS.MIE : mode === 1 ? MSTATUS.SIE : 0;
  return enable === 0 || (mstatus & enable) !== 0;
}

/** The interrupt that would be taken now (its number in mcause), or -1. */
export function takeable(hart: Hart): number {
  const { state } = hart;
  if (state.mie === 0) return -1;
  const pending = hart.pending & state.mie;
  if (pending === 0) return -1;
  const { machine, supervisor } = enabled(hart);
  const ready = (pending & machine) !== 0 ? pending & machine : pending & supervisor;
  if (ready === 0) return -1;
  return PRIORITY.find((number) => (ready >>> number & 1) === 1) ?? -1;
}

/** Takes the interrupt that is ready, if any; returns whether one was. */
export function takeInterrupt(hart: Hart): boolean {
  const number = takeable(hart);
  if (number < 0) return false;
  deliver(hart, number, true);
  return true;
}

/** mret and sret: "xRET sets the pc to the value stored in the xepc register". */
export function returnFrom(hart: Hart, level: 1 | 3): void {
  const { state } = hart;
  hart.life++;
  let mode: Mode;
  if (level === 3) {
    const previous = previousMode(hart.mstatus);
    mode = previous === 3 ? 3 : previous === 1 ? 1 : 0;
    hart.mstatus = moveBit(hart.mstatus, MSTATUS.MPIE, MSTATUS.MIE) | MSTATUS.MPIE;
    hart.mstatus &= ~MSTATUS.MPP;
    hart.pc = state.mepc;
  } else {
    mode = (hart.mstatus & MSTATUS.SPP) !== 0 ? 1 : 0;
    hart.mstatus = moveBit(hart.mstatus, MSTATUS.SPIE, MSTATUS.SIE) | MSTATUS.SPIE;
    hart.mstatus &= ~MSTATUS.SPP;
    hart.registers.copy(KEPT.sepc, PC);
  }
  // "An MRET or SRET instruction that changes the privilege mode to a mode less privileged than M
  // also sets MPRV=0."
  if (mode !== 3) hart.mstatus &= ~MSTATUS.MPRV;
  hart.mode = mode;
  hart.onlooker?.returned(hart, level);
}

/** Whether a waiting hart wakes: an interrupt is pending and enabled in mie, not in mstatus. */
export function wakes(hart: Hart): boolean {
  return (hart.pending & hart.state.mie) !== 0;
}

/** The timer interrupts that a run must stop for: enabled in mie and not yet pending. */
export function awaitedTimers({ state: { mie } }: Hart, pending: number): number {
  return mie & (IRQ.MTI | IRQ.STI) & ~pending;
}
