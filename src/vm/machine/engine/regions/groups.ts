/**
 * Accesses of one block to places near each other, such as the registers that a function saves on
 * its stack: the TLB is asked once for all of them, if they lie in one page.
 *
 * An address is known here as the value of a register at the block's beginning plus a number, as far
 * as that can be followed. Loads and stores are apart, as their TLBs are.
 *
 * @module
 */

import { shapeOf } from "../shape.ts";
import type { Step } from "./region.ts";

/** Groups of a block at most. */
export const MOST_GROUPS = 4;
/** Bytes from the first to the last one of a group at most. */
const SPAN = 512;

/** Accesses that are checked together. */
export interface Group {
  readonly stores: boolean;
  /** The register whose value at the block's beginning they go by. */
  readonly register: number;
  /** The lowest offset to that. */
  readonly low: number;
  /** Bytes from there to the end of the last one. */
  readonly span: number;
  /** Bytes that the lowest address has to be a multiple of. */
  readonly alignment: number;
}

/** What an access of a group has to know: which one it is, and how far behind its start. */
export interface Grouped {
  readonly group: number;
  readonly offset: number;
}

/** The groups of a block's steps, and what belongs to them, by the number of the step. */
export interface Groups {
  readonly groups: readonly Group[];
  readonly grouped: ReadonlyMap<number, Grouped>;
}

interface Access {
  readonly step: number;
  readonly offset: number;
  readonly size: number;
}

/** A register's value, by that of one at the beginning. */
interface Known {
  readonly register: number;
  readonly offset: number;
}

/** Finds them among the first `count` steps. */
export function groupsOf(steps: readonly Step[], count: number): Groups {
  const accesses = new Map<string, Access[]>();
  const known: (Known | undefined)[] = [];
  for (let register = 0; register < 32; register++) {
    known.push(register === 0 ? undefined : { register, offset: 0 });
  }
  for (let i = 0; i < count; i++) {
    const { kind, instruction } = steps[i]!;
    const { rd, rs1, imm, row } = instruction;
    const base = known[rs1];
    if ((kind === "load" || kind === "store") && base !== undefined) {
      const key = `${kind} ${base.register}`;
      const all = accesses.get(key) ?? [];
      all.push({ step: i, offset: base.offset + imm, size: sizeOf(row.name) });
      accesses.set(key, all);
    }
    if (shapeOf(row).writesRd && rd !== 0) known[rd] = valueOf(steps[i]!, known);
  }
  const groups: Group[] = [];
  const grouped = new Map<number, Grouped>();
  for (const [key, all] of accesses) {
    if (all.length < 2 || groups.length >= MOST_GROUPS) continue;
    const [kind, register] = key.split(" ");
    const low = Math.min(...all.map(({ offset }) => offset));
    const span = Math.max(...all.map(({ offset, size }) => offset + size)) - low;
    const alignment = Math.max(...all.map(({ size }) => size));
    // The lowest address is aligned for all: whatever is not at a multiple of its size is not.
    if (span > SPAN || all.some(({ offset, size }) => (offset - low) % size !== 0)) continue;
    for (const { step, offset } of all) {
      grouped.set(step, { group: groups.length, offset: offset - low });
    }
    groups.push({ stores: kind === "store", register: Number(register), low, span, alignment });
  }
  return { groups, grouped };
}

/** The value that a step leaves in rd, if it can be followed. */
function valueOf(step: Step, known: readonly (Known | undefined)[]): Known | undefined {
  const { row: { name }, rs1, rs2, imm } = step.instruction;
  if (name === "add" && (rs1 === 0 || rs2 === 0)) return known[rs1 + rs2];
  const base = name === "addi" ? known[rs1] : undefined;
  return base && { register: base.register, offset: base.offset + imm };
}

const SIZES: Record<string, number> = { b: 1, h: 2, w: 4, d: 8 };

/** Bytes of a load or store, by its name. */
function sizeOf(name: string): number {
  return SIZES[name[1]!]!;
}
