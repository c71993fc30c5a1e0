/**
 * What a run has to say: a table of the rooms, the survivors, and whether the file that explains them is true.
 *
 * @module
 */

import { formatEntry } from "./list.ts";
import { keyOf, type Mutant } from "./mutant.ts";
import { ROOM_NAMES } from "./rooms.ts";
import type { Verdict } from "./trial.ts";

/** Survivors held against the file that explains them. */
export interface Judgement {
  /** Survivors with a reason. */
  readonly explained: readonly Verdict[];
  /** Survivors without. */
  readonly unexplained: readonly Verdict[];
  /** Explained as survivors, and killed. */
  readonly outdated: readonly Verdict[];
}

/** Holds verdicts against the explained survivors. */
export function judge(verdicts: readonly Verdict[], explained: readonly Mutant[]): Judgement {
  const keys = new Set(explained.map(keyOf));
  const isExplained = (v: Verdict) => keys.has(keyOf(v.mutant));
  const survivors = verdicts.filter((v) => v.killer === undefined);
  return {
    explained: survivors.filter(isExplained),
    unexplained: survivors.filter((v) => !isExplained(v)),
    outdated: verdicts.filter((v) => v.killer !== undefined && isExplained(v)),
  };
}

/** Planted, killed and survived for each room, and all of them. */
export function table(verdicts: readonly Verdict[]): string {
  const rows = [...ROOM_NAMES, "other"]
    .map((room) => row(room, verdicts.filter((v) => v.room === room)))
    .filter((cells) => cells[1] !== "0");
  const all = [["room", "planted", "killed", "survived", "of 100"], ...rows, row("all", verdicts)];
  return all.map((cells) =>
    cells.map((cell, i) => i === 0 ? cell.padEnd(10) : cell.padStart(10)).join("")
  ).join("\n");
}

function row(name: string, verdicts: readonly Verdict[]): string[] {
  const killed = verdicts.filter((v) => v.killer !== undefined).length;
  const percent = verdicts.length === 0 ? "" : (100 * killed / verdicts.length).toFixed(1);
  return [name, ...[verdicts.length, killed, verdicts.length - killed].map(String), percent];
}

/** A survivor as a person looks for it, followed by its entry for the list. */
export function survivor(v: Verdict): string {
  const tests = v.tried === 0 ? "no test reaches it" : `${v.tried} test files passed`;
  return `${v.mutant.path}:${v.line}: ${tests}\n${formatEntry(v.mutant)}\n`;
}
