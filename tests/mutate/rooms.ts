/**
 * The rooms of `src/vm`, and a sample of mutants that reaches all of them.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { keyOf, type Mutant } from "./mutant.ts";

/** Folders by name; a file belongs to the first that holds it. */
const ROOMS: readonly [name: string, folder: string][] = [
  ["engine", "src/vm/machine/engine/"],
  ["isa", "src/vm/machine/isa/"],
  ["hart", "src/vm/machine/hart/"],
  ["devices", "src/vm/machine/devices/"],
  ["machine", "src/vm/machine/"],
  ["memory", "src/vm/kernel/memory/"],
  ["fork", "src/vm/kernel/fork/"],
  ["process", "src/vm/kernel/process/"],
  ["syscalls", "src/vm/kernel/syscalls/"],
  ["xv6fs", "src/vm/kernel/files/xv6fs/"],
  ["fat32", "src/vm/kernel/files/fat32/"],
  ["files", "src/vm/kernel/files/"],
  ["kernel", "src/vm/kernel/"],
  ["inspect", "src/vm/inspect/"],
  ["guest", "src/vm/guest/"],
  ["events", "src/vm/events.ts"],
  ["face", "src/vm/"],
];

/** Their names, in the order of the report. */
export const ROOM_NAMES: readonly string[] = ROOMS.map(([name]) => name);

/** The room of a source file. */
export function roomOf(path: string): string {
  return ROOMS.find(([, folder]) => path.startsWith(folder))?.[0] ?? "other";
}

/** A place in the order of a seed that stays when other code changes. */
function rank(seed: number, text: string): string {
  return createHash("sha256").update(`${seed}\n${text}`).digest("hex");
}

/** The first of a list in the order of a seed. */
function first<T>(seed: number, list: readonly T[], text: (item: T) => string): T {
  return list.reduce((a, b) => rank(seed, text(b)) < rank(seed, text(a)) ? b : a);
}

/** One mutant for each line of source: every operator that has one there is as likely as the others. */
function onePerLine(all: readonly Mutant[], seed: number): [line: string, Mutant][] {
  const lines = Map.groupBy(all, (m) => `${m.path}\n${m.nth ?? 1}\n${m.before[0]}`);
  return [...lines].map(([line, mutants]) => {
    const operator = first(seed, [...new Set(mutants.map((m) => m.name))], (name) => line + name);
    return [line, first(seed, mutants.filter((m) => m.name === operator), keyOf)];
  });
}

/**
 * Mutants in the order in which a run takes them, at most one a line of source: a room's share grows with the root of
 * its size, so that small rooms have some, too.
 */
export function sample(all: readonly Mutant[], seed: number): Mutant[] {
  const ranked = onePerLine(all, seed)
    .map(([line, m]) => ({ m, rank: rank(seed, line) }))
    .sort((a, b) => a.rank < b.rank ? -1 : 1);
  const rooms = [...Map.groupBy(ranked, ({ m }) => roomOf(m.path)).values()];
  // The k-th of n has k / √n of its room's share behind it.
  return rooms
    .flatMap((room) => room.map(({ m }, k) => ({ m, share: (k + 1) / Math.sqrt(room.length) })))
    .sort((a, b) => a.share - b.share)
    .map(({ m }) => m);
}
