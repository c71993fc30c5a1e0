/**
 * Instructions as text, the way `objdump -d` prints them: pseudo-instructions and base mnemonics
 * for compressed encodings, or, without aliases, the instructions as they are encoded.
 *
 * @module
 */

import { aliasOf } from "./aliases.ts";
import { csrName } from "./csr_names.ts";
import { decode, isLong } from "./decode.ts";
import { REGISTER_NAMES } from "./register_names.ts";
import type { Instruction } from "./row.ts";

/** How to print. */
export interface DisassembleOptions {
  /** Pseudo-instructions (`mv`, `ret`), not the encoded forms (`c.mv`, `c.jr ra`). Default true. */
  readonly aliases?: boolean;
  /** What to print after a branch target, given its address: a symbol, as ` <main+0x4>`. */
  readonly symbol?: (address: bigint) => string | undefined;
}

/** One instruction as text. */
export interface Disassembly {
  /** Bytes it occupies: 2 or 4. */
  readonly length: 2 | 4;
  /** Mnemonic, or `.word`/`.2byte` for an encoding that is no instruction of this machine. */
  readonly mnemonic: string;
  /** Operands, separated by commas. */
  readonly operands: string;
  /** Both, separated by a space. */
  readonly text: string;
}

/**
 * Disassembles one encoding (32 bits; for a compressed instruction only the low 16 matter) that
 * stands at `address`, which branch targets are relative to.
 */
export function disassemble(
  word: number,
  address: bigint,
  options: DisassembleOptions = {},
): Disassembly {
  const instruction = decode(word);
  const aliases = options.aliases ?? true;
  if (instruction === undefined) return illegal(word, aliases);
  const { name, text } = form(instruction, aliases);
  return together(
    instruction.length,
    name + ordering(instruction),
    operandsText(instruction, text, address, options),
  );
}

/** The encoding as data; the all-zero halfword has a name, as it is defined to be illegal. */
function illegal(word: number, aliases: boolean): Disassembly {
  if (isLong(word)) return together(4, ".word", "0x" + (word >>> 0).toString(16).padStart(8, "0"));
  const halfword = word & 0xffff;
  if (halfword === 0) return together(2, aliases ? "unimp" : "c.unimp", "");
  return together(2, ".2byte", "0x" + halfword.toString(16));
}

function together(length: 2 | 4, mnemonic: string, operands: string): Disassembly {
  const text = operands === "" ? mnemonic : `${mnemonic} ${operands}`;
  return { length, mnemonic, operands, text };
}

/** Name and operand words under which an instruction is printed. */
function form(instruction: Instruction, aliases: boolean): { name: string; text: string } {
  const { row, compressed } = instruction;
  if (compressed !== undefined) {
    if (SHIFTS.has(compressed.name) && instruction.imm === 0) {
      return { name: compressed.name + "64", text: "rd" };
    }
    if (!aliases || isHint(instruction)) return compressed;
    // A pseudo-name of its own, though what it expands to has none.
    if (compressed.name === "c.mv") return { name: "mv", text: "rd,rs2" };
    if (compressed.name === "c.addi") return row;
  }
  return (aliases ? aliasOf(instruction) : undefined) ?? row;
}

/** A shift by 0 has a name from the time when it meant 64. */
const SHIFTS = new Set(["c.slli", "c.srli", "c.srai"]);
const HINTS_WITHOUT_RD = new Set(["c.li", "c.lui", "c.slli", "c.mv", "c.add"]);

/** Encodings set aside to tell the hardware something; they are printed as they stand. */
function isHint({ compressed, rd, imm }: Instruction): boolean {
  if (compressed === undefined) return false;
  return compressed.name === "c.nop"
    ? imm !== 0
    : HINTS_WITHOUT_RD.has(compressed.name) && rd === 0;
}

/** `.aq`, `.rl` or `.aqrl` of the A extension. */
function ordering({ aqrl }: Instruction): string {
  return aqrl === 0 ? "" : "." + (aqrl & 2 ? "aq" : "") + (aqrl & 1 ? "rl" : "");
}

/** What the words of {@link Row.text} stand for, but `target`; any other stands for itself. */
const WORDS: Readonly<Record<string, (instruction: Instruction) => string>> = {
  rd: ({ rd }) => REGISTER_NAMES[rd],
  rs1: ({ rs1 }) => REGISTER_NAMES[rs1],
  rs2: ({ rs2 }) => REGISTER_NAMES[rs2],
  imm: ({ imm }) => String(imm),
  shamt: ({ imm }) => "0x" + imm.toString(16),
  upper: ({ imm }) => "0x" + (imm >>> 12).toString(16),
  zimm: ({ rs1 }) => String(rs1),
  csr: ({ imm }) => csrName(imm),
  pred: ({ imm }) => fenceSet(imm >> 4),
  succ: ({ imm }) => fenceSet(imm),
};

function operandsText(
  instruction: Instruction,
  text: string,
  address: bigint,
  options: DisassembleOptions,
): string {
  return text.replace(/[a-z]+[0-9]*/g, (word) => {
    if (word !== "target") return WORDS[word]?.(instruction) ?? word;
    const target = BigInt.asUintN(64, address + BigInt(instruction.imm));
    return "0x" + target.toString(16) + (options.symbol?.(target) ?? "");
  });
}

/** The accesses that a fence orders: input, output, reads, writes. */
function fenceSet(bits: number): string {
  const set = ["w", "r", "o", "i"].filter((_, bit) => bits & (1 << bit)).reverse().join("");
  return set === "" ? "0" : set;
}
