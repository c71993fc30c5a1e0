/**
 * What the user does in the name of a process: system calls and memory accesses, through the same
 * MMU, fault path and call table that a guest program's instructions take.
 *
 * A manual process is one without a program of its own, made for that.
 */

import { CAUSE } from "../machine/cause.ts";
import { wakeProc } from "./process/sleep.ts";
import { findProc, noRoom, spaceOf } from "./process/table.ts";
import { mapArea } from "./memory/areas/populate.ts";
import { createSpace, releaseSpace } from "./memory/areas/spaces.ts";
import { PAGE_SIZE, type Va, vaNum } from "../machine/address.ts";
import type { AccessDone, AccessKind, AccessTrap } from "../machine/user_access.ts";
import type { CallName } from "./abi.ts";
import { type Watched, watchedBy } from "./breakpoints.ts";
import { type Argv, load, setUp } from "./exec.ts";
import { mapUsyscall, writeUsyscall } from "./process/usyscall.ts";
import { openConsole } from "./files/table.ts";
import type { Kernel } from "./kernel.ts";
import { newArea, PERM_R, PERM_W, PERM_X } from "./memory/areas/space.ts";
import { allocProcess, endOthers, exit, firstHome, INIT_PID } from "./process/lifecycle.ts";
import { mayRun, type Proc } from "./process/proc.ts";
import { A0, A7, readEpc, readRegister, SP, writeEpc, writeRegister } from "./process/trapframe.ts";
import { type KernelStop, run, switchTo } from "./run.ts";
import { numberOf } from "./syscalls/dispatch.ts";
import { endDying, handleTrap } from "./trap.ts";
import { newPlace } from "./process/threads.ts";

/** The user asked for something that the kernel cannot do; the message is one clear line. */
export class KernelError extends Error {
  /** The class name, as shown before the message. */
  override name = "KernelError";
}

/** Makes process 1, which adopts orphans. Once, at boot. */
export function makeInit(k: Kernel): Proc {
  return makeManual(k, 0, "init");
}

/**
 * A process without a program: a text page of zeros at 0, a guard page, a stack page, an empty heap
 * behind them, and the console as descriptors 0, 1, 2. Throws KernelError when there is no room.
 */
export function makeManual(k: Kernel, parent = INIT_PID, name = "demo"): Proc {
  return asKernel(k, () => {
    const p = allocProcess(k, parent, name, () => firstHome(manualSpace(k)));
    if (p === undefined) throw new KernelError(noRoom(k).why);
    p.manual = true;
    writeUsyscall(k, p);
    // The other registers hold the allocator's junk, as xv6's would.
    writeEpc(k.ram, p.trapframe, 0n);
    writeRegister(k.ram, p.trapframe, SP, BigInt(spaceOf(k, p).size));
    p.place = newPlace(k, undefined);
    openConsole(k, p);
    return p;
  });
}

/** Events of what `body` does have pid 0: it is not the current process's doing. */
function asKernel<T>(k: Kernel, body: () => T): T {
  const { pid, pc } = k.events;
  k.events.pid = 0;
  k.events.pc = 0;
  try {
    return body();
  } finally {
    k.events.pid = pid;
    k.events.pc = pc;
  }
}

function manualSpace(k: Kernel) {
  const space = createSpace(k);
  if (space === undefined) return undefined;
  const page = (n: number) => vaNum(n * PAGE_SIZE);
  const made = mapArea(k, space, newArea("text", page(0), page(1), PERM_R | PERM_X)) &&
    mapArea(k, space, newArea("guard", page(1), page(2), 0)) &&
    mapArea(k, space, newArea("stack", page(2), page(3), PERM_R | PERM_W)) &&
    mapUsyscall(k, space);
  if (!made) {
    releaseSpace(k, space);
    return undefined;
  }
  space.size = page(3);
  return space;
}

/**
 * A process that will run a program: from the file system, else from the program source, else the
 * bytes given. Throws KernelError when there is none, it is no program, or there is no room.
 */
export function makeProgram(k: Kernel, path: string, argv: Argv, bytes?: Uint8Array): Proc {
  return asKernel(k, () => {
    const inode = bytes === undefined ? k.files.findFile(undefined, path) : undefined;
    const content = bytes ??
      (inode === undefined ? k.programs.get(path) : k.files.readProgram(undefined, path));
    if (content === undefined) {
      throw new KernelError(`no program ${path}: there are ${k.programs.list().join(", ")}`);
    }
    const loaded = load(k, content, argv, inode);
    if (inode !== undefined) k.files.at(inode).iput(inode);
    if (typeof loaded === "string") throw new KernelError(`${path}: ${loaded}`);
    const p = allocProcess(k, INIT_PID, path, () => firstHome(loaded.space));
    if (p === undefined) {
      releaseSpace(k, loaded.space);
      throw new KernelError(noRoom(k).why);
    }
    setUp(k, p, loaded, path);
    writeRegister(k.ram, p.trapframe, A0, BigInt(loaded.argc));
    p.place = newPlace(k, undefined);
    openConsole(k, p);
    return p;
  });
}

/** What came of a system call made for a process. */
export type CallOutcome =
  /** It returned `value` (a0, unsigned 64 bits); the watchpoint that its copying in or out hit. */
  | {
    readonly kind: "returned";
    readonly value: bigint;
    /** Why the call was refused, when it says. */
    readonly why: string | undefined;
    readonly watched: Watched | undefined;
  }
  /** The process is gone: it exited, or was killed. */
  | { readonly kind: "exited" }
  /** It would wait for what no process will do. It was taken back: the process is not inside it. */
  | { readonly kind: "blocked"; readonly wait: NonNullable<Proc["wait"]> }
  /** Before it returned, the budget ran out or another process hit a breakpoint; taken back. */
  | { readonly kind: "unfinished"; readonly stop: KernelStop };

/**
 * A system call as if the process had executed an ecall. When it has to wait, other processes run
 * until it can finish.
 */
export function userCall(
  k: Kernel,
  p: Proc,
  name: CallName,
  args: readonly (bigint | number)[],
  budget: number = Number.MAX_SAFE_INTEGER,
): CallOutcome {
  const { ram } = k;
  const number = numberOf(p, name);
  const epc = begin(k, p);
  // Of the argument registers, only those that are given change.
  const saved = args.map((_, i) => readRegister(ram, p.trapframe, A0 + i));
  args.forEach((value, i) => writeRegister(ram, p.trapframe, A0 + i, BigInt(value)));
  writeRegister(ram, p.trapframe, A7, BigInt(number));
  // An ecall right before the next instruction: the process goes on where it stands.
  writeEpc(ram, p.trapframe, epc - 4n);
  const refused = handleTrap(k, p, { kind: "trap", cause: CAUSE.ecallU, tval: 0n, epc: epc - 4n });
  let watched = watchedBy(k, p.pid, k.machine.watches.takeCopied());
  let stop: KernelStop | undefined;
  while (p.inCall) {
    stop = run(k, budget, { untilReturn: p.pid });
    // A watchpoint on what the call itself copies is told with its result, and does not end it.
    if (stop.kind !== "stopped" || stop.pid !== p.pid || stop.stop.kind !== "watch") break;
    watched ??= { ...stop.stop, point: stop.point! };
  }
  if (findProc(k, p.pid) !== p || p.state === "zombie") return { kind: "exited" };
  if (!p.inCall) {
    const value = readRegister(ram, p.trapframe, A0);
    return { kind: "returned", value, why: refused?.why, watched };
  }
  // Stopped on the way, or nothing will end its wait: taken back, so the process is free again.
  const { wait } = p;
  wakeProc(p);
  p.inCall = false;
  p.progress = undefined;
  saved.forEach((value, i) => writeRegister(ram, p.trapframe, A0 + i, value));
  if (stop?.kind === "idle" && wait !== undefined) return { kind: "blocked", wait };
  return { kind: "unfinished", stop: stop ?? { kind: "budget" } };
}

/** What came of a memory access made for a process. */
export type AccessOutcome<T = bigint> =
  /** Done, with what the machine says of it; and the watchpoint that it hit. */
  | { readonly kind: "done"; readonly value: T; readonly watched: Watched | undefined }
  /** The access was one that the kernel kills for; the process is gone. */
  | {
    readonly kind: "killed";
    readonly cause: number;
    readonly stval: bigint;
    readonly why: string;
  };

/** A load or (with a value) a store of 1, 2, 4 or 8 bytes in U mode. The value loaded or stored. */
export function userAccess(
  k: Kernel,
  p: Proc,
  va: Va,
  size: 1 | 2 | 4 | 8,
  value?: bigint,
): AccessOutcome {
  const request = value === undefined
    ? { kind: "load", va, size } as const
    : { kind: "store", va, size, value } as const;
  return settle(k, p, () => k.machine.user.access(request));
}

/** Loads or stores of single bytes, as many as the page has: see {@link UserAccess.run}. */
export function userRun(
  k: Kernel,
  p: Proc,
  kind: AccessKind,
  va: bigint,
  bytes: Uint8Array,
): AccessOutcome<number> {
  return settle(k, p, () => k.machine.user.run(kind, va, bytes));
}

/** Tries an access until it is done; a trap goes where an instruction's would, which may kill. */
function settle<T>(k: Kernel, p: Proc, access: () => AccessDone<T> | AccessTrap): AccessOutcome<T> {
  const epc = begin(k, p);
  // Each settled fault lets the access get further; one that crosses pages may fault on both.
  for (let tries = 0; tries < 8; tries++) {
    const result = access();
    if ("done" in result) {
      return { kind: "done", value: result.done, watched: watchedBy(k, p.pid, result.watch) };
    }
    const { trap: cause, tval } = result;
    handleTrap(k, p, { kind: "trap", cause, tval, epc });
    if (k.state.dying?.pid === p.pid) {
      endDying(k);
      return { kind: "killed", cause, stval: tval, why: p.killedBy };
    }
  }
  throw new KernelError(`an access of pid ${p.pid} faults again and again`);
}

/** Gives the hart to the process, as before an instruction of it; its pc. */
function begin(k: Kernel, p: Proc): bigint {
  if (p.state === "zombie") throw new KernelError(`process ${p.pid} has exited`);
  if (p.inCall) throw new KernelError(`process ${p.pid} is inside a system call`);
  if (k.state.current !== p.pid) switchTo(k, p);
  k.machine.watches.takeCopied();
  const epc = readEpc(k.ram, p.trapframe);
  k.events.pc = Number(BigInt.asUintN(53, epc));
  return epc;
}

/** Ends a process: as kill() would once it runs, but at once for one that stands still. */
export function endNow(k: Kernel, p: Proc): void {
  p.killed = true;
  endOthers(k, p);
  if (p.state !== "zombie" && !mayRun(p)) exit(k, p, -1);
}
