/**
 * What grading came to, kept beside the trees: `grades.json`, by tree and emulator.
 *
 * @module
 */

import type { Grade } from "./grade.ts";

/** By tree: what QEMU gave and what cowsh gave. */
export type Grades = Record<string, { readonly qemu?: Grade; readonly cowsh?: Grade }>;

const file = (folder: string) => `${folder}/grades.json`;

/** What is known of the trees of a folder. */
export function known(folder: string): Grades {
  try {
    return JSON.parse(Deno.readTextFileSync(file(folder)));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return {};
    throw error;
  }
}

/** Keeps a grade. */
export function remember(
  folder: string,
  tree: string,
  emulator: "qemu" | "cowsh",
  grade: Grade,
): void {
  const all = known(folder);
  all[tree] = { ...all[tree], [emulator]: grade };
  const sorted = Object.fromEntries(Object.entries(all).sort(([a], [b]) => a < b ? -1 : 1));
  Deno.writeTextFileSync(file(folder), JSON.stringify(sorted, null, 1) + "\n");
}

/** Where two grades of one tree differ: a line for each test, and for the score. */
export function differences(expected: Grade, seen: Grade): string[] {
  const lines: string[] = [];
  const say = (ok: boolean | undefined) => ok === undefined ? "not graded" : ok ? "OK" : "FAIL";
  for (const title of new Set([expected, seen].flatMap((g) => Object.keys(g.verdicts)))) {
    const [theirs, ours] = [expected.verdicts[title], seen.verdicts[title]];
    if (theirs !== ours) lines.push(`${title}: ${say(ours)}, under QEMU ${say(theirs)}`);
  }
  if (expected.points !== seen.points || expected.possible !== seen.possible) {
    const score = (g: Grade) => g.points === undefined ? "none" : `${g.points}/${g.possible}`;
    lines.push(`score: ${score(seen)}, under QEMU ${score(expected)}`);
  }
  return lines;
}
