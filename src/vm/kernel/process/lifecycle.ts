/** How processes come and go: xv6's allocproc, fork, exit, wait, kill and reparent. */

import { makeSatp } from "../../machine/sv39.ts";
import { findProc, spaceOf } from "./table.ts";
import { leaveSpace, releaseSpace } from "../memory/areas/spaces.ts";
import { sleepOn, wake, wakeProc } from "./sleep.ts";
import { forkSpace } from "../fork/fork.ts";
import { addFork, type ForkStatistics } from "../../fork_statistics.ts";
import { offset, type PaNum } from "../../machine/address.ts";
import type { Kernel } from "../kernel.ts";
import type { AddressSpace } from "../memory/areas/space.ts";
import { writeUsyscall } from "./usyscall.ts";
import { alarmOfChild } from "./alarm.ts";
import { copyFdTable } from "../files/table.ts";
import { MAX_PROCESSES, mayRun, type Proc } from "./proc.ts";
import { hasThreads, leaveAll, newPlace, placeOf, putInt, threadsOf } from "./threads.ts";
import { A0, KERNEL_SATP, registerPa, TRAPFRAME_SIZE } from "./trapframe.ts";

/** The process that adopts orphans and reaps them. */
export const INIT_PID = 1;

/** A space for a new process, and the frame of its trapframe there. */
interface Home {
  readonly space: AddressSpace;
  readonly trapframe: PaNum;
}

/**
 * A new process in the memory that `makeHome` finds for it, of that run or the first of a new one.
 * Undefined, with nothing kept, when the table or memory is full.
 */
export function allocProcess(
  k: Kernel,
  parent: number,
  name: string,
  makeHome: () => Home | undefined,
  run?: number,
): Proc | undefined {
  const slot = k.state.procs.findIndex((p) => p === undefined);
  if (slot < 0) return undefined;
  const home = makeHome();
  if (home === undefined) return undefined;
  const { space, trapframe } = home;
  const pid = k.state.nextPid++;
  const p: Proc = {
    pid,
    slot,
    parent,
    group: pid,
    run: run ?? pid,
    name,
    state: "runnable",
    manual: false,
    held: false,
    space: space.id,
    trapframe,
    wait: undefined,
    inCall: false,
    progress: undefined,
    killed: false,
    killedBy: "",
    status: 0,
    files: 0,
    place: 0,
    clearTid: 0n,
    vforked: false,
    callTable: k.abi.calls,
    traceMask: 0,
    interposed: undefined,
    alarm: undefined,
    accounting: {
      instructions: 0,
      calls: 0,
      faults: { 12: 0, 13: 0, 15: 0 },
      framesCopied: 0,
      startTick: k.state.ticks,
    },
  };
  k.state.procs[slot] = p;
  writeKernelSatp(k, p);
  return p;
}

/** The trapframe names the kernel's own page table, as xv6's prepare_return writes it. */
export function writeKernelSatp(k: Kernel, p: Proc): void {
  k.ram.write64(offset(p.trapframe, KERNEL_SATP), makeSatp(k.kernelRoot));
}

/** fork(): a child with a copy of the memory, as the policy makes it. Undefined: no room. */
export function fork(k: Kernel, parent: Proc): Proc | undefined {
  let statistics: ForkStatistics | undefined;
  const child = makeChild(k, parent, "fork", () => {
    k.forkObserver?.begins(parent.pid);
    const forked = forkSpace(k, spaceOf(k, parent));
    k.forkObserver?.ended(parent.pid);
    statistics = forked?.statistics;
    return firstHome(forked?.space);
  });
  if (child !== undefined) addFork(k.state.forkTotals, statistics!);
  return child;
}

/** A new space comes with its first trapframe. */
export function firstHome(space: AddressSpace | undefined): Home | undefined {
  return space && { space, trapframe: space.trapframes[0].frame };
}

/** A child like its parent in everything but its memory, which `makeHome` finds. */
export function makeChild(
  k: Kernel,
  parent: Proc,
  why: string,
  makeHome: () => Home | undefined,
): Proc | undefined {
  // What the user forks by hand is driven by hand, each process by itself.
  const run = parent.manual ? undefined : parent.run;
  const child = allocProcess(k, parent.group, parent.name, makeHome, run);
  if (child === undefined) return undefined;
  k.ram.copy(child.trapframe, parent.trapframe, TRAPFRAME_SIZE);
  k.ram.write64(registerPa(child.trapframe, A0), 0n);
  if (child.space !== parent.space) writeUsyscall(k, child);
  child.manual = parent.manual;
  child.files = copyFdTable(k, parent.files);
  const { cwd } = placeOf(k, parent);
  child.place = newPlace(k, cwd && k.files.at(cwd).idup(cwd));
  child.callTable = parent.callTable;
  child.traceMask = parent.traceMask;
  child.interposed = parent.interposed;
  child.alarm = alarmOfChild(parent);
  k.events.note("fork", parent.pid, child.pid, why);
  return child;
}

/**
 * exit() of one thread. The last of its group hands their children to init and tells the parent.
 * The record of the first stays until it is waited for; the others' go at once.
 */
export function exit(k: Kernel, p: Proc, status: number): void {
  leaveAll(k, p);
  if (k.state.dying?.pid === p.pid) k.state.dying = undefined;
  p.state = "zombie";
  p.status = status;
  p.wait = undefined;
  p.inCall = false;
  k.events.note("exit", p.pid, status, p.killedBy);
  const { pid, name, killedBy, group, parent } = p;
  const accounting = { ...p.accounting, faults: { ...p.accounting.faults } };
  k.state.ended.push({ pid, name, status, killedBy, accounting });
  if (k.state.ended.length > MAX_PROCESSES) k.state.ended.shift();
  if (pid !== group) freeProcess(k, p);
  if (hasThreads(k, group)) return;
  for (const q of k.state.procs) {
    if (q?.parent === group) q.parent = INIT_PID;
    // init waits for its children all the time: the kernel reaps them at once.
    if ((q?.parent === INIT_PID || q?.parent === 0) && isOver(k, q)) freeProcess(k, q);
  }
  wake(k, (q, wait) => wait.on === "child" && q.group === parent);
}

/** Whether it has exited, with all threads of its group. */
function isOver(k: Kernel, p: Proc): boolean {
  return p.state === "zombie" && !hasThreads(k, p.group);
}

/** wait(): the pid of a child that has exited, after storing its status; -1 without children. */
export function wait(k: Kernel, p: Proc, statusAddress: bigint): number | undefined {
  let hasChildren = false;
  for (const child of k.state.procs) {
    if (child?.parent !== p.group) continue;
    hasChildren = true;
    if (!isOver(k, child)) continue;
    if (statusAddress !== 0n && !putInt(k, p, statusAddress, child.status)) return -1;
    freeProcess(k, child);
    return child.pid;
  }
  if (!hasChildren || p.killed) return -1;
  return sleepOn(p, { on: "child" });
}

/** Gives back a zombie's memory and its place in the table (xv6's freeproc). */
function freeProcess(k: Kernel, p: Proc): void {
  if (spaceOf(k, p).users > 1) leaveSpace(k, spaceOf(k, p), p.trapframe);
  else releaseSpace(k, spaceOf(k, p));
  k.state.procs[p.slot] = undefined;
  if (k.state.current === p.pid) k.state.current = 0;
}

/**
 * kill(): marks a process with all its threads; each exits when it next enters or leaves the
 * kernel. -1: no such process.
 */
export function kill(k: Kernel, pid: number): number {
  const p = findProc(k, pid);
  if (p === undefined || p.pid === INIT_PID && p.manual) return -1;
  const threads = threadsOf(k, p.group);
  // A zombie can be killed, to no effect.
  for (const one of threads) {
    one.killed = true;
    if (one.state === "sleeping") wakeProc(one);
  }
  k.events.note("kill", pid, 0, "");
  return 0;
}

/** The other threads of a group end with `p`: at once where they do not run by themselves. */
export function endOthers(k: Kernel, p: Proc): void {
  for (const one of threadsOf(k, p.group)) {
    if (one === p) continue;
    one.killed = true;
    one.killedBy = p.killedBy;
    if (!mayRun(one)) exit(k, one, -1);
  }
}

/**
 * exec() of a thread: the others end, and it becomes the first of its group, with that pid: the
 * process stays the same one.
 */
export function becomeFirst(k: Kernel, p: Proc): void {
  const first = findProc(k, p.group)!;
  for (const one of threadsOf(k, p.group)) if (one !== p && one !== first) exit(k, one, -1);
  if (first === p) return;
  if (first.state !== "zombie") leaveAll(k, first);
  freeProcess(k, first);
  if (k.state.current === p.pid) k.state.current = k.events.pid = p.group;
  p.pid = p.group;
}
