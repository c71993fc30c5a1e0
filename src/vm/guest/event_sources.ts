/**
 * From what probes see to events: each thing that a guest does is told to a log, with the hart, the
 * process, and the instruction and function of the kernel that did it.
 */

import type { EventLog } from "../events.ts";
import { PAGE_SIZE, type PaNum, va, vaNum } from "../machine/address.ts";
import type { Hart } from "../machine/hart/hart.ts";
import type { Machine } from "../machine/machine.ts";
import type { Remove, StoreSeen } from "../machine/probes.ts";
import { PTE_A, PTE_D } from "../machine/sv39.ts";
import { countBytes, countChanges, type CountRange } from "./count_stores.ts";
import { Current, frameAt } from "./current.ts";
import { Facts } from "./facts.ts";
import { headsIn, type Known } from "./known.ts";
import { callNames, type FunctionPlace, kernelFunctions } from "./functions.ts";
import { type EntryChange, TableFrames, type TableFramesState } from "./table_frames.ts";
import { type TripContext, Trips, type TripsState } from "./trips.ts";
import { Words } from "./words.ts";
import { TRAMPOLINE } from "./xv6.ts";

/** Numbers of registers. */
const RA = 1, SP = 2, A0 = 10, A1 = 11, A2 = 12;
const USER = 0, MACHINE = 3;
const AD = PTE_A | PTE_D;

/** A page that is being given back: what stood in it when that began. */
interface Freeing {
  readonly frame: PaNum;
  readonly held: readonly bigint[];
}

/** Who makes a system call: its arguments, and its memory. */
export interface Caller {
  argument(i: number): bigint;
  /** The bytes at an address that are mapped, at most `length`; nothing is touched by looking. */
  peek(at: bigint, length: number): Uint8Array;
}

/** What system calls are called, and what they are given, as text. */
export interface CallTexts {
  /** What programs call the one with a number; undefined: nobody knows. */
  nameOf(number: number): string | undefined;
  /** The arguments of a call that is made; undefined: what it takes is not known. */
  made(name: string, caller: Caller): string[] | undefined;
  /** The same once it has returned `result`: what it has filled is shown. */
  returned(name: string, caller: Caller, texts: readonly string[], result: number): string[];
}

/** What is known at a moment beside the log, as plain data. */
export interface SourcesState {
  readonly tables: TableFramesState;
  readonly trips: TripsState;
  readonly freeing: readonly (readonly [sp: bigint, page: Freeing])[];
  /** The pid that each hart had last. */
  readonly last: readonly number[];
}

/** Connects probes to a log. */
export class EventSources {
  /** What forks did, and calls under way. */
  readonly trips: Trips = new Trips();
  readonly #machine: Machine;
  readonly #known: () => Known;
  readonly #current: Current;
  readonly #functions: ReturnType<typeof kernelFunctions>;
  readonly #tables: TableFrames;
  readonly #symbols = new Map<number, string>();
  readonly #told: () => void;
  readonly #texts: CallTexts;
  #context: TripContext;
  #log: EventLog;
  #freeing = new Map<bigint, Freeing>();
  #last: number[];
  #calls: readonly (string | undefined)[] = [];
  #counts: CountRange | undefined;
  #countsRemove: Remove | undefined;
  #removes: Remove[] = [];

  /** Of a kernel on a machine; `told` is called after each event. */
  constructor(
    machine: Machine,
    known: () => Known,
    log: EventLog,
    told: () => void,
    texts: CallTexts,
  ) {
    this.#texts = texts;
    this.#machine = machine;
    this.#known = known;
    this.#log = log;
    this.#told = told;
    this.#current = new Current(machine.ram, known, () => this.#facts());
    this.#functions = kernelFunctions(known().symbols);
    this.#tables = new TableFrames(machine, (change) => this.#entry(change));
    this.#tables.who = () => this.#who(machine.hart);
    this.#last = machine.harts.map(() => 0);
    this.#context = this.#contextOf(log);
  }

  #contextOf(log: EventLog): TripContext {
    return {
      log,
      callName: (number) => this.#calls[number] ?? this.#texts.nameOf(number) ?? `call ${number}`,
      given: (hart, name) => this.#texts.made(name, this.#callerOn(hart)),
      filled: (hart, name, texts, raw, result) =>
        this.#texts.returned(name, this.#callerOn(hart, raw), texts, result),
      text: ({ mmu }, at) => this.#current.text(mmu.root, at),
    };
  }

  /** Who makes a call on a hart; `first`: what a0 was, when it holds the result. */
  #callerOn(hart: Hart, first: bigint = hart.x(A0)): Caller {
    return {
      argument: (i) => i === 0 ? first : hart.x(A0 + i),
      peek: (at, length) => {
        const bytes: number[] = [];
        for (let i = 0; i < length; i++) {
          const byte = this.#current.byte(hart.mmu.root, va(at + BigInt(i)));
          if (byte === undefined) break;
          bytes.push(byte);
        }
        return Uint8Array.from(bytes);
      },
    };
  }

  #facts(): Facts {
    const { ram } = this.#machine;
    const place = { words: new Words(ram), base: ram.base, total: ram.size / PAGE_SIZE };
    return new Facts(place, this.#known());
  }

  /** What cannot be seen of this kernel, and why; a phrase each. */
  unseen(): string[] {
    const { allocators, freers, memmove, exit, swtch } = this.#functions;
    const lacks = (kinds: string, name: string) => `${kinds}: the kernel has no function ${name}`;
    return [
      ...(allocators.every(leaves) && allocators.length > 0 ? [] : [lacks("alloc", "kalloc")]),
      ...(freers.every(leaves) && freers.length > 0 ? [] : [lacks("free", "kfree")]),
      ...(memmove === undefined ? [lacks("copy", "memmove")] : []),
      ...(exit === undefined ? [lacks("exit and kill", "exit")] : []),
      ...(swtch === undefined ? [lacks("switch", "swtch")] : []),
      ...(this.#counts === undefined ? ["count: where the kernel counts is unknown"] : []),
    ];
  }

  /** Frames that are page tables now. */
  get tables(): number {
    return this.#tables.count;
  }

  /** From now on things are told to a log. */
  connect(log: EventLog): void {
    this.#log = log;
    this.#context = this.#contextOf(log);
    const { probes, ram, harts } = this.#machine;
    const words = new Words(ram);
    this.#calls = callNames(this.#known().symbols, (at) => words.long(at));
    const { allocators, freers, walk, memmove, exit, swtch } = this.#functions;
    const at = (pc: number, see: (hart: Hart) => void) => {
      this.#removes.push(probes.at(pc, (hart) => hart.mode !== USER && see(hart)));
    };
    for (const one of allocators) for (const pc of one.returns) at(pc, (h) => this.#given(h));
    for (const one of freers) {
      at(one.start, (hart) => this.#taking(hart));
      for (const pc of one.returns) at(pc, (hart) => this.#taken(hart));
    }
    if (walk !== undefined) at(walk.start, (hart) => this.#walked(hart));
    if (memmove !== undefined) at(memmove.start, (hart) => this.#moves(hart));
    if (exit !== undefined) at(exit.start, (hart) => this.#exits(hart));
    if (swtch !== undefined) at(swtch.start, (hart) => this.#switches(hart));
    this.#removes.push(probes.look({
      trap: (trap) => {
        const who = this.#stamp(trap.hart, trap.from === USER ? 0 : Number(trap.epc));
        if (trap.from === USER) this.#log.pc = Number(trap.epc);
        this.trips.trap(this.#context, who, trap);
        this.#told();
      },
      returned: (hart, level) => level === 1 && hart.mode === USER && this.#returned(hart),
      satp: ({ mmu, mode }) => {
        if (mmu.paging && mode !== MACHINE) this.#tables.root(mmu.root, walk === undefined);
      },
      fence: (hart, va) => this.#fenced(hart, va),
    }));
    this.countsIn(this.#counts);
    this.#last = harts.map((hart) => this.#current.pid(hart));
    // Who is in the kernel now came there unseen.
    this.trips.clear();
    this.#freeing.clear();
    this.findTables();
  }

  /** Takes the tables that there are, whatever was known of them. */
  findTables(): void {
    this.#tables.clear();
    for (const { root } of this.#facts().roots) this.#tables.root(root, false);
    for (const { mmu } of this.#machine.harts) {
      if (mmu.paging) this.#tables.root(mmu.root, false);
    }
  }

  /** Nothing is told any more. */
  disconnect(): void {
    for (const remove of this.#removes.splice(0)) remove();
    this.#countsRemove?.();
    this.#countsRemove = undefined;
    this.#tables.clear();
  }

  /** Whether it is connected. */
  get connected(): boolean {
    return this.#removes.length > 0;
  }

  /** Where counts are kept; undefined: nobody knows. */
  get counts(): CountRange | undefined {
    return this.#counts;
  }

  /** The counts are kept there; undefined: nobody knows where. */
  countsIn(array: CountRange | undefined): void {
    this.#counts = array;
    this.#countsRemove?.();
    this.#countsRemove = undefined;
    if (array === undefined || !this.connected) return;
    const see = (store: StoreSeen) => this.#counted(array, store);
    this.#countsRemove = this.#machine.probes.stores(array.start, countBytes(array), see);
  }

  /** Stamps the next events: for whom, and the kernel's instruction. In whose name. */
  #stamp(hart: Hart, by: number): number {
    const log = this.#log;
    const who = this.#who(hart);
    log.hart = hart.hartid;
    log.pid = Math.max(who, 0);
    log.by = by;
    log.pc = this.trips.pc(who);
    return who;
  }

  /** In whose name something is done: a process, or else a hart. */
  #who(hart: Hart): number {
    return this.#current.pid(hart) || -1 - hart.hartid;
  }

  /** The function that holds an instruction; empty: unknown. */
  #function(pc: number): string {
    let name = this.#symbols.get(pc);
    if (name === undefined) {
      name = this.#known().symbols.at(BigInt(pc))?.name ?? "";
      this.#symbols.set(pc, name);
    }
    return name;
  }

  /** The call that returns to ra. */
  #caller(hart: Hart): number {
    const ra = Number(hart.x(RA)), { ram } = this.#machine;
    const long = ram.contains((ra - 4) as PaNum, 4) && ra % 2 === 0
      ? ram.read32((ra - 4) as PaNum)
      : 0;
    // jal or jalr with ra; else the short one.
    const calls = (long & 0x7f) === 0x6f || (long & 0x7f) === 0x67;
    return calls && ((long >>> 7) & 31) === RA ? ra - 4 : ra - 2;
  }

  /** The same for what the caller of a function does; which function that is. */
  #stampCaller(hart: Hart): string {
    const by = this.#caller(hart);
    this.#stamp(hart, by);
    return this.#function(by);
  }

  /** An allocator returns. */
  #given(hart: Hart): void {
    const why = this.#stampCaller(hart);
    const frame = frameAt(this.#machine.ram, hart.x(A0));
    if (frame !== undefined) this.#log.alloc(frame, why);
    else if (hart.x(A0) === 0n) this.#outOfMemory(why);
    else return;
    this.#told();
  }

  /** An allocator is made to return 0 to its caller. */
  failed(hart: Hart): void {
    this.#outOfMemory(this.#stampCaller(hart));
    this.#told();
  }

  #outOfMemory(caller: string): void {
    this.#log.note("oom", 0, 0, `kalloc returns 0 to ${caller || "?"}`);
  }

  /** A page is to be given back. */
  #taking(hart: Hart): void {
    const frame = frameAt(this.#machine.ram, hart.x(A0));
    if (frame === undefined) return;
    this.#freeing.set(hart.x(SP), { frame, held: this.#look(frame) });
    this.#tables.freed(frame, this.#who(hart));
  }

  /** First, middle and last word of a page. */
  #look(frame: number): bigint[] {
    return [0, 2048, 4088].map((at) => this.#machine.ram.read64((frame + at) as PaNum));
  }

  /** It was: whether it is free now, or only one owner less. */
  #taken(hart: Hart): void {
    const page = this.#freeing.get(hart.x(SP));
    if (page === undefined) return;
    this.#freeing.delete(hart.x(SP));
    const { frame, held } = page;
    if (!this.#isListed(frame, held)) return;
    const why = this.#stampCaller(hart);
    this.#log.free(frame, 0, why);
    this.#told();
  }

  /**
   * Whether a page was put on a free list: a list begins with it, or it was filled with junk behind
   * a pointer to the next one.
   */
  #isListed(frame: PaNum, held: readonly bigint[]): boolean {
    const { ram } = this.#machine;
    for (const at of this.#heads) if (ram.readPte(at) === frame) return true;
    const [next, middle, last] = this.#look(frame);
    const filled = middle === last && last !== held[2] && last !== 0n;
    return filled && (next === 0n || frameAt(ram, next) !== undefined);
  }

  /** The words of which one may begin a list. */
  get #heads(): readonly PaNum[] {
    const known = this.#known();
    if (known.given.free !== undefined) {
      const words = new Words(this.#machine.ram);
      return headsIn(known, (at) => words.long(at)).map(({ at }) => at);
    }
    return this.#listWords ??= known.symbols.variables((name) => /mem/.test(name))
      .filter(({ size }) => size <= 1024).flatMap(({ start, size }) => {
        const first = start + (8 - start % 8) % 8;
        return Array.from(
          { length: Math.max(0, Math.floor((start + size - first) / 8)) },
          (_, i) => first + 8 * i as PaNum,
        );
      });
  }

  #listWords: readonly PaNum[] | undefined;

  #walked(hart: Hart): void {
    const root = frameAt(this.#machine.ram, hart.x(A0));
    if (root !== undefined && root !== 0) this.#tables.root(root, false);
  }

  /** A whole page is copied to another one. */
  #moves(hart: Hart): void {
    if (hart.x(A2) !== BigInt(PAGE_SIZE)) return;
    const { ram } = this.#machine;
    const to = frameAt(ram, hart.x(A0)), from = frameAt(ram, hart.x(A1));
    if (to === undefined || from === undefined || to === from) return;
    const why = this.#stampCaller(hart);
    const who = this.#who(hart);
    this.#log.copy(vaNum(this.trips.faultPage(who)), from, to, PAGE_SIZE, why);
    this.trips.copied(who);
    this.#told();
  }

  #exits(hart: Hart): void {
    const caller = this.#stampCaller(hart);
    const status = Number(BigInt.asIntN(32, hart.x(A0)));
    this.trips.exits(this.#context, this.#who(hart), status, caller === "usertrap");
    this.#told();
  }

  /** From a scheduler's context to a process. */
  #switches(hart: Hart): void {
    if (!this.#current.isCpus(hart.x(A0))) return;
    const why = this.#stampCaller(hart);
    const { pid } = this.#log;
    const before = this.#last[hart.hartid];
    if (pid === before) return;
    this.#last[hart.hartid] = pid;
    this.#log.note("switch", before, pid, why);
    this.#told();
  }

  #returned(hart: Hart): void {
    this.#current.learn();
    const who = this.#stamp(hart, 0);
    this.#log.pc = Number(hart.pc);
    this.#tables.settle(who, (root) => this.#current.lives(root));
    this.#stamp(hart, 0);
    this.#log.pc = Number(hart.pc);
    this.trips.returned(this.#context, who, hart);
    this.#told();
  }

  /** Those on the way in and out of the kernel belong to each trap and each return. */
  #fenced(hart: Hart, va: bigint | undefined): void {
    const pc = Number(hart.pc);
    if (pc >= TRAMPOLINE) return;
    this.#stamp(hart, pc);
    this.#log.sfence(va === undefined ? undefined : vaNum(Number(va)), this.#function(pc));
    this.#told();
  }

  /** The instruction under way. */
  #instruction(hart: Hart, by: StoreSeen["by"] | "found"): string {
    const pc = by === "instruction" ? Number(hart.pc) : 0;
    this.#stamp(hart, hart.mode === USER ? 0 : pc);
    if (hart.mode === USER) this.#log.pc = Number(hart.pc);
    return by === "instruction" ? this.#function(pc) : by;
  }

  #entry(change: EntryChange): void {
    const { va, pteAddr, before, after, root, by } = change;
    const { hart } = this.#machine;
    const why = this.#instruction(hart, by);
    const log = this.#log;
    const owner = this.#current.owner(root);
    log.owner = owner;
    log.root = root;
    const at = vaNum(va >= 2 ** 38 ? va - 2 ** 39 : va);
    const marks = Math.floor(before / 2 ** 32) === Math.floor(after / 2 ** 32) &&
      ((before ^ after) & ~AD) === 0;
    if (marks) log.mark(at, pteAddr, before, after, why);
    else log.pte(at, pteAddr, before, after, why);
    this.trips.changed(this.#who(hart), owner, change);
    this.#told();
  }

  #counted(array: CountRange, store: StoreSeen): void {
    const { hart, ram } = this.#machine;
    for (const { frame, before, after } of countChanges(ram, array, store)) {
      const why = this.#instruction(hart, store.by);
      this.#log.count(frame, before, after, why);
      this.#told();
    }
  }

  /** As plain data. */
  save(): SourcesState {
    return {
      tables: this.#tables.save(),
      trips: this.trips.save(),
      freeing: [...this.#freeing],
      last: [...this.#last],
    };
  }

  /** Puts things back with a state of the machine; the log is back already. */
  restore({ tables, trips, freeing, last }: SourcesState): void {
    this.#tables.restore(tables);
    this.trips.restore(trips, this.#log);
    this.#freeing = new Map(freeing);
    this.#last = [...last];
  }
}

const leaves = ({ returns }: FunctionPlace) => returns.length > 0;
