/**
 * A bench for the engine alone: RAM seen at its own addresses, no privilege, no devices, and a host
 * that answers with as little as possible. Also an assembler derived from the instruction rows.
 */

import { type PaNum, RAM_BASE } from "../../src/vm/machine/address.ts";
import { Engine } from "../../src/vm/machine/engine/engine.ts";
import type { EngineHost } from "../../src/vm/machine/engine/host.ts";
import { encodePattern, type Operands } from "../../src/vm/machine/isa/pattern.ts";
import { COMPRESSED_ROWS, ROWS } from "../../src/vm/machine/isa/rows.ts";
import * as layout from "../../src/vm/machine/layout.ts";

const patterns = new Map([...ROWS, ...COMPRESSED_ROWS].map((row) => [row.name, row.pattern]));

/** The encoding of an instruction. */
export function encode(name: string, operands: Partial<Operands> = {}): number {
  return encodePattern(patterns.get(name)!, operands);
}

/** Collects instructions and resolves labels. */
export class Assembler {
  readonly #items: { name: string; operands: Partial<Operands>; at: number; target?: string }[] =
    [];
  readonly #labels = new Map<string, number>();
  #at = 0;

  label(name: string): this {
    this.#labels.set(name, this.#at);
    return this;
  }

  /** An instruction; `target` sets its immediate to the distance to a label. */
  put(name: string, operands: Partial<Operands> = {}, target?: string): this {
    const item = { name, operands, at: this.#at };
    this.#items.push(target === undefined ? item : { ...item, target });
    this.#at += patterns.get(name)!.length;
    return this;
  }

  /** Bytes so far. */
  get size(): number {
    return this.#at;
  }

  bytes(): Uint8Array {
    const bytes = new Uint8Array(this.#at);
    for (const { name, operands, at, target } of this.#items) {
      const imm = target === undefined ? operands.imm ?? 0 : this.#labels.get(target)! - at;
      const word = encode(name, { ...operands, imm });
      for (let i = 0; i < patterns.get(name)!.length; i++) bytes[at + i] = word >>> (8 * i);
    }
    return bytes;
  }
}

/** An engine with flat RAM. Addresses outside RAM raise access faults; ecall and ebreak stop the run. */
export class Lab implements EngineHost {
  readonly memory: WebAssembly.Memory;
  readonly view: DataView;
  readonly engine: Engine;
  readonly #registers: BigUint64Array;
  readonly size: number;
  /** What the host was asked, by name. */
  readonly asked = { access: 0, fetchPage: 0, fetchStraddle: 0, system: 0, stopAt: 0 };
  /** Pages (physical) that get no write entry, as a watched page. */
  readonly watched = new Set<number>();
  /** Answer for a watched access: 1 go on, 3 stop. */
  watchAnswer = 1;
  /** What a stop record at an address answers; 0, when there is nothing here. */
  readonly stops = new Map<bigint, number>();

  constructor(options: { size?: number } = {}) {
    this.size = options.size ?? 1 << 20;
    const pages = (layout.RAM_OFFSET + this.size) / 65536;
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.view = new DataView(this.memory.buffer);
    this.#registers = new BigUint64Array(this.memory.buffer, layout.X, 32);
    this.engine = new Engine(this.memory, this);
    this.#slot(layout.TLB_READ, layout.TLB_BASE);
    this.#slot(layout.TLB_WRITE, layout.TLB_BASE + layout.TLB_TABLE_SIZE);
    this.#slot(layout.TLB_EXECUTE, layout.TLB_BASE + 2 * layout.TLB_TABLE_SIZE);
    this.flush();
  }

  flush(): void {
    const end = layout.TLB_BASE + layout.TLB_BANKS * layout.TLB_BANK_SIZE;
    new Uint8Array(this.memory.buffer).fill(0xff, layout.TLB_BASE, end);
  }

  x(i: number): bigint {
    return this.#registers[i]!;
  }
  setX(i: number, value: bigint): void {
    this.#registers[i] = value;
  }
  get pc(): bigint {
    return this.view.getBigUint64(layout.PC, true);
  }
  set pc(value: bigint) {
    this.view.setBigUint64(layout.PC, value, true);
  }
  get budget(): number {
    return Number(this.view.getBigInt64(layout.BUDGET, true));
  }
  get cause(): number {
    return this.view.getInt32(layout.TRAP_CAUSE, true);
  }
  get tval(): bigint {
    return this.view.getBigUint64(layout.TRAP_VALUE, true);
  }

  /** RAM at a physical address. */
  ram(pa: number | bigint, length: number): Uint8Array {
    return new Uint8Array(
      this.memory.buffer,
      Number(pa) - RAM_BASE + layout.RAM_OFFSET,
      length,
    );
  }
  /** Writes RAM and tells the engine. */
  write(pa: number | bigint, bytes: Uint8Array): void {
    this.ram(pa, bytes.length).set(bytes);
    this.engine.pages.written(Number(pa) as PaNum, bytes.length);
  }

  access(kind: number, size: number, signed: number): number {
    this.asked.access++;
    const va = this.view.getBigUint64(layout.ACCESS_VA, true);
    if (kind >= 2 && va % BigInt(size) !== 0n) return this.#trap(kind === 3 ? 4 : 6, va);
    if (!this.#inRam(va, size)) return this.#trap(kind === 0 || kind === 3 ? 5 : 7, va);
    const page = Number(va) & ~0xfff;
    const slow = this.watched.has(page >>> 0) ||
      (kind !== 0 && kind !== 3 && this.#codeAt(page >>> 0));
    const aligned = va % BigInt(size) === 0n;
    if (!slow && aligned) {
      const table = kind === 0 || kind === 3 ? layout.TLB_READ : layout.TLB_WRITE;
      this.#install(table, va, layout.RAM_OFFSET - RAM_BASE);
      return 0;
    }
    const answer = this.watched.has(page >>> 0) ? this.watchAnswer : 1;
    const at = Number(va) - RAM_BASE + layout.RAM_OFFSET;
    if (kind >= 2) {
      this.view.setBigUint64(layout.ACCESS_VALUE, BigInt(at), true);
      return answer;
    }
    const bits = size * 8;
    if (kind === 0) {
      let value = 0n;
      for (let i = size - 1; i >= 0; i--) {
        value = (value << 8n) | BigInt(this.view.getUint8(at + i));
      }
      if (signed) value = BigInt.asIntN(bits, value);
      this.view.setBigUint64(layout.ACCESS_VALUE, BigInt.asUintN(64, value), true);
    } else {
      const value = this.view.getBigUint64(layout.ACCESS_VALUE, true);
      for (let i = 0; i < size; i++) {
        this.view.setUint8(at + i, Number((value >> BigInt(8 * i)) & 0xffn));
      }
      this.engine.pages.written(Number(va) as PaNum, size);
    }
    return answer;
  }

  dropWriters(frame: number): void {
    const place = frame * 4096 + layout.RAM_OFFSET;
    this.#drop(1, (tag, addend) => (tag + addend) >>> 0 === place);
  }

  dropRecords(records: number): void {
    this.#drop(2, (_, addend) => addend === records);
  }

  /** Drops the entries of a table that are to go, by the low half of their tags and their addends. */
  #drop(table: number, goes: (tag: number, addend: number) => boolean): void {
    for (let i = 0; i < layout.TLB_ENTRIES; i++) {
      const at = layout.TLB_BASE + table * layout.TLB_TABLE_SIZE + i * layout.TLB_ENTRY_SIZE;
      const [tag, addend] = [this.view.getInt32(at, true), this.view.getInt32(at + 8, true)];
      if (goes(tag, addend)) this.view.setBigInt64(at, layout.TLB_INVALID, true);
    }
  }

  fetchPage(): number {
    this.asked.fetchPage++;
    const pc = this.pc;
    if (!this.#inRam(pc, 2)) {
      this.#trap(1, pc);
      return 0;
    }
    const page = Number(pc) - Number(pc) % 4096;
    const records = this.engine.pages.pageFor(page as PaNum);
    this.engine.pages.enter(records, 0, page);
    this.#install(layout.TLB_EXECUTE, pc, records);
    return records;
  }

  fetchStraddle(): number {
    this.asked.fetchStraddle++;
    const pc = this.pc;
    if (!this.#inRam(pc + 2n, 2)) return this.#trap(1, pc + 2n);
    const at = Number(pc) - RAM_BASE + layout.RAM_OFFSET;
    this.view.setBigUint64(layout.ACCESS_VALUE, BigInt(this.view.getUint32(at, true)), true);
    return 0;
  }

  system(word: number): number {
    this.asked.system++;
    if (word === encode("ecall")) return this.#trap(8, 0n);
    if (word === encode("ebreak")) return this.#trap(3, this.pc);
    if (word === encode("wfi")) {
      this.pc = this.pc + 4n;
      return 3;
    }
    if (word === encode("sret")) { // here: go where x1 points
      this.pc = this.x(1);
      return 1;
    }
    return 0;
  }

  stopAt(): number {
    this.asked.stopAt++;
    return this.stops.get(this.pc) ?? 0;
  }

  #inRam(va: bigint, size: number): boolean {
    return va >= BigInt(RAM_BASE) && va + BigInt(size) <= BigInt(RAM_BASE + this.size);
  }
  #codeAt(pa: number): boolean {
    return this.view.getInt32(layout.CODE_MAP + ((pa - RAM_BASE) >>> 12) * 4, true) !== 0;
  }
  #trap(cause: number, value: bigint): number {
    this.#slot(layout.TRAP_CAUSE, cause);
    this.view.setBigUint64(layout.TRAP_VALUE, value, true);
    return 2;
  }
  #install(tableSlot: number, va: bigint, addend: number): void {
    const entry = this.view.getInt32(tableSlot, true) + ((Number(va) >>> 12) & 255) * 16;
    this.view.setBigUint64(entry, va & ~0xfffn, true);
    this.#slot(entry + 8, addend);
    this.#slot(entry + 12, 0);
  }
  #slot(at: number, value: number): void {
    this.view.setInt32(at, value, true);
  }
}
