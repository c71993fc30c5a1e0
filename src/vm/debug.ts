/**
 * What a debugger asks of a computer that runs a kernel of its own: registers and memory of each
 * hart, breakpoints, watchpoints, runs forwards and backwards. gdb's stub asks it, and the shell.
 */

import type { Watch, WatchHit } from "./machine/watch.ts";

export type { Watch };

/**
 * Why a debugged run stopped. Runs, steps and ways back are done in slices, so that who drives them
 * can listen to a person in between, and stop by not calling again.
 */
export type DebugStop =
  /** The hart's next instruction has a breakpoint. */
  | { readonly kind: "break"; readonly hart: number; readonly pc: bigint }
  /** An access hit a watchpoint; forwards it has been done, backwards it is the next. */
  | {
    readonly kind: "watch";
    readonly hart: number;
    readonly watch: Watch;
    /** The virtual address that was accessed. */
    readonly va: bigint;
    /** Address of the instruction that did it. */
    readonly pc: bigint;
  }
  /** The one instruction of this hart that was wanted has been done, or undone. */
  | { readonly kind: "step"; readonly hart: number }
  /** Backwards: the recorded past begins here. Forwards never. */
  | { readonly kind: "start"; readonly hart: number }
  /** No hart will ever execute another instruction: all wait, or trap for ever. */
  | { readonly kind: "stuck"; readonly hart: number }
  /** The guest ended the machine: with a code, or asking for a reset. */
  | { readonly kind: "exit"; readonly hart: number; readonly code: number };

/** A debugged computer. Numbers of harts are 0 to `harts` - 1; registers are unsigned. */
export interface DebugTarget {
  readonly harts: number;
  /** The hart that ran last, or stopped. */
  readonly hart: number;
  /** The access that the last run or step stopped at, with the value before and after. */
  readonly hit?: WatchHit | undefined;
  /** Instructions retired by all harts since the start. */
  readonly instret: number;
  /** A register or CSR of a hart by name (`a0`, `pc`, `satp`, `priv`); undefined: no such. */
  register(hart: number, name: string): bigint | undefined;
  /** Sets one; false: no such, or it is read-only. Ends the recorded future. */
  setRegister(hart: number, name: string, value: bigint): boolean;
  /**
   * Bytes at a virtual address as the hart translates now, whatever U, SUM and R say, or at a
   * physical one; as many as there are from the first on. Nothing is changed: no A bit, no TLB
   * entry, no device register is read.
   */
  read(hart: number, space: "va" | "pa", address: bigint, length: number): Uint8Array;
  /** Writes RAM in the same way; how many bytes were written. Ends the recorded future. */
  write(hart: number, space: "va" | "pa", address: bigint, bytes: Uint8Array): number;
  /** Adds a breakpoint at a virtual address, for all harts and address spaces. */
  addBreak(va: bigint): void;
  /** Removes one; false: there was none. */
  removeBreak(va: bigint): boolean;
  /** Adds a watchpoint. */
  watch(watch: Watch): void;
  /** Removes one; false: there was none such. */
  unwatch(watch: Watch): boolean;
  /**
   * Runs on for about `slice` instructions. Undefined: the slice is over, call again to go on. A
   * breakpoint at the next instruction of `hart` is passed when the last call stopped there, for
   * whatever reason; when its slice was over, the breakpoint stops this run, as those that other
   * harts stand at do. `only`: just these harts run, the others stand still; all when absent.
   */
  run(slice: number, only?: readonly number[]): DebugStop | undefined;
  /**
   * One instruction of a hart, whether or not it has a breakpoint, or a trap that it takes in its
   * place, an exception or an interrupt: the handler's first instruction is next then. If it hits a
   * watchpoint, that is how it stopped. Until it is this hart's turn the others run as their
   * schedule has it, those of `only` when given, and may stop for reasons of their own. Undefined:
   * the slice is over and the hart has not come to it, because it waits, for instance.
   */
  step(hart: number, slice: number, only?: readonly number[]): DebugStop | undefined;
  /** From now on the past is recorded. */
  record(): void;
  /** Whether the past is recorded, so that one can go back. */
  readonly reversible: boolean;
  /**
   * Takes the last step of a hart back; if that was an access that hit a watchpoint, this is told.
   * Undefined: there is none in the last `slice` instructions or somewhat more; the computer stands
   * there, call again to go on.
   */
  reverseStep(hart: number, slice: number): DebugStop | undefined;
  /**
   * Goes back to the last breakpoint or watchpoint that was passed, or to the start of the record.
   * Undefined: `slice` instructions have been searched; the computer stands somewhere among them,
   * call again to go on. A breakpoint where it stands is not one that was passed.
   */
  reverseRun(slice: number): DebugStop | undefined;
  /** From the first instruction again. */
  reset(): void;
}
