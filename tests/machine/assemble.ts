/**
 * A small assembler for programs that tests write down: one instruction a line as `dis` prints it without aliases,
 * labels, `li` and `la`. What an operand is stands in the instruction's row. Beside them `.word N` and `.2byte N`,
 * `.offset LABEL` (4 bytes: how far the label is from here), and zeros: `.align N`, up to a multiple of N bytes;
 * `.before N`, until N bytes are left of the page, counted from the first byte of all.
 */

import { csrNumber } from "../../src/vm/machine/isa/csr_names.ts";
import { encodePattern, type Operands } from "../../src/vm/machine/isa/pattern.ts";
import { registerNumber } from "../../src/vm/machine/isa/register_names.ts";
import { COMPRESSED_ROWS, ROWS } from "../../src/vm/machine/isa/rows.ts";

const rows = new Map([...ROWS, ...COMPRESSED_ROWS].map((row) => [row.name, row]));
const PAGE = 4096;

/** The bytes of a program, and where its labels stand from its first byte on. Throws an Error that names a bad line. */
export function assemble(text: string): { bytes: Uint8Array; labels: Map<string, number> } {
  const lines = text.split("\n").map((line) => line.replace(/#.*/, "").trim()).filter(Boolean)
    .flatMap(expand);
  const labels = new Map<string, number>();
  let size = 0;
  for (const line of lines) {
    if (line.endsWith(":")) labels.set(line.slice(0, -1), size);
    else size += sizeOf(line, size);
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const line of lines) {
    if (line.endsWith(":")) continue;
    const length = sizeOf(line, at);
    const word = line.startsWith(".") ? data(line, at, labels) : encode(line, at, labels);
    for (let i = 0; i < Math.min(length, 4); i++) bytes[at + i] = word >>> (8 * i);
    at += length;
  }
  return { bytes, labels };
}

/** `li` of 32 bits without a sign, and `la`, as instructions. */
function expand(line: string): string[] {
  const [name, rd, value] = line.split(/[\s,]+/);
  if (name === "la") return [`auipc ${rd}, %hi:${value}`, `addi ${rd}, ${rd}, %lo:${value}`];
  if (name !== "li") return [line];
  const number = Number(value);
  const low = (number << 20) >> 20;
  if (number === low) return [`addi ${rd}, zero, ${low}`];
  return [
    `lui ${rd}, ${((number - low) >>> 12) & 0xfffff}`,
    `addiw ${rd}, ${rd}, ${low}`,
    `slli ${rd}, ${rd}, 32`,
    `srli ${rd}, ${rd}, 32`,
  ];
}

/** Bytes that a line takes at a place. */
function sizeOf(line: string, at: number): number {
  if (!line.startsWith(".")) return rowOf(line).pattern.length;
  const [name, value] = line.split(/\s+/);
  const number = Number(value);
  if (name === ".word" || name === ".offset") return 4;
  if (name === ".2byte") return 2;
  if (name === ".align") return (number - at % number) % number;
  if (name === ".before") return (2 * PAGE - number - at % PAGE) % PAGE;
  throw new Error(`no directive: ${line}`);
}

function data(line: string, at: number, labels: ReadonlyMap<string, number>): number {
  const [name, value] = line.split(/\s+/);
  if (name === ".align" || name === ".before") return 0;
  const number = name === ".offset" ? (labels.get(value!) ?? NaN) - at : Number(value);
  if (!Number.isInteger(number)) throw new Error(`${line}: bad operand`);
  return number;
}

/** An instruction's name without the `.aq`, `.rl` or `.aqrl` behind it. */
const nameOf = (line: string): string => line.split(/\s/, 1)[0]!.replace(/\.(aq|rl|aqrl)$/, "");

function rowOf(line: string) {
  const row = rows.get(nameOf(line));
  if (row === undefined) throw new Error(`no instruction: ${line}`);
  return row;
}

function encode(line: string, at: number, labels: ReadonlyMap<string, number>): number {
  const row = rowOf(line);
  const words = row.text.split(/[,()]/).filter(Boolean);
  const given = line.split(/[\s,()]+/).slice(1).filter(Boolean);
  if (given.length !== words.length) throw new Error(`${line}: want ${row.name} ${row.text}`);
  const [, ordering = ""] = /\.(aq|rl|aqrl)\s/.exec(line) ?? [];
  const aqrl = (ordering.includes("aq") ? 2 : 0) + (ordering.includes("rl") ? 1 : 0);
  const operands: Partial<Operands> = { aqrl };
  words.forEach((word, i) => {
    const text = given[i]!;
    const [, part, label] = /^(?:%(hi|lo):)?([a-z_]\w*)$/.exec(text) ?? [];
    // The lower half goes with the auipc in front of it.
    const distance = (labels.get(label ?? "") ?? NaN) - at + (part === "lo" ? 4 : 0);
    const low = (distance << 20) >> 20;
    if (word === "rd" || word === "rs1" || word === "rs2") operands[word] = registerNumber(text)!;
    else if (word === "sp" && text === "sp") return;
    else if (word === "zimm") operands.rs1 = Number(text);
    else if (word === "csr") operands.imm = csrNumber(text)!;
    else if (word === "target") operands.imm = distance;
    else if (word === "pred") operands.imm = fenceSet(text) << 4;
    else if (word === "succ") operands.imm! |= fenceSet(text);
    else if (word === "upper") operands.imm = part ? distance - low : Number(text) << 12;
    else operands.imm = part ? low : Number(text);
  });
  for (const value of Object.values(operands)) {
    if (!Number.isInteger(value)) throw new Error(`${line}: bad operand`);
  }
  try {
    return encodePattern(row.pattern, operands);
  } catch (error) {
    throw new RangeError(`${line}: ${(error as Error).message}`);
  }
}

/** The accesses that a fence orders, `iorw` or some of it, as its four bits. */
const fenceSet = (text: string): number =>
  [..."wroi"].reduce((bits, letter, i) => text.includes(letter) ? bits | 1 << i : bits, 0);
