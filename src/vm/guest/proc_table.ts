/**
 * A guest xv6's process table, read out of its memory: records one behind the other in the variable
 * `proc`. Where things stand in one of them is declared by the kernel's debug information, or said
 * by its code (`record_facts.ts`), or found by what the records hold (`proc_search.ts`).
 */

import { hex, PAGE_SIZE, type PaNum } from "../machine/address.ts";
import type { ProcessState } from "../inspect/view.ts";
import {
  findPlaces,
  isRecord,
  isUserRoot,
  type Places,
  rootsAt,
  rootsOffset,
  trapframeIn,
} from "./proc_search.ts";
import type { Member, RecordFacts } from "./record_facts.ts";
import type { ImageSymbols, Variable } from "./symbols.ts";
import type { Words } from "./words.ts";

/** One process. */
export interface Slot {
  /** Where its record stands. */
  readonly at: PaNum;
  readonly pid: number;
  readonly name: string | undefined;
  readonly state: ProcessState | undefined;
  readonly waits: string | undefined;
  readonly parent: number | undefined;
  readonly root: PaNum | undefined;
  readonly size: number | undefined;
  readonly trapframe: PaNum | undefined;
  /** The live part of its kernel stack while it is switched out: from its sp to the end. */
  readonly stack: readonly [from: number, to: number] | undefined;
  /** Where its registers stand meanwhile: ra, sp, s0 to s11 (`struct context`). */
  readonly context: PaNum | undefined;
  /** Its frame pointer then. */
  readonly frame: number | undefined;
}

/** Where things stand in a process's record, as far as that is known. */
export interface Layout {
  /** Bytes of one record. */
  readonly stride: number;
  readonly records: number;
  readonly offsets: Places;
  /** Those that only what the records hold tells. */
  readonly seen: readonly Member[];
}

/** What a process sleeps for. */
export const CONSOLE = "the console", CLOCK = "a clock tick";

/** The process table of a kernel, as far as it can be told. */
export class ProcTable {
  readonly #words: Words;
  readonly #symbols: ImageSymbols;
  readonly #facts: RecordFacts | undefined;
  readonly #fixed: Layout | undefined;

  /** The table in some memory. `layout`: where things stand, where that is known already. */
  constructor(
    words: Words,
    symbols: ImageSymbols,
    facts: RecordFacts | undefined,
    layout?: Layout,
  ) {
    this.#fixed = layout;
    this.#words = words;
    this.#symbols = symbols;
    this.#facts = facts;
  }

  /** Where things stand in its records, once {@link ProcTable.slots} has been asked. */
  layout: Layout | undefined;

  /** The processes, lowest pid first; undefined: unknown. */
  slots(): Slot[] | undefined {
    const facts = this.#facts;
    const proc = this.#symbols.variable("proc");
    const stride = this.#fixed?.stride ?? (proc && this.#stride(proc));
    if (facts === undefined || proc === undefined || stride === undefined) return undefined;
    const used: PaNum[] = [];
    for (let at = proc.start; at < proc.start + proc.size; at = (at + stride) as PaNum) {
      const pid = this.#words.word(at + facts.pid) ?? 0;
      const state = facts.state === undefined ? undefined : this.#words.word(at + facts.state);
      // From 2021 on a process that has a pid has another state than UNUSED.
      const free = state === facts.unused && facts.states[facts.unused] !== "made";
      if (pid > 0 && pid < 2 ** 31 && !free) used.push(at);
    }
    return this.#read(used, stride, proc, facts).sort((a, b) => a.pid - b.pid);
  }

  /**
   * Bytes of one entry, as declared, or by the name of its lock: its second word is the same in all
   * of them.
   */
  #stride({ start, size }: Variable): number | undefined {
    const declared = this.#facts?.stride;
    if (declared !== undefined && size % declared === 0) return declared;
    const name = this.#words.long(start + 8);
    if (!name || this.#words.text(name, 8) !== "proc") return undefined;
    let stride = 8;
    while (stride < size && this.#words.long(start + stride + 8) !== name) stride += 8;
    if (stride >= size || size % stride !== 0) return undefined;
    for (let at = start; at < start + size; at = (at + stride) as PaNum) {
      if (this.#words.long(at + 8) !== name) return undefined;
    }
    return stride;
  }

  #read(used: readonly PaNum[], stride: number, proc: Variable, facts: RecordFacts): Slot[] {
    const words = this.#words;
    const pid = (at: number) => words.word(at + facts.pid)!;
    const records = { words, symbols: this.#symbols, facts, proc, stride, used, init: this.#init };
    const { places, seen } = this.#fixed === undefined
      ? findPlaces(records)
      : { places: this.#fixed.offsets, seen: this.#fixed.seen };
    const { parent, name, sz, kstack, context, trapframe } = places;
    const pagetable = places.pagetable ?? rootsOffset(records);
    const roots = rootsAt(records, pagetable);
    const offsets = { ...places, pagetable };
    this.layout = { stride, records: proc.size / stride, offsets, seen };
    const isSlot = (at: number) => isRecord(records, at);
    const parentOf = (at: PaNum) => {
      if (at === this.#init) return 0;
      const there = parent === undefined ? undefined : words.long(at + parent);
      if (there === undefined || !isSlot(there)) return there === 0 ? 0 : undefined;
      return pid(there);
    };
    return used.map((at): Slot => {
      const root = roots.get(at);
      const number = facts.state === undefined ? undefined : words.word(at + facts.state);
      const state = number === undefined ? undefined : facts.states[number];
      const chan = facts.chan === undefined ? undefined : words.long(at + facts.chan);
      return {
        at,
        pid: pid(at),
        name: name === undefined ? undefined : words.text(at + name, facts.nameBytes),
        state,
        waits: state !== undefined && state !== "sleeping"
          ? ""
          : chan === undefined || state === undefined
          ? undefined
          : this.#channel(chan, isSlot),
        parent: parentOf(at),
        root,
        size: sz === undefined ? undefined : words.long(at + sz),
        trapframe: trapframe === undefined
          ? root && trapframeIn(words, root)
          : words.frame(words.long(at + trapframe)),
        ...this.#context(at, kstack, context),
      };
    });
  }

  /** The record of the first process, whose parent is nobody. */
  get #init(): number | undefined {
    const pointer = this.#symbols.variable("initproc");
    return pointer && this.#words.long(pointer.start);
  }

  /** What a process sleeps for, in words, by the address that it sleeps at. */
  #channel(chan: number, isSlot: (at: number) => boolean): string {
    const inside = (name: string) => {
      const variable = this.#symbols.variable(name);
      return variable !== undefined && chan >= variable.start &&
        chan < variable.start + variable.size;
    };
    if (inside("ticks")) return CLOCK;
    if (inside("cons")) return CONSOLE;
    if (isSlot(chan)) return "a child to exit";
    const place = this.#symbols.at(BigInt(chan));
    if (place === undefined) return hex(chan);
    return place.offset === 0 ? place.name : `${place.name}+${hex(place.offset)}`;
  }

  /** Whether a frame is the root table of a process. */
  isUserRoot(root: PaNum): boolean {
    return isUserRoot(this.#words, this.#symbols, root);
  }

  /** What of a kernel stack is live while its process is switched out, and its frame pointer. */
  #context(
    at: PaNum,
    kstack: number | undefined,
    context: number | undefined,
  ): Pick<Slot, "stack" | "frame" | "context"> {
    const none = { stack: undefined, frame: undefined, context: undefined };
    if (kstack === undefined || context === undefined) return none;
    const page = this.#words.long(at + kstack)!, sp = this.#words.long(at + context + 8)!;
    if (sp <= page || sp > page + PAGE_SIZE) return none;
    const frame = this.#words.long(at + context + 16);
    return { stack: [sp, page + PAGE_SIZE], frame, context: (at + context) as PaNum };
  }
}
