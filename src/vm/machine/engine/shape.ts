/**
 * What an instruction does in outline, learnt by asking its row once: which of the verbs of
 * {@link Meaning} it uses. This decides how its record looks and which handlers it needs.
 *
 * @module
 */

import type { Meaning } from "../isa/meaning.ts";
import type { CsrAccess } from "./plain_csrs.ts";
import type { Row } from "../isa/row.ts";
import { choose, chooseWord, type Condition, type Value, value, Word } from "./expression.ts";

/** The verbs of {@link Meaning}. */
export type Kind =
  | "set"
  | "load"
  | "store"
  | "amo"
  | "loadReserved"
  | "storeConditional"
  | "branch"
  | "jump"
  | "jumpTo"
  | "nothing"
  | "csr"
  | "system";

/** The outline of a row. */
export interface Shape {
  readonly kind: Kind;
  /** The result goes to rd. */
  readonly writesRd: boolean;
  /** The target is pc + imm, known when decoding. */
  readonly direct: boolean;
  /** Operands are registers only, so the record's immediate holds rs2. */
  readonly registerForm: boolean;
  /** Of a CSR instruction: what becomes of its CSR, and by what. */
  readonly csr: CsrAccess | undefined;
}

const known = new Map<string, Shape>();

/** The outline of a row. */
export function shapeOf(row: Row): Shape {
  let shape = known.get(row.name);
  if (shape === undefined) {
    shape = outline(row);
    known.set(row.name, shape);
  }
  return shape;
}

function outline(row: Row): Shape {
  const kinds: Kind[] = [];
  const verb = (kind: Kind) => () => void kinds.push(kind);
  const zero = value(0n);
  let csr: Shape["csr"];
  const probe: Meaning = {
    rs1: zero,
    rs2: zero,
    imm: zero,
    pc: zero,
    constant: value,
    constant32: () => new Word([]),
    choose: (c, yes, no) => choose(c as Condition, yes as Value, no as Value),
    choose32: (c, yes, no) => chooseWord(c as Condition, yes as Word, no as Word),
    set: verb("set"),
    load: verb("load"),
    store: verb("store"),
    amo: verb("amo"),
    loadReserved: verb("loadReserved"),
    storeConditional: verb("storeConditional"),
    branch: verb("branch"),
    jump: verb("jump"),
    jumpTo: verb("jumpTo"),
    nothing: verb("nothing"),
    csr: (how, source) => {
      kinds.push("csr");
      csr = { how, source };
    },
    system: verb("system"),
  };
  row.means(probe);
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) throw new Error(`${row.name}: one verb, please`);
  const effectless = kind === "store" || kind === "branch" || kind === "nothing" ||
    kind === "system";
  return {
    kind,
    writesRd: !effectless,
    direct: kind === "branch" || kind === "jump",
    registerForm: row.pattern.fields.every((field) => field.name !== "imm"),
    csr,
  };
}
