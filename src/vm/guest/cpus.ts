/** The kernel's record of each hart: `struct cpu cpus[NCPU]`. */

import { bare, memberNamed } from "../dwarf/types.ts";
import { asStruct, pointedTo } from "./c_record.ts";
import type { ImageSymbols } from "./symbols.ts";

/** Where it stands, and what in it. */
export interface Cpus {
  readonly start: number;
  /** Bytes of one hart's. */
  readonly each: number;
  readonly count: number;
  /** Where it names the record of the process that the hart works for; 0 there: of none. */
  readonly proc: number;
  /** Where it says how many spinlocks the hart holds; undefined: unknown. */
  readonly noff: number | undefined;
}

/** Harts of an xv6 (`NCPU`), where nobody declares how many. */
const NCPU = 8;

const known = new WeakMap<ImageSymbols, { readonly cpus: Cpus | undefined }>();

/** That of a kernel; undefined: it has none. */
export function cpusOf(symbols: ImageSymbols): Cpus | undefined {
  const before = known.get(symbols);
  if (before !== undefined) return before.cpus;
  const cpus = declared(symbols) ?? byCode(symbols);
  known.set(symbols, { cpus });
  return cpus;
}

/** Where that of a hart begins; undefined: it has none. */
export function cpuAt(cpus: Cpus | undefined, hartid: number): number | undefined {
  return cpus === undefined || hartid >= cpus.count ? undefined : cpus.start + hartid * cpus.each;
}

function declared(symbols: ImageSymbols): Cpus | undefined {
  const global = symbols.debug?.global("cpus");
  const array = bare(global?.type);
  const one = array?.kind === "array" ? bare(array.of) : undefined;
  if (array?.kind !== "array" || one?.kind !== "struct" || !array.length) return undefined;
  const proc = one.members.find(({ type }) => asStruct(pointedTo(type), "proc") !== undefined);
  if (proc === undefined) return undefined;
  const noff = memberNamed(one, "noff");
  return {
    start: Number(global!.address),
    each: one.size,
    count: array.length,
    proc: proc.offset,
    noff: noff?.type.size === 4 ? noff.offset : undefined,
  };
}

/** The process is the first word of each in all years; push_off reads how many locks are held. */
function byCode(symbols: ImageSymbols): Cpus | undefined {
  const variable = symbols.variable("cpus");
  if (variable === undefined || variable.size % (8 * NCPU) !== 0) return undefined;
  const noff = symbols.code("push_off").map((text) => /^lw \w+,(\d+)\(a0\)$/.exec(text)?.[1])
    .find((number) => number !== undefined);
  return {
    start: variable.start,
    each: variable.size / NCPU,
    count: NCPU,
    proc: 0,
    noff: noff === undefined ? undefined : Number(noff),
  };
}
