/** A load or store made for a process, and the report that explains on demand what it caused. */

import { Happened, Moment, residentsOf } from "./inspect/builtin/moment.ts";
import { ownerChanges, type Resident, type TablesThen } from "./inspect/page_owners.ts";
import { type Look, type WalkReport, walkReport } from "./inspect/translation.ts";
import type { Kernel } from "./kernel/kernel.ts";
import { userAccess } from "./kernel/manual.ts";
import type { Proc } from "./kernel/process/proc.ts";
import { spaceOf } from "./kernel/process/table.ts";
import { heldFrame, kindAt } from "./kernel/view.ts";
import { pa, PAGE_SIZE, type PaNum, type Va, va } from "./machine/address.ts";
import { walk } from "./machine/sv39.ts";
import type { Parts } from "./parts.ts";
import type { AccessReport, CountChange, OwnerChange } from "./reports.ts";

/** Bytes of one access. */
export type AccessSize = 1 | 2 | 4 | 8;

/** A load, or with a value a store, in U mode. */
export function access(
  parts: Parts,
  p: Proc,
  address: Va,
  size: AccessSize,
  value?: bigint,
): AccessReport {
  const { kernel: k } = parts;
  const before = now(k);
  const pages = pagesOf(address, size).map((at): Page => {
    const seen = look(k, p, at);
    return { seen, held: seen.walk.leaf ? undefined : heldFrame(k, p, at) };
  });
  const old = value === undefined ? undefined : peek(k, pages[0].seen, size);
  const outcome = userAccess(k, p, address, size, value);
  const done = outcome.kind === "done" ? outcome : undefined;
  const left = done && look(k, p, address);
  let killed: AccessReport["killed"];
  if (outcome.kind === "killed") {
    const { cause, stval, why } = outcome;
    killed = { cause, stval, why };
  }
  return Object.assign(new Explained(parts, before, now(k), pages, left), {
    pid: p.pid,
    va: address,
    size,
    store: value !== undefined,
    value: done ? BigInt.asUintN(8 * size, done.value) : value ?? 0n,
    pa: left?.walk.leaf && pa(left.walk.leaf.pa),
    old,
    killed,
    watched: done?.watched,
  });
}

/** A moment, and who was there. */
interface Seen {
  readonly moment: Moment;
  readonly residents: readonly Resident[];
}

function now(k: Kernel): Seen {
  return { moment: new Moment(k), residents: residentsOf(k) };
}

/** The page tables of then: worked out when asked for. */
function tablesOf({ moment, residents }: Seen): TablesThen {
  return { tables: moment.tables, residents };
}

/** One page that an access touches, as it was before. */
interface Page {
  readonly seen: Look;
  /** The frame of the page cache that a first touch maps. */
  readonly held: PaNum | undefined;
}

/** What of a report is worked out when asked for. A class: getters of literals cost more. */
class Explained extends Happened {
  readonly #parts: Parts;
  readonly #before: Seen;
  readonly #after: Seen;
  readonly #pages: readonly Page[];
  readonly #left: Look | undefined;
  #owners: readonly OwnerChange[][] | undefined;
  #counts: readonly CountChange[] | undefined;

  constructor(parts: Parts, before: Seen, after: Seen, pages: Page[], left: Look | undefined) {
    super(before.moment, after.moment);
    this.#parts = parts;
    this.#before = before;
    this.#after = after;
    this.#pages = pages;
    this.#left = left;
  }

  get before(): WalkReport {
    return this.#words(this.#pages[0].seen);
  }

  get after(): WalkReport | undefined {
    return this.#left && this.#words(this.#left);
  }

  #words(seen: Look): WalkReport {
    return walkReport(this.#parts.view, this.#parts.machine.ram, seen);
  }

  get owners(): readonly OwnerChange[] {
    return this.#ownersByPage().flat();
  }

  get counts(): readonly CountChange[] {
    return this.#counts ??= this.#ownersByPage()
      .flatMap(([self]) => countChanges(this.#before.moment, this.#after.moment, self));
  }

  #ownersByPage(): readonly OwnerChange[][] {
    return this.#owners ??= this.#pages.map(({ seen, held }) => {
      const [was, is] = [tablesOf(this.#before), tablesOf(this.#after)];
      return ownerChanges(this.#parts.view, was, is, seen, held);
    });
  }
}

/** Looks at an address of a process. */
function look(k: Kernel, p: Proc, address: Va): Look {
  const { root } = spaceOf(k, p);
  return {
    pid: p.pid,
    name: p.name,
    va: address,
    kind: kindAt(k, p, address),
    root,
    walk: walk(k.machine.ram, root, address),
  };
}

/** Where an access begins, and where its second page does when it crosses into one. */
function pagesOf(address: Va, size: AccessSize): Va[] {
  const inPage = 4096n - address % 4096n;
  return inPage >= BigInt(size) ? [address] : [address, va(BigInt.asUintN(64, address + inPage))];
}

/** The bytes at a mapped address, past MMU and faults; undefined across the end of the page. */
function peek(k: Kernel, { walk: { leaf } }: Look, size: AccessSize): bigint | undefined {
  if (leaf === undefined || leaf.pa % PAGE_SIZE + size > PAGE_SIZE) return undefined;
  return k.machine.ram.readNumber(leaf.pa, size);
}

/** The frames that the process had and has at the page, each once. */
function countChanges(before: Moment, after: Moment, { frame }: OwnerChange): CountChange[] {
  return [...new Set([frame.before, frame.after])]
    .filter((one) => one !== undefined)
    .map((one) => ({ frame: one, count: { before: before.count(one), after: after.count(one) } }));
}
