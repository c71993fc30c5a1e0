/** A moment that has passed: tables and counts as they were, from RAM and the events since. */

import { type Pa, PAGE_SIZE, paNum } from "../../machine/address.ts";
import type { TableMemory } from "../../machine/sv39.ts";
import type { VmEvent } from "../../events.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { KernelError } from "../../kernel/manual.ts";
import { countOf } from "../../kernel/memory/frames/frames.ts";
import { copiedTables } from "../mappings.ts";
import type { Resident } from "../page_owners.ts";
import { procs, spaceOf } from "../../kernel/process/table.ts";

/** One moment of a computer. */
export class Moment {
  /** Number of the first event after it. */
  readonly next: number;
  readonly #k: Kernel;
  readonly #oldest: number;
  readonly #restores: number;
  #tables: TableMemory | undefined;

  /** Now. */
  constructor(k: Kernel) {
    this.#k = k;
    this.next = k.events.next;
    this.#oldest = k.events.oldest;
    this.#restores = k.events.restores;
  }

  /** The page tables as they were. Throws KernelError when that is not known any more. */
  get tables(): TableMemory {
    return this.#tables ??= tablesBefore(this.#k, this.#since());
  }

  /** The stored count that a frame had. Throws KernelError when that is not known any more. */
  count(frame: Pa): number {
    const at = paNum(Number(frame));
    const first = this.#since().find(({ kind, pa, run }) =>
      (kind === "alloc" || kind === "free" || kind === "count") &&
      pa <= at && at < pa + run * PAGE_SIZE
    );
    return first?.old ?? countOf(this.#k, at);
  }

  /** The events up to a later moment. Throws KernelError for what the log forgot after that. */
  until(later: Moment): readonly VmEvent[] {
    if (this.next === later.next) return [];
    this.#check(Math.max(this.next, later.#oldest));
    return this.#k.events.since(this.next, later.next);
  }

  #since(): VmEvent[] {
    this.#check(this.next);
    return this.#k.events.since(this.next);
  }

  /** Throws KernelError unless the log still has all events from this one on. */
  #check(from: number): void {
    const { restores, oldest } = this.#k.events;
    const why = restores !== this.#restores
      ? "and the computer was put back to a saved state since"
      : oldest > from
      ? `which goes back to event ${oldest}; this one begins at ${from}`
      : undefined;
    if (why !== undefined) throw new KernelError(`a report is explained from the log, ${why}`);
  }
}

/** What happened between two moments. */
export class Happened {
  readonly #before: Moment;
  readonly #after: Moment;
  #events: readonly VmEvent[] | undefined;

  /** The later one may be now. */
  constructor(before: Moment, after: Moment) {
    this.#before = before;
    this.#after = after;
  }

  /** See {@link Moment.until}. */
  get events(): readonly VmEvent[] {
    return this.#events ??= this.#before.until(this.#after);
  }
}

/** RAM with the changes of PTEs in `events` undone; only page tables read as they were. */
function tablesBefore(k: Kernel, events: readonly VmEvent[]): TableMemory {
  const { ram } = k.machine;
  if (events.length === 0) return ram;
  const frames = new Map<number, Map<number, number>>();
  const freed = new Set<number>();
  for (const { kind, pa, old, run } of events.toReversed()) {
    const frame = Math.floor(pa / PAGE_SIZE);
    if (kind === "free") {
      // A table is all zeros when it is freed.
      freed.add(frame);
      frames.delete(frame);
    } else if (kind === "pte" || kind === "mark") {
      const words = frames.get(frame) ?? new Map<number, number>();
      frames.set(frame, words);
      const first = pa % PAGE_SIZE / 4;
      for (let i = 0; i < run; i++) words.set(first + 2 * i, old === 0 ? 0 : old + i * 1024);
    }
  }
  return copiedTables((frame) => {
    const from = ram.wordsOf(frame);
    if (from < 0) return undefined;
    const table = new Uint32Array(PAGE_SIZE / 4);
    if (!freed.has(frame)) table.set(ram.words.subarray(from, from + PAGE_SIZE / 4));
    for (const [i, word] of frames.get(frame) ?? []) table[i] = word;
    return table;
  });
}

/** The processes now, zombies too, by slot. */
export function residentsOf(k: Kernel): readonly Resident[] {
  return procs(k).map((p) => ({ pid: p.pid, name: p.name, root: spaceOf(k, p).root }));
}
