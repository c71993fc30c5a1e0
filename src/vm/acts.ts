/**
 * What is done in the name of a process, by the kernel of its computer: the built-in one by its own
 * functions, a guest's by a process of it that stands in user mode.
 */

import type { AccessSize } from "./access.ts";
import type { BytesReport } from "./actions.ts";
import type { CallName } from "./kernel/abi.ts";
import type { Va } from "./machine/address.ts";
import type { AccessKind } from "./machine/user_access.ts";
import type { AccessReport, CallReport, ForkReport, RunReport } from "./reports.ts";
import type { Vm } from "./vm.ts";

/** Each throws a KernelError with one line for what cannot be done. */
export interface Acts {
  /** A process without a program of its own, for acts by hand: its pid. */
  spawn(): number;
  /** Whether a process is one of those: it stands still and does what it is told. */
  isManual(pid: number): boolean;
  /** fork(), with what it shared and copied. */
  fork(pid: number): ForkReport;
  /** A load, or with a value a store, in user mode. */
  access(pid: number, at: Va, size: AccessSize, value?: bigint): AccessReport;
  /**
   * Loads or stores of single bytes from an address on: `bytesAt` gives what is to be stored or
   * filled from a byte on. Throws a KernelError when the process is killed for one; what was done
   * before it stays.
   */
  bytes(
    pid: number,
    kind: AccessKind,
    start: Va,
    length: number,
    bytesAt: (done: number) => Uint8Array,
  ): BytesReport;
  /** A system call by name with its arguments. */
  call(pid: number, name: CallName, args: readonly (bigint | number)[]): CallReport;
  /** Kills a process. */
  kill(pid: number): void;
  /**
   * A program of a guest, typed as a line into its sh, with what its console is given then; it is
   * over when its sh reads again, or it has used up its budget. Undefined: the kernel runs programs
   * itself.
   */
  readonly run:
    | ((
      vm: Vm,
      words: readonly string[],
      options: { readonly input: string | undefined; readonly budget: number | undefined },
    ) => RunReport)
    | undefined;
}
