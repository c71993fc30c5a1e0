/**
 * Accesses, system calls and forks made for a process, each with a report of what it caused: what
 * `store`, `fork` and `sbrk` print and what scripts assert on.
 *
 * @module
 */

import { hex, paNum, type Va, va, vaNum } from "./machine/address.ts";
import { WRITE } from "./machine/sv39.ts";
import { entryAt, type PageEntry, pageOwners } from "./inspect/page_owners.ts";
import { type Translation, translation } from "./inspect/translation.ts";
import type { CallName } from "./kernel/abi.ts";
import type { Kernel } from "./kernel/kernel.ts";
import type { Proc } from "./kernel/process/proc.ts";
import { KernelError, userAccess, userCall } from "./kernel/manual.ts";
import type { AccessReport, CallReport, CountChange, ForkReport, OwnerChange } from "./reports.ts";

const PAGE = 4096n;

/** Bytes of one access. */
export type AccessSize = 1 | 2 | 4 | 8;

/** A load, or with a value a store, in U mode. */
export function access(
  k: Kernel,
  p: Proc,
  address: Va,
  size: AccessSize,
  value?: bigint,
): AccessReport {
  const mark = k.events.next;
  const places = pagesOf(address, size);
  const befores = places.map((at) => translation(k, p, at));
  const before = befores[0];
  const own = places.map((at) => entryAt(k, p.space, at));
  const sharers = places.map((at) => pageOwners(k, p.space, at));
  const counts = k.memory.frames.state.counts.slice();
  const old = value === undefined ? undefined : peek(k, before, size);
  const outcome = userAccess(k, p, address, size, value);
  const afters = places.map((at) => outcome.kind === "done" ? translation(k, p, at) : undefined);
  const after = afters[0];
  const owners = places.map((at, i) => ownerChanges(k, p, at, sharers[i], own[i]));
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
    before,
    after,
    owners: owners.flat(),
    counts: owners.flatMap((one) => countChanges(k, one, counts)),
    events: k.events.since(mark),
  };
}

/** Where an access begins, and where its second page does when it crosses into one. */
function pagesOf(address: Va, size: AccessSize): Va[] {
  const inPage = 4096n - address % 4096n;
  return inPage >= BigInt(size) ? [address] : [address, va(BigInt.asUintN(64, address + inPage))];
}

/** The bytes at a mapped address, past MMU and faults; undefined where the access would cross the page. */
function peek(k: Kernel, at: Translation, size: AccessSize): bigint | undefined {
  if (at.pa === undefined || at.pa % 4096n + BigInt(size) > 4096n) return undefined;
  let value = 0n;
  for (let i = size - 1; i >= 0; i--) {
    value = (value << 8n) | BigInt(k.machine.ram.read8(paNum(Number(at.pa) + i)));
  }
  return value;
}

/** The process itself, then all others that had the page before or have it now. */
function ownerChanges(
  k: Kernel,
  p: Proc,
  address: Va,
  before: readonly PageEntry[],
  own: Pick<PageEntry, "pte" | "frame">,
): OwnerChange[] {
  const isSelf = (e: PageEntry) => e.pid === p.pid && e.va === address - address % PAGE;
  const self = { pid: p.pid, name: p.name, va: address, ...own };
  return [self, ...before.filter((e) => !isSelf(e))].map((was): OwnerChange => {
    const space = k.process(was.pid)?.space;
    const now = space === undefined ? undefined : entryAt(k, space, was.va);
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
  const { frames } = k.memory;
  return [...new Set([self.frame.before, self.frame.after])]
    .filter((frame) => frame !== undefined)
    .map((frame) => {
      const number = paNum(Number(frame));
      const before = counts[frames.index(number)];
      return { frame, count: { before, after: frames.count(number) } };
    });
}

/**
 * A byte over a range, as memset would store it: page by page, the first byte through the fault path, the rest
 * through the write TLB. Returns the faults it took; throws KernelError when the process is killed for one.
 */
export function fillRange(
  k: Kernel,
  p: Proc,
  start: Va,
  length: number,
  byte: number,
): number {
  const faults = () => p.accounting.faults[15] + p.accounting.faults[13];
  const before = faults();
  const end = start + BigInt(length);
  for (let at = start as bigint; at < end;) {
    const outcome = userAccess(k, p, va(at), 1, BigInt(byte & 0xff));
    if (outcome.kind === "killed") {
      throw new KernelError(`pid ${p.pid} was killed: store to ${hex(at)}: ${outcome.why}`);
    }
    const next = at - at % 4096n + 4096n;
    const stop = next < end ? next : end;
    // The store succeeded, so the address is a user address and its page may be written.
    const frame = k.machine.mmu.translate(vaNum(Number(at)), WRITE);
    k.machine.ram.fill(paNum(frame), Number(stop - at), byte & 0xff);
    at = stop;
  }
  return faults() - before;
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
    events: k.events.since(mark),
  };
}

/** fork() with what it shared and copied. Throws KernelError when it fails. */
export function forkProcess(k: Kernel, p: Proc): ForkReport {
  const report = systemCall(k, p, "fork", []);
  if (report.result === undefined || report.result < 0n) {
    const slots = k.slots.includes(undefined) ? "out of memory" : "the process table is full";
    throw new KernelError(`fork of pid ${p.pid} failed: ${slots}`);
  }
  return {
    parent: p.pid,
    child: Number(report.result),
    events: report.events,
    ...k.memory.lastFork!,
  };
}
