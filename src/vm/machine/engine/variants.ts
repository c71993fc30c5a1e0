/**
 * The handlers of the interpreter that execute instructions: which there are, and their numbers. A
 * row has one for each length it is encoded in, and more where its record is read differently.
 *
 * @module
 */

import type { Row } from "../isa/row.ts";
import { COMPRESSED_ROWS, rowNamed, ROWS } from "../isa/rows.ts";
import { PLAIN_READS, plainChanges, type PlainCsr } from "./plain_csrs.ts";
import { type Shape, shapeOf } from "./shape.ts";

/** How a handler differs from others of its row. */
export interface Variant {
  readonly row: Row;
  /** Bytes of the encoding: how far to go on. */
  readonly length: 2 | 4;
  /** rd is x0: a load's result goes to X_SINK, a jump does not link. */
  readonly sink: boolean;
  /** The target is outside the page. */
  readonly far: boolean;
  /** Of an access to a CSR for which there is code. */
  readonly csr?: PlainCsr;
}

/** The row that stands for all instructions without effect. */
export const NOTHING: Row = rowNamed("fence");
/** The row that stands for all that the host executes. */
export const SYSTEM: Row = rowNamed("ebreak");
/** The row that stands for all that only read a CSR. */
export const CSR_READ: Row = rowNamed("csrrs");

/** Number of the first handler that executes an instruction; those below stand in records.ts. */
export const FIRST_VARIANT = 4;

/** Made when code is first decoded: a shell that runs no guest code never needs them. */
let known: { list: Variant[]; numbers: Map<string, number> } | undefined;

function table() {
  if (known === undefined) {
    const list = allVariants();
    const numbers = list.map((one, i) => [variantKey(one), FIRST_VARIANT + i] as const);
    known = { list, numbers: new Map(numbers) };
  }
  return known;
}

/** The handlers, in the order of their numbers from {@link FIRST_VARIANT}. */
export function variants(): readonly Variant[] {
  return table().list;
}

/** The number of a variant's handler. */
export function numberOf(variant: Variant): number {
  return numberOfKey(variantKey(variant));
}

/** A variant in words: name and length, and what else is special, as in `jal 4 sink far`. */
export function variantKey({ row, length, sink, far, csr }: Variant): string {
  const access = csr === undefined ? "" : ` ${csr.name}${csr.reads ? " read" : ""}`;
  return `${row.name} ${length}${sink ? " sink" : ""}${far ? " far" : ""}${access}`;
}

/** The number of a handler by its variant in words. Throws when there is none. */
export function numberOfKey(key: string): number {
  const number = table().numbers.get(key);
  if (number === undefined) throw new Error(`no handler for ${key}`);
  return number;
}

/**
 * Whether rd = x0 needs a handler of its own. Not a computation, which then has no effect at all;
 * nor an atomic operation, which puts x0 right afterwards.
 */
export function hasSink({ kind }: Shape): boolean {
  return kind === "load" || kind === "jump" || kind === "jumpTo";
}

function allVariants(): Variant[] {
  const short = new Set(COMPRESSED_ROWS.map((row) => row.base));
  short.add(NOTHING.name); // c.nop and the other short instructions without effect
  const all: Variant[] = [];
  for (const row of ROWS) {
    const shape = shapeOf(row);
    if (shape.kind === "system" && row !== SYSTEM) continue;
    if (shape.csr !== undefined) {
      const forms = [...plainChanges(shape.csr), ...(row === CSR_READ ? PLAIN_READS : [])];
      for (const csr of forms) all.push({ row, length: 4, sink: false, far: false, csr });
      continue;
    }
    for (const length of short.has(row.name) ? [2, 4] as const : [4] as const) {
      for (const sink of hasSink(shape) ? [false, true] : [false]) {
        for (const far of shape.direct ? [false, true] : [false]) {
          all.push({ row, length, sink, far });
        }
      }
    }
  }
  return all;
}
