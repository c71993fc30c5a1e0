/**
 * What a debugger asks of a computer that runs a kernel of its own: registers and memory of each
 * hart, breakpoints, watchpoints, runs forwards and backwards. gdb's stub asks it, and the shell.
 */

import type { Watch } from "./machine/watch.ts";

/** Why a debugged run stopped. */
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
  /** The one instruction that was wanted has been done, or undone. */
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
   * Runs on for a slice, past a breakpoint at the first instruction. Undefined: the slice is over.
   * `only`: just this hart runs, the others stand still.
   */
  run(slice: number, only?: number): DebugStop | undefined;
  /** One instruction of one hart. */
  step(hart: number): DebugStop;
  /** Whether the past is recorded, so that one can go back. */
  readonly reversible: boolean;
  /** Back by one instruction of a hart. */
  reverseStep(hart: number): DebugStop;
  /** Back to the last breakpoint or watchpoint that was passed, or to the start of the record. */
  reverseContinue(hart: number): DebugStop;
  /** From the first instruction again. */
  reset(): void;
}
