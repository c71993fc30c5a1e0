/** Accesses, system calls and forks made for a process, with reports of what they caused. */

import { Happened, Moment } from "./inspect/builtin/moment.ts";
import type { CallName } from "./kernel/abi.ts";
import type { Watched } from "./kernel/breakpoints.ts";
import { forkDifference } from "./fork_statistics.ts";
import type { Kernel } from "./kernel/kernel.ts";
import { KernelError, userCall, userRun } from "./kernel/manual.ts";
import type { Proc } from "./kernel/process/proc.ts";
import { hex, type Va, va } from "./machine/address.ts";
import type { AccessKind } from "./machine/user_access.ts";
import type { CallReport, ForkReport } from "./reports.ts";

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
  const returned = outcome.kind === "returned" ? outcome : undefined;
  return Object.assign(new Happened(before, new Moment(k)), {
    pid: p.pid,
    name,
    result: returned && BigInt.asIntN(64, returned.value),
    why: returned?.why,
    blocked: outcome.kind === "blocked" ? outcome.wait : undefined,
    exited: outcome.kind === "exited",
    stop: outcome.kind === "unfinished" ? outcome.stop : undefined,
    watched: returned?.watched,
  });
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
