/** `expect`: checks whose failure messages name process, address, PTE, count and owners. */

import { Process } from "../../vm/process.ts";
import { type AccessReport, Frame, type RunReport, type Translation } from "../../vm/reports.ts";
import { Vm } from "../../vm/vm.ts";
import { AccessMatchers, ProcessMatchers, RunMatchers, VmMatchers } from "./computer.ts";
import { FrameMatchers } from "./frame.ts";
import { Matchers } from "./matchers.ts";
import { PageMatchers } from "./page.ts";

/**
 * Begins a check. What can be expected depends on the value: a VM can pass the audit, a frame has a
 * count and owners, a translation is mapped, writable or copy-on-write, a process is alive, an
 * access faults or copies, a run prints; any value can be or equal another.
 *
 * A check that fails throws an `AssertionError` that says in a sentence what was expected and what
 * is.
 *
 * @example
 * ```ts
 * import { boot, expect } from "@cowsh/cowsh";
 *
 * const vm = boot();
 * const parent = vm.spawn();
 * const va = parent.sbrk(4096);
 * const child = parent.fork();
 *
 * expect(parent.pte(va)).toBeCow();
 * expect(parent.frame(va)).toBeMappedBy([parent.at(va), child.at(va)]);
 * expect(child.store(va, 1n)).toFault(15, "cow copy");
 * expect(child.pte(va)).toBeWritable();
 * expect(parent.pte(0)).toKillOn("write");
 * expect(() => parent.store(0, 1n)).toThrow("killed");
 * expect(vm).toPassAudit();
 * ```
 */
export function expect(actual: Frame | undefined): FrameMatchers;
/** Begins a check on the whole computer. */
export function expect(actual: Vm): VmMatchers;
/** Begins a check on a process. */
export function expect(actual: Process): ProcessMatchers;
/** Begins a check on how an address is translated: `expect(process.pte(va))`. */
export function expect(actual: Translation): PageMatchers;
/** Begins a check on what an access caused: `expect(process.store(va, 1n))`. */
export function expect(actual: AccessReport): AccessMatchers;
/** Begins a check on a program's run: `expect(vm.run("cowtest"))`. */
export function expect(actual: RunReport): RunMatchers;
/** Begins a check on any other value. */
export function expect<T>(actual: T): Matchers<T>;
export function expect(actual: unknown): unknown {
  if (actual === undefined || actual instanceof Frame) return new FrameMatchers(actual);
  if (actual instanceof Vm) return new VmMatchers(actual);
  if (actual instanceof Process) return new ProcessMatchers(actual);
  if (typeof actual === "object" && actual !== null) {
    if ("levels" in actual && "verdicts" in actual) return new PageMatchers(actual as Translation);
    if ("owners" in actual && "counts" in actual) return new AccessMatchers(actual as AccessReport);
    if ("killedBy" in actual && "console" in actual) return new RunMatchers(actual as RunReport);
  }
  return new Matchers(actual);
}
