/**
 * The program of a manual process on a guest's kernel. It stands in user mode at one instruction
 * and does what its registers are set to: a system call, a load, a store. While others run it
 * sleeps, tick by tick: that costs next to nothing, and it comes back to user mode by itself.
 *
 * Its memory is what the built-in kernel's manual processes have: code at 0, a guard page, a stack
 * page, and an empty heap behind them.
 */

import { encodePattern } from "../machine/isa/pattern.ts";
import { REGISTER_NAMES } from "../machine/isa/register_names.ts";
import { rowNamed } from "../machine/isa/rows.ts";

/** Bytes of an access. */
export type Width = 1 | 2 | 4 | 8;

/** `pause()`, in 2019 to 2024 `sleep()`: the number of all years. */
const PAUSE = 13;
const [A0, A1, A2, A7] = ["a0", "a1", "a2", "a7"].map((name) => REGISTER_NAMES.indexOf(name));

interface Line {
  readonly label?: string;
  readonly name: string;
  readonly operands: Readonly<Record<string, number>>;
  /** Where it jumps to. */
  readonly to?: string;
}

const jump = (to: string): Line => ({ name: "jal", operands: { rd: 0 }, to });

/** An access of the bytes at a0, and back to where it stands. */
const once = (label: string, name: string): Line[] => [
  { label, name, operands: accessing(name) },
  jump("stand"),
];
const accessing = (name: string): Record<string, number> =>
  name.startsWith("s") ? { rs1: A0, rs2: A1, imm: 0 } : { rd: A1, rs1: A0, imm: 0 };

/** The same for each byte from a0 up to a2. */
const each = (label: string, name: string): Line[] => [
  { label, name, operands: accessing(name) },
  { name: "addi", operands: { rd: A0, rs1: A0, imm: 1 } },
  { name: "bltu", operands: { rs1: A0, rs2: A2 }, to: label },
  jump("stand"),
];

const LINES: readonly Line[] = [
  { label: "main", name: "addi", operands: { rd: A0, rs1: 0, imm: 1 } },
  { name: "addi", operands: { rd: A7, rs1: 0, imm: PAUSE } },
  { label: "syscall", name: "ecall", operands: {} },
  { label: "stand", ...jump("main") },
  ...once("load1", "lbu"),
  ...once("load2", "lhu"),
  ...once("load4", "lwu"),
  ...once("load8", "ld"),
  ...once("store1", "sb"),
  ...once("store2", "sh"),
  ...once("store4", "sw"),
  ...once("store8", "sd"),
  ...each("touch", "lbu"),
  ...each("fill", "sb"),
];

/** The addresses of its labels. */
const AT: ReadonlyMap<string, number> = new Map(
  LINES.flatMap(({ label }, i) => label === undefined ? [] : [[label, 4 * i]]),
);

/** Where it begins a system call, where it stands, and where it accesses each byte of a range. */
export const HAND_AT: Readonly<Record<"syscall" | "stand" | "touch" | "fill", bigint>> = {
  syscall: BigInt(AT.get("syscall")!),
  stand: BigInt(AT.get("stand")!),
  touch: BigInt(AT.get("touch")!),
  fill: BigInt(AT.get("fill")!),
};

/** Where it does one access. */
export function handAccess(kind: "load" | "store", width: Width): bigint {
  return BigInt(AT.get(`${kind}${width}`)!);
}

/** Its code. */
export const HAND_CODE: Uint8Array = new Uint8Array(
  new Uint32Array(LINES.map(({ name, operands, to }, i) =>
    encodePattern(rowNamed(name).pattern, {
      ...operands,
      ...(to === undefined ? {} : { imm: AT.get(to)! - 4 * i }),
    })
  )).buffer,
);

const HEADER = 64, SEGMENT = 56, SYMBOL = 24, SECTION = 64;
const EXEC = 2, RISCV = 243, LOAD = 1, READ_EXECUTE = 5, SYMTAB = 2, STRTAB = 3, FUNCTION = 2;

/** Its ELF file: one segment at 0, executable and not writable, and the labels as symbols. */
export function handProgram(): Uint8Array {
  const labels = [...AT];
  const names = new TextEncoder().encode(`\0${labels.map(([name]) => `${name}\0`).join("")}`);
  const code = HEADER + SEGMENT;
  const symbols = code + HAND_CODE.length;
  const strings = symbols + SYMBOL * (labels.length + 1);
  const sections = Math.ceil((strings + names.length) / 8) * 8;
  const file = new Uint8Array(sections + 3 * SECTION);
  const view = new DataView(file.buffer);
  const put16 = (at: number, value: number) => view.setUint16(at, value, true);
  const put32 = (at: number, value: number) => view.setUint32(at, value, true);
  const put64 = (at: number, value: number) => view.setBigUint64(at, BigInt(value), true);

  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  put16(16, EXEC), put16(18, RISCV), put32(20, 1);
  put64(32, HEADER), put64(40, sections);
  put16(52, HEADER), put16(54, SEGMENT), put16(56, 1), put16(58, SECTION), put16(60, 3);

  put32(HEADER, LOAD), put32(HEADER + 4, READ_EXECUTE), put64(HEADER + 8, code);
  put64(HEADER + 32, HAND_CODE.length), put64(HEADER + 40, HAND_CODE.length);
  put64(HEADER + 48, 8);

  file.set(HAND_CODE, code);
  let name = 1;
  labels.forEach(([label, at], i) => {
    const entry = symbols + SYMBOL * (i + 1);
    const size = (labels[i + 1]?.[1] ?? HAND_CODE.length) - at;
    put32(entry, name), file[entry + 4] = 0x10 | FUNCTION, put16(entry + 6, 1);
    put64(entry + 8, at), put64(entry + 16, size);
    name += label.length + 1;
  });
  file.set(names, strings);
  const section = (i: number, type: number, at: number, size: number, entry: number) => {
    const start = sections + i * SECTION;
    put32(start + 4, type), put64(start + 24, at), put64(start + 32, size);
    put32(start + 40, 2), put64(start + 56, entry);
  };
  section(1, SYMTAB, symbols, strings - symbols, SYMBOL);
  section(2, STRTAB, strings, names.length, 0);
  return file;
}
