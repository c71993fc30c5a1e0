/**
 * What was caused by something that was done by hand on a guest: told by what stood in page tables
 * and frames before and stands there now.
 */

import type { VmEvent } from "./events.ts";
import type { Fault } from "./guest_hands.ts";
import { entriesNow, type Seen, type Witness } from "./guest_witness.ts";
import { eachLeaf } from "./inspect/mappings.ts";
import { ownerChanges } from "./inspect/page_owners.ts";
import { type Look, type WalkReport, walkReport } from "./inspect/translation.ts";
import { type Pa, pa, PAGE_SIZE, type PaNum } from "./machine/address.ts";
import { frameOf, PTE_A, PTE_D } from "./machine/sv39.ts";
import { TRAPFRAME } from "./guest/xv6.ts";
import type { AccessReport, CallReport, CountChange, ForkReport, OwnerChange } from "./reports.ts";

/** What the reports have in common. */
class Caused {
  readonly #before: Seen;
  readonly #after: Seen;
  protected readonly witness: Witness;

  constructor(witness: Witness, before: Seen) {
    this.witness = witness;
    this.#before = before;
    this.#after = witness.now();
  }

  /** What there was. */
  protected get was(): Seen {
    return this.#before;
  }

  /** What there is, as long as nothing else is done. */
  protected get is(): Seen {
    return this.#after;
  }

  /** All that happened, in order. */
  get events(): readonly VmEvent[] {
    return this.witness.between(this.#before, this.#after);
  }
}

/** What a call says of itself. */
type CallSays = Pick<CallReport, "pid" | "name"> & {
  readonly result?: bigint;
  readonly exited?: boolean;
  readonly blocked?: string;
};

/** A system call of a guest's process. */
export class GuestCall extends Caused implements CallReport {
  readonly pid: number;
  readonly name: string;
  readonly result: bigint | undefined;
  readonly blocked: { readonly on: string } | undefined;
  readonly exited: boolean;
  /** A guest's kernel gives no reasons. */
  readonly why = undefined;
  /** Whoever stops a call at a breakpoint gets an error that says so. */
  readonly stop = undefined;
  readonly watched = undefined;

  constructor(witness: Witness, before: Seen, { pid, name, result, exited, blocked }: CallSays) {
    super(witness, before);
    [this.pid, this.name, this.result] = [pid, name, result];
    this.exited = exited ?? false;
    this.blocked = blocked === undefined ? undefined : { on: blocked };
  }

  /** What fork did to memory, where this was one that made a child. */
  fork(child: number): Omit<ForkReport, "events" | "parent" | "child"> {
    const view = this.witness.view();
    const { ram } = this.witness;
    const mine = view.process(this.pid)?.root, childs = view.process(child)?.root;
    const done = { shared: 0, copied: 0, ptes: 0, parentPtes: 0, tables: 0 };
    if (mine === undefined || childs === undefined) return done;
    const leaves = new Map<number, number>(), were = new Map<number, number>();
    const below = (into: Map<number, number>) => (at: number, pte: number) => {
      if (at < TRAPFRAME) into.set(at, pte);
    };
    eachLeaf(ram, mine, { leaf: below(leaves) });
    eachLeaf(this.was.tables, mine, { leaf: below(were) });
    const marks = ~(PTE_A | PTE_D);
    for (const [at, pte] of leaves) {
      if (((pte ^ (were.get(at) ?? 0)) & marks) !== 0) done.parentPtes++;
    }
    eachLeaf(ram, childs, {
      table: () => done.tables++,
      leaf: (at, pte) => {
        if (at >= TRAPFRAME) return;
        done.ptes++;
        const other = leaves.get(at);
        if (other !== undefined && frameOf(other) === frameOf(pte)) done.shared++;
        else done.copied++;
      },
    });
    done.ptes += done.parentPtes;
    return done;
  }
}

/** fork() of a guest's process. */
export class GuestFork implements ForkReport {
  readonly shared: number;
  readonly copied: number;
  readonly ptes: number;
  readonly parentPtes: number;
  readonly tables: number;
  readonly #call: GuestCall;
  /** Who forked. */
  readonly parent: number;
  readonly child: number;

  constructor(call: GuestCall, parent: number, child: number) {
    this.#call = call;
    [this.parent, this.child] = [parent, child];
    const did = call.fork(child);
    [this.shared, this.copied, this.tables] = [did.shared, did.copied, did.tables];
    [this.ptes, this.parentPtes] = [did.ptes, did.parentPtes];
  }

  /** All that happened, in order. */
  get events(): readonly VmEvent[] {
    return this.#call.events;
  }
}

/** What an access says of itself. */
type AccessSays = Pick<
  AccessReport,
  "pid" | "va" | "size" | "store" | "value" | "old" | "killed"
>;

/** A load or store of a guest's process. */
export class GuestAccess extends Caused implements AccessReport {
  declare readonly pid: AccessSays["pid"];
  declare readonly va: AccessSays["va"];
  declare readonly size: number;
  declare readonly store: boolean;
  declare readonly value: bigint;
  declare readonly old: bigint | undefined;
  declare readonly killed: AccessSays["killed"];
  readonly pa: Pa | undefined;
  readonly watched = undefined;
  /** The page faults that it took, as its kernel was told of them. */
  readonly faults: readonly Fault[];
  readonly #pages: readonly Look[];
  readonly #left: Look | undefined;
  #owners: readonly OwnerChange[][] | undefined;

  constructor(
    witness: Witness,
    before: Seen,
    pages: readonly Look[],
    faults: readonly Fault[],
    says: AccessSays,
  ) {
    super(witness, before);
    Object.assign(this, says);
    this.faults = faults;
    this.#pages = pages;
    this.#left = says.killed === undefined
      ? entriesNow(witness.view(), witness.ram, says.pid, says.va)
      : undefined;
    this.pa = this.#left?.walk.leaf && pa(this.#left.walk.leaf.pa);
  }

  /** How the address was translated before. */
  get before(): WalkReport {
    return this.#words(this.#pages[0]);
  }

  /** How it is translated now; undefined when its process is gone. */
  get after(): WalkReport | undefined {
    return this.#left && this.#words(this.#left);
  }

  #words(look: Look): WalkReport {
    return walkReport(this.witness.view(), this.witness.ram, look);
  }

  get owners(): readonly OwnerChange[] {
    return this.#ownersByPage().flat();
  }

  #ownersByPage(): readonly OwnerChange[][] {
    return this.#owners ??= this.#pages
      .map((page) => ownerChanges(this.witness.view(), this.was, this.is, page));
  }

  get counts(): readonly CountChange[] {
    const frames = this.#ownersByPage()
      .flatMap(([self]) => [self.frame.before, self.frame.after])
      .filter((one) => one !== undefined);
    return [...new Set(frames)].flatMap((frame) => {
      const i = (Number(frame) as PaNum - this.witness.ram.base) / PAGE_SIZE;
      const before = this.was.saved.stored(i), after = this.is.saved.stored(i);
      if (before === undefined || after === undefined) return [];
      return [{ frame, count: { before, after } }];
    });
  }
}
