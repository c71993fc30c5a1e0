/** The calls about processes, as xv6's sysproc.c has them. */

import { findProc, noRoom, spaceOf } from "../process/table.ts";
import { grow, shrink } from "../memory/areas/sbrk.ts";
import { exec } from "../exec.ts";
import { clone } from "../process/clone.ts";
import { exit, fork, kill, wait } from "../process/lifecycle.ts";
import { argAddress, argInt, argument, call } from "./call.ts";
import { sleepOn } from "../process/sleep.ts";
import { fetchArgv, fetchPath } from "./strings.ts";

/** fork() → child's pid, 0 in the child, -1 when there is no process slot or no memory. */
export const forkCall = call("fork", "", (k, p) => fork(k, p)?.pid ?? noRoom(k));

/** exit(status) does not return. */
export const exitCall = call("exit", "int status", (k, p) => {
  exit(k, p, argInt(k, p, 0));
  return undefined;
}, "nothing");

/** wait(&status) → pid of a child that has exited, -1 without children. Status 0: not stored. */
export const waitCall = call("wait", "address status", (k, p) => wait(k, p, argument(k, p, 0)));

/** kill(pid) → 0, -1 when there is no such process. */
export const killCall = call("kill", "int pid", (k, p) => kill(k, argInt(k, p, 0)));

/** getpid() → the process, which its threads have in common. */
export const getpidCall = call("getpid", "", (_k, p) => p.group);

/** gettid() → the thread, as Linux has it. */
export const gettidCall = call("gettid", "", (_k, p) => p.pid);

/** exec(path, argv) → -1, or the new program starts with argc in a0. */
export const execCall = call("exec", "path path, argv argv", (k, p) => {
  const path = fetchPath(k, p, 0);
  const uargv = argAddress(k, p, 1);
  if (path === undefined || uargv === undefined) return -1;
  const argv = fetchArgv(k, p, uargv);
  if (argv === undefined) return -1;
  const result = exec(k, p, path, argv);
  return typeof result === "number" ? result : -1;
});

/** sbrk's second argument in trees since 2025; older programs leave garbage there. */
const SBRK_LAZY = 2;

/** sbrk(n, how) → the old size; -1: no memory. Only how = 2 is lazy, and only to grow. */
export const sbrkCall = call("sbrk", "int n, sbrk-how how", (k, p) => {
  const n = argInt(k, p, 0);
  const old = spaceOf(k, p).size;
  const how = argInt(k, p, 1);
  // uvmdealloc to a size that wrapped round does nothing; usertests wants sbrk to succeed.
  if (-n > old) return old;
  const moved = n >= 0
    ? grow(k, spaceOf(k, p), n, k.lazySbrk || how === SBRK_LAZY)
    : shrink(k, spaceOf(k, p), -n);
  return moved.ok ? old : moved;
}, "address");

/** pause(n), called sleep before 2025: returns after n ticks. */
export const pauseCall = call("pause", "int ticks", (k, p) => {
  p.progress ??= k.state.ticks + Math.max(0, argInt(k, p, 0));
  if (k.state.ticks >= p.progress) return 0;
  return sleepOn(p, { on: "tick", until: p.progress });
});

/** uptime() → ticks since boot. */
export const uptimeCall = call("uptime", "", (k) => k.state.ticks);

/**
 * clone(flags, stack, parent_tid, tls, child_tid) as on Linux for RISC-V: the child's id, 0 in the
 * child, -1. With CLONE_VFORK it waits, `progress` being the child's id, until that has left its
 * memory.
 */
export const cloneCall = call(
  "clone",
  "clone-flags flags, address stack, address parent_tid, address tls, address child_tid",
  (k, p) => {
    if (p.progress === undefined) {
      const child = clone(k, p, {
        flags: argument(k, p, 0),
        stack: argument(k, p, 1),
        parentTid: argument(k, p, 2),
        tls: argument(k, p, 3),
        childTid: argument(k, p, 4),
      });
      if (typeof child === "number") return child;
      if (!child.vforked) return child.pid;
      p.progress = child.pid;
    }
    const isThere = findProc(k, p.progress)?.vforked === true;
    return isThere ? sleepOn(p, { on: "vfork", child: p.progress }) : p.progress;
  },
);
