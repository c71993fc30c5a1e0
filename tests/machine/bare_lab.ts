/**
 * Bare-metal programs for tests, assembled on the spot and packed as ELF files.
 */

import { Assembler } from "./engine_lab.ts";
import { Guest, type GuestEnd, type GuestOptions } from "../../src/vm/guest.ts";
import type { Machine } from "../../src/vm/machine/machine.ts";
import { guestMachineOf } from "../../src/vm/parts.ts";

/** A symbol of a test program. */
export interface TestSymbol {
  name: string;
  value: bigint;
  /** Bytes of the variable; 0 when absent. */
  size?: number;
  /** A variable unless given. */
  kind?: "object" | "function";
}

const STT_OBJECT = 1, STT_FUNC = 2;

/** An ELF file with one segment, at the start of RAM unless given, 4 KiB of zeros behind the code, and symbols. */
export function elf(
  code: Uint8Array,
  options: { symbols?: TestSymbol[]; paddr?: bigint } = {},
): Uint8Array {
  const { symbols = [], paddr = 0x8000_0000n } = options;
  const names = new TextEncoder().encode("\0" + symbols.map(({ name }) => `${name}\0`).join(""));
  const table = symbols.length === 0 ? 0 : 24 * (symbols.length + 1);
  const at = { code: 120, symbols: 120 + code.length, names: 120 + code.length + table };
  const sections = Math.ceil((at.names + names.length) / 8) * 8;
  const file = new Uint8Array(sections + 3 * 64);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, 243, true);
  view.setBigUint64(24, 0x8000_0000n, true);
  view.setBigUint64(32, 64n, true);
  view.setBigUint64(40, BigInt(sections), true);
  [[54, 56], [56, 1], [58, 64], [60, 3], [62, 2]].forEach(([o, v]) => view.setUint16(o, v, true));
  view.setUint32(64, 1, true);
  view.setUint32(68, 7, true);
  view.setBigUint64(72, BigInt(at.code), true);
  view.setBigUint64(80, 0x8000_0000n, true);
  view.setBigUint64(88, paddr, true);
  view.setBigUint64(96, BigInt(code.length), true);
  view.setBigUint64(104, BigInt(code.length + 4096), true);
  file.set(code, at.code);
  let name = 1;
  symbols.forEach((symbol, i) => {
    const entry = at.symbols + 24 * (i + 1);
    view.setUint32(entry, name, true);
    file[entry + 4] = symbol.kind === "function" ? STT_FUNC : STT_OBJECT;
    view.setUint16(entry + 6, 1, true);
    view.setBigUint64(entry + 8, symbol.value, true);
    view.setBigUint64(entry + 16, BigInt(symbol.size ?? 0), true);
    name += symbol.name.length + 1;
  });
  file.set(names, at.names);
  const section = (i: number, type: number, offset: number, size: number) => {
    view.setUint32(sections + 64 * i + 4, type, true);
    view.setBigUint64(sections + 64 * i + 24, BigInt(offset), true);
    view.setBigUint64(sections + 64 * i + 32, BigInt(size), true);
    view.setUint32(sections + 64 * i + 40, 2, true);
  };
  section(1, 2, at.symbols, table);
  section(2, 3, at.names, names.length);
  return file;
}

/** Loads a number of 32 bits into a register, zero-extended. */
export function li(a: Assembler, rd: number, value: number): Assembler {
  const low = (value << 20) >> 20;
  a.put("lui", { rd, imm: (value - low) | 0 }).put("addiw", { rd, rs1: rd, imm: low });
  return a.put("slli", { rd, rs1: rd, imm: 32 }).put("srli", { rd, rs1: rd, imm: 32 });
}

/** Puts the UART's address into x5 and sends a text. */
export function say(a: Assembler, text: string): Assembler {
  li(a, 5, 0x1000_0000);
  for (const byte of new TextEncoder().encode(text)) {
    a.put("addi", { rd: 6, imm: byte }).put("sb", { rs1: 5, rs2: 6, imm: 0 });
  }
  return a;
}

/**
 * A guest that waits for the UART's interrupt and says every byte back; `q` ends it with exit code 3. Its name
 * stands in front: "ready\n".
 */
export function echoGuest(): Uint8Array {
  const a = say(new Assembler(), "ready\n");
  // Receive interrupt on; source 10 of the PLIC with priority 1, for M-mode; mie.MEIE.
  a.put("addi", { rd: 6, imm: 1 }).put("sb", { rs1: 5, rs2: 6, imm: 1 });
  li(a, 7, 0x0c00_0000).put("sw", { rs1: 7, rs2: 6, imm: 40 });
  li(a, 7, 0x0c00_2000).put("addi", { rd: 6, imm: 1024 }).put("sw", { rs1: 7, rs2: 6, imm: 0 });
  li(a, 7, 0x0c20_0000).put("sw", { rs1: 7, rs2: 0, imm: 0 });
  li(a, 6, 0x800).put("csrrs", { rd: 0, rs1: 6, imm: 0x304 });
  a.label("wait").put("wfi");
  a.label("more").put("lbu", { rd: 8, rs1: 5, imm: 5 }).put("andi", { rd: 8, rs1: 8, imm: 1 });
  a.put("beq", { rs1: 8, rs2: 0 }, "done").put("lbu", { rd: 8, rs1: 5, imm: 0 });
  a.put("addi", { rd: 6, imm: "q".charCodeAt(0) }).put("beq", { rs1: 8, rs2: 6 }, "quit");
  a.put("sb", { rs1: 5, rs2: 8, imm: 0 }).put("jal", { rd: 0 }, "more");
  // Claim and complete.
  a.label("done").put("lw", { rd: 8, rs1: 7, imm: 4 }).put("sw", { rs1: 7, rs2: 8, imm: 4 });
  a.put("jal", { rd: 0 }, "wait");
  a.label("quit");
  li(a, 7, 0x10_0000);
  return li(a, 6, 0x3_3333).put("sw", { rs1: 7, rs2: 6, imm: 0 }).bytes();
}

/** How it ended, after how many instructions, and the machine as the program left it. */
export interface BareResult extends GuestEnd {
  readonly instret: number;
  readonly machine: Machine;
}

/** Runs a program to its end, without input. `onConsole` receives what it sends to the UART, in pieces. */
export function runBare(
  file: Uint8Array,
  options: GuestOptions & { readonly onConsole?: (bytes: Uint8Array) => void } = {},
): BareResult {
  const run = new Guest(file, options);
  const machine = guestMachineOf(run);
  for (;;) {
    const { end, doing } = run.slice();
    for (const bytes of run.take()) options.onConsole?.(bytes);
    const { instret } = run;
    if (end !== undefined) return { ...end, instret, machine };
    if (doing === "waits" || doing === "sleeps") {
      return { end: "stuck", code: -1, instret, machine };
    }
  }
}
