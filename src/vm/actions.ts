/**
 * Accesses, system calls and forks made for a process, each with a report of what it caused: what
 * `store`, `fork` and `sbrk` print and what scripts assert on.
 *
 * @module
 */

import { hex, paNum, type Va, va, vaNum } from "./machine/address.ts";
import { WRITE } from "./machine/sv39.ts";
import type { FrameReport } from "./inspect/frame.ts";
import { type Translation, translation } from "./inspect/translation.ts";
import type { CallName } from "./kernel/abi.ts";
import type { Kernel } from "./kernel/kernel.ts";
import type { Process } from "./kernel/process/process.ts";
import { KernelError, userAccess, userCall } from "./kernel/standing.ts";
import type { AccessReport, CallReport, CountChange, ForkReport, OwnerChange } from "./reports.ts";

/** Bytes of one access. */
export type AccessSize = 1 | 2 | 4 | 8;

/** A load, or with a value a store, in U mode. */
export function access(
  k: Kernel,
  p: Process,
  address: Va,
  size: AccessSize,
  value?: bigint,
): AccessReport {
  const mark = k.events.next;
  const places = pagesOf(address, size);
  const befores = places.map((at) => translation(k, p, at));
  const before = befores[0];
  const old = value === undefined ? undefined : peek(k, before, size);
  const outcome = userAccess(k, p, address, size, value);
  const afters = places.map((at) => outcome.kind === "done" ? translation(k, p, at) : undefined);
  const after = afters[0];
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
    owners: befores.flatMap((one, i) => ownerChanges(k, p, one, afters[i])),
    counts: befores.flatMap((one, i) => countChanges(k, one.owners, afters[i])),
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

function ownerChanges(
  k: Kernel,
  p: Process,
  before: Translation,
  after: Translation | undefined,
): OwnerChange[] {
  const others = before.owners?.owners.filter((m) => m.pid !== p.pid) ?? [];
  const self: OwnerChange = {
    pid: p.pid,
    name: p.name,
    va: before.va,
    pte: { before: before.pte, after: after?.pte },
    frame: { before: before.frame?.pa, after: after?.frame?.pa },
  };
  return [
    self,
    ...others.map((m): OwnerChange => {
      const q = k.process(m.pid);
      const now = q && translation(k, q, m.va);
      return {
        pid: m.pid,
        name: m.name,
        va: m.va,
        pte: { before: m.pte, after: now?.pte },
        frame: { before: before.frame?.pa, after: now?.frame?.pa },
      };
    }),
  ];
}

function countChanges(
  k: Kernel,
  was: FrameReport | undefined,
  after: Translation | undefined,
): CountChange[] {
  const changes: CountChange[] = was === undefined ? [] : [{
    frame: was.pa,
    count: { before: was.stored, after: k.memory.frames.count(paNum(Number(was.pa))) },
  }];
  const now = after?.owners;
  if (now !== undefined && now.pa !== was?.pa) {
    changes.push({ frame: now.pa, count: { before: 0, after: now.stored } });
  }
  return changes;
}

/**
 * A byte over a range, as memset would store it: page by page, the first byte through the fault path, the rest
 * through the write TLB. Returns the faults it took; throws KernelError when the process is killed for one.
 */
export function fillRange(
  k: Kernel,
  p: Process,
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
  p: Process,
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
export function forkProcess(k: Kernel, p: Process): ForkReport {
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
