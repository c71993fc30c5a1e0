/** What forks did, in numbers: for `fork` and `compare`. */

/** What a fork did. Pages of 4 KiB. */
export interface ForkStatistics {
  /** Pages that both map now. */
  shared: number;
  /** Pages that the child got copies of. */
  copied: number;
  /** PTEs written, in the child and in the parent. */
  ptes: number;
  /** Of these, in the parent: pages that lost W. */
  parentPtes: number;
  /** Frames taken for the child's tables. */
  tables: number;
}

/** Nothing yet. */
export function noForks(): ForkStatistics {
  return { shared: 0, copied: 0, ptes: 0, parentPtes: 0, tables: 0 };
}

/** Adds what one fork did. */
export function addFork(totals: ForkStatistics, one: ForkStatistics): void {
  totals.shared += one.shared;
  totals.copied += one.copied;
  totals.ptes += one.ptes;
  totals.parentPtes += one.parentPtes;
  totals.tables += one.tables;
}

/** What was done between two totals. */
export function forkDifference(now: ForkStatistics, before: ForkStatistics): ForkStatistics {
  const done = { ...now };
  for (const name of Object.keys(done) as (keyof ForkStatistics)[]) done[name] -= before[name];
  return done;
}
