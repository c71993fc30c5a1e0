/**
 * A guest's kernel as inspectors ask any kernel: inferred from hardware, from the symbols of its
 * ELF file and from its memory. What cannot be told is undefined; nothing is guessed.
 */

import type {
  AreaFacts,
  Fact,
  FramesView,
  KernelView,
  PlacedCount,
  ProcessView,
  RootView,
  SavedView,
  SymbolsView,
} from "../inspect/view.ts";
import { hex, pa, PAGE_SIZE, type PaNum } from "../machine/address.ts";
import type { Elf } from "../machine/elf.ts";
import type { Hart } from "../machine/hart/hart.ts";
import type { Machine } from "../machine/machine.ts";
import type { MachineState } from "../machine/machine_state.ts";
import { PTE_RSW0, PTE_RSW1, type TableMemory } from "../machine/sv39.ts";
import { Counts } from "./count_array.ts";
import { factList } from "./fact_list.ts";
import { factNamed, givenFacts, type GivenName, LEARNED_FROM } from "./given.ts";
import { Facts, KINDS } from "./facts.ts";
import { type Given, type Known, knownOf } from "./known.ts";
import type { GuestHistory } from "./history.ts";
import { kernelAreas } from "./kernel_areas.ts";
import { firstIndexed, Learner } from "./learner.ts";
import { CLOCK, CONSOLE, type Slot } from "./proc_table.ts";
import { goesByUser, recordOn, unrestOf } from "./rest.ts";
import { ImageSymbols } from "./symbols.ts";
import { SavedWords, Words } from "./words.ts";

/** U-mode and M-mode. */
const USER = 0, MACHINE = 3;

/** The root table that a hart translates by now; undefined: its addresses are physical. */
export function rootOn({ mode, mmu }: Hart): PaNum | undefined {
  return mode === MACHINE || !mmu.paging ? undefined : mmu.root;
}

/** A guest's kernel. */
export class GuestView implements KernelView {
  readonly symbols: SymbolsView;
  readonly frames: FramesView;
  /** What has to be learned of the kernel by watching it. */
  readonly learner: Learner;
  readonly #machine: Machine;
  #known: Known;
  /** What a person says, by the name of the fact, as it was typed. */
  #said: ReadonlyMap<GivenName, string> = new Map();
  readonly #history: GuestHistory;
  #merged = new WeakMap<ImageSymbols, ReadonlyMap<string, bigint>>();
  #facts: Facts | undefined;
  #at: unknown;

  /**
   * The kernel of a file on a machine.
   *
   * @param programs The symbols of the program that a process runs, where they are known.
   * @param forking A line for its sh that forks.
   */
  constructor(
    history: GuestHistory,
    elf: Elf,
    programs: (pid: number) => ImageSymbols | undefined = () => undefined,
    forking: () => string = () => "echo",
  ) {
    const { machine } = history;
    this.#machine = machine;
    this.#history = history;
    const symbols = new ImageSymbols(elf);
    this.#known = knownOf(symbols);
    this.symbols = {
      all: (pid) => {
        const own = programs(pid);
        return own === undefined ? symbols.table : this.#both(own);
      },
      at: (pid, address) => symbols.at(address) ?? programs(pid)?.at(address),
      source: (pid, address) => symbols.source(address) ?? programs(pid)?.source(address),
      debug: (pid) => (pid === 0 ? symbols : programs(pid))?.debug,
    };
    const { ram, uart } = machine;
    this.learner = new Learner(history, () => this.#known, {
      entries: () => this.trapEntries(),
      // What somebody has begun to type is not sent.
      line: () =>
        this.waitsForConsole() && !history.typing && uart.waiting === 0
          ? `\x15${forking()}\n`
          : undefined,
    });
    const { learner } = this;
    const index = (frame: PaNum) => (frame - ram.base) / PAGE_SIZE;
    this.frames = {
      first: ram.base,
      total: ram.size / PAGE_SIZE,
      free: () => this.now.freeCount,
      get counted() {
        const { value } = learner.watched.counts;
        return value === undefined ? undefined : value !== null;
      },
      stored: (frame) => this.#counts?.of(index(frame)),
      get more() {
        return learner.watched.counts.value?.array.more ?? 0;
      },
      isFree: (frame) => {
        const { free } = this.now;
        return free && free[index(frame)] === 1;
      },
      kind: (frame) => KINDS[this.now.kinds[index(frame)]],
      countsMappings: () => undefined,
      lost: () => this.now.lost?.map((i) => (ram.base + i * PAGE_SIZE) as PaNum),
      wrongLinks: () =>
        (this.now.freeLists ?? []).flatMap(({ at, wrong }) => {
          if (wrong === undefined) return [];
          const { kind, frame, link } = wrong;
          const text = kind === "head"
            ? `the free list ${at} begins with ${hex(link)}, which is no frame`
            : kind === "twice"
            ? `stands on the free list ${at} twice: it will be given to two`
            : `its link on the free list ${at} is ${hex(link)}, which is no frame`;
          return [{ frame, text }];
        }),
    };
  }

  /** The names of a program, and those of the kernel that it has not. */
  #both(program: ImageSymbols): ReadonlyMap<string, bigint> {
    const known = this.#merged.get(program);
    if (known !== undefined) return known;
    const both = new Map([...this.known.symbols.table, ...program.table]);
    this.#merged.set(program, both);
    return both;
  }

  /** What its file says once for all, and a person: the same object until a person says more. */
  get known(): Known {
    return this.#known;
  }

  /** What can be told now: the same object until something changes. */
  get now(): Facts {
    const now = this.#history.revision;
    if (this.#facts === undefined || this.#at !== now) {
      this.#facts = this.#factsOf(new Words(this.#machine.ram));
      this.#at = now;
    }
    return this.#facts;
  }

  /** The counts of the kernel now. */
  get #counts(): Counts | undefined {
    const { now: facts } = this;
    if (this.#countsOf?.facts !== facts) {
      this.#countsOf = { facts, counts: this.#countsIn(facts.place.words) };
    }
    return this.#countsOf.counts;
  }

  /** Where the count of a frame stands; undefined: unknown. */
  countPlace(frame: PaNum): PlacedCount | undefined {
    const { base } = this.#machine.ram;
    const { value } = this.learner.watched.counts;
    const at = this.#counts?.at((frame - base) / PAGE_SIZE);
    if (at === undefined || !value) return undefined;
    const index = (frame - firstIndexed(value, base, this.known.symbols.end)) / PAGE_SIZE;
    return { pa: pa(at), size: value.array.width, index };
  }

  #countsOf: { readonly facts: Facts; readonly counts: Counts | undefined } | undefined;

  #countsIn(words: Words): Counts | undefined {
    const { value } = this.learner.watched.counts;
    return value ? new Counts(words, value) : undefined;
  }

  /** @inheritdoc */
  get cowBit(): number | undefined {
    return this.learner.watched.cow.value ?? undefined;
  }

  /** `C` for a bit by which the kernel knows a page that is to be copied. */
  get rsw(): readonly [string, string] {
    const mask = this.cowBit ?? 0;
    const letter = (bit: number) => (mask & bit) !== 0 ? "C" : "1";
    return [letter(PTE_RSW0), letter(PTE_RSW1)];
  }

  /**
   * A person says what is so: `counts=ref.cnt`. The names of the facts. Throws a RangeError for what
   * says nothing, or does not go with what was said before; then none of them is taken.
   */
  give(texts: readonly string[]): GivenName[] {
    const { base, size } = this.#machine.ram;
    const names = texts.map(factNamed);
    const said = new Map([...this.#said, ...names.map((name, i) => [name, texts[i]] as const)]);
    this.know(givenFacts(said, { symbols: this.#known.symbols, base, size }));
    this.#said = said;
    if (names.some((name) => LEARNED_FROM.includes(name))) this.learner.anew();
    return names;
  }

  /** From now on that is what a person says. */
  know(given: Given): void {
    this.#known = knownOf(this.#known.symbols, given);
    this.#countsOf = this.#facts = undefined;
  }

  /** @inheritdoc */
  facts(): Fact[] {
    return factList(this.now, this.learner.watched);
  }

  #factsOf(words: Words): Facts {
    const { base, size } = this.#machine.ram;
    const known = { ...this.#known, reserved: this.learner.reserved };
    return new Facts({ words, base, total: size / PAGE_SIZE }, known);
  }

  /** @inheritdoc */
  get here(): number {
    const { hart } = this.#machine;
    const root = rootOn(hart);
    if (hart.mode === USER && root !== undefined) return this.#pidOf(root, hart);
    // Before a kernel has written satp it runs nobody.
    return hart.mmu.paging ? this.pidOn(hart) ?? 0 : 0;
  }

  /** Whose a root table is; of nobody known, minus the hart's number, less one. */
  #pidOf(root: PaNum, hart: Hart): number {
    return this.now.slots.find((one) => one.root === root)?.pid ?? -1 - hart.hartid;
  }

  /** @inheritdoc */
  processes(): ProcessView[] {
    const known = this.now.slots.map((slot) => this.#processView(slot));
    return [...this.#strangers().map(([pid, root]) => this.#stranger(pid, root)), ...known];
  }

  /** @inheritdoc */
  process(pid: number): ProcessView | undefined {
    if (pid === 0) return { ...this.#stranger(0, this.#kernelsRoot()), name: "kernel" };
    return this.processes().find((one) => one.pid === pid);
  }

  /**
   * The table that means the kernel: the one that the present hart is in, if that is a kernel's;
   * else the kernel's own. Undefined: its addresses are physical, or unknown.
   */
  #kernelsRoot(): PaNum | undefined {
    const { hart } = this.#machine;
    const here = rootOn(hart);
    if (hart.mode !== USER && (here === undefined || this.now.isKernelRoot(here))) return here;
    const own = this.now.roots.find((one) => one.pid === 0)?.root;
    return hart.mode === USER ? own : own ?? here;
  }

  #processView(slot: Slot): ProcessView {
    const { name, pid, state, waits, parent, root, size, trapframe, context, at } = slot;
    const hart = this.#machine.harts.find((hart) => this.#onHart(hart) === at);
    return {
      pid,
      name: name ?? "?",
      state,
      waits,
      parent,
      root,
      hart: hart?.hartid,
      size,
      trapframe,
      context: hart === undefined ? context : undefined,
    };
  }

  /** The record of the process that a hart has, in user mode or in the kernel on its behalf. */
  #onHart(hart: Hart): number | undefined {
    const root = rootOn(hart);
    if (hart.mode === USER && root !== undefined) {
      return this.now.slots.find((one) => one.root === root)?.at;
    }
    return recordOn(hart, this.now);
  }

  /** Address spaces that harts are in and that are of no process known, by their pids. */
  #strangers(): [pid: number, root: PaNum][] {
    return this.#machine.harts.flatMap((hart): [number, PaNum][] => {
      const root = rootOn(hart);
      if (hart.mode !== USER || root === undefined) return [];
      const pid = this.#pidOf(root, hart);
      return pid < 0 ? [[pid, root]] : [];
    });
  }

  /** A hart as a process, where it runs none that is known. */
  #stranger(pid: number, root: PaNum | undefined): ProcessView {
    const hart = pid < 0 ? -1 - pid : this.#machine.hart.hartid;
    const unknown = {
      parent: undefined,
      size: undefined,
      trapframe: undefined,
      context: undefined,
    };
    return { pid, name: `hart ${hart}`, state: "running", waits: "", root, hart, ...unknown };
  }

  /** @inheritdoc */
  roots(): RootView[] {
    const { now: facts } = this;
    const roots = facts.roots.map(({ root, pid, name }) => this.#rootView(root, pid, name));
    for (const hart of this.#machine.harts) {
      const root = rootOn(hart);
      if (root === undefined || roots.some((one) => one.root === root)) continue;
      // Some kernels have a table of their own for each process.
      if (facts.isKernelRoot(root)) roots.unshift(this.#rootView(root, 0, "kernel"));
      else if (hart.mode === USER) {
        roots.push(this.#rootView(root, -1 - hart.hartid, `hart ${hart.hartid}`));
      }
    }
    return roots;
  }

  #rootView(root: PaNum, pid: number, name: string): RootView {
    const { now } = this;
    const slot = now.slots.find((one) => one.pid === pid);
    const isProcess = slot !== undefined || (pid !== 0 && now.isUserRoot(root));
    const find = (): readonly AreaFacts[] =>
      pid === 0 ? kernelAreas(now, root) : slot === undefined ? [] : now.areas(slot)?.areas ?? [];
    let areas: readonly AreaFacts[] | undefined;
    return {
      root,
      pid,
      name,
      allAreas: false,
      kernelPages: isProcess ? now.kernelPages(slot) : [],
      get areas() {
        return areas ??= find();
      },
    };
  }

  /** @inheritdoc */
  rootOf(pid: number): RootView | undefined {
    const one = this.process(pid);
    return one?.root === undefined ? undefined : this.#rootView(one.root, pid, one.name);
  }

  /** The process that a hart is in, in user mode or in the kernel; undefined: none known. */
  pidOn(hart: Hart): number | undefined {
    const at = this.#onHart(hart);
    return this.now.slots.find((one) => one.at === at)?.pid;
  }

  /** Where an xv6 begins to handle a trap, as user mode and the kernel itself come there. */
  trapEntries(): bigint[] {
    const { uservec } = this.now;
    const kernel = this.known.symbols.table.get("kernelvec");
    return [uservec, kernel].filter((at) => at !== undefined);
  }

  /** Whether an xv6 has said that it panicked. */
  get panicked(): boolean {
    const variable = this.known.symbols.variable("panicked");
    return variable !== undefined && (this.now.place.words.word(variable.start) ?? 0) !== 0;
  }

  /**
   * Whether all processes sleep, one for the console, and none for the clock but those that `stand`.
   */
  waitsForConsole(stands: (pid: number) => boolean = () => false): boolean {
    const slots = this.now.slots.filter(({ state }) => state !== "zombie");
    const asleep = ({ pid, state, waits }: Slot) =>
      state === "sleeping" && waits !== CLOCK || stands(pid);
    return slots.some(({ waits }) => waits === CONSOLE) && slots.every(asleep);
  }

  /** No entry of a guest's table is known to name a place on a disk. */
  slotOf(): undefined {
    return undefined;
  }

  /** Whether a hart's TLB is what user mode goes by. */
  runsUser(hart: Hart): boolean {
    return goesByUser(hart, this.now);
  }

  /** @inheritdoc */
  unrest(): string | undefined {
    return unrestOf(this.#machine, this.now);
  }

  /** Timer ticks since boot; undefined: the kernel has no such variable. */
  ticks(): number | undefined {
    const ticks = this.known.symbols.variable("ticks");
    return ticks && this.now.place.words.word(ticks.start);
  }

  /** What is compared of a saved state of the machine. `tables`: those in its RAM. */
  saved(
    { ram, clock }: Pick<MachineState, "ram" | "clock">,
    tables: TableMemory,
    event: SavedView["event"],
  ): SavedView {
    const words = new SavedWords(ram, tables);
    const facts = this.#factsOf(words);
    const counts = this.#countsIn(words);
    const text = ({ name, state }: Slot) => `${name ?? "?"} ${state ?? "unknown"}`;
    return {
      ram,
      instret: clock.retired,
      event,
      processes: new Map(facts.slots.map((one) => [one.pid, { text: text(one), root: one.root }])),
      free: facts.freeCount,
      kind: (i) => KINDS[facts.kinds[i]],
      stored: (i) => counts?.of(i),
    };
  }
}
