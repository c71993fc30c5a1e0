/**
 * Ours and QEMU by turns on the same work, so that what else the machine does hits both.
 *
 * @module
 */

import { type Cell, median, seconds, times } from "./report.ts";

/** One thing of ours that is held against QEMU. */
export interface Entrant {
  readonly name: string;
  /** Does the work; the seconds that it took. */
  run(): Promise<number>;
}

/** Work that QEMU does, and one or more things of ours do, too. */
export interface Contest {
  readonly ours: readonly Entrant[];
  /** QEMU does the work; the seconds that it took. */
  qemu(): Promise<number>;
  /** How often each does it unless asked otherwise. */
  readonly runs: number;
}

/** Seconds of each run of an entrant, and of QEMU beside it. */
export interface Samples {
  readonly name: string;
  readonly ours: readonly number[];
  readonly qemu: readonly number[];
}

/** The work was done wrong, by us or by QEMU: there is no time to tell. */
export class NotPassed extends Error {}

/** Runs each entrant once, then QEMU, then each again …; `say` gets a line for each run. */
export async function compete(
  contest: Contest,
  runs: number,
  say: (line: string) => void,
): Promise<Samples[]> {
  const samples = contest.ours.map(({ name }) => ({ name, ours: [] as number[] }));
  const qemu: number[] = [];
  for (let run = 1; run <= runs; run++) {
    for (const [i, entrant] of contest.ours.entries()) {
      const took = await entrant.run();
      samples[i]!.ours.push(took);
      say(`${entrant.name} ${run}/${runs}: ours ${seconds(took)}`);
    }
    const took = await contest.qemu();
    qemu.push(took);
    const names = contest.ours.map(({ name }) => name).join(", ");
    say(`${names} ${run}/${runs}: QEMU ${seconds(took)}`);
  }
  return samples.map((sample) => ({ ...sample, qemu }));
}

/** QEMU's median to ours: above 1, we are faster. */
export function ratio({ ours, qemu }: Samples): number {
  return median(qemu) / median(ours);
}

/** The columns of {@link row}. */
export const COLUMNS = ["", "FASTER", "OURS-MIN", "MEDIAN", "MAX", "QEMU-MIN", "MEDIAN", "MAX"];

/** One line of the table: the ratio first, then each side's times. */
export function row(samples: Samples): Cell[] {
  return [samples.name, times(ratio(samples)), ...spread(samples.ours), ...spread(samples.qemu)];
}

function spread(values: readonly number[]): Cell[] {
  return [Math.min(...values), median(values), Math.max(...values)].map(seconds);
}
