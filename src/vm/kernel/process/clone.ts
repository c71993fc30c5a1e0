/**
 * clone(2) as Linux documents it: what a child shares with its parent, where its thread id is
 * stored, and who waits for whom. A flag for what this kernel lacks is refused with a line that
 * says so, and so is a combination that Linux refuses.
 */

import { spaceOf } from "./table.ts";
import { print } from "../console.ts";
import { shareSpace } from "../memory/areas/spaces.ts";
import { hex } from "../../machine/address.ts";
import type { Kernel } from "../kernel.ts";
import { refuse } from "../syscalls/call.ts";
import { fork, INIT_PID, makeChild } from "./lifecycle.ts";
import type { Proc } from "./proc.ts";
import { fdTableOf } from "../files/table.ts";
import { leaveDirectory, leaveFiles, placeOf, putInt } from "./threads.ts";
import { SP, TP, writeRegister } from "./trapframe.ts";

/**
 * The flags that mean something here (linux/sched.h). SIGHAND and SYSVSEM share what this kernel
 * lacks, signal handlers and semaphores, so that the flags of pthread_create work.
 */
export const CLONE_FLAGS = {
  CLONE_VM: 0x100,
  CLONE_FS: 0x200,
  CLONE_FILES: 0x400,
  CLONE_SIGHAND: 0x800,
  CLONE_VFORK: 0x4000,
  CLONE_PARENT: 0x8000,
  CLONE_THREAD: 0x1_0000,
  CLONE_SYSVSEM: 0x4_0000,
  CLONE_SETTLS: 0x8_0000,
  CLONE_PARENT_SETTID: 0x10_0000,
  CLONE_CHILD_CLEARTID: 0x20_0000,
  CLONE_CHILD_SETTID: 0x100_0000,
} as const;
/** All of them. */
const KNOWN = Object.values(CLONE_FLAGS).reduce((all: number, flag) => all | flag, 0);
/** The low byte: the signal that the parent gets at the child's end. */
const CSIGNAL = 0xff;
/** With it, or with no signal, wait() finds the child. */
const SIGCHLD = 17;

/** Whether `flags` have one. */
type Has = (flag: keyof typeof CLONE_FLAGS) => boolean;

/** What the other flags are called, and are about. */
const ABSENT: Readonly<Record<number, string>> = {
  0x1000: "CLONE_PIDFD: this kernel has no pidfds",
  0x2000: "CLONE_PTRACE: this kernel has no ptrace",
  0x2_0000: "CLONE_NEWNS: this kernel has no namespaces",
  0x40_0000: "CLONE_DETACHED: Linux has not had it since 2.6.2",
  0x80_0000: "CLONE_UNTRACED: this kernel has no ptrace",
  0x200_0000: "CLONE_NEWCGROUP: this kernel has no namespaces",
  0x400_0000: "CLONE_NEWUTS: this kernel has no namespaces",
  0x800_0000: "CLONE_NEWIPC: this kernel has no namespaces",
  0x1000_0000: "CLONE_NEWUSER: this kernel has no namespaces",
  0x2000_0000: "CLONE_NEWPID: this kernel has no namespaces",
  0x4000_0000: "CLONE_NEWNET: this kernel has no namespaces",
  0x8000_0000: "CLONE_IO: this kernel has no I/O contexts",
};

/** The arguments, in the order of Linux on RISC-V. */
export interface CloneArguments {
  readonly flags: bigint;
  /** The child's stack pointer; 0: its parent's. */
  readonly stack: bigint;
  readonly parentTid: bigint;
  readonly tls: bigint;
  readonly childTid: bigint;
}

/** clone(): the child, or -1: refused, with a line on the console, or no slot or no memory. */
export function clone(k: Kernel, parent: Proc, args: CloneArguments): Proc | number {
  const flags = Number(BigInt.asUintN(32, args.flags));
  const has: Has = (flag) => (flags & CLONE_FLAGS[flag]) !== 0;
  const why = args.flags >> 32n === 0n ? whyNot(parent, flags, has) : "clone has 32 flags";
  if (why !== undefined) return refuse(k, parent, `clone(${hex(args.flags)}): ${why}`);
  const child = has("CLONE_VM") ? thread(k, parent) : fork(k, parent);
  if (child === undefined) return -1;
  if (has("CLONE_THREAD")) child.group = parent.group;
  if (has("CLONE_THREAD") || has("CLONE_PARENT")) child.parent = parent.parent;
  if (has("CLONE_FILES")) shareFiles(k, parent, child);
  if (has("CLONE_FS")) shareDirectory(k, parent, child);
  if (args.stack !== 0n) writeRegister(k.ram, child.trapframe, SP, args.stack);
  if (has("CLONE_SETTLS")) writeRegister(k.ram, child.trapframe, TP, args.tls);
  if (has("CLONE_PARENT_SETTID")) storeTid(k, parent, parent, args.parentTid, child.pid);
  if (has("CLONE_CHILD_SETTID")) storeTid(k, parent, child, args.childTid, child.pid);
  if (has("CLONE_CHILD_CLEARTID")) child.clearTid = args.childTid;
  child.vforked = has("CLONE_VFORK");
  return child;
}

function whyNot(parent: Proc, flags: number, has: Has): string | undefined {
  const others = flags & ~(KNOWN | CSIGNAL);
  const other = (others & -others) >>> 0;
  if (other !== 0) return ABSENT[other] ?? `${hex(other)} is no flag`;
  const signal = flags & CSIGNAL;
  if (signal !== 0 && signal !== SIGCHLD) {
    return `signal ${signal} at the child's end: this kernel has no signals`;
  }
  if (has("CLONE_THREAD") && !has("CLONE_SIGHAND")) {
    return "CLONE_THREAD goes with CLONE_SIGHAND (0x800)";
  }
  if (has("CLONE_SIGHAND") && !has("CLONE_VM")) return "CLONE_SIGHAND goes with CLONE_VM (0x100)";
  const orphan = has("CLONE_PARENT") && parent.pid === INIT_PID;
  return orphan ? "CLONE_PARENT: init has no parent" : undefined;
}

function thread(k: Kernel, parent: Proc): Proc | undefined {
  return makeChild(k, parent, "clone", () => {
    const space = spaceOf(k, parent);
    const trapframe = shareSpace(k, space);
    return trapframe && { space, trapframe };
  });
}

/** The child's own table, a copy as fork makes it, goes; it has its parent's. */
function shareFiles(k: Kernel, parent: Proc, child: Proc): void {
  leaveFiles(k, child);
  child.files = parent.files;
  fdTableOf(k, parent).users++;
}

function shareDirectory(k: Kernel, parent: Proc, child: Proc): void {
  leaveDirectory(k, child);
  child.place = parent.place;
  placeOf(k, parent).users++;
}

/** Stores a thread id. As on Linux a bad address undoes nothing; here a line says so. */
function storeTid(k: Kernel, caller: Proc, p: Proc, at: bigint, tid: number): void {
  if (!putInt(k, p, at, tid)) {
    print(k, `${caller.pid} ${caller.name}: clone: no thread id could be stored at ${hex(at)}\n`);
  }
}
