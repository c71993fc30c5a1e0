/**
 * The SYSTEM instructions: CSR reads and writes with their checks, ecall, ebreak, xRET, WFI,
 * sfence.vma, and fence.i. Each is one call from the interpreter.
 *
 * @module
 */

import { DONE, DONE_STOP, RETRY, TRAPPED } from "../engine/host.ts";
import { csrNumbers } from "../isa/csr_names.ts";
import { KEPT, SATP } from "../layout.ts";
import type { Mmu } from "../mmu.ts";
import { CAUSE } from "../cause.ts";
import { SSTATUS_HIGH, SSTATUS_WRITABLE } from "./csr_rows.ts";
import { MSTATUS } from "./csr_state.ts";
import type { Hart } from "./hart.ts";
import { interruptible, returnFrom, takeable } from "./trap.ts";

const ECALL = 0x0000_0073;
const EBREAK = 0x0010_0073;
const SRET = 0x1020_0073;
const MRET = 0x3020_0073;
const WFI = 0x1050_0073;
const MISC_MEM = 0x0f;

/** CSRs whose write can change what is translated how, or protected. */
const TRANSLATION = new Set(csrNumbers(
  "sstatus",
  "satp",
  "mstatus",
  ...Array.from({ length: 8 }, (_, i) => `pmpcfg${2 * i}`),
  ...Array.from({ length: 64 }, (_, i) => `pmpaddr${i}`),
));
/** CSRs whose write can make an interrupt ready. */
const READINESS = new Set(
  csrNumbers("sstatus", "sie", "sip", "mstatus", "mideleg", "mie", "mip"),
);
/** CSRs whose write can move the next timer, for which the run has been cut to length. */
const TIMING = new Set(csrNumbers("sie", "stimecmp", "mie", "menvcfg"));

/** CSRs that change by themselves, and so tell a loop more than memory does. */
const MOVING = new Set(csrNumbers(
  "cycle",
  "time",
  "instret",
  "mcycle",
  "minstret",
  "mip",
  "sip",
));
/** The CSRs that a loop may write and still only spin: what they hold is compared, see `Moment`. */
const COMPARED = new Set(csrNumbers("sstatus", "mstatus", ...Object.keys(KEPT)));

const [SSTATUS, SATP_NUMBER] = csrNumbers("sstatus", "satp");
/** Bits of sstatus that have to do with translation. */
const TRANSLATING = MSTATUS.SUM | MSTATUS.MXR;

/** Executes one SYSTEM instruction or fence.i; answers as `EngineHost.system`. */
export function executeSystem(hart: Hart, mmu: Mmu, word: number): number {
  // fence.i: decoded code follows every store by itself.
  if ((word & 0x7f) === MISC_MEM) return RETRY;
  const operation = (word >>> 12) & 7;
  if (operation !== 0) return executeCsr(hart, word, operation);
  switch (word) {
    case ECALL:
      return raise(hart, CAUSE.ecallU + hart.mode, 0n);
    case EBREAK:
      return raise(hart, CAUSE.breakpoint, hart.pc);
    case MRET:
      return hart.mode === 3 ? leave(hart, 3) : illegal(hart, word);
    case SRET:
      return hart.mode === 0 || trapped(hart, MSTATUS.TSR) ? illegal(hart, word) : leave(hart, 1);
    case WFI:
      if (hart.mode === 0 || trapped(hart, MSTATUS.TW)) return illegal(hart, word);
      hart.registers.advance(4);
      hart.life++;
      hart.waiting = true;
      hart.onlooker?.waits(hart);
      return DONE_STOP;
  }
  if (word >>> 25 === 0x09 && ((word >>> 7) & 31) === 0) {
    if (hart.mode === 0 || trapped(hart, MSTATUS.TVM)) return illegal(hart, word);
    hart.life++;
    const rs1 = (word >>> 15) & 31, rs2 = (word >>> 20) & 31;
    const address = rs1 === 0 ? undefined : hart.registers.xs[rs1];
    const asid = rs2 === 0 ? undefined : Number(hart.registers.xs[rs2] & 0xffffn);
    mmu.sfence(address as Parameters<Mmu["sfence"]>[0], asid);
    hart.onlooker?.fence(hart, address, asid);
    hart.registers.advance(4);
    return DONE;
  }
  return illegal(hart, word);
}

/** TVM, TW and TSR trap S-mode only. */
function trapped(hart: Hart, bit: number): boolean {
  return hart.mode === 1 && (hart.mstatus & bit) !== 0;
}

function raise(hart: Hart, cause: number, value: bigint): number {
  hart.registers.raise(cause, value);
  return TRAPPED;
}

/** Illegal instruction, with the encoding as the trap value. */
function illegal(hart: Hart, word: number): number {
  return raise(hart, CAUSE.illegal, BigInt(word >>> 0));
}

function leave(hart: Hart, level: 1 | 3): number {
  returnFrom(hart, level);
  return hart.ready && (takeable(hart) >= 0 || yielding(hart)) ? DONE_STOP : DONE;
}

/** Whether the hart's turn ends here; see {@link Hart.yields}. */
function yielding(hart: Hart): boolean {
  return hart.yields && interruptible(hart);
}

function executeCsr(hart: Hart, word: number, operation: number): number {
  const number = word >>> 20, rd = (word >>> 7) & 31, source = (word >>> 15) & 31;
  const kind = operation & 3; // 1 write, 2 set, 3 clear
  // "For both CSRRS and CSRRC, if rs1=x0, then the instruction will not write to the CSR at all".
  const writes = kind === 1 || source !== 0;
  if (number === SSTATUS && hart.mode === 1 && kind !== 0) {
    return executeStatus(hart, kind, rd, source, (operation & 4) !== 0);
  }
  if (number === SATP_NUMBER && operation === 1 && hart.mode === 1) {
    return trapped(hart, MSTATUS.TVM) ? illegal(hart, word) : writeSatp(hart, rd, source);
  }
  const row = hart.csrRow(number);
  if (
    kind === 0 || row === undefined || ((number >>> 8) & 3) > hart.mode ||
    (writes && row.write === undefined) || (row.allowed !== undefined && !row.allowed(hart))
  ) {
    return illegal(hart, word);
  }
  if (writes ? !COMPARED.has(number) : MOVING.has(number)) hart.life++;
  const operand = (operation & 4) !== 0 ? BigInt(source) : hart.registers.xs[source];
  const old = row.read(hart);
  if (writes && row.write !== undefined) {
    const base = kind === 1 || row.modify === undefined ? old : row.modify(hart);
    row.write(hart, kind === 1 ? operand : kind === 2 ? base | operand : base & ~operand);
    if (rd !== 0) hart.registers.xs[rd] = old;
    return afterWrite(hart, number);
  }
  if (rd !== 0) hart.registers.xs[rd] = old;
  return RETRY;
}

/**
 * sstatus from S-mode, as its row and {@link afterWrite} would have it, in halves of registers: what
 * engine/csr_code.ts leaves to the host. Both do the same.
 */
function executeStatus(
  hart: Hart,
  kind: number,
  rd: number,
  source: number,
  immediate: boolean,
): number {
  const { registers } = hart;
  const { words } = registers;
  const before = registers.mstatus;
  const old = before & SSTATUS_WRITABLE;
  const operand = immediate ? source : words[2 * source];
  const wanted = kind === 1 ? operand : kind === 2 ? old | operand : old & ~operand;
  const after = (before & ~SSTATUS_WRITABLE) | (wanted & SSTATUS_WRITABLE);
  registers.mstatus = after;
  if (rd !== 0) {
    words[2 * rd] = old;
    words[2 * rd + 1] = SSTATUS_HIGH;
  }
  const changed = before ^ after;
  const translation = (changed & TRANSLATING) !== 0;
  if (translation) hart.selectBanks();
  // What is ready while interrupts are on has been taken: only turning them on can make a change.
  const on = (changed & after & MSTATUS.SIE) !== 0;
  const ready = on && hart.ready && (takeable(hart) >= 0 || yielding(hart));
  if (!ready && !translation) return RETRY;
  registers.advance(4);
  return ready ? DONE_STOP : DONE;
}

/** csrrw of satp from S-mode, as its row and {@link afterWrite} would have it, in halves. */
function writeSatp(hart: Hart, rd: number, source: number): number {
  const { registers } = hart;
  const { words, header } = registers;
  const low = words[2 * source], high = words[2 * source + 1];
  if (rd !== 0) {
    words[2 * rd] = header[SATP / 4];
    words[2 * rd + 1] = header[SATP / 4 + 1];
  }
  hart.life++;
  hart.setSatp(low, high);
  registers.advance(4);
  return DONE;
}

function afterWrite(hart: Hart, number: number): number {
  const translation = TRANSLATION.has(number);
  if (translation) hart.selectBanks();
  const readiness = READINESS.has(number);
  if (readiness) hart.noteReady();
  const ready = readiness && (takeable(hart) >= 0 || yielding(hart));
  if (ready || TIMING.has(number)) {
    hart.registers.advance(4);
    return DONE_STOP;
  }
  if (!translation) return RETRY;
  hart.registers.advance(4);
  return DONE;
}
