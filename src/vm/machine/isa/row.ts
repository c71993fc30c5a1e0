/**
 * The shape of an instruction's one declaration, and of an instruction that was decoded by it.
 *
 * @module
 */

import type { Meaning } from "./meaning.ts";
import { type Operands, parsePattern, type Pattern } from "./pattern.ts";

/** A base instruction (4 bytes): encoding, text and meaning. */
export interface Row {
  readonly name: string;
  /** Extension the instruction belongs to, as in an ISA string: I, M, A, Zicsr, Zifencei, S. */
  readonly extension: string;
  readonly pattern: Pattern;
  /**
   * Operands as the assembler writes them. Words: `rd rs1 rs2` registers, `imm` decimal, `shamt`
   * and `upper` hexadecimal, `target` pc + imm, `csr` a CSR name, `zimm` the rs1 field as a number,
   * `pred`/`succ` of a fence. Everything else stands for itself.
   */
  readonly text: string;
  readonly means: (m: Meaning) => void;
}

/** A compressed instruction (2 bytes): a base instruction with some operands fixed. */
export interface CompressedRow {
  readonly name: string;
  readonly extension: "C";
  readonly pattern: Pattern;
  /** Operands as the assembler writes the compressed form; words as in {@link Row.text}. */
  readonly text: string;
  /** The base instruction it expands to. */
  readonly base: string;
  /** Base operands that the format lacks: a number, or the name of the field that gives it. */
  readonly fixed: Partial<Record<"rd" | "rs1" | "rs2" | "imm", number | "rd">>;
}

/** One decoded instruction. */
export interface Instruction extends Readonly<Operands> {
  /** The base row that says what it does. */
  readonly row: Row;
  /** The compressed row when it was encoded in 2 bytes. */
  readonly compressed: CompressedRow | undefined;
  /** Bytes: 2 or 4. */
  readonly length: 2 | 4;
  /** The encoding, 16 or 32 bits. */
  readonly word: number;
}

/** Declares a base instruction: its name, format, operands as text, and meaning. */
type Declare = (name: string, format: string, text: string, means: Row["means"]) => Row;

/** Declares the base instructions of an extension. */
export function rowsOf(extension: string): Declare {
  return (name, format, text, means) => withPattern({ name, extension, text, means }, format);
}

/** Declares a compressed instruction. */
export function compressed(
  name: string,
  format: string,
  text: string,
  base: string,
  fixed: CompressedRow["fixed"],
): CompressedRow {
  return withPattern({ name, extension: "C", text, base, fixed }, format);
}

/** Adds the pattern of a format, parsed when first asked for: many sessions decode nothing. */
function withPattern<T extends object>(row: T, format: string): T & { readonly pattern: Pattern } {
  let pattern: Pattern | undefined;
  return Object.defineProperty(row, "pattern", {
    enumerable: true,
    get: () => pattern ??= parsePattern(format),
  }) as T & { readonly pattern: Pattern };
}
