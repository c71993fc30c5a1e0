/**
 * What a computer that runs a kernel of its own does not do, and why: the one place that says so.
 * Everything that only the built-in kernel can be asked or told ends here.
 */

import { KernelError } from "./kernel/manual.ts";

const PROGRAMS = "the guest's own kernel runs its programs: run types one into its sh";

/** Why not, by what was asked. */
const WHY = {
  spawn: "the program for it is not on the guest's disk: start with --kernel ELF --disk IMAGE, " +
    "which puts it on a copy of the image",
  held: "a program cannot be held at its start: run types it into the guest's sh, and a " +
    "breakpoint stops it",
  hold: PROGRAMS,
  start: PROGRAMS,
  resume: PROGRAMS,
  reclaim: "whether the guest's kernel can evict pages, nobody knows",
  swap: "whether the guest's kernel has a swap disk, nobody knows",
  observeForks:
    "a guest's forks are not stopped for; vm.events() and vm.forkTotals tell what they " +
    "did",
  compare:
    "it runs programs under our own kernel's designs, and this is another kernel; run says " +
    "what one costs on it",
} as const;

/** What can be refused. */
export type Refused = keyof typeof WHY;

/** The error, one line, for something that a guest's kernel is not asked or told. */
export function refusal(what: Refused): KernelError {
  return new KernelError(`${what}: ${WHY[what]}`);
}

/** Commands that are refused only on some guests, or for some arguments: they say so themselves. */
const SOMETIMES: ReadonlySet<string> = new Set(["spawn"]);

/** Why a command is refused on a guest's kernel; undefined: it is not. */
export function whyRefused(command: string): string | undefined {
  return command in WHY && !SOMETIMES.has(command) ? WHY[command as Refused] : undefined;
}

/** The line for a command that a guest's kernel is not asked for; undefined: it is. */
export function refusedOn(vm: { readonly guest: boolean }, command: string): string | undefined {
  const refused = vm.guest && whyRefused(command) !== undefined;
  return refused ? refusal(command as Refused).message : undefined;
}

/** The same for a call by the name that a script gives it: `vm.spawn`, `p3.fork`. */
export function refusalOf(call: string): KernelError {
  const what = call.split(".").at(-1)!;
  return what in WHY
    ? refusal(what as Refused)
    : new KernelError(`${what}: a guest's own kernel cannot be told that from outside`);
}
