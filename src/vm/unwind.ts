/**
 * From a frame of a stack to its caller: by call frame information where there is any, else by the
 * chain of frame pointers; through the places where an xv6 enters its kernel, to the program that
 * was interrupted.
 */

import { DwarfError } from "./dwarf/cursor.ts";
import { evaluate, type Location, type Moment } from "./dwarf/expression.ts";
import type { FrameRow } from "./dwarf/frames.ts";
import { PAGE_SIZE } from "./machine/address.ts";
import { TRAMPOLINE } from "./guest/xv6.ts";
import { pcKept, trapEntry } from "./trap_entry.ts";
import type { SymbolsView } from "./inspect/view.ts";

/** Registers that are known: x0 to x31. */
export type Known = readonly (bigint | undefined)[];

/** A frame: where its function stands, and what its registers held there. */
export interface Frame {
  /** Whose code it is: 0 the kernel's, else that process's program. */
  readonly pid: number;
  readonly pc: bigint;
  /**
   * The instruction at `pc` is the next one of this function; else the one in front of it is the
   * call that has not returned, and lines and variables are those of the call.
   */
  readonly exact: boolean;
  readonly registers: Known;
}

/** What a stack is read from. */
export interface StackSource {
  readonly symbols: SymbolsView;
  /** An unsigned number in a process's memory, of pid 0 in the kernel's; undefined: not mapped. */
  memory(pid: number, address: bigint, size: number): bigint | undefined;
  /** Where the process that the stack belongs to goes on in user mode; undefined: unknown. */
  readonly user: Frame | undefined;
  /** The end of its kernel stack; undefined: unknown. */
  readonly kernelTop: bigint | undefined;
  /** sepc, while the hart is in the kernel for this stack; undefined: the stack is switched out. */
  readonly sepc: bigint | undefined;
}

const RA = 1, SP = 2, FP = 8, A0 = 10;
/** x8, x9 and x18 to x27: who is called gives them back as they were. */
const KEPT = [3, 4, 8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27];
/** The functions that nobody calls. */
const OUTERMOST = ["main", "_main", "start", "_start", "_entry"];

/** The address by which a frame's line, scope and rules are looked up. */
export function lookedUp({ pc, exact }: Frame): bigint {
  return exact ? pc : pc - 1n;
}

/** Where an expression says that something is; one that is damaged says nothing. */
function located(bytes: Uint8Array, moment: Moment, initial?: bigint): Location | undefined {
  try {
    return evaluate(bytes, moment, initial);
  } catch (error) {
    if (error instanceof DwarfError) return undefined;
    throw error;
  }
}

/** What an expression may ask in a frame. */
export function momentOf(source: StackSource, frame: Frame): Omit<Moment, "frameBase"> {
  return {
    register: (n) => frame.registers[n],
    cfa: () => cfaOf(source, frame),
    memory: (address, size) => source.memory(frame.pid, address, size),
    entry: (n) => atEntry(source, frame, n),
  };
}

/**
 * What a register held when a frame's function was called, as the caller can still tell: one that
 * callees keep, or an argument that it says how to reckon again.
 */
function atEntry(source: StackSource, frame: Frame, n: number): bigint | undefined {
  const caller = callerOf(source, frame, undefined);
  // Who was interrupted has called nobody.
  if (caller === undefined || caller.exact || caller.pid !== frame.pid) return undefined;
  if (KEPT.includes(n)) return caller.registers[n];
  const { symbols } = source;
  const call = symbols.debug(caller.pid)?.callAt(caller.pc);
  const bytes = call?.values.get(n);
  // Somebody else was called, who has jumped here.
  if (bytes === undefined || call?.callee !== symbols.at(frame.pid, lookedUp(frame))?.name) {
    return undefined;
  }
  const moment = momentOf(source, caller);
  const frameBase = () => symbols.debug(caller.pid)?.frameBase(lookedUp(caller), moment);
  const place = located(bytes, { ...moment, frameBase });
  if (place?.kind === "value") return place.value;
  if (place?.kind === "memory") return place.address;
  return place?.kind === "register" ? caller.registers[place.n] : undefined;
}

function rowOf({ symbols }: StackSource, frame: Frame): FrameRow | undefined {
  return symbols.debug(frame.pid)?.frameRow(lookedUp(frame));
}

/** The stack pointer before the call of a frame's function; undefined: unknown. */
export function cfaOf(source: StackSource, frame: Frame): bigint | undefined {
  const row = rowOf(source, frame);
  if (row === undefined) return undefined;
  const { cfa } = row;
  if (cfa.kind === "register") {
    const value = frame.registers[cfa.n];
    return value === undefined ? undefined : BigInt.asUintN(64, value + BigInt(cfa.offset));
  }
  const moment = { ...momentOf(source, frame), cfa: () => undefined, frameBase: () => undefined };
  const place = located(cfa.bytes, moment);
  return place?.kind === "memory" ? place.address : undefined;
}

/**
 * The frame that called, or was interrupted; undefined: the chain ends here.
 *
 * @param callee whom the frame has called, unless it is the innermost
 */
export function callerOf(
  source: StackSource,
  frame: Frame,
  callee: Frame | undefined,
): Frame | undefined {
  const { symbols } = source;
  if (frame.pid === 0 && inTrampoline(frame.pc)) return onTheWay(source, frame);
  const name = symbols.at(frame.pid, lookedUp(frame))?.name;
  if (frame.pid === 0 && name === "kernelvec") return interrupted(source, frame, callee);
  if (name !== undefined && OUTERMOST.includes(name)) return undefined;
  const cfa = cfaOf(source, frame);
  if (frame.pid === 0 && cfa !== undefined && cfa === source.kernelTop) {
    return trapped(source, frame);
  }
  const caller = byRules(source, frame) ?? byConvention(source, frame, name);
  return caller && isCode(source, caller) ? caller : undefined;
}

/**
 * The program that has entered the kernel, once its registers are saved. Its pc is saved last, by
 * usertrap: before that it is in sepc.
 */
function trapped(source: StackSource, frame: Frame): Frame | undefined {
  const { user, sepc, symbols } = source;
  const entry = symbols.all(0).get("usertrap");
  if (user === undefined || sepc === undefined || entry === undefined) return user;
  const kept = pcKept((at, bytes) => source.memory(0, at, bytes), entry);
  const before = kept !== undefined && frame.pc >= entry && frame.pc <= kept;
  return before ? { ...user, pc: sepc } : user;
}

/** The same from inside the trampoline: coming from user mode, or on the way there. */
function onTheWay(source: StackSource, frame: Frame): Frame | undefined {
  const { user, sepc, kernelTop } = source;
  if (user === undefined || sepc === undefined) return user;
  const saved = source.symbols.at(0, frame.pc)?.name !== "uservec" ||
    frame.registers[SP] === kernelTop;
  if (saved) return { ...user, pc: sepc };
  // All is there still but a0, which uservec has used.
  const registers = frame.registers.map((value, n) => n === A0 ? undefined : value);
  return { ...user, pc: sepc, registers };
}

function inTrampoline(pc: bigint): boolean {
  return pc >= BigInt(TRAMPOLINE) && pc < BigInt(TRAMPOLINE + PAGE_SIZE);
}

/** Whether a return address is one: in front of it stands code that has a name. */
function isCode({ symbols, user }: StackSource, { pid, pc }: Frame): boolean {
  if (pid === 0 && inTrampoline(pc)) return user !== undefined;
  return pc > 1n && symbols.at(pid, pc - 1n) !== undefined;
}

/** By call frame information. */
function byRules(source: StackSource, frame: Frame): Frame | undefined {
  const row = rowOf(source, frame);
  const cfa = row && cfaOf(source, frame);
  if (row === undefined || cfa === undefined) return undefined;
  const value = (n: number): bigint | undefined => {
    const rule = row.rules.get(n);
    switch (rule?.kind) {
      case undefined:
      case "same":
        if (n === SP) return cfa;
        return n === row.ra || KEPT.includes(n) ? frame.registers[n] : undefined;
      case "offset":
        return source.memory(frame.pid, BigInt.asUintN(64, cfa + BigInt(rule.offset)), 8);
      case "value":
        return cfa + BigInt(rule.offset);
      case "register":
        return frame.registers[rule.n];
      case "expression":
      case "valueExpression": {
        const moment = { ...momentOf(source, frame), frameBase: () => undefined };
        const place = located(rule.bytes, moment, cfa);
        if (place?.kind !== "memory") return undefined;
        return rule.kind === "expression"
          ? source.memory(frame.pid, place.address, 8)
          : place.address;
      }
      default:
        return undefined;
    }
  };
  const registers = frame.registers.map((_, n) => n === 0 ? 0n : value(n));
  const pc = registers[row.ra];
  // A function that has saved nothing and calls nobody has its caller in ra still; only the
  // innermost one can be such.
  if (pc === undefined || (!frame.exact && !row.rules.has(row.ra))) return undefined;
  return { pid: frame.pid, pc, exact: false, registers };
}

/**
 * What has no such information, written in assembly: the innermost frame's caller is in ra, since
 * it has made no frame; the others have theirs where gcc puts them, ra at fp-8 and fp at fp-16.
 */
function byConvention(
  source: StackSource,
  frame: Frame,
  name: string | undefined,
): Frame | undefined {
  const { pid, registers, exact } = frame;
  if (exact && name !== undefined) {
    const pc = registers[RA];
    return pc === undefined ? undefined : { pid, pc, exact: false, registers };
  }
  const fp = registers[FP];
  if (fp === undefined || fp % 8n !== 0n || fp < 16n) return undefined;
  const pc = source.memory(pid, fp - 8n, 8), last = source.memory(pid, fp - 16n, 8);
  if (pc === undefined || last === undefined) return undefined;
  const known = registers.map((_, n) => n === 0 ? 0n : n === SP ? fp : n === FP ? last : undefined);
  return { pid, pc, exact: false, registers: known };
}

/**
 * Whom the kernel interrupted in itself: what kernelvec saved is where its own stores say, and its
 * pc is sepc, or what the handler has kept of that.
 */
function interrupted(
  source: StackSource,
  frame: Frame,
  handler: Frame | undefined,
): Frame | undefined {
  const sp = frame.registers[SP];
  const pc = (handler && keptBy(source, handler, "sepc")) ?? source.sepc;
  const entry = source.symbols.all(0).get("kernelvec");
  if (sp === undefined || pc === undefined || entry === undefined) return undefined;
  const { size, saved } = trapEntry((at, bytes) => source.memory(0, at, bytes), entry);
  const registers = frame.registers.map((value, n) => {
    const offset = saved.get(n);
    if (n === SP) return sp + BigInt(size);
    if (offset !== undefined) return source.memory(0, sp + BigInt(offset), 8);
    return n === 0 || KEPT.includes(n) ? value : undefined;
  });
  return { pid: 0, pc, exact: true, registers };
}

/** What a frame's function holds in a variable of its own. */
function keptBy(source: StackSource, frame: Frame, name: string): bigint | undefined {
  const at = lookedUp(frame);
  const own = source.symbols.debug(frame.pid)?.scopes(at).at(-1);
  const local = own?.locals.find((one) => one.name === name);
  const place = local?.where(Number(at), momentOf(source, frame));
  if (place === undefined || typeof place === "string") return undefined;
  switch (place.kind) {
    case "memory":
      return source.memory(frame.pid, place.address, 8);
    case "register":
      return frame.registers[place.n];
    case "value":
      return place.value;
    default:
      return undefined;
  }
}
