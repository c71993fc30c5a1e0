/**
 * A trap from user mode, as xv6's usertrap handles it: an ecall is a system call, a page fault goes
 * to memory's fault path, anything else kills the process with xv6's two lines on the console.
 */

import { CAUSE, causeName, isPageFault } from "../machine/cause.ts";
import { emptySpace } from "./memory/areas/spaces.ts";
import { findProc, spaceOf } from "./process/table.ts";
import { print } from "./console.ts";
import { fault } from "./memory/faults/fault.ts";
import { hex, vaNum } from "../machine/address.ts";
import type { Stop } from "../machine/machine.ts";
import type { Kernel } from "./kernel.ts";
import { endOthers, exit } from "./process/lifecycle.ts";
import type { Proc } from "./process/proc.ts";
import { skipEcall } from "./process/trapframe.ts";
import { enterCall, runCall } from "./syscalls/dispatch.ts";
import type { Refused } from "./memory/outcome.ts";

/** A trap as the machine returns it. */
export type Trap = Extract<Stop, { kind: "trap" }>;

/**
 * What a trap costs in virtual time, in instructions: about xv6's way from the trampoline to a
 * short call and back. Without it a loop of system calls would take no time and never be preempted.
 */
const TRAP_COST = 500;

/**
 * Handles the trap; the process goes on, sleeps, has exited, or is condemned ({@link endDying})
 * afterwards. Answers why a system call was refused, when it says.
 */
export function handleTrap(k: Kernel, p: Proc, trap: Trap): Refused | undefined {
  const { cause } = trap;
  k.state.skipped += TRAP_COST;
  if (cause === CAUSE.ecallU) {
    skipEcall(k.ram, p.trapframe);
    enterCall(k, p);
    return runCall(k, p);
  }
  if (isPageFault(cause)) {
    p.accounting.faults[cause]++;
    const copied = k.events.framesCopied;
    const va = trap.tval < 0x80_0000_0000n ? vaNum(Number(trap.tval)) : trap.tval;
    const result = fault(k, spaceOf(k, p), cause, va);
    p.accounting.framesCopied += k.events.framesCopied - copied;
    if (!result.handled) condemn(k, p, trap, result.why, result.oom);
    return undefined;
  }
  const name = causeName(cause);
  condemn(k, p, trap, cause === CAUSE.illegal ? `${name} ${hex(trap.tval)}` : name);
  return undefined;
}

/** What xv6 does before exit(): the two lines, and the mark. */
function condemn(k: Kernel, p: Proc, trap: Trap, why: string, oom = false): void {
  print(k, `usertrap(): unexpected scause ${hex(trap.cause)} pid=${p.pid}\n`);
  print(k, `            sepc=${hex(trap.epc)} stval=${hex(trap.tval)}\n`);
  p.killed = true;
  p.killedBy = why;
  k.events.note("kill", p.pid, trap.cause, why);
  k.state.dying = { pid: p.pid, oom };
}

/**
 * The condemned process exits, if there is one. One that ran out of memory frees its own at once:
 * its parent may need a page before it can wait for it.
 */
export function endDying(k: Kernel): void {
  const { dying } = k.state;
  if (dying === undefined) return;
  const p = findProc(k, dying.pid)!;
  // A fatal fault ends the process with all its threads.
  endOthers(k, p);
  exit(k, p, -1);
  const isThere = findProc(k, p.pid) === p;
  if (dying.oom && isThere && spaceOf(k, p).users === 1) emptySpace(k, spaceOf(k, p));
}
