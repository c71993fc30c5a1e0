/**
 * What the engine has done, for who looks at it.
 *
 * @module
 */

import type { Compile } from "../../machine_state.ts";
import type { RegionCounts } from "./counters.ts";
import type { ListedBlock } from "./listing.ts";
import type { Tier } from "./tier.ts";

export type { ListedBlock, RegionCounts };

/** What the engine has done since the computer was made; of a time that was run again, too. */
export interface EngineSummary {
  /** Which code is translated. */
  readonly compile: Compile;
  /** Instructions executed. */
  readonly instructions: number;
  /** How many of them in regions. */
  readonly inside: number;
  /** Regions that are translated now. */
  readonly regions: number;
  /** Guest instructions in them. */
  readonly steps: number;
  /** Bytes of their modules. */
  readonly bytes: number;
  /** Looks at where the guest is. */
  readonly samples: number;
  /** How many of them found it in a region. */
  readonly samplesInside: number;
  /** Regions that were ever translated. */
  readonly translated: number;
  /** How often one was given up where it stood, since its code changed or had a breakpoint put in. */
  readonly changed: number;
  /** How often all were forgotten, as there was no more room. */
  readonly resets: number;
}

/** One region that is translated. */
export interface RegionReport extends RegionCounts {
  /** The address of its first instruction; exact. */
  readonly root: number;
  /** All addresses at which it is entered, ascending. */
  readonly entries: readonly number[];
  /** Numbers of the virtual pages that its code is in. */
  readonly pages: readonly number[];
  /** Guest instructions in it. */
  readonly steps: number;
  /** Bytes of its module. */
  readonly bytes: number;
  /** In how many places of memory its code stands now. */
  readonly bindings: number;
  /** Its guest code; see {@link ListedBlock}. */
  readonly blocks: readonly ListedBlock[];
  /** Its function as WebAssembly text, a line each: made when it is read. */
  readonly wat: readonly string[];
}

/** The engine for who only looks at it. */
export interface EngineView {
  /** What it has done. */
  summary(): EngineSummary;
  /** The regions that are translated now, the busiest first. */
  regions(): RegionReport[];
}

/** What an engine has done that has executed so many instructions. */
export function summaryOf(
  compile: Compile,
  instructions: number,
  tier: Tier | undefined,
): EngineSummary {
  const live = tier?.live() ?? [];
  const sum = (of: (one: typeof live[number]) => number) =>
    live.reduce((total, one) => total + of(one), 0);
  const { counters } = tier ?? {};
  return {
    compile,
    instructions,
    inside: (counters?.executed ?? 0) + sum(({ slot }) => tier!.done.of(slot).instructions),
    regions: live.length,
    steps: sum(({ translation }) => translation.steps),
    bytes: sum(({ translation }) => translation.bytes),
    samples: counters?.samples ?? 0,
    samplesInside: counters?.inside ?? 0,
    translated: counters?.translated ?? 0,
    changed: counters?.changed ?? 0,
    resets: counters?.resets ?? 0,
  };
}

/** The regions that are translated now, the busiest first. */
export function regionsOf(tier: Tier): RegionReport[] {
  const places = tier.places();
  const reports = tier.live().map(({ translation, slot }): RegionReport => ({
    ...tier.done.of(slot),
    root: translation.root,
    entries: [...translation.labels.keys()].sort((a, b) => a - b),
    pages: translation.pages,
    steps: translation.steps,
    bytes: translation.bytes,
    bindings: places.get(translation) ?? 0,
    get blocks() {
      return translation.listing.blocks;
    },
    get wat() {
      return translation.listing.wat;
    },
  }));
  return reports.sort((a, b) => b.instructions - a.instructions || a.root - b.root);
}
