/** Sleeping inside a system call, and waking (xv6's sleep and wakeup). */

import type { Kernel } from "../kernel.ts";
import type { Proc, Wait } from "./proc.ts";

/** Puts the process to sleep inside its call; the handler returns what this returns. */
export function sleepOn(p: Proc, wait: Wait): undefined {
  p.state = "sleeping";
  p.wait = wait;
  return undefined;
}

/** Wakes every sleeper whose wait the test accepts. */
export function wake(k: Kernel, test: (p: Proc, wait: Wait) => boolean): void {
  for (const p of k.state.procs) {
    if (p?.state === "sleeping" && p.wait !== undefined && test(p, p.wait)) wakeProc(p);
  }
}

/** Wakes one sleeper; its call will be run again. */
export function wakeProc(p: Proc): void {
  p.state = "runnable";
  p.wait = undefined;
}
