/**
 * Accesses, system calls and forks made for a process, each with a report of what it caused: what
 * `store`, `fork` and `sbrk` print and what scripts assert on.
 *
 * @module
 */

import { countOf, frameIndex } from "./kernel/memory/frames/frames.ts";
import { findProc, spaceOf } from "./kernel/process/table.ts";
import { hex, PAGE_SIZE, paNum, type Va, va } from "./machine/address.ts";
import type { AccessKind } from "./machine/user_access.ts";
import { entryAt, type PageEntry, pageOwners } from "./inspect/page_owners.ts";
import { verdicts } from "./inspect/builtin/verdict.ts";
import { type Translation, translation } from "./inspect/translation.ts";
import type { CallName } from "./kernel/abi.ts";
import type { Watched } from "./kernel/breakpoints.ts";
import type { Kernel } from "./kernel/kernel.ts";
import { heldFrame, rootOf } from "./kernel/view.ts";
import type { Parts } from "./parts.ts";
import type { Proc } from "./kernel/process/proc.ts";
import { KernelError, userAccess, userCall, userRun } from "./kernel/manual.ts";
import type { AccessReport, CallReport, CountChange, ForkReport, OwnerChange } from "./reports.ts";
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
  const { kernel: k, view, machine: { ram } } = parts;
  const mark = k.events.next;
  const places = pagesOf(address, size);
  const befores = places.map((at) => translate(parts, p, at));
  const before = befores[0];
  const { root } = spaceOf(k, p);
  const own = places.map((at) => entryAt(view, ram, root, at));
  const sharers = places.map((at) => pageOwners(view, ram, root, at, heldFrame(k, p, at)));
  const counts = k.state.frames.counts.slice();
  const old = value === undefined ? undefined : peek(k, before, size);
  const outcome = userAccess(k, p, address, size, value);
  const afters = places.map((at) => outcome.kind === "done" ? translate(parts, p, at) : undefined);
  const after = afters[0];
  const owners = places.map((at, i) => ownerChanges(parts, p, at, sharers[i], own[i]));
  return {
    pid: p.pid,
    va: address,
    size,
    store: value !== undefined,
    value: outcome.kind === "done" ? BigInt.asUintN(8 * size, outcome.value) : value ?? 0n,
    pa: after?.pa,
    old,
    killed: outcome.kind === "killed"
      ? { cause: outcome.cause, stval: outcome.stval, why: outcome.why }
      : undefined,
    watched: outcome.kind === "done" ? outcome.watched : undefined,
    before,
    after,
    owners: owners.flat(),
    counts: owners.flatMap((one) => countChanges(k, one, counts)),
    events: k.events.since(mark),
  };
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

/** Where an access begins, and where its second page does when it crosses into one. */
function pagesOf(address: Va, size: AccessSize): Va[] {
  const inPage = 4096n - address % 4096n;
  return inPage >= BigInt(size) ? [address] : [address, va(BigInt.asUintN(64, address + inPage))];
}

/** The bytes at a mapped address, past MMU and faults; undefined where the access would cross the page. */
function peek(k: Kernel, at: Translation, size: AccessSize): bigint | undefined {
  if (at.pa === undefined || at.pa % 4096n + BigInt(size) > 4096n) return undefined;
  return k.machine.ram.readNumber(paNum(Number(at.pa)), size);
}

/** The process itself, then all others that had the page before or have it now. */
function ownerChanges(
  { kernel: k, view, machine: { ram } }: Parts,
  p: Proc,
  address: Va,
  before: readonly PageEntry[],
  own: Pick<PageEntry, "pte" | "frame">,
): OwnerChange[] {
  const isSelf = (e: PageEntry) => e.pid === p.pid && e.va === address - address % PAGE;
  const self = { pid: p.pid, name: p.name, va: address, ...own };
  return [self, ...before.filter((e) => !isSelf(e))].map((was): OwnerChange => {
    const owner = findProc(k, was.pid);
    const space = owner && spaceOf(k, owner);
    const now = space === undefined ? undefined : entryAt(view, ram, space.root, was.va);
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
function countChanges(k: Kernel, [self]: OwnerChange[], counts: Uint32Array): CountChange[] {
  return [...new Set([self.frame.before, self.frame.after])]
    .filter((frame) => frame !== undefined)
    .map((frame) => {
      const number = paNum(Number(frame));
      const before = counts[frameIndex(k, number)];
      return { frame, count: { before, after: countOf(k, number) } };
    });
}

/** What came of {@link accessBytes}. */
export interface BytesReport {
  /** Load and store faults on the way. */
  readonly faults: number;
  /** The watchpoint hit in each page, where one was. */
  readonly watched: readonly Watched[];
}

/**
 * Loads or stores of single bytes from `start` on, each page's as one run through the MMU: `bytesAt`
 * gives what is to be stored or filled from a byte on. Throws KernelError when the process is killed
 * for one; what was done before it stays.
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
  const mark = k.events.next;
  const outcome = userCall(k, p, name, args, budget);
  return {
    pid: p.pid,
    name,
    result: outcome.kind === "returned" ? BigInt.asIntN(64, outcome.value) : undefined,
    blocked: outcome.kind === "blocked" ? outcome.wait : undefined,
    exited: outcome.kind === "exited",
    stop: outcome.kind === "unfinished" ? outcome.stop : undefined,
    why: outcome.kind === "returned" ? outcome.why : undefined,
    watched: outcome.kind === "returned" ? outcome.watched : undefined,
    events: k.events.since(mark),
  };
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
    events: report.events,
    ...forkDifference(k.state.forkTotals, before),
  };
}
