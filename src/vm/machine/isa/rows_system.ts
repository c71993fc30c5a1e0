/**
 * Zicsr, Zifencei, environment calls and the privileged instructions. Most of their meaning is the
 * host's (CSRs, traps, TLBs); here stand their encodings and texts, and what becomes of a CSR.
 *
 * @module
 */

import type { CsrChange, CsrSource } from "./meaning.ts";
import { type Row, rowsOf } from "./row.ts";

const csr = (name: string, funct3: string, how: CsrChange, source: CsrSource) =>
  rowsOf("Zicsr")(
    name,
    `uimm[11:0] rs1 ${funct3} rd 1110011`,
    `rd,csr,${source}`,
    (m) => m.csr(how, source),
  );

const plain = (extension: string, name: string, funct12: string) =>
  rowsOf(extension)(name, `${funct12} 00000 000 00000 1110011`, "", (m) => m.system());

/** The rows that have to do with privilege. */
export const ROWS_SYSTEM: readonly Row[] = [
  csr("csrrw", "001", "write", "rs1"),
  csr("csrrs", "010", "set", "rs1"),
  csr("csrrc", "011", "clear", "rs1"),
  csr("csrrwi", "101", "write", "zimm"),
  csr("csrrsi", "110", "set", "zimm"),
  csr("csrrci", "111", "clear", "zimm"),
  rowsOf("Zifencei")("fence.i", "imm[11:0] rs1 001 rd 0001111", "", (m) => m.system()),
  plain("I", "ecall", "000000000000"),
  plain("I", "ebreak", "000000000001"),
  plain("S", "sret", "000100000010"),
  plain("M-mode", "mret", "001100000010"),
  plain("S", "wfi", "000100000101"),
  rowsOf("S")("sfence.vma", "0001001 rs2 rs1 000 00000 1110011", "rs1,rs2", (m) => m.system()),
];
