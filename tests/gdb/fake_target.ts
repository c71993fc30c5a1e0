/**
 * A computer as small as gdb can be tried on: harts that take turns at a handful of instructions, 16 KiB of RAM at
 * 0x8000_0000, whose last page stands at 0x3f_ffff_f000, too, as virtual memory, and a record of everything. It is
 * a second, simple implementation of what a DebugTarget promises.
 */

import type { DebugStop, DebugTarget, Watch } from "../../src/vm/debug.ts";
import { decode } from "../../src/vm/machine/isa/decode.ts";
import type { Instruction } from "../../src/vm/machine/isa/row.ts";
import { registerNumber } from "../../src/vm/machine/isa/register_names.ts";
import { assemble } from "../machine/assemble.ts";

export const RAM = 0x8000_0000n;
const SIZE = 0x4000;
/** A page of virtual memory, which is the last one of RAM. */
export const HIGH = 0x3f_ffff_f000n;
const FINISHER = 0x10_0000n;
/** Instructions of a hart's turn. */
const QUANTUM = 3;

interface HartState {
  x: bigint[];
  pc: bigint;
  csrs: Record<string, bigint>;
  waiting: boolean;
}

/** What undoes an instruction. */
interface Undo {
  index: number;
  turn: number;
  hart: HartState;
  memory: [at: number, bytes: Uint8Array][];
}

export class FakeTarget implements DebugTarget {
  readonly harts: number;
  readonly labels: Map<string, bigint>;
  hart = 0;
  instret = 0;
  reversible = true;
  /** How often memory was read. */
  reads = 0;
  /** A record of what was asked of it. */
  readonly log: string[] = [];
  readonly breaks: bigint[] = [];
  readonly watches: Watch[] = [];
  readonly memory = new Uint8Array(SIZE);
  readonly #program: Uint8Array;
  #states: HartState[] = [];
  #turn = 0;
  #undo: Undo[] = [];
  #exit: number | undefined;
  #hit: DebugStop | undefined;
  /** The last call stopped, and was not just over. */
  #stopped = false;

  constructor(program: string, harts = 1) {
    this.harts = harts;
    const { bytes, labels } = assemble(program);
    this.#program = bytes;
    this.labels = new Map([...labels].map(([name, at]) => [name, RAM + BigInt(at)]));
    this.#start();
  }

  #start(): void {
    this.memory.fill(0);
    this.memory.set(this.#program);
    const hart = (n: number): HartState => ({
      x: Array.from({ length: 32 }, (_, i) => i === 4 ? BigInt(n) : 0n),
      pc: RAM,
      csrs: { mhartid: BigInt(n), satp: 0x8000_0000_0008_7fffn, priv: 3n, mepc: 0n, sepc: RAM },
      waiting: false,
    });
    this.#states = Array.from({ length: this.harts }, (_, n) => hart(n));
    this.hart = this.#turn = this.instret = 0;
    this.#undo = [];
    this.#exit = undefined;
  }

  record(): void {
    this.log.push("record");
  }

  reset(): void {
    this.log.push("reset");
    this.#start();
  }

  register(hart: number, name: string): bigint | undefined {
    const state = this.#states[hart];
    if (name === "pc") return state.pc;
    const n = registerNumber(name);
    return n === undefined ? state.csrs[name] : state.x[n];
  }

  setRegister(hart: number, name: string, value: bigint): boolean {
    const state = this.#states[hart];
    const n = registerNumber(name);
    if (name === "pc") state.pc = value;
    else if (n === 0 || name === "mhartid") return false;
    else if (n !== undefined) state.x[n] = value;
    else if (name in state.csrs) state.csrs[name] = value;
    else return false;
    return true;
  }

  #at(space: "va" | "pa", address: bigint): number | undefined {
    if (space === "va" && address >= HIGH && address < HIGH + 0x1000n) {
      address += RAM + BigInt(SIZE - 0x1000) - HIGH;
    }
    return address >= RAM && address < RAM + BigInt(SIZE) ? Number(address - RAM) : undefined;
  }

  read(_hart: number, space: "va" | "pa", address: bigint, length: number): Uint8Array {
    this.reads++;
    const bytes: number[] = [];
    for (let i = 0n; i < length; i++) {
      const at = this.#at(space, address + i);
      if (at === undefined) break;
      bytes.push(this.memory[at]);
    }
    return Uint8Array.from(bytes);
  }

  write(_hart: number, space: "va" | "pa", address: bigint, bytes: Uint8Array): number {
    for (let i = 0; i < bytes.length; i++) {
      const at = this.#at(space, address + BigInt(i));
      if (at === undefined) return i;
      this.memory[at] = bytes[i];
    }
    return bytes.length;
  }

  addBreak(va: bigint): void {
    this.breaks.push(va);
  }

  removeBreak(va: bigint): boolean {
    const at = this.breaks.indexOf(va);
    if (at >= 0) this.breaks.splice(at, 1);
    return at >= 0;
  }

  watch(watch: Watch): void {
    this.watches.push(watch);
  }

  unwatch(watch: Watch): boolean {
    const at = this.watches.indexOf(watch);
    if (at >= 0) this.watches.splice(at, 1);
    return at >= 0;
  }

  run(slice: number, only?: readonly number[]): DebugStop | undefined {
    const passed = this.#stopped ? this.hart : undefined;
    let first = true;
    for (const until = this.instret + slice; this.instret < until; first = false) {
      const hart = this.#next(only);
      if (hart === undefined) return this.#stop({ kind: "stuck", hart: this.hart });
      const { pc } = this.#states[hart];
      if (this.breaks.includes(pc) && !(first && passed === hart)) {
        return this.#stop({ kind: "break", hart, pc });
      }
      const hit = this.#execute(hart);
      if (hit !== undefined) return this.#stop(hit);
    }
    return this.#over();
  }

  step(hart: number, slice: number, only?: readonly number[]): DebugStop | undefined {
    this.log.push(`step ${hart}${only === undefined ? "" : ` only ${only}`}`);
    for (const until = this.instret + slice; this.instret < until;) {
      const next = this.#next(only);
      if (next === undefined) return this.#over();
      const hit = this.#execute(next);
      if (hit !== undefined) return this.#stop(hit);
      if (next === hart) return this.#stop({ kind: "step", hart });
    }
    return this.#over();
  }

  reverseStep(hart: number, slice: number): DebugStop | undefined {
    for (const until = this.instret - slice; this.instret > until;) {
      const undone = this.#back();
      if (undone === undefined) return this.#stop({ kind: "start", hart });
      if (undone !== hart) continue;
      const { pc } = this.#states[hart];
      const hit = this.#touched(hart, pc, decode(this.#word(pc))!);
      return this.#stop(hit ?? { kind: "step", hart });
    }
    return this.#over();
  }

  reverseRun(slice: number): DebugStop | undefined {
    for (const until = this.instret - slice; this.instret > until;) {
      const hart = this.#back();
      if (hart === undefined) return this.#stop({ kind: "start", hart: this.hart });
      const { pc } = this.#states[hart];
      const hit = this.#touched(hart, pc, decode(this.#word(pc))!);
      if (hit !== undefined) return this.#stop(hit);
      if (this.breaks.includes(pc)) return this.#stop({ kind: "break", hart, pc });
    }
    return this.#over();
  }

  #stop(stop: DebugStop): DebugStop {
    this.hart = stop.hart;
    this.#stopped = true;
    return stop;
  }

  #over(): undefined {
    this.#stopped = false;
  }

  /** Whose turn it is. */
  #next(only: readonly number[] | undefined): number | undefined {
    for (let i = 0; i <= this.harts; i++) {
      const hart = Math.floor(this.#turn / QUANTUM) % this.harts;
      const may = only === undefined || only.includes(hart);
      if (may && !this.#states[hart].waiting) return hart;
      this.#turn = (Math.floor(this.#turn / QUANTUM) + 1) * QUANTUM;
    }
    return undefined;
  }

  #word(pc: bigint): number {
    const bytes = this.read(0, "va", pc, 4);
    return new DataView(bytes.buffer).getUint32(0, true);
  }

  /** Takes the last instruction back; whose it was. */
  #back(): number | undefined {
    const undo = this.#undo.pop();
    if (undo === undefined) return undefined;
    this.#states[undo.index] = undo.hart;
    this.#turn = undo.turn;
    for (const [at, bytes] of undo.memory) this.memory.set(bytes, at);
    this.instret--;
    this.#exit = undefined;
    return undo.index;
  }

  /** The watchpoint that an instruction will hit, or has. */
  #touched(hart: number, pc: bigint, i: Instruction): DebugStop | undefined {
    const { name } = i.row;
    const size = { b: 1, h: 2, w: 4, d: 8 }[name.at(-1)!];
    const write = /^s[bhwd]$/.test(name);
    if (size === undefined || !(write || /^l[bhwd]$/.test(name))) return undefined;
    const va = BigInt.asUintN(64, this.#states[hart].x[i.rs1] + BigInt(i.imm));
    const watch = this.watches.find((w) =>
      (write ? w.write : w.read) && BigInt(w.start) < va + BigInt(size) &&
      BigInt(w.start + w.length) > va
    );
    return watch && { kind: "watch", hart, watch, va, pc };
  }

  /** The next instruction of a hart; what it hit. */
  #execute(hart: number): DebugStop | undefined {
    const state = this.#states[hart];
    const { x, pc } = state;
    const instruction = decode(this.#word(pc));
    if (instruction === undefined) throw new Error(`no instruction at ${pc.toString(16)}`);
    const before = { ...state, x: [...x], csrs: { ...state.csrs } };
    const undo: Undo = { index: hart, turn: this.#turn, hart: before, memory: [] };
    const hit = this.#touched(hart, pc, instruction);
    this.#do(state, instruction, undo);
    x[0] = 0n;
    this.#undo.push(undo);
    this.#turn++;
    this.instret++;
    this.hart = hart;
    if (this.#exit !== undefined) return { kind: "exit", hart, code: this.#exit };
    return hit;
  }

  #do(state: HartState, i: Instruction, undo: Undo): void {
    const { x, pc } = state;
    const u64 = (value: bigint) => BigInt.asUintN(64, value);
    const imm = BigInt(i.imm);
    let next = pc + BigInt(i.length);
    const address = u64(x[i.rs1] + imm);
    const load = (bytes: number) => {
      const view = new DataView(this.read(0, "va", address, 8).buffer);
      const value = view.getBigUint64(0, true);
      x[i.rd] = u64(BigInt.asIntN(8 * bytes, value));
    };
    const store = (bytes: number) => {
      if (address === FINISHER) return void (this.#exit = Number(x[i.rs2] >> 16n));
      const at = this.#at("va", address)!;
      undo.memory.push([at, this.memory.slice(at, at + bytes)]);
      const data = new Uint8Array(8);
      new DataView(data.buffer).setBigUint64(0, x[i.rs2], true);
      this.memory.set(data.subarray(0, bytes), at);
    };
    switch (i.row.name) {
      case "lui":
        x[i.rd] = u64(imm);
        break;
      case "auipc":
        x[i.rd] = u64(pc + imm);
        break;
      case "addi":
        x[i.rd] = u64(x[i.rs1] + imm);
        break;
      case "addiw":
        x[i.rd] = u64(BigInt.asIntN(32, x[i.rs1] + imm));
        break;
      case "slli":
        x[i.rd] = u64(x[i.rs1] << imm);
        break;
      case "srli":
        x[i.rd] = x[i.rs1] >> imm;
        break;
      case "add":
        x[i.rd] = u64(x[i.rs1] + x[i.rs2]);
        break;
      case "lw":
        load(4);
        break;
      case "ld":
        load(8);
        break;
      case "sw":
        store(4);
        break;
      case "sd":
        store(8);
        break;
      case "beq":
        if (x[i.rs1] === x[i.rs2]) next = u64(pc + imm);
        break;
      case "bne":
        if (x[i.rs1] !== x[i.rs2]) next = u64(pc + imm);
        break;
      case "jal":
        x[i.rd] = next;
        next = u64(pc + imm);
        break;
      case "jalr":
        x[i.rd] = next;
        next = address & ~1n;
        break;
      case "wfi":
        state.waiting = true;
        break;
      default:
        throw new Error(`the fake has no ${i.row.name}`);
    }
    state.pc = next;
  }
}
