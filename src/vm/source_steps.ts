/** Where a run is to go on to, for who steps through the source: the next line, the caller. */

import { backtrace, type StackFrame } from "./backtrace.ts";
import type { CType } from "./dwarf/types.ts";
import type { Arrival } from "./kernel/run.ts";
import { KernelError } from "./kernel/manual.ts";
import { partsOf } from "./parts.ts";
import type { Vm } from "./vm.ts";

/** A frame that has registers of its own, and the one that called it. */
interface Called {
  readonly frame: StackFrame;
  readonly caller: StackFrame | undefined;
}

/** A process of the built-in kernel, or a guest's present hart, that goes by lines. */
interface Walker {
  /** The frames of its stack, innermost first. */
  stack(): StackFrame[];
  /** Whose code it is in now: a process's in user mode, or the kernel's, 0. */
  whose(): number;
  register(name: "pc" | "sp"): bigint | undefined;
  /** Of the built-in kernel: the process. */
  readonly pid: number | undefined;
}

/** Who goes by lines: of a guest the present hart, else a process. */
function walkerOf(vm: Vm, pid: number): Walker {
  if (!vm.guest) {
    return {
      stack: () => backtrace(vm, { pid }),
      whose: () => pid,
      register: (name) => vm.process(pid).registers.get(name),
      pid,
    };
  }
  return {
    stack: () => backtrace(vm, { hart: vm.hart }),
    whose: () => vm.mode() === "user" ? vm.here?.pid ?? 0 : 0,
    register: (name) => vm.register(name),
    pid: undefined,
  };
}

/** The frame of the function whose own code a level of a stack is in. */
function calledAt(walker: Walker, level: number): Called {
  const frames = walker.stack();
  const own = frames.findIndex((one) => one.level >= level && !one.inlined);
  if (own < 0) throw new KernelError(`frame ${level}: the stack has ${frames.length}, from 0 on`);
  return {
    frame: frames[own],
    caller: frames.slice(own + 1).find(({ inlined }) => !inlined),
  };
}

/** When a function has returned to a frame: its code goes on, and its stack is as it was. */
function returned(walker: Walker, { pid, registers, pc }: StackFrame): () => boolean {
  const sp = registers[2];
  return () =>
    walker.whose() === pid && walker.register("pc") === pc &&
    (sp === undefined || walker.register("sp") === sp);
}

const only = ({ pid }: Walker) => pid === undefined ? {} : { pid };

/**
 * To the first instruction of another line of the function that a guest's present hart is in, or
 * process `pid` of the built-in kernel, over what it calls and over interrupts; or behind the call
 * of it, when it returns. Throws a KernelError where no lines are known.
 */
export function nextLine(vm: Vm, pid: number): Arrival {
  const walker = walkerOf(vm, pid);
  const { frame, caller } = calledAt(walker, 0);
  const debug = partsOf(vm).view.symbols.debug(frame.pid);
  const here = debug?.ownLine(frame.pc);
  if (debug === undefined || here === undefined) {
    throw new KernelError("next: no line of the source is known here; step goes by instructions");
  }
  const starts = debug.lineStarts(frame.pc).filter(({ line }) => line !== here && line > 0)
    .map(({ address }) => address);
  const others = new Set<bigint>(starts);
  const back = caller && returned(walker, caller);
  return {
    ...only(walker),
    at: [...new Set([...starts, ...(caller === undefined ? [] : [caller.pc])])],
    here: () => {
      if (back?.()) return true;
      if (!others.has(walker.register("pc")!) || walker.whose() !== frame.pid) return false;
      const now = calledAt(walker, 0).frame;
      return frame.cfa === undefined || now.cfa === frame.cfa;
    },
  };
}

/** A function that is to return. */
export interface Return extends Arrival {
  readonly from: StackFrame;
  readonly to: StackFrame;
  /** Of what it returns; undefined: unknown. */
  readonly type: CType | "void" | undefined;
}

/**
 * To where the function of a frame of a stack returns to: of a guest's present hart, or of process
 * `pid` of the built-in kernel. Throws a KernelError where nobody has called it.
 */
export function toCaller(vm: Vm, level: number, pid: number): Return {
  const walker = walkerOf(vm, pid);
  const { frame, caller } = calledAt(walker, level);
  if (caller === undefined) {
    throw new KernelError(`finish: who has called ${frame.name ?? "this"} is unknown, or nobody`);
  }
  const back = returned(walker, caller);
  const debug = partsOf(vm).view.symbols.debug(frame.pid);
  const at = frame.pc - (level > 0 ? 1n : 0n);
  // The built-in programs have no types.
  const type = !vm.guest
    ? undefined
    : debug?.returnType(at) ?? (debug?.functionAt(at) === undefined ? undefined : "void");
  return { ...only(walker), at: [caller.pc], here: back, from: frame, to: caller, type };
}
