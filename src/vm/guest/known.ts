/**
 * What is known of a guest's kernel whatever stands in its memory: what its file says, and what a
 * person says in the place of that (`given.ts`).
 */

import type { StructType } from "../dwarf/types.ts";
import type { ProcessState } from "../inspect/view.ts";
import type { PaNum } from "../machine/address.ts";
import { type CPlace, type Long, placeIn } from "./c_place.ts";
import { recordType } from "./c_record.ts";
import { type Cpus, cpusOf } from "./cpus.ts";
import { stackPages } from "./exec_layout.ts";
import type { Watched } from "./learner.ts";
import { listHeads } from "./list_heads.ts";
import type { Layout } from "./proc_table.ts";
import { type Offsets, type RecordFacts, recordFacts } from "./record_facts.ts";
import type { ImageSymbols } from "./symbols.ts";
import type { VmaShape } from "./vma_shape.ts";

/** Where something stands that a person names. */
export interface GivenPlace {
  /** As it was typed. */
  readonly name: string;
  readonly place: Pick<CPlace, "at" | "way">;
}

/** The records of processes. */
export interface GivenRecords extends GivenPlace {
  /** Bytes of all of them together; undefined: nobody says. */
  readonly size: number | undefined;
  /** How many there are; undefined: as many as that makes. */
  readonly count: number | undefined;
  /** Bytes of one; undefined: nobody says. */
  readonly bytes: number | undefined;
  /** What one is in C; undefined: nobody says. */
  readonly type: StructType | undefined;
  /** Where things stand in it. */
  readonly members: Offsets;
  /** What its states are called, by their numbers. */
  readonly states: ReadonlyMap<number, ProcessState | "unused">;
}

/** What a person says, in the place of what would be found; null: the kernel has none. */
export interface Given extends Partial<Watched> {
  readonly processes?: GivenRecords | null;
  /** What the kernel knows of its harts. */
  readonly cpus?: Cpus | null;
  /** The kernel's root table stands there. */
  readonly kernel?: GivenPlace | null;
  /** Pointers to the first frames of free lists stand there. */
  readonly free?: readonly GivenPlace[] | null;
  /** Where records keep the areas that mmap made. */
  readonly areas?: VmaShape | null;
  /** Pages of a program's stack. */
  readonly stack?: number | null;
}

/** What is known once for all. */
export interface Known {
  readonly symbols: ImageSymbols;
  /** What one process's record is in C; undefined: no debug information tells. */
  readonly type: StructType | undefined;
  readonly record: RecordFacts | undefined;
  /** Its record of each hart; undefined: it has none, or unknown. */
  readonly cpus: Cpus | undefined;
  readonly given: Given;
  /** Where things stand in the processes' records, where that has been found out before. */
  readonly layout?: Layout | undefined;
  /** Frames that the kernel keeps for something without a list of them. */
  readonly reserved?: ReadonlySet<number> | undefined;
}

/** What a kernel's file says, and a person. */
export function knownOf(symbols: ImageSymbols, given: Given = {}): Known {
  const type = recordType(symbols, given.processes);
  const { cpus } = given;
  return {
    symbols,
    type,
    record: recordFacts(symbols, type, given.processes ?? undefined),
    cpus: cpus === undefined ? cpusOf(symbols, type) : cpus ?? undefined,
    given,
  };
}

/** Where the root of the kernel's own table stands in a memory, if it is one; undefined: unknown. */
export function kernelRootIn(
  { symbols, given: { kernel } }: Known,
  long: Long,
): number | undefined {
  if (kernel !== undefined) return kernel === null ? undefined : placeIn(kernel.place, long);
  const pointer = symbols.variable("kernel_pagetable");
  return pointer && long(pointer.start);
}

/** A word that may name the first frame of a free list. */
export interface Head {
  readonly at: PaNum;
  /** `kmem.freelist`, `kmem[1].freelist`; where nobody declares it, `kmem+24`. */
  readonly name: string;
}

/** Those of a kernel; undefined: a person says that it has none. */
export function headsIn({ symbols, given: { free } }: Known, long: Long): readonly Head[] {
  if (free === undefined) return listHeads(symbols);
  return (free ?? []).flatMap(({ name, place }) => {
    const at = placeIn(place, long);
    return at === undefined || at % 8 !== 0 ? [] : [{ at: at as PaNum, name }];
  });
}

/** Pages of a program's stack; undefined: unknown. */
export function stackOf({ symbols, given: { stack } }: Known): number | undefined {
  return stack === undefined ? stackPages(symbols) : stack ?? undefined;
}
