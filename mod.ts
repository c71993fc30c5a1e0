/**
 * The scripting API of cowsh: a whole RISC-V computer with a copy-on-write kernel, driven from TypeScript.
 *
 * {@link boot} gives a {@link Vm}. Processes ({@link Process}) and frames ({@link Frame}) are **live handles**:
 * each question is asked anew. Everything named a report, view, translation or finding is an immutable
 * **snapshot** of the moment it was made. Virtual addresses ({@link Va}) and physical ones ({@link Pa}) are
 * different types, so that mixing them does not compile. Methods are synchronous; `await` does no harm.
 *
 * @example Who owns this page?
 * ```ts
 * import { boot, expect, hex } from "@cowsh/cowsh";
 *
 * const vm = boot();
 * const parent = vm.spawn();
 * const va = parent.sbrk("2 pages");
 * const child = parent.fork();
 *
 * const frame = parent.frame(va)!;
 * expect(frame.owners.map((m) => `${m.pid}:${hex(m.va)}`)).toEqual(["2:0x3000", "3:0x3000"]);
 *
 * const report = child.store(va, 7n);
 * expect(report).toFault(15, "cow copy");
 * expect(report.counts.map((c) => c.count.after)).toEqual([1, 1]);
 * expect(vm).toPassAudit();
 * ```
 *
 * @module
 */

export { boot } from "./src/api/boot.ts";
export { expect } from "./src/api/expect/mod.ts";
export {
  AccessMatchers,
  ProcessMatchers,
  RunMatchers,
  VmMatchers,
} from "./src/api/expect/computer.ts";
export { FrameMatchers } from "./src/api/expect/frame.ts";
export { type ErrorType, Matchers } from "./src/api/expect/matchers.ts";
export { PageMatchers } from "./src/api/expect/page.ts";
export {
  scenario,
  type ScenarioBody,
  type ScenarioOptions,
  type Scene,
} from "./src/api/scenario.ts";
export type { addressKind } from "./src/vm/machine/address.ts";
export { hex, type Pa, pa, PAGE_SIZE, type PaNum, type Va, va } from "./src/vm/machine/address.ts";
export { type CloneOptions, type MmapOptions, type Place, Process } from "./src/vm/process.ts";
export { type BootOptions, type Mark, Vm, type VmState, type WatchOptions } from "./src/vm/vm.ts";
export { Run } from "./src/vm/run.ts";
export type { AccessSize } from "./src/vm/actions.ts";
export type { Size } from "./src/vm/size.ts";
export { type Counters, EVENT_KINDS, type EventKind, type VmEvent } from "./src/vm/events.ts";
export type { Abi, CallName } from "./src/vm/kernel/abi.ts";
export type { ForkStatistics } from "./src/vm/kernel/fork/fork.ts";
export type { Wait } from "./src/vm/kernel/process/proc.ts";
export type { ProgramSource } from "./src/vm/kernel/programs.ts";
export type { FrameDiff, ProcessDiff, PteDiff, StateDiff } from "./src/vm/inspect/diff.ts";
export type { SharedGroup, Sharing } from "./src/vm/inspect/sharing.ts";
export type { EventFilter, KernelStop } from "./src/vm/kernel/run.ts";
export type { Breakpoint as StopPoint, Watched } from "./src/vm/kernel/breakpoints.ts";
export type { Stop } from "./src/vm/machine/machine.ts";
export type { Watch, WatchHit } from "./src/vm/machine/watch.ts";
export type { BytesReport } from "./src/vm/actions.ts";
export { KernelError } from "./src/vm/kernel/manual.ts";
export type {
  AccessReport,
  CallReport,
  Change,
  CountChange,
  Difference,
  ForkReport,
  Leftover,
  OwnerChange,
  RunReport,
  RunStop,
} from "./src/vm/reports.ts";
export type { AuditClass, Finding } from "./src/vm/inspect/audit.ts";
export { Frame, type FrameReport } from "./src/vm/inspect/frame.ts";
export type { Mapping } from "./src/vm/inspect/mappings.ts";
export type { LevelView, Translation } from "./src/vm/inspect/translation.ts";
export type { Verdict } from "./src/vm/inspect/verdict.ts";
export type { AreaView } from "./src/vm/inspect/vmmap.ts";
