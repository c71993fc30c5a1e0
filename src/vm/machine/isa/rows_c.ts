/**
 * The C extension for RV64 without floating point (unprivileged ISA manual, chapter "C"): each row
 * is a shorter encoding of a base instruction. Code points the manual calls HINTs (a result into
 * x0, a shift by 0) expand to instructions that do nothing; reserved ones match no row and are
 * illegal.
 *
 * @module
 */

import { compressed, type CompressedRow } from "./row.ts";

const ZERO = 0, RA = 1, SP = 2;

/** The rows of the C extension, by quadrant. */
export const ROWS_C: readonly CompressedRow[] = [
  // Quadrant 0. The all-zero halfword is addi4spn with nzuimm = 0: reserved, so it traps.
  compressed("c.addi4spn", "000 nzuimm[5:4|9:6|2|3] rd' 00", "rd,sp,imm", "addi", { rs1: SP }),
  compressed("c.lw", "010 uimm[5:3] rs1' uimm[2|6] rd' 00", "rd,imm(rs1)", "lw", {}),
  compressed("c.ld", "011 uimm[5:3] rs1' uimm[7:6] rd' 00", "rd,imm(rs1)", "ld", {}),
  compressed("c.sw", "110 uimm[5:3] rs1' uimm[2|6] rs2' 00", "rs2,imm(rs1)", "sw", {}),
  compressed("c.sd", "111 uimm[5:3] rs1' uimm[7:6] rs2' 00", "rs2,imm(rs1)", "sd", {}),

  // Quadrant 1.
  compressed("c.nop", "000 imm[5] 00000 imm[4:0] 01", "imm", "addi", { rd: ZERO, rs1: ZERO }),
  compressed("c.addi", "000 imm[5] rd≠0 imm[4:0] 01", "rd,imm", "addi", { rs1: "rd" }),
  compressed("c.addiw", "001 imm[5] rd≠0 imm[4:0] 01", "rd,imm", "addiw", { rs1: "rd" }),
  compressed("c.li", "010 imm[5] rd imm[4:0] 01", "rd,imm", "addi", { rs1: ZERO }),
  compressed("c.addi16sp", "011 nzimm[9] 00010 nzimm[4|6|8:7|5] 01", "sp,imm", "addi", {
    rd: SP,
    rs1: SP,
  }),
  compressed("c.lui", "011 nzimm[17] rd≠2 nzimm[16:12] 01", "rd,upper", "lui", {}),
  compressed("c.srli", "100 uimm[5] 00 rd' uimm[4:0] 01", "rd,shamt", "srli", { rs1: "rd" }),
  compressed("c.srai", "100 uimm[5] 01 rd' uimm[4:0] 01", "rd,shamt", "srai", { rs1: "rd" }),
  compressed("c.andi", "100 imm[5] 10 rd' imm[4:0] 01", "rd,imm", "andi", { rs1: "rd" }),
  compressed("c.sub", "100011 rd' 00 rs2' 01", "rd,rs2", "sub", { rs1: "rd" }),
  compressed("c.xor", "100011 rd' 01 rs2' 01", "rd,rs2", "xor", { rs1: "rd" }),
  compressed("c.or", "100011 rd' 10 rs2' 01", "rd,rs2", "or", { rs1: "rd" }),
  compressed("c.and", "100011 rd' 11 rs2' 01", "rd,rs2", "and", { rs1: "rd" }),
  compressed("c.subw", "100111 rd' 00 rs2' 01", "rd,rs2", "subw", { rs1: "rd" }),
  compressed("c.addw", "100111 rd' 01 rs2' 01", "rd,rs2", "addw", { rs1: "rd" }),
  compressed("c.j", "101 imm[11|4|9:8|10|6|7|3:1|5] 01", "target", "jal", { rd: ZERO }),
  compressed("c.beqz", "110 imm[8|4:3] rs1' imm[7:6|2:1|5] 01", "rs1,target", "beq", {
    rs2: ZERO,
  }),
  compressed("c.bnez", "111 imm[8|4:3] rs1' imm[7:6|2:1|5] 01", "rs1,target", "bne", {
    rs2: ZERO,
  }),

  // Quadrant 2.
  compressed("c.slli", "000 uimm[5] rd uimm[4:0] 10", "rd,shamt", "slli", { rs1: "rd" }),
  compressed("c.lwsp", "010 uimm[5] rd≠0 uimm[4:2|7:6] 10", "rd,imm(sp)", "lw", { rs1: SP }),
  compressed("c.ldsp", "011 uimm[5] rd≠0 uimm[4:3|8:6] 10", "rd,imm(sp)", "ld", { rs1: SP }),
  compressed("c.jr", "1000 rs1≠0 00000 10", "rs1", "jalr", { rd: ZERO, imm: 0 }),
  compressed("c.mv", "1000 rd rs2≠0 10", "rd,rs2", "add", { rs1: ZERO }),
  compressed("c.ebreak", "1001000000000010", "", "ebreak", {}),
  compressed("c.jalr", "1001 rs1≠0 00000 10", "rs1", "jalr", { rd: RA, imm: 0 }),
  compressed("c.add", "1001 rd rs2≠0 10", "rd,rs2", "add", { rs1: "rd" }),
  compressed("c.swsp", "110 uimm[5:2|7:6] rs2 10", "rs2,imm(sp)", "sw", { rs1: SP }),
  compressed("c.sdsp", "111 uimm[5:3|8:6] rs2 10", "rs2,imm(sp)", "sd", { rs1: SP }),
];
