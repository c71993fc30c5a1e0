/**
 * Pseudo-instructions: shorter names for a base instruction with certain operands, as the assembly
 * programmer's manual lists them. The first that fits is used. The texts use the words of
 * {@link Row.text}.
 *
 * @module
 */

import { csrNumber } from "./csr_names.ts";
import type { Instruction } from "./row.ts";

/** One pseudo-instruction. */
export interface Alias {
  readonly base: string;
  readonly name: string;
  readonly text: string;
  /** Operand values that it stands for. */
  readonly when: Partial<Record<"rd" | "rs1" | "rs2" | "imm", number>>;
}

const alias = (base: string, name: string, text: string, when: Alias["when"]): Alias => ({
  base,
  name,
  text,
  when,
});
const ALL_FENCES = 0xff;
const FENCE_TSO = 0x833 - 0x1000;
const PAUSE = 0x010;
const CYCLE = csrNumber("cycle")!, TIME = csrNumber("time")!, INSTRET = csrNumber("instret")!;

const ALIASES: readonly Alias[] = [
  alias("addi", "nop", "", { rd: 0, rs1: 0, imm: 0 }),
  alias("addi", "li", "rd,imm", { rs1: 0 }),
  alias("addi", "mv", "rd,rs1", { imm: 0 }),
  alias("addiw", "sext.w", "rd,rs1", { imm: 0 }),
  alias("xori", "not", "rd,rs1", { imm: -1 }),
  alias("sltiu", "seqz", "rd,rs1", { imm: 1 }),
  alias("andi", "zext.b", "rd,rs1", { imm: 255 }),
  alias("sub", "neg", "rd,rs2", { rs1: 0 }),
  alias("subw", "negw", "rd,rs2", { rs1: 0 }),
  alias("sltu", "snez", "rd,rs2", { rs1: 0 }),
  alias("slt", "sltz", "rd,rs1", { rs2: 0 }),
  alias("slt", "sgtz", "rd,rs2", { rs1: 0 }),
  alias("beq", "beqz", "rs1,target", { rs2: 0 }),
  alias("bne", "bnez", "rs1,target", { rs2: 0 }),
  alias("blt", "bltz", "rs1,target", { rs2: 0 }),
  alias("blt", "bgtz", "rs2,target", { rs1: 0 }),
  alias("bge", "blez", "rs2,target", { rs1: 0 }),
  alias("bge", "bgez", "rs1,target", { rs2: 0 }),
  alias("jal", "j", "target", { rd: 0 }),
  alias("jal", "jal", "target", { rd: 1 }),
  alias("jalr", "ret", "", { rd: 0, rs1: 1, imm: 0 }),
  alias("jalr", "jr", "rs1", { rd: 0, imm: 0 }),
  alias("jalr", "jr", "imm(rs1)", { rd: 0 }),
  alias("jalr", "jalr", "rs1", { rd: 1, imm: 0 }),
  alias("jalr", "jalr", "imm(rs1)", { rd: 1 }),
  alias("jalr", "jalr", "rd,rs1", { imm: 0 }),
  alias("csrrw", "unimp", "", { rd: 0, rs1: 0, imm: CYCLE }),
  alias("csrrs", "rdcycle", "rd", { rs1: 0, imm: CYCLE }),
  alias("csrrs", "rdtime", "rd", { rs1: 0, imm: TIME }),
  alias("csrrs", "rdinstret", "rd", { rs1: 0, imm: INSTRET }),
  alias("csrrs", "csrr", "rd,csr", { rs1: 0 }),
  alias("csrrw", "csrw", "csr,rs1", { rd: 0 }),
  alias("csrrs", "csrs", "csr,rs1", { rd: 0 }),
  alias("csrrc", "csrc", "csr,rs1", { rd: 0 }),
  alias("csrrwi", "csrw", "csr,zimm", { rd: 0 }),
  alias("csrrsi", "csrs", "csr,zimm", { rd: 0 }),
  alias("csrrci", "csrc", "csr,zimm", { rd: 0 }),
  // With a result, the assembler takes the immediate form by the same name.
  alias("csrrwi", "csrrw", "rd,csr,zimm", {}),
  alias("csrrsi", "csrrs", "rd,csr,zimm", {}),
  alias("csrrci", "csrrc", "rd,csr,zimm", {}),
  alias("fence", "fence", "", { rd: 0, rs1: 0, imm: ALL_FENCES }),
  alias("fence", "fence.tso", "", { rd: 0, rs1: 0, imm: FENCE_TSO }),
  alias("fence", "pause", "", { rd: 0, rs1: 0, imm: PAUSE }),
  alias("sfence.vma", "sfence.vma", "", { rs1: 0, rs2: 0 }),
  alias("sfence.vma", "sfence.vma", "rs1", { rs2: 0 }),
];

const byBase = new Map<string, Alias[]>();
for (const alias of ALIASES) {
  byBase.set(alias.base, [...byBase.get(alias.base) ?? [], alias]);
}

/** The pseudo-instruction an instruction is usually written as, if any. */
export function aliasOf(instruction: Instruction): Alias | undefined {
  return byBase.get(instruction.row.name)?.find(({ when }) =>
    Object.entries(when).every(([name, value]) => instruction[name as "rd"] === value)
  );
}
