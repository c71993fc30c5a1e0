/**
 * What the interpreter hands to the machine: Zicsr, Zifencei, environment calls and the privileged
 * instructions. Their meaning is the host's (CSRs, traps, TLBs); here stand their encodings and
 * texts.
 *
 * @module
 */

import { type Row, rowsOf } from "./row.ts";

const csr = (name: string, funct3: string, source: "rs1" | "zimm") =>
  rowsOf("Zicsr")(
    name,
    `uimm[11:0] rs1 ${funct3} rd 1110011`,
    `rd,csr,${source}`,
    (m) => m.system(),
  );

const plain = (extension: string, name: string, funct12: string) =>
  rowsOf(extension)(name, `${funct12} 00000 000 00000 1110011`, "", (m) => m.system());

/** The rows whose meaning the host gives. */
export const ROWS_SYSTEM: readonly Row[] = [
  csr("csrrw", "001", "rs1"),
  csr("csrrs", "010", "rs1"),
  csr("csrrc", "011", "rs1"),
  csr("csrrwi", "101", "zimm"),
  csr("csrrsi", "110", "zimm"),
  csr("csrrci", "111", "zimm"),
  rowsOf("Zifencei")("fence.i", "imm[11:0] rs1 001 rd 0001111", "", (m) => m.system()),
  plain("I", "ecall", "000000000000"),
  plain("I", "ebreak", "000000000001"),
  plain("S", "sret", "000100000010"),
  plain("M-mode", "mret", "001100000010"),
  plain("S", "wfi", "000100000101"),
  rowsOf("S")("sfence.vma", "0001001 rs2 rs1 000 00000 1110011", "rs1,rs2", (m) => m.system()),
];
