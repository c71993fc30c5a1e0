/**
 * Virtual time: user instructions, the kernel's traps, and what was jumped over while all slept.
 */

import type { Kernel } from "../kernel.ts";

/** Virtual time in instructions: the users', the kernel's, and those jumped over. */
export function now(k: Kernel): number {
  return k.machine.instret + k.state.skipped;
}

/** The part of {@link now} in which a process ran. */
export function busy(k: Kernel): number {
  return now(k) - k.state.idled;
}
