/**
 * A region as the code of one WebAssembly function: its blocks by {@link Flow}, each with its steps
 * by {@link StepWriter}.
 *
 *     block EXIT
 *       loop DISPATCH
 *         block … block       one for each top, the first one innermost
 *           br_table LABEL
 *         end  the first top and what it dominates
 *         end  the second one
 *         …
 *       end
 *     end  registers, pc and budget go back to the linear memory
 *
 * Each block takes the budget for all its steps at its beginning, and leaves when there is not so
 * much. Where it leaves in the middle it gives back what was not executed.
 *
 * @module
 */

import { type Kind, shapeOf } from "../shape.ts";
import { type Flow, order } from "./flow.ts";
import {
  again,
  APART,
  BUDGET,
  COMPUTE,
  CONTEXT,
  DISPATCH,
  DONE,
  EXECUTE,
  EXIT,
  GROUPS,
  LABEL,
  LOOK_UP,
  MAY_ENTER,
  own,
  RAN_OUT,
  RegisterLocals,
  RESULT,
  TARGET,
} from "./frame.ts";
import { type Grouped, type Groups, groupsOf } from "./groups.ts";
import { type Idiom, idiomOf, writeIdiom } from "./idioms.ts";
import {
  type Block,
  contextOf,
  pageOf,
  pcOf,
  type Place,
  type Region,
  type Step,
} from "./region.ts";
import { checkGroup, StepWriter } from "./steps.ts";
import { CodeWriter } from "./writer.ts";
import { REFETCH } from "./module.ts";
import { Copies } from "./recent.ts";
import * as layout from "../../layout.ts";
import { RECORD_SHIFT } from "../records.ts";

/** Steps with which a block ends, and which say where it goes on. */
const ENDS: ReadonlySet<Kind> = new Set<Kind>(["branch", "jump", "jumpTo"]);
const NO_GROUPS: Groups = { groups: [], grouped: new Map() };

/** Returns to places of the region that a computed jump is compared with, at most. */
const MOST_RETURNS = 12;

/** A region's function. */
export interface Emitted {
  readonly code: Uint8Array<ArrayBuffer>;
  /** Types of its locals after the parameters. */
  readonly locals: readonly number[];
  /** Where `if`s stand in the code that are hardly ever entered. */
  readonly unlikely: readonly number[];
  /** The number of the label for each entry, by its program counter. */
  readonly labels: ReadonlyMap<number, number>;
  /** The guest's registers in its last locals, by their numbers. */
  readonly registers: readonly number[];
  /** Where the code of each step begins: {@link Mark}s. */
  readonly marks: readonly Mark[];
}

/** Where a step's code begins, in bytes; its block's number, and where in the block it stands. */
export interface Mark {
  readonly at: number;
  readonly block: number;
  readonly offset: number;
}

/** Writes a region. `counts`: each look-up in a TLB counts a hit of its entry. */
export function emit(region: Region, counts: boolean): Emitted {
  return new Emitter(region, counts).finish();
}

/** Writes a region's blocks, and the ways between them. */
export class Emitter {
  readonly out: CodeWriter = new CodeWriter();
  readonly registers: RegisterLocals;
  readonly counts: boolean;
  readonly copies: Copies;
  readonly #region: Region;
  readonly #flow: Flow;
  readonly #numbers: ReadonlyMap<Place, number>;
  readonly #idioms: readonly (Idiom | undefined)[];
  readonly #labels = new Map<number, number>();
  readonly #marks: Mark[] = [];
  /** Where a computed jump may lead inside the region: behind its calls. */
  readonly #returns: readonly number[];

  constructor(region: Region, counts: boolean) {
    this.#region = region;
    this.counts = counts;
    this.copies = new Copies(region.root);
    const { blocks } = region;
    this.#numbers = new Map(blocks.map(({ place }, i) => [place, i]));
    this.#idioms = blocks.map(idiomOf);
    const next = blocks.map((block, i) => this.#next(block, this.#idioms[i] !== undefined));
    this.#flow = order(next, region.entries.map((place) => this.#numbers.get(place)!));
    this.registers = usedBy(blocks);
    const { tops } = this.#flow;
    for (const [label, top] of tops.entries()) {
      const { place } = blocks[top]!;
      if (contextOf(place) === 0) this.#labels.set(place, label);
    }
    this.#returns = tops.filter((top) => contextOf(blocks[top]!.place) === 0).slice(
      0,
      MOST_RETURNS,
    );
  }

  /** The blocks that a block leads to, as often as its code does. */
  #next({ end, place }: Block, idiom: boolean): number[] {
    const places = end.kind === "falls"
      ? [end.next]
      : end.kind === "branches"
      ? [end.target, end.next]
      : end.kind === "jumps" || end.kind === "returns"
      ? [end.target]
      : end.kind === "computed"
      ? [...end.targets]
      : [];
    // After an idiom execution goes on behind the loop, or at its start again.
    if (idiom && end.kind === "branches") places.push(end.next, place);
    return places.flatMap((to) => this.#numbers.get(to) ?? []);
  }

  finish(): Emitted {
    const { out, registers } = this;
    const { tops } = this.#flow;
    registers.load(out);
    out.i32(0);
    out.i32(0);
    out.store("i32_store", layout.REGION_SURE);
    out.open("block", EXIT);
    out.open("loop", DISPATCH);
    out.open("block", COMPUTE);
    for (const top of [...tops].reverse()) out.open("block", own(top));
    out.get(LABEL);
    out.branchTable(tops.map(own));
    for (const top of tops) {
      out.close();
      this.#tree(top);
    }
    out.close();
    this.#computed();
    out.close();
    out.close();
    registers.store(out);
    return {
      code: out.finish(),
      locals: registers.types,
      unlikely: out.unlikely,
      labels: this.#labels,
      registers: registers.used,
      marks: this.#marks,
    };
  }

  /** Here the code of a step begins. */
  mark({ place }: Block, { pc }: Step): void {
    const block = this.#numbers.get(place)!;
    this.#marks.push({ at: this.out.length, block, offset: pc - pcOf(place) });
  }

  /** A block with all that it dominates. */
  #tree(block: number): void {
    const { out } = this;
    const { inner, loops } = this.#flow;
    if (loops[block] !== 0) out.open("loop", again(block));
    const parts = inner[block]!;
    for (const part of [...parts].reverse()) out.open("block", own(part));
    this.#body(block);
    for (const part of parts) {
      out.close();
      this.#tree(part);
    }
    if (loops[block] !== 0) out.close();
  }

  #body(number: number): void {
    const { out } = this;
    const block = this.#region.blocks[number]!;
    const { steps, end, place } = block;
    const idiom = this.#idioms[number];
    if (idiom !== undefined) {
      writeIdiom(this, idiom, {
        done: () => this.#go(block, (end as { next: Place }).next),
        again: () => out.branch(again(number)),
      });
    }
    const own = end.kind === "hands over" ? steps.length - 1 : steps.length;
    if (own > 0) this.#take(own, place);
    const last = steps[own - 1];
    const straight = last !== undefined && ENDS.has(last.kind) ? own - 1 : own;
    this.#straight(block, straight, own);
    if (straight < own) new StepWriter(this, block, last!, 1).write();
    if (own < steps.length) return this.#leaveAt(steps[own]!.pc);
    if (end.kind === "falls") this.#go(block, end.next);
    else if (end.kind === "jumps") this.#go(block, end.target);
    else if (end.kind === "returns" || end.kind === "computed") this.#compute(block);
  }

  /** Writes the first steps of a block, those that lead on to the next one. */
  #straight(block: Block, count: number, own: number): void {
    const { groups, grouped } = this.counts ? NO_GROUPS : groupsOf(block.steps, count);
    const write = (of: ReadonlyMap<number, Grouped>) => {
      for (let i = 0; i < count; i++) {
        new StepWriter(this, block, block.steps[i]!, own - i, of.get(i)).write();
      }
    };
    if (groups.length === 0) return write(grouped);
    const { out } = this;
    out.open("block", DONE);
    out.open("block", APART);
    for (const [i, group] of groups.entries()) checkGroup(this, group, block, GROUPS + i);
    write(grouped);
    out.branch(DONE);
    out.close();
    write(NO_GROUPS.grouped);
    out.close();
  }

  /** Takes the budget for so many steps; without it the interpreter does what is left of the run. */
  #take(steps: number, place: Place): void {
    const { out } = this;
    out.get(BUDGET);
    out.i64(steps);
    out.op("i64_sub");
    out.tee(BUDGET);
    out.i64(0);
    out.op("i64_lt_s");
    out.rarely(() => this.leave(pcOf(place), steps, RAN_OUT));
  }

  /** Gives back the budget of so many steps, and has the interpreter go on with the one at `pc`. */
  leave(pc: number, steps: number, why: 0 | typeof RAN_OUT = 0): void {
    const { out } = this;
    if (steps > 0) {
      out.get(BUDGET);
      out.i64(steps);
      out.op("i64_add");
      out.set(BUDGET);
    }
    this.#leaveAt(pc, why);
  }

  #leaveAt(pc: number, why: 0 | typeof MAY_ENTER | typeof RAN_OUT = 0): void {
    const { out } = this;
    out.i64(pc);
    out.set(TARGET);
    this.#records(pageOf(pc));
    out.i32(((pc % 4096) << RECORD_SHIFT) + why);
    out.op("i32_add");
    out.set(RESULT);
    out.branch(EXIT);
  }

  /** Notes where the region may be left. */
  #from({ steps }: Block): void {
    const { out } = this;
    out.i32(0);
    out.i64(steps.at(-1)!.pc);
    out.store("i64_store", layout.REGION_FROM);
  }

  /** Has the interpreter look up the page of TARGET. */
  #leaveTo(): void {
    this.out.i32(0);
    this.out.get(TARGET);
    this.out.store("i64_store", layout.REGION_TO);
    this.out.i32(LOOK_UP);
    this.out.set(RESULT);
    this.out.branch(EXIT);
  }

  /** Offset of the decoded records of one of the region's pages. */
  #records(page: number): void {
    this.out.get(CONTEXT);
    this.out.load("i32_load", 4 * this.#region.pages.indexOf(page));
  }

  /**
   * Leaves to TARGET, which is `pc`, unless the TLB has its page and the records there are those that
   * the region was translated from: the interpreter would look the page up here, too.
   */
  #guard(pc: number): void {
    if (this.counts) return this.#guardCounted(pc);
    const { out } = this;
    const bit = 1 << this.#region.pages.indexOf(pageOf(pc));
    out.i32(0);
    out.load("i32_load", layout.REGION_SURE);
    out.i32(bit);
    out.op("i32_and");
    out.op("i32_eqz");
    out.rarely(() => {
      out.get(EXECUTE);
      out.load("i64_load", executeEntry(pc));
      out.i64(pc - pc % 4096);
      out.op("i64_ne");
      out.rarely(() => this.#refetch(pc));
      this.#ifOther(pc, () => this.#leaveTo());
      out.i32(0);
      out.i32(0);
      out.load("i32_load", layout.REGION_SURE);
      out.i32(bit);
      out.op("i32_or");
      out.store("i32_store", layout.REGION_SURE);
    });
  }

  /** Has the host look up the page of `pc`; leaves, if that takes more than a walk. */
  #refetch(pc: number): void {
    const { out } = this;
    // A run that ends here fetches in the next.
    out.get(BUDGET);
    out.op("i64_eqz");
    out.rarely(() => this.#leaveTo());
    out.i32(0);
    out.i64(pc);
    out.store("i64_store", layout.ACCESS_VA);
    out.i32(0);
    out.i32(0);
    out.store("i32_store", layout.REGION_SURE);
    out.call(REFETCH);
    out.op("i32_eqz");
    out.rarely(() => this.#leaveTo());
  }

  /** Leaves if the TLB leads to other code than that which the region was translated from. */
  #ifOther(pc: number, leave: () => void): void {
    const { out } = this;
    out.get(EXECUTE);
    out.load("i32_load", executeEntry(pc) + 8);
    this.#records(pageOf(pc));
    out.op("i32_ne");
    out.rarely(leave);
  }

  /** The same where hits are counted. */
  #guardCounted(pc: number): void {
    const { out } = this;
    const count = (hits: number) => {
      out.get(EXECUTE);
      out.get(EXECUTE);
      out.load("i32_load", executeEntry(pc) + 12);
      out.i32(hits);
      out.op("i32_add");
      out.store("i32_store", executeEntry(pc) + 12);
    };
    out.get(EXECUTE);
    out.load("i64_load", executeEntry(pc));
    out.i64(pc - pc % 4096);
    out.op("i64_ne");
    out.either(() => {
      this.#refetch(pc);
      // The host has counted it, and the interpreter is going to once more.
      this.#ifOther(pc, () => {
        count(-1);
        this.#leaveTo();
      });
    }, () => {
      this.#ifOther(pc, () => this.#leaveTo());
      count(1);
    });
  }

  /** Goes on at a known place. */
  go(block: Block, to: Place): void {
    this.#go(block, to);
  }

  #go(from: Block, to: Place): void {
    const { out } = this;
    const pc = pcOf(to);
    const near = pageOf(from.place) === pageOf(to);
    const number = this.#numbers.get(to);
    if (number === undefined) {
      this.#from(from);
      if (near) {
        out.i32(0);
        out.i64(pc);
        out.store("i64_store", layout.REGION_TO);
        return this.#leaveAt(pc, MAY_ENTER);
      }
      out.i64(pc);
      out.set(TARGET);
      return this.#leaveTo();
    }
    if (!near) {
      out.i64(pc);
      out.set(TARGET);
      this.#guard(pc);
    }
    this.#enter(this.#numbers.get(from.place)!, number);
  }

  #enter(from: number, to: number): void {
    const { out } = this;
    const { rank, merges, tops } = this.#flow;
    if (rank[to]! <= rank[from]!) {
      if (out.isOpen(again(to))) return out.branch(again(to));
      out.i32(tops.indexOf(to));
      out.set(LABEL);
      return out.branch(DISPATCH);
    }
    if (merges[to] !== 0) out.branch(own(to));
    else this.#tree(to);
  }

  /** Goes on at TARGET: where a call in the region is expected to return, or somewhere else. */
  #compute(block: Block): void {
    const { end } = block;
    const targets = end.kind === "returns"
      ? [end.target]
      : end.kind === "computed"
      ? end.targets
      : [];
    for (const target of targets) {
      const to = this.#numbers.get(target);
      if (to === undefined) continue;
      this.#ifTarget(pcOf(target), () => this.#enter(this.#numbers.get(block.place)!, to));
    }
    if (end.kind === "computed") this.#from(block);
    this.out.branch(COMPUTE);
  }

  /** Does something if TARGET is an address, after making sure of its page. */
  #ifTarget(pc: number, then: () => void): void {
    const { out } = this;
    out.get(TARGET);
    out.i64(pc);
    out.op("i64_eq");
    out.when(() => {
      this.#guard(pc);
      then();
    });
  }

  /** Where all computed jumps come together: to one of the entries, or out of the region. */
  #computed(): void {
    const { out } = this;
    for (const top of this.#returns) {
      this.#ifTarget(pcOf(this.#region.blocks[top]!.place), () => {
        out.i32(this.#flow.tops.indexOf(top));
        out.set(LABEL);
        out.branch(DISPATCH);
      });
    }
    this.#leaveTo();
  }
}

/** Offset, in a table for fetches, of the entry that a page has there. */
const executeEntry = (pc: number): number =>
  (Math.floor(pc / 4096) & (layout.TLB_ENTRIES - 1)) * layout.TLB_ENTRY_SIZE;

/** The registers that steps use. */
function usedBy(blocks: readonly Block[]): RegisterLocals {
  const used = new Set<number>(), written = new Set<number>();
  for (const { steps } of blocks) for (const step of steps) use(step, used, written);
  return new RegisterLocals(used, written);
}

function use(
  { kind, instruction: { row, rs1, rs2, rd } }: Step,
  used: Set<number>,
  written: Set<number>,
) {
  used.add(rs1).add(rs2);
  if (kind === "system" || !shapeOf(row).writesRd) return;
  used.add(rd);
  written.add(rd);
}
