/**
 * A small assembler for programs that tests write down: one instruction a line as `dis` prints it, labels, `li` and
 * `la`. What an operand is stands in the instruction's row.
 */

import { csrNumber } from "../../src/vm/machine/isa/csr_names.ts";
import { encodePattern, type Operands } from "../../src/vm/machine/isa/pattern.ts";
import { registerNumber } from "../../src/vm/machine/isa/register_names.ts";
import { COMPRESSED_ROWS, ROWS } from "../../src/vm/machine/isa/rows.ts";

const rows = new Map([...ROWS, ...COMPRESSED_ROWS].map((row) => [row.name, row]));

/** The bytes of a program, and where its labels stand from its first byte on. Throws an Error that names a bad line. */
export function assemble(text: string): { bytes: Uint8Array; labels: Map<string, number> } {
  const lines = text.split("\n").map((line) => line.replace(/#.*/, "").trim()).filter(Boolean)
    .flatMap(expand);
  const labels = new Map<string, number>();
  let size = 0;
  for (const line of lines) {
    if (line.endsWith(":")) labels.set(line.slice(0, -1), size);
    else size += rowOf(line).pattern.length;
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const line of lines) {
    if (line.endsWith(":")) continue;
    const word = encode(line, at, labels);
    const { length } = rowOf(line).pattern;
    for (let i = 0; i < length; i++) bytes[at++] = word >>> (8 * i);
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

function rowOf(line: string) {
  const row = rows.get(line.split(/\s/, 1)[0]!);
  if (row === undefined) throw new Error(`no instruction: ${line}`);
  return row;
}

function encode(line: string, at: number, labels: Map<string, number>): number {
  const row = rowOf(line);
  const words = row.text.split(/[,()]/).filter(Boolean);
  const given = line.split(/[\s,()]+/).slice(1).filter(Boolean);
  if (given.length !== words.length) throw new Error(`${line}: want ${row.name} ${row.text}`);
  const operands: Partial<Operands> = {};
  words.forEach((word, i) => {
    const text = given[i]!;
    const [, part, label] = /^(?:%(hi|lo):)?([a-z_]\w*)$/.exec(text) ?? [];
    // The lower half goes with the auipc in front of it.
    const distance = (labels.get(label ?? "") ?? NaN) - at + (part === "lo" ? 4 : 0);
    const low = (distance << 20) >> 20;
    if (word === "rd" || word === "rs1" || word === "rs2") operands[word] = registerNumber(text)!;
    else if (word === "zimm") operands.rs1 = Number(text);
    else if (word === "csr") operands.imm = csrNumber(text)!;
    else if (word === "target") operands.imm = distance;
    else if (word === "upper") operands.imm = part ? distance - low : Number(text) << 12;
    else operands.imm = part ? low : Number(text);
  });
  for (const value of Object.values(operands)) {
    if (!Number.isInteger(value)) throw new Error(`${line}: bad operand`);
  }
  return encodePattern(row.pattern, operands);
}
