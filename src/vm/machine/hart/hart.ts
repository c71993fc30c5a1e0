/**
 * One hart: registers, privilege mode, CSRs. Its registers stand in the linear memory while it runs,
 * and in a buffer of its own while another one does.
 *
 * @module
 */

import type { Va } from "../address.ts";
import type { Clock } from "../clock.ts";
import { registerNumber } from "../isa/register_names.ts";
import type { Mmu } from "../mmu.ts";
import type { Onlooker } from "../probes.ts";
import { type Saved, Saver } from "../saver.ts";
import {
  CSR_ROWS,
  type CsrContext,
  type CsrRow,
  pendingInterrupts,
  supervisorTimer,
} from "./csr_rows.ts";
import { CSRS_OPEN, HART_END, INTERRUPT_READY, MODE, PC, RESERVATION } from "../layout.ts";
import { CsrState, IRQ, type Mode } from "./csr_state.ts";
import { Registers } from "./registers.ts";

const BY_NUMBER = new Map(CSR_ROWS.map((row) => [row.number, row]));
const BY_NAME = new Map(CSR_ROWS.map((row) => [row.name, row]));

/** A hart's state beside the linear memory, as plain data. */
export interface HartState {
  /** Privilege mode. */
  readonly mode: Mode;
  /** Contents of the CSRs. */
  readonly csrs: Saved<CsrState>;
  /** The hart is in WFI. */
  readonly waiting: boolean;
  /** Instructions that it has retired. */
  readonly retired: number;
  /** Its signs of life. */
  readonly life: number;
}

/** A hart. It is its own {@link CsrContext}. */
export class Hart implements CsrContext {
  /** Its number: mhartid. */
  readonly hartid: number;
  /** x0–x31, pc, S-mode's CSRs. Another object when the hart begins or ends to run. */
  registers: Registers;
  /** Address translation. */
  readonly mmu: Mmu;
  /** Contents of the CSRs; to be changed through {@link Hart.writeCsr}. */
  state: CsrState = new CsrState();
  /** The hart executed WFI and nothing has woken it. */
  waiting = false;
  /** Its turn is over as soon as it can take interrupts. */
  yields = false;
  /** It has stored to a device, by which others may have an interrupt; the machine asks at once. */
  stored = false;
  /**
   * Counts its signs of life, which tell a hart that works from one that spins: traps, xRET, WFI,
   * fences, devices, clocks, CSRs but for those that are compared with what they were (spin_state.ts).
   */
  life = 0;
  /** Who is told what it does, see probes.ts; nobody as a rule. */
  onlooker: Required<Onlooker> | undefined;
  #mode: Mode = 3;
  #timer: number | undefined = undefined;
  #retired = 0;
  readonly #live: Registers;
  readonly #stored = new Registers();
  readonly #clock: Clock;
  readonly #pins: () => number;
  readonly #saver = new Saver();

  /**
   * A hart at reset, which does not run: M-mode, pc 0.
   *
   * @param hartid Its number.
   * @param live The registers in linear memory, of the hart that runs.
   * @param mmu Its MMU.
   * @param clock The machine's clock.
   * @param pins Gives its MSIP, MTIP, MEIP and SEIP as bits of mip.
   */
  constructor(hartid: number, live: Registers, mmu: Mmu, clock: Clock, pins: () => number) {
    this.hartid = hartid;
    this.#live = live;
    this.registers = this.#stored;
    this.mmu = mmu;
    this.#clock = clock;
    this.#pins = pins;
    this.#useRegisters(this.#stored);
    this.selectBanks();
  }

  #useRegisters(registers: Registers): void {
    this.registers = registers;
    this.mmu.registers = registers;
  }

  /**
   * The hart runs from now on, after {@link Hart.leave} of the one before. Its reservation is gone:
   * what others stored since is not known, and a store-conditional may fail for no reason.
   */
  enter(): void {
    this.#live.header.set(this.#stored.header.subarray(PC / 4, HART_END / 4), PC / 4);
    this.#live.header[RESERVATION / 4] = 0;
    this.#useRegisters(this.#live);
  }

  /** Another hart is to run. */
  leave(): void {
    this.#stored.header.set(this.#live.header.subarray(PC / 4, HART_END / 4), PC / 4);
    this.#useRegisters(this.#stored);
  }

  /** Whether it holds a reservation; of the hart that runs. */
  get reserved(): boolean {
    return this.registers.header[RESERVATION / 4] !== 0;
  }

  /** It has run so many instructions. */
  ran(instructions: number): void {
    this.#retired += instructions;
  }

  /** Register i, unsigned. */
  x(i: number): bigint {
    return this.registers.xs[i];
  }

  /** Sets register i, modulo 2^64; x0 stays 0. */
  setX(i: number, value: bigint): void {
    this.registers.setX(i, value);
  }

  /** x0…x31, unsigned; live. */
  get xs(): BigUint64Array {
    return this.registers.xs;
  }

  /** The program counter. */
  get pc(): Va {
    return this.registers.pc;
  }

  set pc(value: bigint) {
    this.registers.pc = value;
  }

  /** Privilege mode: 0 user, 1 supervisor, 3 machine. */
  get mode(): Mode {
    return this.#mode;
  }

  set mode(mode: Mode) {
    this.#mode = mode;
    this.selectBanks();
  }

  /** mstatus: its low 32 bits, which are all that can change. */
  get mstatus(): number {
    return this.registers.mstatus;
  }

  set mstatus(value: number) {
    this.registers.mstatus = value;
  }

  /** Makes the MMU, and the code that runs in WebAssembly, follow the mode and mstatus. */
  selectBanks(): void {
    const { mmu, registers: { header } } = this;
    mmu.select(this.#mode, this.mstatus);
    header[MODE / 4] = this.#mode;
    header[CSRS_OPEN / 4] = this.#mode === 1 && !mmu.hidden ? 1 : 0;
  }

  /**
   * Makes the code that runs in WebAssembly know whether turning interrupts on needs the host.
   * Returns the interrupts that are pending, none while none is enabled.
   */
  noteReady(): number {
    const { mie } = this.state;
    const pending = mie === 0 ? 0 : this.pending;
    this.registers.header[INTERRUPT_READY / 4] = this.yields || (pending & mie) !== 0 ? 1 : 0;
    return pending;
  }

  /** What {@link Hart.noteReady} found. */
  get ready(): boolean {
    return this.registers.header[INTERRUPT_READY / 4] !== 0;
  }

  /** Instructions that it has retired; exact, also while it runs. */
  get retired(): number {
    return this.registers === this.#live ? this.#retired + this.#clock.underWay : this.#retired;
  }

  /** mtime. */
  get time(): number {
    return this.#clock.time;
  }

  /** Interrupt bits driven by hardware. */
  get lines(): number {
    let lines = this.#pins();
    if (this.#timer !== undefined && this.#clock.time >= this.#timer) lines |= IRQ.STI;
    return lines;
  }

  /** Whether stimecmp is in use. */
  get sstc(): boolean {
    return this.#timer !== undefined;
  }

  /** The tick of mtime at which its own timer, stimecmp, is due; Infinity: never. */
  get timer(): number {
    return this.#timer ?? Infinity;
  }

  /** Follows stimecmp and menvcfg. */
  retime(): void {
    this.#timer = supervisorTimer(this.state);
  }

  /** satp. */
  get satp(): bigint {
    return this.mmu.satp;
  }

  set satp(value: bigint) {
    this.setSatp(Number(value & 0xffff_ffffn), Number(value >> 32n));
  }

  /** Writes satp, given as two halves. */
  setSatp(low: number, high: number): void {
    this.mmu.setSatp(low, high);
    this.selectBanks();
    this.onlooker?.satp(this);
  }

  /** Makes the MMU follow the PMP registers, for accesses from the next choice of banks on. */
  protect(): void {
    this.mmu.doubt();
    this.mmu.protect(this.state.pmpcfg, this.state.pmpaddr);
  }

  /** mip: interrupts pending. */
  get pending(): number {
    return pendingInterrupts(this);
  }

  /** The row of a CSR, by number or name. */
  csrRow(which: number | string): CsrRow | undefined {
    return typeof which === "number" ? BY_NUMBER.get(which) : BY_NAME.get(which);
  }

  /** Reads a CSR as M-mode would. Throws a RangeError when there is none. */
  readCsr(which: number | string): bigint {
    return this.#row(which).read(this);
  }

  /** Writes a CSR as M-mode would. Throws a RangeError when there is none or it is read-only. */
  writeCsr(which: number | string, value: bigint): void {
    const row = this.#row(which);
    if (row.write === undefined) throw new RangeError(`CSR ${row.name} is read-only`);
    row.write(this, BigInt.asUintN(64, value));
    this.selectBanks();
  }

  #row(which: number | string): CsrRow {
    const row = this.csrRow(which);
    if (row === undefined) throw new RangeError(`no CSR ${which}`);
    return row;
  }

  /** A register's or CSR's value by name (`a0`, `x10`, `pc`, `satp`); undefined for another. */
  named(name: string): bigint | undefined {
    if (name === "pc") return this.pc;
    const number = registerNumber(name);
    if (number !== undefined) return this.x(number);
    return BY_NAME.get(name)?.read(this);
  }

  /** The state beside the linear memory. */
  save(): HartState {
    const csrs = this.#saver.save(this.state);
    return {
      mode: this.#mode,
      csrs,
      waiting: this.waiting,
      retired: this.retired,
      life: this.life,
    };
  }

  /** Takes over a saved state; the MMU's must have been restored before. */
  restore(state: HartState): void {
    this.state = this.#saver.revive(state.csrs);
    this.waiting = state.waiting;
    this.#retired = state.retired;
    this.life = state.life;
    this.mmu.protect(this.state.pmpcfg, this.state.pmpaddr);
    this.retime();
    this.mode = state.mode;
  }
}
