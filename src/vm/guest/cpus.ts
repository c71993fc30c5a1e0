/** The kernel's record of each hart: `struct cpu cpus[NCPU]`. */

import { bare, memberNamed, type StructType } from "../dwarf/types.ts";
import { leadsToRecord } from "./c_record.ts";
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
  /** What it is called. */
  readonly name: string;
  /** How that is known. */
  readonly by: "declared" | "code" | "given";
}

/** Harts of an xv6 (`NCPU`), where nobody declares how many. */
const NCPU = 8;

/** That of a kernel whose records of processes are of a type; undefined: it has none. */
export function cpusOf(symbols: ImageSymbols, record?: StructType): Cpus | undefined {
  const global = symbols.debug?.global("cpus");
  const array = bare(global?.type);
  const type = array?.kind === "array" ? bare(array.of) : undefined;
  if (array?.kind === "array" && type?.kind === "struct" && array.length) {
    const places = cpuMembers(type, record);
    if (places !== undefined) {
      const start = Number(global!.address), count = array.length;
      return { name: "cpus", start, each: type.size, count, ...places, by: "declared" };
    }
  }
  return byCode(symbols);
}

/** Where that of a hart begins; undefined: it has none. */
export function cpuAt(cpus: Cpus | undefined, hartid: number): number | undefined {
  return cpus === undefined || hartid >= cpus.count ? undefined : cpus.start + hartid * cpus.each;
}

/** What is known by its type and name in a hart's record; undefined: it names no process. */
export function cpuMembers(
  cpu: StructType,
  record: StructType | undefined,
): Pick<Cpus, "proc" | "noff"> | undefined {
  const proc = cpu.members.find(({ type }) => leadsToRecord(type, record));
  if (proc === undefined) return undefined;
  const noff = memberNamed(cpu, "noff");
  return { proc: proc.offset, noff: noff?.type.size === 4 ? noff.offset : undefined };
}

/** The process is the first word of each in all years. */
function byCode(symbols: ImageSymbols): Cpus | undefined {
  const variable = symbols.variable("cpus");
  if (variable === undefined || variable.size % (8 * NCPU) !== 0) return undefined;
  const { start, size } = variable;
  return {
    ...{ name: "cpus", start, each: size / NCPU, count: NCPU, proc: 0 },
    noff: noffByCode(symbols),
    by: "code",
  };
}

/** Where push_off reads how many locks are held; undefined: its code does not say. */
export function noffByCode(symbols: ImageSymbols): number | undefined {
  const noff = symbols.code("push_off").map((text) => /^lw \w+,(\d+)\(a0\)$/.exec(text)?.[1])
    .find((number) => number !== undefined);
  return noff === undefined ? undefined : Number(noff);
}
