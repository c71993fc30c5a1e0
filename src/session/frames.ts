/** Whose stack a command is about, and which of its frames is selected. */

import type { Context, Session } from "../framework/command.ts";
import { CommandError, EXIT } from "../framework/errors.ts";
import { backtrace, type StackFrame, type StackOwner } from "../vm/backtrace.ts";
import type { Process } from "../vm/process.ts";
import { KernelError, type Vm } from "../vm/vm.ts";
import { processFor, refusing } from "./target.ts";

/** The stack that `-p` and `--hart` name: the present hart's of a guest, else the process's. */
export function stackMeant(
  ctx: Context,
  pid: number | undefined,
  hart: number | undefined,
): StackOwner {
  const { vm, session } = ctx;
  if (hart !== undefined) {
    if (!vm.guest) throw new CommandError("--hart: only a guest's harts have stacks", EXIT.failed);
    if (pid !== undefined) throw new CommandError("-p and --hart name two stacks");
    if (hart >= vm.harts) throw new CommandError(`--hart ${hart}: there are ${vm.harts}`);
    return { hart };
  }
  const inKernel = hartFor(vm, pid ?? session.pid);
  if (inKernel !== undefined) return inKernel;
  const p = processFor(ctx, pid);
  if (p.manual) throw new CommandError(`pid ${p.pid} has no program, and no stack`, EXIT.failed);
  return { pid: p.pid };
}

/**
 * The present hart of a guest, where it is meant: no process is named, or it is in the kernel for
 * the one that is, be that a process that does what is typed.
 */
function hartFor(vm: Vm, pid: number): StackOwner | undefined {
  const { hart } = vm;
  const works = pid === 0 || (vm.guest && vm.here?.pid === pid && vm.mode(hart) !== "user");
  return vm.guest && works ? { hart } : undefined;
}

/** What was selected, as long as the computer stands where it stood then. */
interface Selected {
  readonly revision: number;
  readonly owner: StackOwner;
  readonly level: number;
}

const KEY = "frame";

/** Selects a frame, for as long as nothing runs on. */
function selectFrame(session: Session, owner: StackOwner, level: number): void {
  session.store.set(KEY, { revision: session.vm.revision, owner, level } satisfies Selected);
}

/** The frame that was selected; undefined: none was, since the computer ran last. */
function selected(session: Session): Selected | undefined {
  const kept = session.store.get(KEY) as Selected | undefined;
  return kept?.revision === session.vm.revision ? kept : undefined;
}

/** The same where there may be none, for names that may be something else. */
export function frameInSight(session: Session): StackFrame | undefined {
  const { vm } = session;
  const kept = selected(session);
  const pid = session.pid;
  const owner = kept?.owner ?? hartFor(vm, pid) ?? { pid };
  // A built-in kernel's process that is not there, or has no program.
  if ("pid" in owner && (!vm.hasProcess(owner.pid) || vm.process(owner.pid).manual)) {
    return undefined;
  }
  const level = kept?.level ?? 0;
  try {
    return backtrace(vm, owner, level + 1)[level];
  } catch (error) {
    if (error instanceof KernelError) return undefined;
    throw error;
  }
}

/**
 * The frame in which names of variables are looked up: the selected one, else the innermost of the
 * stack that is meant. Throws {@linkcode CommandError} where there is none.
 */
export function frameMeant(ctx: Context): StackFrame {
  const kept = selected(ctx.session);
  const owner = kept?.owner ?? stackMeant(ctx, undefined, undefined);
  const level = kept?.level ?? 0;
  return refusing(() => backtrace(ctx.vm, owner, level + 1), EXIT.failed)[level];
}

/** Selects another frame, and returns it. `to`: its number, from that of the one now. */
export function moveFrame(
  ctx: Context,
  to: (level: number) => number,
  pid?: number,
  hart?: number,
): StackFrame {
  const kept = pid === undefined && hart === undefined ? selected(ctx.session) : undefined;
  const owner = kept?.owner ?? stackMeant(ctx, pid, hart);
  const level = to(kept?.level ?? 0);
  const frames = refusing(() => backtrace(ctx.vm, owner), EXIT.failed);
  if (level < 0) throw new CommandError("this is the innermost frame", EXIT.failed);
  if (level >= frames.length) {
    throw new CommandError(
      `frame ${level}: the stack has ${frames.length}, from 0 on`,
      EXIT.failed,
    );
  }
  selectFrame(ctx.session, owner, level);
  return frames[level];
}

/** Of the built-in kernel: the process that goes by lines; of a guest undefined, its hart does. */
export function walkerMeant(ctx: Context): Process | undefined {
  if (ctx.vm.guest) return undefined;
  const p = processFor(ctx, undefined);
  if (p.manual) throw new CommandError(`pid ${p.pid} has no program: spawn PROGRAM holds one`);
  return p;
}
