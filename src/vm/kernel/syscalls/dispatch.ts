/** From a number in a7 to a handler, and its result back to a0 (xv6's syscall()). */

import { type Refused, refused } from "../memory/outcome.ts";
import { print } from "../console.ts";
import type { Kernel } from "../kernel.ts";
import type { Proc } from "../process/proc.ts";
import { A0, A7, readInt, writeNumber } from "../process/trapframe.ts";
import { exit } from "../process/lifecycle.ts";
import { ALIASES, type CallName } from "../abi.ts";
import type { Call } from "./call.ts";
import * as files from "./files.ts";
import * as labs from "./labs.ts";
import * as memory from "./memory.ts";
import * as processes from "./process.ts";
import { traceEntry, traceReturn } from "./trace.ts";

/** Every call by its name: the rows that the four modules export. */
export const CALLS: Readonly<Record<CallName, Call>> = Object.fromEntries(
  [processes, memory, files, labs]
    .flatMap((module): unknown[] => Object.values(module))
    .filter((value) => typeof value === "object" && value !== null && "run" in value)
    .map((value) => value as Call)
    .map((row) => [row.name, row]),
) as Record<CallName, Call>;

/** The rows by every name that a program may have for them. */
const ROWS: ReadonlyMap<string, Call> = new Map([
  ...Object.values(CALLS).map((row): [string, Call] => [row.name, row]),
  ...Object.entries(ALIASES).map(([alias, name]): [string, Call] => [alias, CALLS[name]]),
]);

/** The row of a call by a name that programs have for it; undefined: no such call is known. */
export function callNamed(name: string): Call | undefined {
  return ROWS.get(name);
}

/** The row that a number means to a process; undefined for a number that none has. */
function rowOf(p: Proc, number: number): Call | undefined {
  const name = p.callTable[number];
  return name === undefined ? undefined : ROWS.get(name);
}

/** The number that means a call to a process. Throws a RangeError when none does. */
export function numberOf(p: Proc, name: CallName): number {
  const row = CALLS[name];
  const entry = Object.entries(p.callTable).find(([, one]) => ROWS.get(one) === row);
  if (entry === undefined) {
    throw new RangeError(`no call number means ${name} to pid ${p.pid} ${p.name}`);
  }
  return Number(entry[0]);
}

/** The process is inside a system call from now on; its arguments stand in the trapframe. */
export function enterCall(k: Kernel, p: Proc): void {
  p.inCall = true;
  p.progress = undefined;
  p.accounting.calls++;
  const number = callNumber(k, p);
  const row = rowOf(p, number);
  k.events.note("syscall", number, 0, row?.name ?? p.callTable[number] ?? "unknown");
  if (k.trace !== undefined) traceEntry(k, p, number, row);
}

/** a7 as a C int. */
function callNumber(k: Kernel, p: Proc): number {
  return readInt(k.ram, p.trapframe, A7);
}

/**
 * Runs, or runs again, the call that the process is inside of. Afterwards it has returned (a0 holds
 * the result), sleeps, or has exited. Answers why the call was refused, when it says.
 */
export function runCall(k: Kernel, p: Proc): Refused | undefined {
  if (p.killed) {
    exit(k, p, -1);
    return undefined;
  }
  const number = callNumber(k, p);
  const row = rowOf(p, number);
  if (row === undefined) {
    const named = p.callTable[number];
    print(k, `${p.pid} ${p.name}: unknown sys call ${number}${named ? ` (${named})` : ""}\n`);
    return returnFrom(k, p, number, undefined, -1);
  }
  if (labs.isForbidden(k, p, number, row.name)) {
    return returnFrom(k, p, number, row, refused(`interpose forbids ${row.name}`));
  }
  const result = row.run(k, p);
  return result === undefined ? undefined : returnFrom(k, p, number, row, result);
}

function returnFrom(
  k: Kernel,
  p: Proc,
  number: number,
  row: Call | undefined,
  answer: number | Refused,
): Refused | undefined {
  const why = typeof answer === "number" ? undefined : answer;
  const result = typeof answer === "number" ? answer : -1;
  if (row?.returns !== "registers") writeNumber(k.ram, p.trapframe, A0, result);
  p.inCall = false;
  p.progress = undefined;
  if (result < 0) {
    for (const line of k.files.mounted?.xv6.takeNotices() ?? []) print(k, `${line}\n`);
  }
  const name = row?.name ?? "unknown";
  k.events.note("return", number, result, name);
  if (p.traceMask !== 0) labs.printCall(k, p, number, p.callTable[number] ?? name, result);
  if (k.trace !== undefined) traceReturn(k, p, row, result, why);
  // Killed while inside: usertrap looks once more before it returns to user space.
  if (p.killed) exit(k, p, -1);
  return why;
}
