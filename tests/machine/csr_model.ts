/**
 * A hart in S-mode without paging, written a second time and plainly from the manual's sentences:
 * the CSRs that supervisors have, interrupts, exceptions and sret, a few plain instructions. The
 * oracle for what the engine does with them.
 */

import { csrNumbers } from "../../src/vm/machine/isa/csr_names.ts";

/** An instruction of the model's programs. */
export interface ModelInstruction {
  readonly name: string;
  readonly rd: number;
  readonly rs1: number;
  /** Immediate; of CSR instructions the CSR's number. */
  readonly imm: number;
  /** Its encoding, which is the trap value when it is illegal. */
  readonly word: number;
}

const U64 = 2n ** 64n - 1n;
const SIE = 1n << 1n, SPIE = 1n << 5n, SPP = 1n << 8n, TVM = 1n << 20n;
/** SIE, SPIE, SPP, SUM, MXR. */
const SEEN = SIE | SPIE | SPP | 1n << 18n | 1n << 19n;
const SSI = 1n << 1n, STI = 1n << 5n, SEI = 1n << 9n;
/** "SEI, SSI, STI": the order in which they are taken, by number. */
const ORDER = [9n, 1n, 5n];
const ILLEGAL = 2n;

const [
  SSTATUS,
  SIE_CSR,
  STVEC,
  SSCRATCH,
  SEPC,
  SCAUSE,
  STVAL,
  SIP,
  STIMECMP,
  SATP,
] = csrNumbers(
  "sstatus",
  "sie",
  "stvec",
  "sscratch",
  "sepc",
  "scause",
  "stval",
  "sip",
  "stimecmp",
  "satp",
);
/** The CSRs that the model has. */
export const MODEL_CSRS: readonly number[] = [
  SSTATUS,
  SIE_CSR,
  STVEC,
  SSCRATCH,
  SEPC,
  SCAUSE,
  STVAL,
  SIP,
  STIMECMP,
  SATP,
];

/** One hart, always in S-mode, with all interrupts and illegal instructions delegated. */
export class ModelHart {
  readonly x: bigint[] = new Array(32).fill(0n);
  pc = 0n;
  mstatus = 0n;
  sie = 0n;
  /** SSIP and SEIP, as software has set them. */
  pending = 0n;
  stimecmp = U64;
  /** stvec, sscratch, sepc, scause, stval, satp by number. */
  readonly kept = new Map<number, bigint>(
    [STVEC, SSCRATCH, SEPC, SCAUSE, STVAL, SATP].map((number) => [number, 0n]),
  );
  retired = 0;

  /** `ticks`: instructions in one tick of time; 0 when time stands. */
  constructor(readonly code: ReadonlyMap<bigint, ModelInstruction>, readonly ticks: number) {}

  /** sip: what is pending. */
  get sip(): bigint {
    const now = this.ticks === 0 ? 0n : BigInt(Math.floor(this.retired / this.ticks));
    return this.pending | (now >= this.stimecmp ? STI : 0n);
  }

  /** What a CSR reads. */
  read(number: number): bigint {
    if (number === SSTATUS) return (this.mstatus & SEEN) | 2n << 32n;
    if (number === SIE_CSR) return this.sie;
    if (number === SIP) return this.sip;
    if (number === STIMECMP) return this.stimecmp;
    return this.kept.get(number)!;
  }

  #write(number: number, value: bigint): void {
    if (number === SSTATUS) this.mstatus = (this.mstatus & ~SEEN) | (value & SEEN);
    else if (number === SIE_CSR) this.sie = value & (SSI | STI | SEI);
    else if (number === SIP) this.pending = (this.pending & ~SSI) | (value & SSI);
    else if (number === STIMECMP) this.stimecmp = value;
    else if (number === STVEC) this.kept.set(number, value & ~2n);
    else if (number === SEPC) this.kept.set(number, value & ~1n);
    else if (number !== SATP || value >> 60n === 0n) this.kept.set(number, value);
  }

  /** Takes an interrupt that is ready. A run that ends here leaves it to the next. */
  interrupt(): boolean {
    const ready = this.sip & this.sie;
    if (ready === 0n || (this.mstatus & SIE) === 0n) return false;
    this.#trap(ORDER.find((number) => (ready >> number & 1n) === 1n)!, true, 0n);
    return true;
  }

  #trap(cause: bigint, interrupt: boolean, value: bigint): void {
    this.kept.set(SEPC, this.pc);
    this.kept.set(SCAUSE, interrupt ? 1n << 63n | cause : cause);
    this.kept.set(STVAL, value);
    const on = (this.mstatus & SIE) !== 0n;
    this.mstatus = (this.mstatus & ~(SIE | SPIE)) | SPP | (on ? SPIE : 0n);
    const vector = this.kept.get(STVEC)!;
    this.pc = (vector & ~3n) + (interrupt && (vector & 1n) === 1n ? 4n * cause : 0n);
  }

  #set(rd: number, value: bigint): void {
    if (rd !== 0) this.x[rd] = value & U64;
  }

  /** Executes instructions until so many more have retired. */
  run(count: number): void {
    for (const end = this.retired + count; this.retired < end;) {
      this.interrupt();
      this.#step(this.code.get(this.pc)!);
    }
  }

  #step({ name, rd, rs1, imm, word }: ModelInstruction): void {
    if (name.startsWith("csr")) {
      if (!this.#csr(name, rd, rs1, imm)) {
        this.#trap(ILLEGAL, false, BigInt(word >>> 0));
        return;
      }
      this.pc += 4n;
    } else if (name === "addi") {
      this.#set(rd, this.x[rs1] + BigInt(imm));
      this.pc += 4n;
    } else if (name === "jal") {
      this.#set(rd, this.pc + 4n);
      this.pc += BigInt(imm);
    } else if (name === "sret") {
      const on = (this.mstatus & SPIE) !== 0n;
      this.mstatus = (this.mstatus & ~(SIE | SPP)) | SPIE | (on ? SIE : 0n);
      this.pc = this.kept.get(SEPC)!;
    } else throw new Error(`the model has no ${name}`);
    this.retired++;
  }

  #csr(name: string, rd: number, rs1: number, number: number): boolean {
    if (!MODEL_CSRS.includes(number)) return false;
    if (number === SATP && (this.mstatus & TVM) !== 0n) return false;
    const operand = name.endsWith("i") ? BigInt(rs1) : this.x[rs1];
    const old = this.read(number);
    if (name.startsWith("csrrw")) this.#write(number, operand);
    else if (rs1 !== 0) {
      this.#write(number, name.startsWith("csrrs") ? old | operand : old & ~operand);
    }
    this.#set(rd, old);
    return true;
  }
}
