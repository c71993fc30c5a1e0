/**
 * From a number in a7 to a handler, and its result back to a0 (xv6's syscall()).
 *
 * @module
 */

import type { Kernel } from "../kernel.ts";
import type { Process } from "../process/process.ts";
import { A0, A7, readInt, writeNumber } from "../process/trapframe.ts";
import { exit } from "../process/lifecycle.ts";
import type { CallName } from "../abi.ts";
import type { Call } from "./call.ts";
import * as files from "./files.ts";
import * as memory from "./memory.ts";
import * as processes from "./process.ts";
import { traceEntry, traceReturn } from "./trace.ts";

/** Every call by its name: the rows that the three modules export. */
export const CALLS: Readonly<Record<CallName, Call>> = Object.fromEntries(
  [processes, memory, files]
    .flatMap((module): unknown[] => Object.values(module))
    .filter((value) => typeof value === "object" && value !== null && "run" in value)
    .map((value) => value as Call)
    .map((row) => [row.name, row]),
) as Record<CallName, Call>;

/** The process is inside a system call from now on; its arguments stand in the trapframe. */
export function enterCall(k: Kernel, p: Process): void {
  p.inCall = true;
  p.progress = undefined;
  p.accounting.calls++;
  const number = callNumber(k, p);
  const name = k.callName(number);
  k.events.syscall(number, name ?? "unknown");
  if (k.trace !== undefined) traceEntry(k, p, number, name && CALLS[name]);
}

/** a7 as a C int. */
function callNumber(k: Kernel, p: Process): number {
  return readInt(k.machine.ram, p.trapframe, A7);
}

/**
 * Runs, or runs again, the call that the process is inside of. Afterwards it has returned (a0 holds the
 * result), sleeps, or has exited.
 */
export function runCall(k: Kernel, p: Process): void {
  if (p.killed) {
    exit(k, p, -1);
    return;
  }
  const number = callNumber(k, p);
  const name = k.callName(number);
  if (name === undefined) {
    k.print(`${p.pid} ${p.name}: unknown sys call ${number}\n`);
    returnFrom(k, p, number, "unknown", -1);
    return;
  }
  const result = CALLS[name].run(k, p);
  if (result !== undefined) returnFrom(k, p, number, name, result);
}

function returnFrom(
  k: Kernel,
  p: Process,
  number: number,
  name: string,
  result: number,
): void {
  writeNumber(k.machine.ram, p.trapframe, A0, result);
  p.inCall = false;
  p.progress = undefined;
  if (result < 0) { for (const line of k.files.takeNotices()) k.print(`${line}\n`); }
  k.events.return(number, result, name);
  if (k.trace !== undefined) traceReturn(k, p, CALLS[name as CallName], result);
  // Killed while inside: usertrap looks once more before it returns to user space.
  if (p.killed) exit(k, p, -1);
}
