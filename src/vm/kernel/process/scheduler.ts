/**
 * Who runs next, and for how long: round-robin over the process table as xv6's scheduler does it.
 * With a seed other than 0, turns and slice lengths come from a small generator whose state is part
 * of the VM's: another schedule, as legal as the first, and the same each time.
 */

import { now } from "./time.ts";
import { wake } from "./sleep.ts";
import type { Kernel } from "../kernel.ts";
import type { Schedule } from "../state.ts";
import { mayRun, type Proc } from "./proc.ts";

/** The schedule at boot. */
export function newSchedule(quantum: number, seed: number): Schedule {
  return { cursor: 0, tickEnds: quantum, random: seed >>> 0 };
}

/** xorshift32: full period over non-zero states (Marsaglia 2003). */
function next(schedule: Schedule): number {
  let x = schedule.random;
  x ^= x << 13;
  x ^= x >>> 17;
  x ^= x << 5;
  schedule.random = x >>> 0;
  return schedule.random;
}

/** The next process whose turn it is, or undefined when none may run. */
export function pick(k: Kernel): Proc | undefined {
  const { schedule, procs: slots } = k.state;
  const start = schedule.random === 0 ? schedule.cursor : next(schedule) % slots.length;
  for (let i = 0; i < slots.length; i++) {
    const p = slots[(start + i) % slots.length];
    if (p !== undefined && mayRun(p)) {
      schedule.cursor = (p.slot + 1) % slots.length;
      return p;
    }
  }
  return undefined;
}

/** The tick under way has ended: count it, set the next one, wake those who slept until now. */
export function tick(k: Kernel): void {
  k.state.ticks++;
  const { schedule } = k.state;
  const { quantum } = k;
  const length = schedule.random === 0
    ? quantum
    : Math.max(1, Math.floor(quantum / 2) + next(schedule) % quantum);
  schedule.tickEnds += length;
  wake(k, (_, wait) => wait.on === "tick" && wait.until <= k.state.ticks);
}

/**
 * No process can run. When one sleeps until a tick, time jumps to the end of the tick before that
 * and ends one more; otherwise only the outside can wake one, and the result is false.
 */
export function idle(k: Kernel): boolean {
  let wakes = Infinity;
  for (const p of k.state.procs) {
    if (p?.state === "sleeping" && p.wait?.on === "tick") wakes = Math.min(wakes, p.wait.until);
  }
  if (wakes === Infinity) return false;
  const whole = Math.max(0, wakes - k.state.ticks - 1);
  k.state.ticks += whole;
  k.state.schedule.tickEnds += whole * k.quantum;
  const jump = Math.max(0, k.state.schedule.tickEnds - now(k));
  k.state.skipped += jump;
  k.state.idled += jump;
  tick(k);
  return true;
}
