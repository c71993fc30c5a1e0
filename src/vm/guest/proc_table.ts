/**
 * A guest xv6's process table, read out of its memory: records one behind the other in the variable
 * `proc`, or where a person says. Where things stand in one of them is declared by the kernel's debug information, or said
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
import { placeIn } from "./c_place.ts";
import type { Known } from "./known.ts";
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
  /** The first record. */
  readonly start: PaNum;
  /** Bytes of one record. */
  readonly stride: number;
  readonly records: number;
  readonly offsets: Places;
  /** Those that only what the records hold tells. */
  readonly seen: readonly Member[];
}

/** Longer records are not looked for. */
const MOST_BYTES = 1 << 16;

/** What a process sleeps for. */
export const CONSOLE = "the console", CLOCK = "a clock tick";

/** The process table of a kernel, as far as it can be told. */
export class ProcTable {
  readonly #words: Words;
  readonly #known: Known;
  readonly #symbols: ImageSymbols;

  /** That of a kernel in some memory. */
  constructor(words: Words, known: Known) {
    this.#words = words;
    this.#known = known;
    this.#symbols = known.symbols;
  }

  /** Where things stand in its records, once {@link ProcTable.slots} has been asked. */
  layout: Layout | undefined;
  /** Why that is unknown, then. */
  why = "";

  /** The processes, lowest pid first; undefined: unknown. */
  slots(): Slot[] | undefined {
    const { record: facts } = this.#known;
    const all = this.#records();
    if (typeof all === "string") {
      this.why = all;
      return undefined;
    }
    const { proc, stride } = all;
    if (facts === undefined) {
      const { processes } = this.#known.given;
      this.why = processes
        ? "where a record has its pid is unknown: pid=OFFSET says it"
        : "neither debug information nor `sys_getpid` tells where a record has its pid";
      return undefined;
    }
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

  /** The records, and bytes of one; a text that says why they are unknown. */
  #records(): { readonly proc: Variable; readonly stride: number } | string {
    const { given: { processes }, layout } = this.#known;
    if (processes === null) return "a person says so";
    if (processes === undefined) {
      const proc = this.#symbols.variable("proc");
      if (proc === undefined) {
        return "there is no variable `proc`; processes=PLACE says where they are";
      }
      const stride = layout?.stride ?? this.#stride(proc.start, proc.size);
      const why = "neither debug information nor the locks' names tell how long its records are";
      return stride === undefined ? why : { proc, stride };
    }
    const { place, count } = processes;
    const start = placeIn(place, (at) => this.#words.long(at)) as PaNum | undefined;
    if (start === undefined) return "the pointer to it leads nowhere now";
    const stride = layout?.stride ?? this.#stride(start, processes.size, count);
    if (stride === undefined) return "how long its records are is unknown: bytes=N says it";
    const size = (count ?? Math.floor(processes.size! / stride)) * stride;
    const inRam = start % 8 === 0 && this.#words.word(start) !== undefined &&
      this.#words.word(start + size - 4) !== undefined;
    if (!inRam) return `${hex(start)}..${hex(start + size)} is not in RAM`;
    return { proc: { start, size }, stride };
  }

  /**
   * Bytes of one entry, as declared, or by the name of its lock: its second word is the same in all
   * of them.
   *
   * @param size Bytes of all; undefined: of `count` entries.
   */
  #stride(start: PaNum, size: number | undefined, count?: number): number | undefined {
    const declared = this.#known.record?.stride;
    const fits = count !== undefined || size! % (declared ?? 1) === 0;
    if (declared !== undefined && fits) return declared;
    const words = this.#words;
    const name = words.long(start + 8);
    if (!name || words.text(name, 8) !== "proc") return undefined;
    const most = size ?? MOST_BYTES;
    let stride = 8;
    while (stride < most && words.long(start + stride + 8) !== name) stride += 8;
    if (stride >= most || (count === undefined && size! % stride !== 0)) return undefined;
    const end = start + (count === undefined ? size! : count * stride);
    for (let at = start; at < end; at = (at + stride) as PaNum) {
      if (words.long(at + 8) !== name) return undefined;
    }
    return stride;
  }

  #read(used: readonly PaNum[], stride: number, proc: Variable, facts: RecordFacts): Slot[] {
    const words = this.#words;
    const pid = (at: number) => words.word(at + facts.pid)!;
    const records = { words, symbols: this.#symbols, facts, proc, stride, used, init: this.#init };
    const { layout } = this.#known;
    const { places, seen } = layout === undefined
      ? findPlaces(records)
      : { places: layout.offsets, seen: layout.seen };
    const { parent, name, sz, kstack, context, trapframe } = places;
    const pagetable = places.pagetable ?? rootsOffset(records);
    const roots = rootsAt(records, pagetable);
    const offsets = { ...places, pagetable };
    this.layout = { start: proc.start, stride, records: proc.size / stride, offsets, seen };
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
