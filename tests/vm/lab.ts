/**
 * Computers to test with, and small guest programs written where they are used.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { program, programNames } from "../../user/programs.ts";
import { pa, PAGE_SIZE, type PaNum, paNum, va } from "../../src/vm/machine/address.ts";
import { ABIS, type CallName } from "../../src/vm/kernel/abi.ts";
import type { Process } from "../../src/vm/process.ts";
import { type BootOptions, Vm } from "../../src/vm/vm.ts";
import type { BuiltinState } from "../../src/vm/state.ts";
import { Assembler } from "../machine/engine_lab.ts";

/** A computer with the committed programs; small unless asked otherwise. */
export function boot(options: BootOptions = {}): Vm {
  return new Vm({
    mem: "16M",
    programs: { get: program, list: () => [...programNames] },
    ...options,
  });
}

/** The audit finds nothing, and says what if it does. */
export function assertAudit(vm: Vm, where = ""): void {
  assertEquals(vm.audit().map((f) => `${f.class}: ${f.detail}`), [], where);
}

/** The frame that a process has behind an address. */
export function frameOf(p: Process, address: bigint | number): PaNum {
  const { frame } = p.pte(va(address));
  if (frame === undefined) throw new Error(`pid ${p.pid} maps nothing at ${address}`);
  return paNum(Number(frame.pa));
}

/** The leaf PTE of a process's page, to be changed behind the kernel's back. */
export function leafOf(p: Process, address: bigint | number): { at: PaNum; pte: number } {
  const level = p.pte(va(address)).levels.at(-1)!;
  return { at: paNum(Number(level.pteAddr)), pte: Number(level.pte) };
}

/** The table at a level of a process's walk to an address. */
export function tableOf(p: Process, address: bigint | number, level: number): PaNum {
  const step = p.pte(va(address)).levels.find((one) => one.level === level)!;
  return paNum(Number(pa(step.pteAddr)) - Number(step.pteAddr) % PAGE_SIZE);
}

const NUMBERS = Object.fromEntries(
  Object.entries(ABIS[0].calls).map(([number, name]) => [name, Number(number)]),
) as Record<CallName, number>;

/** Registers by the names that the programs below use. */
export const R = {
  zero: 0,
  sp: 2,
  s0: 8,
  s1: 9,
  a0: 10,
  a1: 11,
  a2: 12,
  a3: 13,
  a4: 14,
  a5: 15,
  a7: 17,
  s2: 18,
  s3: 19,
  t3: 28,
} as const;

/** An assembler that knows system calls; its program starts at address 0. */
export class Guest extends Assembler {
  readonly #data: [number, Uint8Array][] = [];

  /** rd = imm, for 12-bit and page-multiple values up to 2 GiB. */
  li(rd: number, value: number): this {
    const low = (value << 20) >> 20;
    if (low === value) return this.put("addi", { rd, rs1: 0, imm: value });
    this.put("lui", { rd, imm: (value - low) | 0 });
    return low === 0 ? this : this.put("addi", { rd, rs1: rd, imm: low });
  }

  /** rd = rs */
  mv(rd: number, rs: number): this {
    return this.put("addi", { rd, rs1: rs, imm: 0 });
  }

  /** A call with constant arguments in a0 and on; null leaves a register as it is. */
  call(name: CallName, ...args: (number | null)[]): this {
    args.forEach((value, i) => value !== null && this.li(R.a0 + i, value));
    return this.li(R.a7, NUMBERS[name]).put("ecall");
  }

  /** Goes to a label when a register is not 0. */
  unless(rs: number, target: string): this {
    return this.put("bne", { rs1: rs, rs2: 0 }, target);
  }

  /** Goes to a label when a register is below 0. */
  below(rs: number, target: string): this {
    return this.put("blt", { rs1: rs, rs2: 0 }, target);
  }

  /** Goes to a label. */
  jump(target: string): this {
    return this.put("jal", { rd: 0 }, target);
  }

  /** Bytes at an address of the data page (0x1000 to 0x1fff), which is writable. */
  data(address: number, bytes: string | Uint8Array): this {
    const content = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
    this.#data.push([address, content]);
    return this;
  }

  /** The program as an ELF file: text at 0, R-X; one data page at 0x1000, RW-. */
  elf(): Uint8Array {
    const code = this.bytes();
    const data = new Uint8Array(PAGE_SIZE);
    for (const [address, bytes] of this.#data) data.set(bytes, address - PAGE_SIZE);
    return makeElf([
      { va: 0, flags: 5, bytes: code },
      { va: PAGE_SIZE, flags: 6, bytes: data },
    ]);
  }
}

/** One segment of {@link makeElf}; `flags` are ELF's: 1 execute, 2 write, 4 read. */
export interface Segment {
  readonly va: number;
  readonly flags: number;
  readonly bytes: Uint8Array;
  readonly memory?: number;
}

/** A static RISC-V ELF file that starts at its first segment. */
export function makeElf(segments: readonly Segment[]): Uint8Array {
  const head = 64 + 56 * segments.length;
  const total = segments.reduce((sum, s) => sum + s.bytes.length, head);
  const file = new Uint8Array(total);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, 243, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, BigInt(segments[0]?.va ?? 0), true);
  view.setBigUint64(32, 64n, true);
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, segments.length, true);
  let at = head;
  segments.forEach((s, i) => {
    const header = 64 + 56 * i;
    view.setUint32(header, 1, true);
    view.setUint32(header + 4, s.flags, true);
    [at, s.va, s.va, s.bytes.length, s.memory ?? s.bytes.length, PAGE_SIZE].forEach((value, n) =>
      view.setBigUint64(header + 8 + 8 * n, BigInt(value), true)
    );
    file.set(s.bytes, at);
    at += s.bytes.length;
  });
  return file;
}

/** What a program left behind: its console, its status, and whether all memory came back. */
export function runGuest(vm: Vm, guest: Guest, input?: string) {
  return vm.run("guest", [], {
    bytes: guest.elf(),
    ...(input === undefined ? {} : { input }),
  });
}

/** A number that differs when any bit of some plain data differs (FNV-1a, two lanes of 32 bits). */
export function digest(value: unknown): string {
  let a = 0x811c9dc5, b = 0xc9dc5118;
  const mix = (byte: number) => {
    a = Math.imul(a ^ byte, 0x0100_0193);
    b = Math.imul(b ^ byte ^ (a >>> 24), 0x0100_0193);
  };
  const word = (n: number) => {
    mix(n & 0xff);
    mix((n >>> 8) & 0xff);
    mix((n >>> 16) & 0xff);
    mix(n >>> 24);
  };
  const text = (s: string) => {
    for (let i = 0; i < s.length; i++) word(s.charCodeAt(i));
    mix(0xff);
  };
  const seen = new Map<object, number>();
  const visit = (v: unknown): void => {
    if (typeof v !== "object" || v === null) return text(`${typeof v} ${v}`);
    // Who shares a record must share it again: a second sight of it is told from a copy.
    const before = seen.get(v);
    if (before !== undefined) return text(`same ${before}`);
    seen.set(v, seen.size);
    if (ArrayBuffer.isView(v)) {
      const bytes = new Uint8Array(v.buffer, v.byteOffset, v.byteLength);
      text(`bytes ${bytes.length}`);
      const whole = bytes.byteOffset % 4 === 0 ? bytes.length >> 2 : 0;
      for (const n of new Int32Array(bytes.buffer, bytes.byteOffset, whole)) word(n);
      for (let i = whole * 4; i < bytes.length; i++) mix(bytes[i]);
    } else if (v instanceof Map) {
      for (const [key, one] of v) {
        visit(key);
        visit(one);
      }
    } else {
      for (const [key, one] of Object.entries(v)) {
        text(key);
        visit(one);
      }
    }
    text("end");
  };
  visit(value);
  return (a >>> 0).toString(16) + (b >>> 0).toString(16);
}

/** The whole state of a VM, one digest a part, so that a difference has a place. */
export function fingerprint(vm: Vm): Record<string, string> {
  const { machine, kernel, events } = vm.save() as BuiltinState;
  const parts: Record<string, unknown> = { events };
  for (const [name, part] of Object.entries(machine)) parts[`machine.${name}`] = part;
  for (const [name, part] of Object.entries(kernel)) parts[`kernel.${name}`] = part;
  return Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, digest(part)]));
}
