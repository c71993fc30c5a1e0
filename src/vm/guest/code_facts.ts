/**
 * What a guest xv6's code says of its `struct proc`, whatever stands in memory: the few instructions
 * that do one thing to one field are the same in all years.
 */

import type { ProcessState } from "../inspect/view.ts";
import type { ImageSymbols } from "./symbols.ts";

/** What the kernel's code tells: static, whatever stands in memory. */
export interface CodeFacts {
  readonly pid: number;
  readonly state: number | undefined;
  readonly states: readonly (ProcessState | undefined)[];
  readonly chan: number | undefined;
}

/** What states are called by their numbers: those without and those with USED, from 2021 on. */
export const STATES_2019: readonly (ProcessState | undefined)[] = [
  "made",
  "sleeping",
  "runnable",
  "running",
  "zombie",
];
const STATES_2021: readonly (ProcessState | undefined)[] = [
  undefined,
  "made",
  ...STATES_2019.slice(1),
];
/** The number that an instruction of such a text has in it. */
function numberIn(texts: readonly string[], pattern: RegExp): number | undefined {
  for (const text of texts) {
    const found = pattern.exec(text);
    if (found !== null) return Number(found[1]);
  }
  return undefined;
}

/** What the code of a kernel says of its `struct proc`. */
export function codeFacts(symbols: ImageSymbols): CodeFacts | undefined {
  // int sys_getpid(void) { return myproc()->pid; }
  const pid = numberIn(symbols.code("sys_getpid"), /^lw a0,(\d+)\(a0\)$/);
  if (pid === undefined) return undefined;
  // p->state = RUNNABLE; is all that yield() stores.
  const runs = symbols.code("yield");
  const runnable = numberIn(runs, /^li \w+,(\d+)$/);
  const state = numberIn(runs, /^sw \w+,(\d+)\((?!sp)\w+\)$/);
  const states = runnable === 3 ? STATES_2021 : runnable === 2 ? STATES_2019 : [];
  // p->chan = 0; after sched() came back.
  const chan = numberIn(symbols.code("sleep"), /^sd zero,(\d+)\((?!sp)\w+\)$/);
  return { pid, state, states, chan };
}
