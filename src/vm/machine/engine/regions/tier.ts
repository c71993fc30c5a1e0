/**
 * Tier 1: translates the regions that run often, and binds them to the code that they were made
 * from, as long as it stands there.
 *
 * What runs often is found by sampling: a run of the engine that ends because its budget is used up
 * ends where the guest spends its time. So runs are kept short until most of them end inside a
 * region. Nothing of what the guest does depends on it: regions leave registers, memory, TLBs,
 * counters and the budget as the interpreter would have.
 *
 * @module
 */

import * as layout from "../../layout.ts";
import type { Compile } from "../../machine_state.ts";
import type { CodePages, Translations } from "../code_pages.ts";
import { RECORD_SHIFT } from "../records.ts";
import { type Locate, MappedCode } from "./code.ts";
import { RegionCounters } from "./counters.ts";
import { discover } from "./discover.ts";
import { Entries } from "./entries.ts";
import type { RegionImports } from "./module.ts";
import { pcOf, type Region } from "./region.ts";
import { Translation } from "./translation.ts";
import { Ways } from "./ways.ts";

/** Instructions of a run at first, and at most. */
const SHORTEST = 10_007, LONGEST = 2 ** 17;
/** By turns, when everything is to be translated: many ends in blocks, and long blocks as well. */
const ALWAYS = 97, ALWAYS_LONG = 1009;
/** A run shorter than this is no sample: it ends where somebody wants it to. */
const SAMPLE = 1000;
/**
 * Samples that a place needs; and one in the middle of a region that stands there, where execution
 * goes on after what the interpreter has to do, on its way to the next entry.
 */
const HOT = 2, HOT_INSIDE = 16;
/** Times that a place is passed over after nothing could be made of it. */
const REFUSED = 32;
/** Places that samples are counted for at most, and samples, before all are forgotten. */
const MOST_PLACES = 4096, MOST_SAMPLES = 2048;
/** So many samples more or less are in regions, then runs become longer or shorter. */
const CALM = 16, BUSY = 16, OUTSIDE = 8;
/** Translations at most; a module takes some 25 KB. */
const MOST_TRANSLATIONS = 1000;
/** Bytes of a context. */
const CONTEXT_SIZE = 64;
const MOST_CONTEXTS = Math.floor((layout.REGION_COUNTERS - layout.REGION_CONTEXTS) / CONTEXT_SIZE);
/** Instructions that are worth a translation. */
const LEAST_STEPS = 3;
/**
 * A region that is left so often for other code is looked at again: when it was translated, some of its
 * code had not run yet, and less was known of where its jumps lead. It is looked at so often at most,
 * each time after so many times as many exits.
 */
const LEFT = 100_000, MOST_LOOKS = 4, PATIENCE = 4;
/** The same when everything is to be translated. */
const LEFT_ALWAYS = 8;
/** Instructions of samples after which one region is looked at, and one way out is counted. */
const LOOK_EVERY = 2 ** 20, WAY_EVERY = 50_000;
/** A place whose code was changed so often is not translated again for long. */
const MOST_CHANGES = 12;

/** A translation that stands for the code of some decoded pages. */
interface Binding {
  readonly translation: Translation;
  readonly slot: number;
  /** Offset of its context. */
  readonly context: number;
  /** Offsets of its pages' records; 0: not bound yet. */
  readonly pages: number[];
  /** Records at which it is entered. */
  readonly records: number[];
}

/** A translation that is in the table. */
export interface Live {
  readonly translation: Translation;
  readonly slot: number;
  /** How often it was looked at again, and how often it has to be left before the next time. */
  looks: number;
  due: number;
}

/** The regions of one machine. */
export class Tier implements Translations {
  /** The functions, by the slots of entries. */
  readonly table: WebAssembly.Table;
  /** Instructions that the engine is to run in one go at most. */
  slice: number;
  readonly counters = {
    translated: 0,
    bound: 0,
    dropped: 0,
    changed: 0,
    resets: 0,
    samples: 0,
    inside: 0,
    refused: 0,
    /** Regions translated once more, with code that had not run before. */
    widened: 0,
    steps: 0,
    bytes: 0,
    /** Instructions that regions have executed which are not translated any more. */
    executed: 0,
  };
  /** What each region has done, by its slot. */
  readonly done: RegionCounters;
  readonly #words: Int32Array;
  readonly #pages: CodePages;
  readonly #code: MappedCode;
  readonly #entries: Entries;
  readonly #imports: () => RegionImports;
  readonly #ways: Ways;
  readonly #always: boolean;
  readonly #counts: boolean;
  /** By root: translations, and the slot of each. */
  readonly #known = new Map<number, Live[]>();
  /** The same by the numbers of their virtual pages. */
  readonly #byPage = new Map<number, Live[]>();
  readonly #bindings = new Map<number, Set<Binding>>();
  readonly #samples = new Map<number, number>();
  readonly #changes = new Map<number, number>();
  /** How often the next samples at a place are for nothing. */
  readonly #refused = new Map<number, number>();
  #slots = 0;
  /** What is in the table, by its slots, and the one that is looked at next. */
  readonly #live: Live[] = [];
  #next = 0;
  #sinceLook = 0;
  #sinceWay = 0;
  #contexts = 0;
  #freeContexts: number[] = [];
  #calm = 0;

  /** Nothing translated yet. */
  constructor(
    memory: WebAssembly.Memory,
    pages: CodePages,
    imports: () => RegionImports,
    options: { compile: Compile; counts: boolean; locate: Locate },
  ) {
    this.done = new RegionCounters(memory);
    this.#words = new Int32Array(memory.buffer);
    this.#pages = pages;
    this.#code = new MappedCode(memory, pages, options.locate);
    this.#entries = new Entries(memory, pages);
    this.#imports = imports;
    this.#ways = new Ways(memory);
    this.#always = options.compile === "always";
    this.#counts = options.counts;
    this.slice = this.#always ? ALWAYS : SHORTEST;
    this.table = new WebAssembly.Table({ element: "anyfunc", initial: MOST_TRANSLATIONS });
    pages.translations = this;
  }

  /** A run with that budget has ended because it is used up. */
  ran(budget: number): void {
    if (this.#always) this.slice = this.slice === ALWAYS ? ALWAYS_LONG : ALWAYS;
    else if (budget < SAMPLE) return;
    // Chance shall not add up over a long time.
    if (++this.counters.samples % MOST_SAMPLES === 0) this.#samples.clear();
    this.#sinceWay += budget;
    if (this.#sinceWay >= WAY_EVERY || this.#always) {
      this.#sinceWay = 0;
      const to = this.#ways.sample();
      if (to !== undefined) this.#arrives(to);
    }
    this.#sinceLook += budget;
    if (this.#sinceLook >= LOOK_EVERY || this.#always) this.#lookAgain();
    const pc = this.#pc();
    if (this.#words[layout.REGION_RAN_OUT >> 2] !== 0) {
      this.#words[layout.REGION_RAN_OUT >> 2] = 0;
      this.counters.inside++;
      this.#pace(-1);
      if (!this.#always) return;
    }
    const record = pc === undefined ? 0 : this.#code.record(pc);
    if (record === 0) return;
    if (this.#entries.has(record) && this.#entries.pc(record) === pc) return this.#pace(-1);
    this.#pace(OUTSIDE);
    if (this.#isHot(record, pc!)) this.#translate(pc!);
  }

  /** A region was left for an address: one that begins there may be worth it. */
  #arrives(pc: number): void {
    const record = this.#code.record(pc);
    if (record === 0 || (this.#entries.has(record) && this.#entries.pc(record) === pc)) return;
    if (this.#isHot(record, pc)) this.#translate(pc);
  }

  #pace(by: number): void {
    if (this.#always) return;
    this.#calm -= by;
    if (this.#calm >= CALM) {
      this.slice = Math.min(2 * this.slice, LONGEST);
      this.#calm = 0;
    } else if (this.#calm <= -BUSY) {
      this.slice = Math.max(this.slice >> 1, SHORTEST);
      this.#calm = 0;
    }
  }

  /** pc, if it is one that can be translated. */
  #pc(): number | undefined {
    const high = this.#words[(layout.PC >> 2) + 1]!;
    if (high < 0 || high >= 64) return undefined;
    return high * 2 ** 32 + (this.#words[layout.PC >> 2]! >>> 0);
  }

  #isHot(record: number, pc: number): boolean {
    if (this.#always) return true;
    // Samples near each other are in one loop as a rule.
    const key = record >>> 6;
    const samples = (this.#samples.get(key) ?? 0) + 1;
    if (samples >= HOT_INSIDE || (samples >= HOT && !this.#isInside(pc))) {
      this.#samples.delete(key);
      return true;
    }
    if (this.#samples.size >= MOST_PLACES) this.#samples.clear();
    this.#samples.set(key, samples);
    return false;
  }

  /** Whether a region that stands there has the instruction at pc. */
  #isInside(pc: number): boolean {
    const page = Math.floor(pc / 4096);
    const bindings = this.#bindings.get(this.#code.records(page));
    if (bindings === undefined) return false;
    for (const { translation } of bindings) {
      // The same frame may be another page of it as well.
      const i = translation.pages.indexOf(page);
      if (i >= 0 && translation.covers(i, pc % 4096, 2)) return true;
    }
    return false;
  }

  #translate(pc: number): void {
    if ((this.#changes.get(pc) ?? 0) >= MOST_CHANGES) return;
    const refused = this.#refused.get(pc) ?? 0;
    if (refused > 0) {
      this.#refused.set(pc, refused - 1);
      return;
    }
    if (this.#bindKnown(pc)) return;
    let region = discover(pc, this.#code);
    const head = region && headOf(region);
    if (head !== undefined && head !== pc) {
      const record = this.#code.record(head);
      if (this.#entries.has(record) && this.#entries.pc(record) === head) return;
      if (this.#bindKnown(head)) return;
      region = discover(head, this.#code) ?? region;
    }
    if (region === undefined || region.steps < LEAST_STEPS) return this.#refuse(pc);
    if (this.#slots >= MOST_TRANSLATIONS) this.reset();
    const half = (at: number) => this.#code.half(at);
    const translation = new Translation(region, half, this.#imports(), this.#counts);
    if (translation.labels.size === 0) return this.#refuse(pc);
    const slot = this.#slots++;
    this.#put({ translation, slot, looks: 0, due: this.#always ? LEFT_ALWAYS : LEFT });
    this.counters.translated++;
  }

  /** There is nothing at a place to be translated, and it is not looked at again soon. */
  #refuse(pc: number): void {
    this.counters.refused++;
    if (this.#refused.size >= MOST_PLACES) this.#refused.clear();
    this.#refused.set(pc, REFUSED);
  }

  /** Puts a translation in the table, and binds it. */
  #put(live: Live): void {
    const { translation, slot } = live;
    this.table.set(slot, translation.run);
    this.done.clear(slot);
    this.#live[slot] = live;
    const known = this.#known.get(translation.root) ?? [];
    this.#known.set(translation.root, [...known, live]);
    for (const page of translation.pages) {
      const all = this.#byPage.get(page) ?? [];
      all.push(live);
      this.#byPage.set(page, all);
    }
    this.counters.steps += translation.steps;
    this.counters.bytes += translation.bytes;
    this.#bind(translation, slot);
  }

  /** Takes a translation out of its slot. */
  #take(live: Live): void {
    const { translation, slot } = live;
    for (const set of [...this.#bindings.values()]) {
      for (const one of [...set]) if (one.translation === translation) this.#drop(one);
    }
    const { root, pages } = translation;
    this.#known.set(root, this.#known.get(root)!.filter((one) => one !== live));
    for (const page of pages) {
      this.#byPage.set(page, this.#byPage.get(page)!.filter((one) => one !== live));
    }
    this.counters.executed += this.done.of(slot).instructions;
  }

  /** Looks at one region after another whether it is left too often, and makes a wider one then. */
  #lookAgain(): void {
    this.#sinceLook = 0;
    if (this.#slots === 0) return;
    this.#next = (this.#next + 1) % this.#slots;
    const live = this.#live[this.#next]!;
    if (live.looks >= MOST_LOOKS) return;
    const left = this.done.left(live.slot);
    if (left < live.due) return;
    const { root, steps, learned } = live.translation;
    // Not where its code can not be reached now.
    const record = this.#code.record(root);
    if (record === 0 || !this.#entries.has(record) || this.#entries.pc(record) !== root) return;
    live.due = PATIENCE * left;
    live.looks++;
    const region = discover(root, this.#code, this.#ways);
    if (region === undefined || (region.steps <= steps && region.learned <= learned)) return;
    const half = (at: number) => this.#code.half(at);
    const translation = new Translation(region, half, this.#imports(), this.#counts);
    if (translation.labels.size === 0) return;
    this.#take(live);
    this.#put({ translation, slot: live.slot, looks: live.looks, due: live.due });
    this.counters.widened++;
  }

  /**
   * A page's records are new: what was translated of the same code at the same address is bound to
   * it, so that a program that is loaded again is not translated again.
   */
  made(records: number, page: number): void {
    const there = this.#code.decoded(records);
    for (const { translation, slot } of this.#byPage.get(page) ?? []) {
      const i = translation.pages.indexOf(page);
      if (!translation.matches(i, there)) continue;
      const other = this.#besides(translation, i);
      if (other !== undefined) this.#join(other, i, records);
      else if (!this.#bind(translation, slot, { page, records })) return;
    }
  }

  /** A binding in the address space of now that lacks one of its pages. */
  #besides({ pages }: Translation, lacking: number): Binding | undefined {
    for (const page of pages) {
      const records = this.#code.records(page);
      for (const binding of this.#bindings.get(records) ?? []) {
        if (binding.translation.pages === pages && binding.pages[lacking] === 0) return binding;
      }
    }
    return undefined;
  }

  /** Binds a translation that begins at an address, if there is one of the code there. */
  #bindKnown(pc: number): boolean {
    const known = this.#known.get(pc);
    if (known === undefined) return false;
    const page = Math.floor(pc / 4096);
    const records = this.#code.records(page);
    if (records === 0) return false;
    const there = this.#code.decoded(records);
    for (const { translation, slot } of known) {
      if (!translation.matches(translation.pages.indexOf(page), there)) continue;
      this.#bind(translation, slot);
      return true;
    }
    return false;
  }

  /** Binds a translation to the pages in the TLB, and to one that is about to be there. */
  #bind(
    translation: Translation,
    slot: number,
    fresh?: { page: number; records: number },
  ): boolean {
    const context = this.#context();
    if (context === undefined) return false;
    const binding: Binding = {
      translation,
      slot,
      context,
      pages: translation.pages.map(() => 0),
      records: [],
    };
    this.counters.bound++;
    for (const [i, page] of translation.pages.entries()) {
      const records = fresh?.page === page ? fresh.records : this.#code.records(page);
      this.#words[(context >> 2) + i] = 0;
      if (records === 0 || !translation.matches(i, this.#code.decoded(records))) continue;
      this.#join(binding, i, records);
    }
    return true;
  }

  /** One of a binding's pages is there. */
  #join(binding: Binding, page: number, records: number): void {
    const { translation, slot, context } = binding;
    binding.pages[page] = records;
    this.#words[(context >> 2) + page] = records;
    const set = this.#bindings.get(records) ?? new Set();
    this.#bindings.set(records, set.add(binding));
    this.#pages.translated(records, 1);
    for (const [pc, label] of translation.labels) {
      if (Math.floor(pc / 4096) !== translation.pages[page]) continue;
      const record = records + ((pc % 4096) << RECORD_SHIFT);
      const isRoot = pc === translation.root;
      if (!isRoot && this.#entries.has(record) && this.#entries.pc(record) === pc) continue;
      this.#entries.put(record, { slot, label, context, pc });
      binding.records.push(record);
    }
  }

  /** Offset of a context that is not in use. */
  #context(): number | undefined {
    const free = this.#freeContexts.pop();
    if (free !== undefined) return free;
    if (this.#contexts >= MOST_CONTEXTS) {
      this.reset();
      return undefined;
    }
    return layout.REGION_CONTEXTS + CONTEXT_SIZE * this.#contexts++;
  }

  changed(page: number, offset: number, length: number): void {
    for (const binding of [...this.#bindings.get(page) ?? []]) {
      const { translation, pages } = binding;
      if (!translation.covers(pages.indexOf(page), offset, length)) continue;
      this.#drop(binding);
      this.counters.changed++;
      if (this.#changes.size >= MOST_PLACES) this.#changes.clear();
      this.#changes.set(translation.root, (this.#changes.get(translation.root) ?? 0) + 1);
    }
  }

  gone(page: number): void {
    for (const binding of [...this.#bindings.get(page) ?? []]) this.#drop(binding);
  }

  #drop(binding: Binding): void {
    const { pages, records, context } = binding;
    this.counters.dropped++;
    for (const page of pages) {
      if (page === 0) continue;
      const set = this.#bindings.get(page)!;
      set.delete(binding);
      if (set.size === 0) this.#bindings.delete(page);
      this.#pages.translated(page, -1);
    }
    for (const record of records) this.#entries.remove(record, context);
    this.#words.fill(0, context >> 2, (context + CONTEXT_SIZE) >> 2);
    this.#freeContexts.push(context);
  }

  /** All that are translated now. */
  live(): readonly Live[] {
    return this.#live;
  }

  /** In how many places of memory the code of each stands now; none: undefined. */
  places(): ReadonlyMap<Translation, number> {
    const places = new Map<Translation, number>();
    for (
      const { translation } of new Set([...this.#bindings.values()].flatMap((all) => [...all]))
    ) {
      places.set(translation, (places.get(translation) ?? 0) + 1);
    }
    return places;
  }

  /** Forgets all translations. */
  reset(): void {
    this.counters.resets++;
    for (const { slot } of this.live()) this.counters.executed += this.done.of(slot).instructions;
    for (const set of [...this.#bindings.values()]) for (const one of [...set]) this.#drop(one);
    this.#known.clear();
    this.#byPage.clear();
    for (let slot = 0; slot < this.#slots; slot++) this.table.set(slot, null);
    this.#live.length = 0;
    this.#ways.clear();
    this.#slots = 0;
  }
}

/** Where the block begins whose middle a region's root is; undefined: it is a block's beginning. */
function headOf({ root, blocks }: Region): number | undefined {
  let head: number | undefined;
  for (const { place, end } of blocks) {
    if (end.kind === "falls") {
      if (end.next === root && place !== root) head = pcOf(place);
    } else if (
      (end.kind === "branches" && (end.target === root || end.next === root)) ||
      ((end.kind === "jumps" || end.kind === "returns") && end.target === root)
    ) return undefined;
  }
  return head;
}
