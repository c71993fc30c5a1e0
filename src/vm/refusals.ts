/**
 * What a computer that runs a kernel of its own does not do, and why: the one place that says so.
 * Everything that only the built-in kernel can be asked or told ends here.
 */

import { KernelError } from "./kernel/manual.ts";

const PROCESSES = "the guest's own kernel makes and ends its processes: type it at its console";
const MEMORY = "the guest's own kernel gives memory to its programs, which have to ask for it";
const ACCESSES = "only the guest's own programs access their memory; x shows it";
const PROGRAMS = "the guest's own kernel runs its programs: type it at its console";

/** Why not, by what was asked. */
const WHY = {
  spawn: PROCESSES,
  fork: PROCESSES,
  clone: PROCESSES,
  exit: PROCESSES,
  kill: PROCESSES,
  wait: PROCESSES,
  hold: PROCESSES,
  run: PROGRAMS,
  start: PROGRAMS,
  resume: PROGRAMS,
  strace: PROGRAMS,
  call: "system calls are made by the guest's own programs, not by hand",
  sbrk: MEMORY,
  mmap: MEMORY,
  munmap: MEMORY,
  mprotect: MEMORY,
  access: ACCESSES,
  load: ACCESSES,
  store: ACCESSES,
  fill: ACCESSES,
  bytes: ACCESSES,
  put: ACCESSES,
  open: PROGRAMS,
  pipe: PROGRAMS,
  reclaim: "whether the guest's kernel can evict pages, nobody knows",
  swap: "whether the guest's kernel has a swap disk, nobody knows",
  failAllocation: "allocations of the guest's kernel cannot be made to fail yet",
  observeForks: "a guest's forks are not stopped for; its events tell what they did",
  undo: "lines on a guest are not kept; back and goto go through its time, snap keeps states",
  redo: "lines on a guest are not kept; back and goto go through its time, snap keeps states",
  compare: "it runs programs under our own kernel's designs, and this is another kernel",
  save: "a scenario boots our own kernel, and this is another one",
} as const;

/** What can be refused. */
export type Refused = keyof typeof WHY;

/** The error, one line, for something that a guest's kernel is not asked or told. */
export function refusal(what: Refused): KernelError {
  return new KernelError(`${what}: ${WHY[what]}`);
}

/** Why a command is refused on a guest's kernel; undefined: it is not. */
export function whyRefused(command: string): string | undefined {
  return command in WHY ? WHY[command as Refused] : undefined;
}

/** The line for a command that a guest's kernel is not asked for; undefined: it is. */
export function refusedOn(vm: { readonly guest: boolean }, command: string): string | undefined {
  return vm.guest && command in WHY ? refusal(command as Refused).message : undefined;
}

/** The same for a call by the name that a script gives it: `vm.spawn`, `p3.fork`. */
export function refusalOf(call: string): KernelError {
  const what = call.split(".").at(-1)!;
  return what in WHY
    ? refusal(what as Refused)
    : new KernelError(`${what}: a guest's own kernel cannot be told that from outside`);
}
