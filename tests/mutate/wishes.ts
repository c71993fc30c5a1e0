/**
 * The command line of `deno task mutate`.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";

/** What --help says. */
export const USAGE = `deno task mutate [flags]
  --count N      mutants made by operators (300), beside the list by hand
  --seed N       another sample of them (1810)
  --only TEXT    only in files whose path has TEXT in it, or in the room of that name
  --hand         only the list by hand (tests/mutate/bugs/)
  --survivors    only the explained survivors (tests/mutate/survivors.txt)
  --retry FILE   only what survived in an earlier run's --json FILE
  --list         show what would be planted, run nothing
  --most N       at most N test files for each mutant: a first look, which finds more survivors
  --tests TEXT   only test files whose path has TEXT in it
  --jobs N       copies that work at a time (1)
  --json FILE    write every verdict`;

/** What the flags ask for. */
export interface Wishes {
  readonly seed: number;
  readonly count: number;
  readonly jobs: number;
  readonly most: number;
  readonly only: string;
  readonly tests: string;
  readonly set: "all" | "hand" | "survivors" | "retry";
  readonly retry: string;
  readonly list: boolean;
  readonly json: string;
}

const WORDS = ["only", "tests", "retry", "json"] as const;
const SWITCHES = ["hand", "survivors", "list", "help"] as const;
const NUMBERS = { seed: 1810, count: 300, jobs: 1, most: 10_000 } as const;

/** The wishes, "help", or a line that says what is wrong with them. */
export function parse(words: readonly string[]): Wishes | "help" | { readonly wrong: string } {
  const names = Object.keys(NUMBERS) as (keyof typeof NUMBERS)[];
  const flags = parseArgs([...words], { string: [...WORDS, ...names], boolean: [...SWITCHES] });
  if (flags.help) return "help";
  const known: string[] = ["_", ...WORDS, ...SWITCHES, ...names];
  const unknown = Object.keys(flags).find((name) => !known.includes(name)) ?? flags._[0];
  if (unknown !== undefined) return { wrong: `no flag ${unknown}` };
  const numbers: Record<keyof typeof NUMBERS, number> = { ...NUMBERS };
  for (const name of names) {
    const text = flags[name];
    if (text !== undefined) numbers[name] = Number(text === "" ? NaN : text);
    const least = name === "jobs" ? 1 : 0;
    if (Number.isSafeInteger(numbers[name]) && numbers[name] >= least) continue;
    return { wrong: `--${name} ${text}: a whole number, ${least} or more, would be right` };
  }
  const { only = "", tests = "", retry = "", json = "", hand, survivors, list } = flags;
  const set = retry !== "" ? "retry" : hand ? "hand" : survivors ? "survivors" : "all";
  return { ...numbers, only, tests, retry, json, set, list };
}
