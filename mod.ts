/**
 * The scripting API of cowsh: a whole RISC-V computer with a copy-on-write kernel, driven from TypeScript.
 *
 * {@link boot} gives a {@link Vm}; {@link attach} gives one that runs a kernel of your own. Processes ({@link Process}) and frames ({@link Frame}) are **live handles**:
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

export { attach, AttachError, type AttachOptions } from "./src/api/attach.ts";
export type { Attached } from "./src/vm/attached.ts";
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
export type { FaultCause } from "./src/vm/machine/cause.ts";
export { hex, type Pa, pa, PAGE_SIZE, type PaNum, type Va, va } from "./src/vm/machine/address.ts";
export { type CloneOptions, type MmapOptions, type Place, Process } from "./src/vm/process.ts";
export type { Questions } from "./src/vm/questions.ts";
export {
  type BootOptions,
  KernelError,
  type Mark,
  type RamView,
  Vm,
  type VmState,
  type WatchOptions,
} from "./src/vm/vm.ts";
export { Run } from "./src/vm/run.ts";
export type { History, HistoryEntry, Moment } from "./src/vm/history.ts";
export type { AccessSize } from "./src/vm/access.ts";
export type { BytesReport } from "./src/vm/actions.ts";
export type { Breakpoint as StopPoint } from "./src/vm/breakpoints.ts";
export type { Abi, CallName } from "./src/vm/calls.ts";
export type { Disk, DiskEntry, Problem, ProblemKind } from "./src/vm/disk.ts";
export { type Counters, EVENT_KINDS, type EventKind, type VmEvent } from "./src/vm/events.ts";
export type { ProgramSource } from "./src/vm/programs.ts";
export type { Registers } from "./src/vm/registers.ts";
export type { Size } from "./src/vm/size.ts";
export {
  type Access,
  type AccessCounters,
  type AccessReport,
  type AreaView,
  type Arrival,
  type AuditClass,
  type CallReport,
  type Census,
  type Change,
  type Compile,
  type CountChange,
  type Difference,
  type Each,
  type EachReport,
  type EngineSummary,
  type EngineView,
  type EventFilter,
  type Fact,
  type Finding,
  type ForkObserver,
  type ForkReport,
  type ForkStatistics,
  Frame,
  type FrameDiff,
  type FrameReport,
  type FrameStep,
  type GuestStop,
  type KernelStop,
  type Leftover,
  type LevelView,
  type ListedBlock,
  type Listening,
  type Mapping,
  type MmuCounters,
  type OwnerChange,
  type PlacedCount,
  type ProcessDiff,
  type ProcessState,
  type PteDiff,
  type RegionCounts,
  type RegionReport,
  type RunOptions,
  type RunReport,
  type RunStop,
  type SharedGroup,
  type Sharing,
  type SlotView,
  type SpaceUsage,
  type StateDiff,
  type Stop,
  type Store,
  type StoredBy,
  type Sure,
  type SwapReport,
  type TlbEntry,
  type TlbView,
  type Translation,
  type Trap,
  type Verdict,
  type Wait,
  type WalkReport,
  type Watch,
  type Watched,
  type WatchHit,
} from "./src/vm/reports.ts";
