/**
 * Accesses, system calls and forks made for a process, each with a report of what it caused: what
 * `store`, `fork` and `sbrk` print and what scripts assert on.
 *
 * @module
 */

import { hex, type Pa, pa, PAGE_SIZE, type PaNum, type Va, va } from "./machine/address.ts";
import { spaceOf } from "./kernel/process/table.ts";
import type { AccessKind } from "./machine/user_access.ts";
import { Moment, residentsOf } from "./inspect/builtin/moment.ts";
import { verdicts } from "./inspect/builtin/verdict.ts";
import { entryAt, pageOwners, type Resident } from "./inspect/page_owners.ts";
import {
  type Look,
  type Translation,
  translation,
  type WalkReport,
  walkReport,
} from "./inspect/translation.ts";
import type { CallName } from "./kernel/abi.ts";
import type { Watched } from "./kernel/breakpoints.ts";
import type { Kernel } from "./kernel/kernel.ts";
import { heldFrame, kindAt, rootOf } from "./kernel/view.ts";
import type { KernelView } from "./inspect/view.ts";
import { walk } from "./machine/sv39.ts";
import type { Parts } from "./parts.ts";
import type { Proc } from "./kernel/process/proc.ts";
import {
  type AccessOutcome,
  type CallOutcome,
  KernelError,
  userAccess,
  userCall,
  userRun,
} from "./kernel/manual.ts";
import type { AccessReport, CallReport, CountChange, ForkReport, OwnerChange } from "./reports.ts";
import type { VmEvent } from "./events.ts";
import { forkDifference } from "./kernel/fork/statistics.ts";

const PAGE = 4096n;

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
  const before: Seen = { moment: new Moment(k), residents: residentsOf(k) };
  const pages = pagesOf(address, size).map((at): Page => {
    const seen = look(k, p, at);
    return { seen, held: seen.walk.leaf ? undefined : heldFrame(k, p, at) };
  });
  const old = value === undefined ? undefined : peek(k, pages[0].seen, size);
  const outcome = userAccess(k, p, address, size, value);
  return new Access(parts, p, { size, value, old, before, pages, outcome });
}

/** A moment, and who was there. */
interface Seen {
  readonly moment: Moment;
  readonly residents: readonly Resident[];
}

/** One page that an access touches, as it was before. */
interface Page {
  readonly seen: Look;
  /** The frame of the page cache that a first touch maps. */
  readonly held: PaNum | undefined;
}

/** What is known of an access without asking further. */
interface Done {
  readonly size: AccessSize;
  /** What was to be stored. */
  readonly value: bigint | undefined;
  readonly old: bigint | undefined;
  readonly before: Seen;
  readonly pages: readonly Page[];
  readonly outcome: AccessOutcome;
}

/**
 * A report that works out on demand what takes long; a class, since getters of literals take long
 * to make.
 */
class Access implements AccessReport {
  readonly pid: number;
  readonly va: Va;
  readonly size: number;
  readonly store: boolean;
  readonly value: bigint;
  readonly pa: Pa | undefined;
  readonly old: bigint | undefined;
  readonly killed: AccessReport["killed"];
  readonly watched: Watched | undefined;
  readonly #parts: Parts;
  readonly #before: Seen;
  readonly #after: Seen;
  readonly #pages: readonly Page[];
  readonly #left: Look | undefined;
  #owners: readonly OwnerChange[][] | undefined;
  #counts: readonly CountChange[] | undefined;
  #events: readonly VmEvent[] | undefined;

  constructor(parts: Parts, p: Proc, { size, value, old, before, pages, outcome }: Done) {
    const { kernel: k } = parts;
    const done = outcome.kind === "done";
    const [{ seen }] = pages;
    const left = done ? look(k, p, seen.va) : undefined;
    const leaf = left?.walk.leaf;
    this.pid = p.pid;
    this.va = seen.va;
    this.size = size;
    this.store = value !== undefined;
    this.value = done ? BigInt.asUintN(8 * size, outcome.value) : value ?? 0n;
    this.pa = leaf && pa(leaf.pa);
    this.old = old;
    this.killed = done
      ? undefined
      : { cause: outcome.cause, stval: outcome.stval, why: outcome.why };
    this.watched = done ? outcome.watched : undefined;
    this.#parts = parts;
    this.#before = before;
    this.#after = { moment: new Moment(k), residents: residentsOf(k) };
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

  get events(): readonly VmEvent[] {
    return this.#events ??= this.#before.moment.until(this.#after.moment);
  }

  #ownersByPage(): readonly OwnerChange[][] {
    return this.#owners ??= this.#pages
      .map((page) => ownerChanges(this.#parts.view, this.#before, this.#after, page));
  }
}

/** How an address of a process is translated now, and what accesses would do. */
export function translate({ kernel, view, machine }: Parts, p: Proc, at: Va): Translation {
  return translation(
    view,
    machine.ram,
    rootOf(kernel, p),
    at,
    verdicts(kernel, spaceOf(kernel, p), at),
  );
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

/**
 * The bytes at a mapped address, past MMU and faults; undefined where the access would cross the
 * page.
 */
function peek(k: Kernel, { walk: { leaf } }: Look, size: AccessSize): bigint | undefined {
  if (leaf === undefined || leaf.pa % PAGE_SIZE + size > PAGE_SIZE) return undefined;
  return k.machine.ram.readNumber(leaf.pa, size);
}

/** The process itself, then all others that had the page before. */
function ownerChanges(
  view: KernelView,
  before: Seen,
  after: Seen,
  { seen, held }: Page,
): OwnerChange[] {
  const { pid, name, va, root } = seen;
  const { tables } = before.moment;
  const own = entryAt(view, tables, root, va);
  const others = pageOwners(view, tables, before.residents, own, held)
    .filter((e) => e.pid !== pid || e.va !== va - va % PAGE);
  return [{ pid, name, va, ...own }, ...others].map((was): OwnerChange => {
    const space = after.residents.find((one) => one.pid === was.pid);
    const now = space && entryAt(view, after.moment.tables, space.root, was.va);
    return {
      pid: was.pid,
      name: was.name,
      va: was.va,
      pte: { before: was.pte, after: now?.pte },
      frame: { before: was.frame, after: now?.frame },
    };
  });
}

/** The frames that the process had and has at the page, each once. */
function countChanges(before: Moment, after: Moment, { frame }: OwnerChange): CountChange[] {
  return [...new Set([frame.before, frame.after])]
    .filter((one) => one !== undefined)
    .map((one) => ({ frame: one, count: { before: before.count(one), after: after.count(one) } }));
}

/** What came of {@link accessBytes}. */
export interface BytesReport {
  /** Load and store faults on the way. */
  readonly faults: number;
  /** The watchpoint hit in each page, where one was. */
  readonly watched: readonly Watched[];
}

/**
 * Loads or stores of single bytes from `start` on, each page's as one run through the MMU:
 * `bytesAt` gives what is to be stored or filled from a byte on. Throws KernelError when the
 * process is killed for one; what was done before it stays.
 */
export function accessBytes(
  k: Kernel,
  p: Proc,
  kind: AccessKind,
  start: Va,
  length: number,
  bytesAt: (done: number) => Uint8Array,
): BytesReport {
  const faults = () => p.accounting.faults[15] + p.accounting.faults[13];
  const before = faults();
  const watched: Watched[] = [];
  for (let done = 0; done < length;) {
    const at = va(start + BigInt(done));
    const outcome = userRun(k, p, kind, at, bytesAt(done));
    if (outcome.kind === "killed") throw killedBy(p, kind, at, outcome.why);
    if (outcome.watched !== undefined) watched.push(outcome.watched);
    done += outcome.value;
  }
  return { faults: faults() - before, watched };
}

/** A byte over a range, as memset would store it. Throws as {@link accessBytes}. */
export function fillRange(
  k: Kernel,
  p: Proc,
  start: Va,
  length: number,
  byte: number,
): BytesReport {
  const page = new Uint8Array(Math.min(length, PAGE_SIZE)).fill(byte & 0xff);
  return accessBytes(k, p, "store", start, length, (done) => page.subarray(0, length - done));
}

/** The error for an access that the kernel killed its process for. */
export function killedBy(
  { pid }: { readonly pid: number },
  kind: AccessKind,
  at: Va,
  why: string,
): KernelError {
  const what = kind === "store" ? "store to" : "load from";
  return new KernelError(`pid ${pid} was killed: ${what} ${hex(at)}: ${why}`);
}

/** A system call by name with its arguments. */
export function systemCall(
  k: Kernel,
  p: Proc,
  name: CallName,
  args: readonly (bigint | number)[],
  budget?: number,
): CallReport {
  const before = new Moment(k);
  const outcome = userCall(k, p, name, args, budget);
  return new Call(p.pid, name, outcome, before, new Moment(k));
}

/** As {@link Access}, of a call. */
class Call implements CallReport {
  readonly pid: number;
  readonly name: string;
  readonly result: bigint | undefined;
  readonly blocked: CallReport["blocked"];
  readonly exited: boolean;
  readonly stop: CallReport["stop"];
  readonly why: CallReport["why"];
  readonly watched: Watched | undefined;
  readonly #before: Moment;
  readonly #after: Moment;
  #events: readonly VmEvent[] | undefined;

  constructor(pid: number, name: string, outcome: CallOutcome, before: Moment, after: Moment) {
    const returned = outcome.kind === "returned";
    this.pid = pid;
    this.name = name;
    this.result = returned ? BigInt.asIntN(64, outcome.value) : undefined;
    this.blocked = outcome.kind === "blocked" ? outcome.wait : undefined;
    this.exited = outcome.kind === "exited";
    this.stop = outcome.kind === "unfinished" ? outcome.stop : undefined;
    this.why = returned ? outcome.why : undefined;
    this.watched = returned ? outcome.watched : undefined;
    this.#before = before;
    this.#after = after;
  }

  get events(): readonly VmEvent[] {
    return this.#events ??= this.#before.until(this.#after);
  }
}

/** fork() with what it shared and copied. Throws KernelError when it fails. */
export function forkProcess(k: Kernel, p: Proc): ForkReport {
  const before = { ...k.state.forkTotals };
  const report = systemCall(k, p, "fork", []);
  if (report.result === undefined || report.result < 0n) {
    throw new KernelError(`fork of pid ${p.pid} failed: ${report.why}`);
  }
  return {
    parent: p.pid,
    child: Number(report.result),
    ...forkDifference(k.state.forkTotals, before),
    get events() {
      return report.events;
    },
  };
}
