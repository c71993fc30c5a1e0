/**
 * From a place that runs often to the region around it: follows the code from there, through
 * branches, jumps and calls. Only what the interpreter has decoded is followed, so paths that never
 * ran (a panic, an error's message) stay outside.
 *
 * @module
 */

import { decode, isLong } from "../../isa/decode.ts";
import { plainCsr } from "../plain_csrs.ts";
import { shapeOf } from "../shape.ts";
import {
  type Block,
  CONTEXT,
  contextOf,
  type End,
  pageOf,
  PC_END,
  pcOf,
  type Place,
  type Region,
  type Step,
} from "./region.ts";

/**
 * Instructions of a region at most: longer functions take V8 longer than they save; and of one that is
 * known to be left often.
 */
const MOST_STEPS = 600, MOST_LEFT = 900;
/** Calls inside each other that stand in the region of the first caller. */
const MOST_CALLS = 4;
/** Instructions of a function that is taken into its caller's region at most. */
const MOST_INSIDE = 100;
/** The same of one that is known to be called often from there. */
const MOST_OFTEN = 400;
/** Contexts at most. */
const MOST_CONTEXTS = 2000;
/** Pages that a region spans at most. */
const MOST_PAGES = 16;

/** The register that a call leaves its return address in. */
const RA = 1;

/** The guest's code as it is mapped now. */
export interface Code {
  /** Whether a virtual page's code is there: mapped, decoded, and none of it watched. */
  hasPage(page: number): boolean;
  /** Whether the interpreter has decoded the instruction at an address, and nothing stops there. */
  runs(pc: number): boolean;
  /** Whether somebody wants to know before the instruction at an address is executed. */
  stops(pc: number): boolean;
  /** The halfword at an address of a page that is there. */
  half(pc: number): number;
}

/** A function's call: where it was called from, and where it returns to. */
interface Call {
  readonly returns: Place;
  /** Its first instruction, and the context it was called in. */
  readonly target: number;
  readonly caller: number;
  readonly depth: number;
  /** Something in it is left to the interpreter, which then returns to the caller by itself. */
  leaves: boolean;
}

/** Ways out of regions that were taken often. */
export interface Learned {
  /** Where the jump or call at an address leads. */
  from(pc: number): readonly number[];
  /** Whether ways out lead to an address often. */
  to(pc: number): boolean;
}

const NOTHING: Learned = { from: () => [], to: () => false };

/** The region that begins at an address; undefined when there is none worth it. */
export function discover(root: number, code: Code, learned: Learned = NOTHING): Region | undefined {
  return new Discovery(root, code, learned).region();
}

class Discovery {
  readonly #code: Code;
  readonly #learned: Learned;
  readonly #root: number;
  readonly #steps = new Map<Place, Step>();
  readonly #leaders = new Set<Place>();
  /** Entries, each with the context whose way back it is, or 0 for any reason else. */
  readonly #entries = new Map<Place, number>();
  readonly #targets = new Map<Place, Place>();
  /** Where jumps by a register lead, as far as that was learned. */
  readonly #ways = new Map<Place, readonly Place[]>();
  #often = 0;
  readonly #calls: Call[] = [{ returns: NaN, target: NaN, caller: 0, depth: 0, leaves: false }];
  readonly #contexts = new Map<Place, number>();
  /** Sizes of functions, by where they begin. */
  readonly #sizes = new Map<number, number>();
  readonly #pages = new Set<number>();
  /** Places to be followed: those that ways out led to, then by the depth of the call they are in. */
  readonly #queues: Place[][] = Array.from({ length: MOST_CALLS + 2 }, () => []);
  /** What is followed is one of the first. */
  #isOften = false;
  readonly #most: number;

  constructor(root: number, code: Code, learned: Learned) {
    this.#code = code;
    this.#learned = learned;
    this.#most = learned === NOTHING ? MOST_STEPS : MOST_LEFT;
    this.#root = root;
    this.#leaders.add(root);
    this.#entries.set(root, 0);
    this.#queues[1]!.push(root);
    // What is called comes after its caller, when there is still room for it.
    for (let place = this.#next(); place !== undefined; place = this.#next()) {
      if (this.#code.runs(pcOf(place)) && this.#takesPage(place)) this.#follow(place);
      else this.#leavesAt(place);
    }
  }

  #takesPage(place: Place): boolean {
    const page = pageOf(place);
    if (this.#pages.has(page)) return true;
    if (this.#pages.size >= MOST_PAGES || !this.#code.hasPage(page)) return false;
    this.#pages.add(page);
    return true;
  }

  #leavesAt(place: Place): void {
    this.#calls[contextOf(place)]!.leaves = true;
  }

  /** The step at a place, if it stands whole in a page of the region. */
  #step(place: Place): Step | undefined {
    const pc = pcOf(place);
    if (pc >= PC_END || !this.#takesPage(place) || this.#code.stops(pc)) return undefined;
    const low = this.#code.half(pc);
    if (isLong(low) && pc % 4096 === 4094) return undefined;
    const instruction = decode(isLong(low) ? low | (this.#code.half(pc + 2) << 16) : low);
    if (instruction === undefined) return undefined;
    const { kind, csr } = shapeOf(instruction.row);
    const { imm, rs1 } = instruction;
    // What only the host can do with a CSR is as any other system instruction.
    const hosts = csr !== undefined && plainCsr(csr, imm, rs1) === undefined;
    return { pc, instruction, kind: hosts ? "system" : kind };
  }

  #lead(place: Place): void {
    this.#leaders.add(place);
    const often = this.#isOften || this.#learned.to(pcOf(place));
    this.#queues[often ? 0 : 1 + this.#calls[contextOf(place)]!.depth]!.push(place);
  }

  #next(): Place | undefined {
    const first = this.#queues.findIndex((queue) => queue.length > 0);
    const place = this.#queues[first]?.shift();
    // A function that is called often goes where it goes as often.
    this.#isOften = first === 0 && contextOf(place!) !== 0;
    return place;
  }

  /** Execution may come back here from the interpreter. */
  #enter(place: Place, way = 0): void {
    if (contextOf(place) !== 0) return;
    if (this.#entries.get(place) !== 0) this.#entries.set(place, way);
    this.#lead(place);
  }

  /** Takes steps from a place on, up to a jump or to what is there. */
  #follow(place: Place): void {
    let before: Step | undefined;
    for (;;) {
      if (this.#steps.has(place)) return;
      const step = this.#steps.size < this.#most ? this.#step(place) : undefined;
      if (step === undefined) {
        this.#leavesAt(place);
        // What stands over a page end is for the interpreter, which comes back behind it.
        if (pcOf(place) % 4096 === 4094) this.#enter(place + 4);
        return;
      }
      this.#steps.set(place, step);
      const next = place + step.instruction.length;
      const { instruction: { imm }, kind } = step;
      if (kind === "branch") {
        this.#targets.set(place, place + imm);
        this.#leaders.add(next);
        this.#lead(place + imm);
      } else if (kind === "jump" || kind === "jumpTo") {
        return this.#jump(place, step, next, before);
      } else if (kind === "system") {
        this.#leavesAt(place);
        this.#leaders.add(next);
        const { name } = step.instruction.row;
        if (name !== "sret" && name !== "mret") this.#enter(next);
        return;
      } else if (pageOf(next) !== pageOf(place)) {
        this.#leaders.add(next);
      }
      before = kind === "branch" ? undefined : step;
      place = next;
    }
  }

  #jump(place: Place, step: Step, next: Place, before: Step | undefined): void {
    const { kind, instruction: { rd, rs1, imm } } = step;
    const context = contextOf(place);
    let target: number | undefined;
    if (kind === "jump") target = step.pc + imm;
    else if (before?.instruction.row.name === "auipc" && before.instruction.rd === rs1) {
      // A call as compilers write it for far away: auipc, jalr.
      if (rs1 !== 0) target = before.pc + before.instruction.imm + imm;
    } else if (context !== 0 && rd === 0 && rs1 === RA && imm === 0) {
      const { returns } = this.#calls[context]!;
      this.#targets.set(place, returns);
      this.#lead(returns);
      return;
    }
    if (target !== undefined && !(target >= 0 && target < PC_END)) target = undefined;
    const often = this.#learned.from(step.pc);
    if (target === undefined) return this.#jumpBy(place, step, next, often);
    if (rd === 0) {
      this.#targets.set(place, context * CONTEXT + target);
      return this.#lead(context * CONTEXT + target);
    }
    const called = rd === RA ? this.#called(target, next, often.includes(target)) : 0;
    this.#leaders.add(next);
    this.#enter(next, called);
    if (called !== 0) {
      this.#targets.set(place, called * CONTEXT + target);
      return this.#lead(called * CONTEXT + target);
    }
    this.#leavesAt(place);
    if (rd === RA && this.#recurs(target, next)) {
      // Inside of the first call all others are in one context, and come back there.
      this.#enter(target);
      this.#enter(pcOf(next));
    }
    // What calls itself goes to where it was entered.
    if (this.#entries.has(target)) this.#targets.set(place, target);
  }

  /** A jump or call by a register: it may lead anywhere, and `often` to some places. */
  #jumpBy(place: Place, { instruction: { rd, rs1 } }: Step, next: Place, often: readonly number[]) {
    this.#leavesAt(place);
    if (rd !== 0) {
      this.#leaders.add(next);
      this.#enter(next);
    }
    // Where else a function returns to is its callers' regions' to know.
    if (rd === 0 && rs1 === RA) return;
    const ways: Place[] = [];
    for (const to of often) {
      const context = rd === 0 ? contextOf(place) : rd === RA ? this.#called(to, next, true) : 0;
      if (rd !== 0 && context === 0 && !this.#entries.has(to)) continue;
      if (!this.#code.runs(to) || !this.#takesPage(to)) continue;
      ways.push(context * CONTEXT + to);
      this.#lead(context * CONTEXT + to);
    }
    this.#ways.set(place, ways);
    this.#often += ways.length;
  }

  /**
   * The context for a call that returns to `next`; 0: it is not taken into the region. `often`: it is
   * known to be made often.
   */
  #called(target: number, next: Place, often: boolean): number {
    const caller = contextOf(next);
    const { depth } = this.#calls[caller]!;
    if (depth >= MOST_CALLS || this.#calls.length >= MOST_CONTEXTS) return 0;
    if (!this.#code.runs(target) || !this.#takesPage(target)) return 0;
    // What calls itself stands here once, so that the call is a jump.
    if (this.#recurs(target, next)) return 0;
    if (this.#entries.has(target) || this.#sizeOf(target) > (often ? MOST_OFTEN : MOST_INSIDE)) {
      return 0;
    }
    let context = this.#contexts.get(next);
    if (context === undefined) {
      context = this.#calls.length;
      this.#calls.push({ returns: next, target, caller, depth: depth + 1, leaves: false });
      this.#contexts.set(next, context);
    }
    return context;
  }

  /** Whether a call is made by the function that it calls, or by one that was called from there. */
  #recurs(target: number, next: Place): boolean {
    for (let at = contextOf(next); at !== 0; at = this.#calls[at]!.caller) {
      if (this.#calls[at]!.target === target) return true;
    }
    return false;
  }

  /**
   * Instructions that have run of a function, without what it calls; at least one more than
   * {@link MOST_OFTEN} when there are more.
   */
  #sizeOf(target: number): number {
    const known = this.#sizes.get(target);
    if (known !== undefined) return known;
    const seen = new Set<number>();
    const queue = [target];
    for (let start = queue.pop(); start !== undefined; start = queue.pop()) {
      if (!this.#code.runs(start)) continue;
      let pc: number = start;
      while (!seen.has(pc) && seen.size <= MOST_OFTEN) {
        const step = this.#step(pc);
        if (step === undefined) break;
        seen.add(pc);
        const { kind, instruction: { rd, imm, length } } = step;
        if (kind === "branch" || (kind === "jump" && rd === 0)) queue.push(pc + imm);
        if ((kind === "jump" || kind === "jumpTo") && rd === 0) break;
        pc += length;
      }
    }
    this.#sizes.set(target, seen.size);
    return seen.size;
  }

  /** Whether what a call leads to, or a call in it, comes back through the interpreter. */
  #leavesIn(context: number): boolean {
    if (this.#calls[context]!.leaves) return true;
    for (const [returns, inner] of this.#contexts) {
      if (contextOf(returns) === context && this.#leavesIn(inner)) return true;
    }
    return false;
  }

  #block(place: Place): Block | undefined {
    const steps: Step[] = [];
    let at = place;
    for (;;) {
      const step = this.#steps.get(at);
      if (step === undefined) break;
      steps.push(step);
      const next = at + step.instruction.length;
      const end = this.#end(at, next, step, steps.at(-2));
      if (end !== undefined) return { place, steps, end };
      at = next;
      if (this.#leaders.has(at)) return { place, steps, end: { kind: "falls", next: at } };
    }
    // What comes next is not in the region.
    return steps.length === 0 ? undefined : { place, steps, end: { kind: "falls", next: at } };
  }

  #end(at: Place, next: Place, step: Step, before: Step | undefined): End | undefined {
    const target = this.#targets.get(at);
    switch (step.kind) {
      case "branch":
        return { kind: "branches", target: target!, next };
      case "jump":
        // A call that is not taken in leads to context 0, if its function stands there at all.
        return { kind: "jumps", target: target ?? step.pc + step.instruction.imm };
      case "jumpTo": {
        if (target === undefined) return { kind: "computed", targets: this.#ways.get(at) ?? [] };
        const { rs1 } = step.instruction;
        if (before?.instruction.row.name === "auipc" && before.instruction.rd === rs1) {
          return { kind: "jumps", target };
        }
        // Whoever jumps to a call's jalr itself comes from elsewhere than its auipc.
        return rs1 === RA && contextOf(at) !== 0 && target === this.#calls[contextOf(at)]!.returns
          ? { kind: "returns", target }
          : { kind: "computed", targets: [] };
      }
      case "system":
        return { kind: "hands over" };
    }
    return undefined;
  }

  region(): Region | undefined {
    const blocks: Block[] = [];
    const there = new Set<Place>();
    for (const leader of this.#leaders) {
      const block = this.#block(leader);
      if (block === undefined) continue;
      blocks.push(block);
      there.add(leader);
    }
    if (!there.has(this.#root)) return undefined;
    blocks.sort((a, b) => a.place - b.place);
    const entries = [...this.#entries].flatMap(([place, way]) =>
      there.has(place) && (way === 0 || this.#leavesIn(way)) ? [place] : []
    );
    const pages = new Set(blocks.map(({ place }) => pageOf(place)));
    const steps = blocks.reduce((n, block) => n + block.steps.length, 0);
    return {
      root: this.#root,
      blocks,
      depths: this.#calls.map(({ depth }) => depth),
      entries,
      pages: [...pages].sort((a, b) => a - b),
      steps,
      learned: this.#often + blocks.filter(({ place }) => this.#learned.to(pcOf(place))).length,
    };
  }
}
