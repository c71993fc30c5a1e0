/**
 * A moment that has passed: page tables and counts as they were then, worked out when somebody
 * asks, from RAM and the events since. What no event tells, who has which table, is noted at the
 * time ({@link residentsOf}).
 */

import { type Pa, PAGE_SIZE, paNum } from "../../machine/address.ts";
import type { TableMemory } from "../../machine/sv39.ts";
import type { VmEvent } from "../../events.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { KernelError } from "../../kernel/manual.ts";
import { countOf } from "../../kernel/memory/frames/frames.ts";
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

  /**
   * What happened from this moment to a later one; the oldest are missing when the log could not
   * hold them all even then. Throws KernelError when it has forgotten more since.
   */
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
    if (restores !== this.#restores) {
      throw new KernelError(
        "a report is explained from the log, and the computer was put back to a saved state since",
      );
    }
    if (oldest > from) {
      throw new KernelError(
        `a report is explained from the log, which goes back to event ${oldest}; this one begins ` +
          `at ${from}`,
      );
    }
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
  const copies = new Map<number, number>();
  const past = {
    words: new Uint32Array(16 * PAGE_SIZE / 4),
    /** A table is copied, with what is undone in it, when it is first read. */
    wordsOf(frame: number): number {
      const from = ram.wordsOf(frame);
      const made = copies.get(frame);
      if (from < 0 || made !== undefined) return made ?? -1;
      const to = copies.size * PAGE_SIZE / 4;
      copies.set(frame, to);
      if (to === past.words.length) {
        const { words } = past;
        past.words = new Uint32Array(2 * to);
        past.words.set(words);
      }
      if (!freed.has(frame)) past.words.set(ram.words.subarray(from, from + PAGE_SIZE / 4), to);
      for (const [i, word] of frames.get(frame) ?? []) past.words[to + i] = word;
      return to;
    },
  };
  return past;
}

interface Known {
  readonly restores: number;
  readonly list: readonly (Resident & { readonly space: number })[];
}

const known = new WeakMap<Kernel, Known>();

/** The processes now, zombies too, by slot; the same list as long as nothing has changed. */
export function residentsOf(k: Kernel): readonly Resident[] {
  const last = known.get(k);
  return last !== undefined && isAsNow(k, last) ? last.list : listed(k);
}

function isAsNow(k: Kernel, { restores, list }: Known): boolean {
  let n = 0;
  for (const p of k.state.procs) {
    if (p === undefined) continue;
    if (n === list.length) return false;
    const { pid, name, space } = list[n++];
    if (pid !== p.pid || space !== p.space || name !== p.name) return false;
  }
  // Spaces of before a restore may have had the numbers of others.
  return n === list.length && restores === k.events.restores;
}

function listed(k: Kernel): readonly Resident[] {
  const list = procs(k).map((p) => {
    const { pid, name, space } = p;
    return { pid, name, space, root: spaceOf(k, p).root };
  });
  known.set(k, { restores: k.events.restores, list });
  return list;
}
