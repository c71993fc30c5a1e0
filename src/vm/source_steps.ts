/** Where a guest is to run on to, for who steps through the source: the next line, the caller. */

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

/** The frame of the function whose own code a level of the present hart's stack is in. */
function calledAt(vm: Vm, level: number): Called {
  const frames = backtrace(vm, { hart: vm.hart });
  const own = frames.findIndex((one) => one.level >= level && !one.inlined);
  if (own < 0) throw new KernelError(`frame ${level}: the stack has ${frames.length}, from 0 on`);
  return {
    frame: frames[own],
    caller: frames.slice(own + 1).find(({ inlined }) => !inlined),
  };
}

/** Who the present hart is in now: a process in user mode, or its kernel. */
function whoseCode(vm: Vm): number {
  return vm.mode() === "user" ? vm.here?.pid ?? 0 : 0;
}

/** When a function has returned to a frame: its code goes on, and its stack is as it was. */
function returned({ pid, registers, pc }: StackFrame): (vm: Vm) => boolean {
  const sp = registers[2];
  return (vm) =>
    whoseCode(vm) === pid && vm.register("pc") === pc &&
    (sp === undefined || vm.register("sp") === sp);
}

/**
 * To the first instruction of another line of the function that the present hart is in, over what
 * it calls and over interrupts; or behind the call of it, when it returns. Throws a KernelError
 * where no lines are known.
 */
export function nextLine(vm: Vm): Arrival {
  const { frame, caller } = calledAt(vm, 0);
  const debug = partsOf(vm).view.symbols.debug(frame.pid);
  const here = debug?.ownLine(frame.pc);
  if (debug === undefined || here === undefined) {
    throw new KernelError("next: no line of the source is known here; step goes by instructions");
  }
  const starts = debug.lineStarts(frame.pc).filter(({ line }) => line !== here && line > 0)
    .map(({ address }) => address);
  const others = new Set<bigint>(starts);
  const back = caller && returned(caller);
  return {
    at: [...new Set([...starts, ...(caller === undefined ? [] : [caller.pc])])],
    here: () => {
      if (back?.(vm)) return true;
      if (!others.has(vm.register("pc")!) || whoseCode(vm) !== frame.pid) return false;
      const [now] = [calledAt(vm, 0).frame];
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
 * To where the function of a frame of the present hart's stack returns to. Throws a KernelError
 * where nobody has called it.
 */
export function toCaller(vm: Vm, level: number): Return {
  const { frame, caller } = calledAt(vm, level);
  if (caller === undefined) {
    throw new KernelError(`finish: who has called ${frame.name ?? "this"} is unknown, or nobody`);
  }
  const back = returned(caller);
  const debug = partsOf(vm).view.symbols.debug(frame.pid);
  const at = frame.pc - (level > 0 ? 1n : 0n);
  const type = debug?.returnType(at) ?? (debug?.functionAt(at) === undefined ? undefined : "void");
  return { at: [caller.pc], here: () => back(vm), from: frame, to: caller, type };
}
