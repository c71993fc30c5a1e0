/**
 * RV64I, the base integer instructions (unprivileged ISA manual, chapters "RV32I" and "RV64I").
 *
 * @module
 */

import type { Bool, I32, I64, Meaning } from "./meaning.ts";
import { type Row, rowsOf } from "./row.ts";

type Computes = (m: Meaning) => I64;
/** The W instructions work on the low 32 bits and sign-extend their result. */
type ComputesWord = (a: I32, b: I32) => I32;

const row = rowsOf("I");

const upper = (name: string, opcode: string, means: Computes) =>
  row(name, `imm[31:12] rd ${opcode}`, "rd,upper", (m) => m.set(means(m)));

const immediate = (name: string, funct3: string, means: Computes) =>
  row(name, `imm[11:0] rs1 ${funct3} rd 0010011`, "rd,rs1,imm", (m) => m.set(means(m)));

const register = (name: string, funct7: string, funct3: string, means: Computes) => {
  const format = `${funct7} rs2 rs1 ${funct3} rd 0110011`;
  return row(name, format, "rd,rs1,rs2", (m) => m.set(means(m)));
};

const shift = (name: string, funct6: string, funct3: string, means: Computes) => {
  const format = `${funct6} uimm[5:0] rs1 ${funct3} rd 0010011`;
  return row(name, format, "rd,rs1,shamt", (m) => m.set(means(m)));
};

const shiftWord = (name: string, funct7: string, funct3: string, means: ComputesWord) => {
  const format = `${funct7} uimm[4:0] rs1 ${funct3} rd 0011011`;
  return row(name, format, "rd,rs1,shamt", (m) => m.set(means(m.rs1.low(), m.imm.low()).extend()));
};

const registerWord = (name: string, funct7: string, funct3: string, means: ComputesWord) => {
  const format = `${funct7} rs2 rs1 ${funct3} rd 0111011`;
  return row(name, format, "rd,rs1,rs2", (m) => m.set(means(m.rs1.low(), m.rs2.low()).extend()));
};

const branch = (name: string, funct3: string, means: (m: Meaning) => Bool) => {
  const format = `imm[12|10:5] rs2 rs1 ${funct3} imm[4:1|11] 1100011`;
  return row(name, format, "rs1,rs2,target", (m) => m.branch(means(m)));
};

const load = (name: string, funct3: string, size: 1 | 2 | 4 | 8, signed: boolean) =>
  row(name, `imm[11:0] rs1 ${funct3} rd 0000011`, "rd,imm(rs1)", (m) => m.load(size, signed));

const store = (name: string, funct3: string, size: 1 | 2 | 4 | 8) =>
  row(name, `imm[11:5] rs2 rs1 ${funct3} imm[4:0] 0100011`, "rs2,imm(rs1)", (m) => m.store(size));

/** The rows of RV64I, except ecall and ebreak, which stand with the privileged ones. */
export const ROWS_I: readonly Row[] = [
  upper("lui", "0110111", (m) => m.imm),
  upper("auipc", "0010111", (m) => m.pc.add(m.imm)),
  row("jal", "imm[20|10:1|11|19:12] rd 1101111", "rd,target", (m) => m.jump()),
  row("jalr", "imm[11:0] rs1 000 rd 1100111", "rd,imm(rs1)", (m) => m.jumpTo(m.rs1.add(m.imm))),

  branch("beq", "000", (m) => m.rs1.eq(m.rs2)),
  branch("bne", "001", (m) => m.rs1.ne(m.rs2)),
  branch("blt", "100", (m) => m.rs1.ltS(m.rs2)),
  branch("bge", "101", (m) => m.rs1.geS(m.rs2)),
  branch("bltu", "110", (m) => m.rs1.ltU(m.rs2)),
  branch("bgeu", "111", (m) => m.rs1.geU(m.rs2)),

  load("lb", "000", 1, true),
  load("lh", "001", 2, true),
  load("lw", "010", 4, true),
  load("ld", "011", 8, true),
  load("lbu", "100", 1, false),
  load("lhu", "101", 2, false),
  load("lwu", "110", 4, false),
  store("sb", "000", 1),
  store("sh", "001", 2),
  store("sw", "010", 4),
  store("sd", "011", 8),

  immediate("addi", "000", (m) => m.rs1.add(m.imm)),
  immediate("slti", "010", (m) => m.rs1.ltS(m.imm).value()),
  // The immediate is sign-extended first, then compared as unsigned.
  immediate("sltiu", "011", (m) => m.rs1.ltU(m.imm).value()),
  immediate("xori", "100", (m) => m.rs1.xor(m.imm)),
  immediate("ori", "110", (m) => m.rs1.or(m.imm)),
  immediate("andi", "111", (m) => m.rs1.and(m.imm)),
  shift("slli", "000000", "001", (m) => m.rs1.shl(m.imm)),
  shift("srli", "000000", "101", (m) => m.rs1.shrU(m.imm)),
  shift("srai", "010000", "101", (m) => m.rs1.shrS(m.imm)),

  register("add", "0000000", "000", (m) => m.rs1.add(m.rs2)),
  register("sub", "0100000", "000", (m) => m.rs1.sub(m.rs2)),
  register("sll", "0000000", "001", (m) => m.rs1.shl(m.rs2)),
  register("slt", "0000000", "010", (m) => m.rs1.ltS(m.rs2).value()),
  register("sltu", "0000000", "011", (m) => m.rs1.ltU(m.rs2).value()),
  register("xor", "0000000", "100", (m) => m.rs1.xor(m.rs2)),
  register("srl", "0000000", "101", (m) => m.rs1.shrU(m.rs2)),
  register("sra", "0100000", "101", (m) => m.rs1.shrS(m.rs2)),
  register("or", "0000000", "110", (m) => m.rs1.or(m.rs2)),
  register("and", "0000000", "111", (m) => m.rs1.and(m.rs2)),

  row(
    "addiw",
    "imm[11:0] rs1 000 rd 0011011",
    "rd,rs1,imm",
    (m) => m.set(m.rs1.low().add(m.imm.low()).extend()),
  ),
  shiftWord("slliw", "0000000", "001", (a, n) => a.shl(n)),
  shiftWord("srliw", "0000000", "101", (a, n) => a.shrU(n)),
  shiftWord("sraiw", "0100000", "101", (a, n) => a.shrS(n)),
  registerWord("addw", "0000000", "000", (a, b) => a.add(b)),
  registerWord("subw", "0100000", "000", (a, b) => a.sub(b)),
  registerWord("sllw", "0000000", "001", (a, b) => a.shl(b)),
  registerWord("srlw", "0000000", "101", (a, b) => a.shrU(b)),
  registerWord("sraw", "0100000", "101", (a, b) => a.shrS(b)),

  // One hart in program order sees its own accesses in order: nothing to do. Reserved settings of
  // fm, rs1 and rd are to be taken as plain fences.
  row("fence", "imm[11:0] rs1 000 rd 0001111", "pred,succ", (m) => m.nothing()),
];
