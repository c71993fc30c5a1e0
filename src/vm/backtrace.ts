/** The stack of a hart or a process: who called whom, down to the program in user mode. */

import type { ScopeInfo, SourceFile } from "./dwarf/debug_info.ts";
import type { KernelView } from "./inspect/view.ts";
import { EPC, REGISTERS } from "./guest/xv6.ts";
import { KernelError } from "./kernel/manual.ts";
import { type PaNum, type Va, va } from "./machine/address.ts";
import type { Machine } from "./machine/machine.ts";
import { type Computer, partsOf } from "./parts.ts";
import {
  callerOf,
  cfaOf,
  type Frame,
  type Known,
  lookedUp,
  momentOf,
  type StackSource,
} from "./unwind.ts";
import type { Vm } from "./vm.ts";
import { Process } from "./process.ts";

/** One frame of a stack, of a function or of one that was inlined in it. */
export interface StackFrame {
  /** 0 for the innermost. */
  readonly level: number;
  /** Whose code it is: 0 the kernel's, else that process's program. */
  readonly pid: number;
  /** The next instruction; in a caller, where the call will return to. */
  readonly pc: Va;
  /** The function's name; undefined: unknown. */
  readonly name: string | undefined;
  /** It was inlined in the next frame, and has the same registers. */
  readonly inlined: boolean;
  /** Where the function stands in the source, a caller at its call; undefined: unknown. */
  readonly source: { readonly file: SourceFile; readonly line: number } | undefined;
  /** What x0 to x31 held there; undefined: unknown. */
  readonly registers: Known;
  /** The stack pointer before the function was called; undefined: unknown. */
  readonly cfa: bigint | undefined;
}

/** What is known of a frame beside what is shown. */
interface Inside {
  readonly frame: Frame;
  readonly source: StackSource;
  readonly scope: ScopeInfo | undefined;
}

const inside = new WeakMap<StackFrame, Inside>();

/** Stacks are a page in xv6, and no frame is below 16 bytes; those of programs may grow. */
const MOST = 1000;

/** Whose stack is meant. */
export type StackOwner = { readonly hart: number } | { readonly pid: number };

/**
 * The frames of a stack, innermost first. Throws a KernelError for a process of which no registers
 * are known.
 */
export function backtrace(vm: Vm, owner: StackOwner, most: number = MOST): StackFrame[] {
  const computer = partsOf(vm);
  const { source, first } = start(vm, computer, owner);
  const frames: StackFrame[] = [];
  let callee: Frame | undefined;
  let one: Frame | undefined = first;
  while (one !== undefined && frames.length < most) {
    frames.push(...named(source, one, frames.length));
    const caller: Frame | undefined = callerOf(source, one, callee);
    // A stack that does not grow towards its end goes in circles.
    if (caller !== undefined && !isBeyond(one, caller)) break;
    callee = one;
    one = caller;
  }
  return frames.slice(0, most);
}

/** The variables in sight of a frame; undefined: nobody says. */
export function scopeOf(frame: StackFrame): ScopeInfo | undefined {
  return inside.get(frame)?.scope;
}

/** What expressions ask of a frame, and the address for which locations of variables are asked. */
export function insideOf(frame: StackFrame) {
  const { frame: raw, source } = inside.get(frame)!;
  return { moment: momentOf(source, raw), at: Number(lookedUp(raw)) };
}

function isBeyond(callee: Frame, caller: Frame): boolean {
  if (callee.pid !== caller.pid) return caller.pid !== 0;
  const [sp, last] = [caller.registers[2], callee.registers[2]];
  if (sp === undefined || last === undefined) return sp !== undefined || last === undefined;
  return sp > last || (callee.exact && sp === last);
}

/** A frame with those that were inlined in it in front. */
function named(source: StackSource, frame: Frame, level: number): StackFrame[] {
  const { symbols } = source;
  const { pid, pc, registers } = frame;
  const at = lookedUp(frame);
  const place = symbols.source(pid, at), scopes = symbols.debug(pid)?.scopes(at) ?? [];
  const own = symbols.at(pid, at)?.name;
  const inlined = place?.inlined ?? [];
  const lines = [place, ...inlined];
  return lines.map((line, i) => {
    const last = i === inlined.length;
    const one: StackFrame = {
      level: level + i,
      pid,
      pc: va(pc),
      name: last ? own : inlined[i].name,
      inlined: !last,
      source: line?.file === undefined || line.line === undefined
        ? undefined
        : { file: line.file, line: line.line },
      registers,
      cfa: cfaOf(source, frame),
    };
    inside.set(one, { frame, source, scope: scopes[i] });
    return one;
  });
}

/** Where a stack begins, and what it is read from. */
function start(
  vm: Vm,
  computer: Computer,
  owner: StackOwner,
): { source: StackSource; first: Frame } {
  const { machine, view } = computer;
  const memory = memoryOf(vm);
  const base = { symbols: view.symbols, memory };
  if (!computer.guest) {
    if (!("pid" in owner)) throw new KernelError("the built-in kernel's hart has no stack");
    const { pc, get } = computer.registers(owner.pid);
    const registers = numbers(get);
    const first = { pid: owner.pid, pc, exact: true, registers };
    return {
      source: { ...base, user: undefined, kernelTop: undefined, sepc: undefined },
      first,
    };
  }
  const process = "pid" in owner
    ? view.process(owner.pid)
    : view.processes().find(({ hart }) => hart === owner.hart);
  if ("pid" in owner && process === undefined) {
    throw new KernelError(`no process ${owner.pid}: it is gone`);
  }
  const number = "hart" in owner ? owner.hart : process?.hart;
  const pid = process?.pid ?? 0;
  const user = pid > 0 ? inUserMode(machine, view, pid) : undefined;
  const kernelTop = process?.trapframe === undefined
    ? undefined
    : machine.ram.read64((process.trapframe + 8) as PaNum);
  if (number === undefined) {
    const first = switchedOut(computer, pid);
    return { source: { ...base, user, kernelTop, sepc: undefined }, first };
  }
  const hart = machine.harts[number];
  const registers = numbers((n) => hart.x(n));
  const sepc = hart.named("sepc");
  const source = { ...base, user, kernelTop, sepc };
  if (hart.mode === 0) return { source, first: { pid, pc: hart.pc, exact: true, registers } };
  return { source, first: { pid: 0, pc: hart.pc, exact: true, registers } };
}

/** Numbers in memory, of pid 0 in the kernel's. */
function memoryOf(vm: Vm): StackSource["memory"] {
  return (pid, address, size) => {
    const bytes = new Process(vm, pid).peek(BigInt.asUintN(64, address), size);
    return bytes?.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
  };
}

function numbers(get: (n: number) => bigint): Known {
  return Array.from({ length: 32 }, (_, n) => n === 0 ? 0n : get(n));
}

/** Where a process goes on in user mode, from its trapframe. */
function inUserMode({ ram }: Machine, view: KernelView, pid: number): Frame | undefined {
  const trapframe = view.process(pid)?.trapframe;
  if (trapframe === undefined) return undefined;
  const word = (offset: number) => ram.read64((trapframe + offset) as PaNum);
  const registers = numbers((n) => word(REGISTERS + 8 * (n - 1)));
  return { pid, pc: word(EPC), exact: true, registers };
}

/** The innermost frame of a process that is switched out: behind the call of swtch. */
function switchedOut({ machine: { ram }, view }: Computer, pid: number): Frame {
  const { context } = view.process(pid)!;
  if (context === undefined) {
    throw new KernelError(`where pid ${pid} stands in the kernel is unknown`);
  }
  const word = (i: number) => ram.read64((context + 8 * i) as PaNum);
  const at = new Map([[1, 0], [2, 1], [8, 2], [9, 3]]);
  for (let n = 18; n < 28; n++) at.set(n, n - 14);
  const registers = Array.from({ length: 32 }, (_, n) => {
    const place = at.get(n);
    return n === 0 ? 0n : place === undefined ? undefined : word(place);
  });
  return { pid: 0, pc: word(0), exact: false, registers };
}
