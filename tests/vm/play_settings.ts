/**
 * The computers that the model is played on, and the lists of steps it is played with.
 *
 * @module
 */

import { type Operation, Play, type Setting, type Step } from "./play.ts";

const FEW = [1, 2, 3];
/** Two of the sizes cover a whole 2 MiB block, wherever mmap puts them. */
const SUPER = [1, 2, 3, 512, 600];

/** All of them; those with 2 MiB pages are ten times as slow. */
export const SETTINGS: readonly Setting[] = [
  { name: "cow", options: { mem: "16M" }, pages: FEW },
  { name: "eager, swap", options: { mem: "16M", policy: "eager", swap: "2M" }, pages: FEW },
  {
    name: "share-readonly, swap",
    options: { mem: "16M", policy: "share-readonly", swap: "2M" },
    pages: FEW,
  },
  {
    name: "swap, read-ahead, demand, lazy",
    options: { mem: "16M", swap: "2M", readAhead: 2, exec: "demand", lazy: true },
    pages: FEW,
  },
  {
    name: "16 MiB, nearly all of it taken, swap",
    options: { mem: "16M", swap: "32M" },
    pages: [1, 2, 3, 60],
    hog: "15M",
    scarce: true,
  },
  {
    name: "2 MiB pages, split, swap",
    options: { mem: "16M", superpages: true, swap: "16M" },
    pages: SUPER,
    scarce: true,
  },
  {
    name: "2 MiB pages, copied whole",
    options: { mem: "32M", superpages: true, superpageCow: "whole" },
    pages: SUPER,
    scarce: true,
  },
  {
    name: "2 MiB pages, eager, swap",
    options: { mem: "32M", superpages: true, policy: "eager", swap: "16M" },
    pages: SUPER,
    scarce: true,
  },
];

/** Plays steps from a moment on, with an audit after each, and ends everybody. Errors say where they were. */
export function playFrom(play: Play, start: ReturnType<Play["save"]>, steps: readonly Step[]) {
  play.restore(start);
  for (const [i, step] of steps.entries()) {
    const where = `step ${i} of ${JSON.stringify(steps.slice(0, i + 1))}`;
    during(where, () => play.step(step));
    play.audit(where);
  }
  during(`the end of ${JSON.stringify(steps)}`, () => play.finish());
}

/** Runs a body; what it throws says in which steps. */
export function during(where: string, body: () => void): void {
  try {
    body();
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\nin ${where}`, {
      cause: error,
    });
  }
}

/** A step with numbers that mean: the first page, its first word, one page, all rounds of reclaim. */
function step(op: Operation, who = 0, a = 0, b = 0): Step {
  return { op, who, a, b };
}

const EVICT = step("reclaim", 0, 63, 3);

/** The ways into each state that a page can be in; `map` makes the mapping first. */
const STATES: Record<string, readonly Step[]> = {
  untouched: [],
  resident: [step("store")],
  "untouched, forked": [step("fork")],
  cow: [step("store"), step("fork")],
  copied: [step("store"), step("fork"), step("store", 1)],
  "last owner": [step("store"), step("fork"), step("store", 1), step("exit", 1)],
  swapped: [step("store"), EVICT],
  "swapped, shared": [step("store"), step("fork"), EVICT],
  "swapped, then forked": [step("store"), EVICT, step("fork")],
  "read-only": [step("store"), step("fork"), step("mprotect", 0, 0, 9)],
};

/** Those of a 2 MiB page. */
const HUGE_STATES: Record<string, readonly Step[]> = {
  whole: [step("store")],
  "whole, forked": [step("store"), step("fork")],
  split: [step("store"), step("munmap", 0, 5)],
  "split, forked": [step("store"), step("fork"), step("munmap", 0, 5)],
  swapped: [step("store"), step("fork"), EVICT, EVICT],
};

/** What is done to a page in each state, by its owner or by its owner's child. */
const DEEDS: readonly Step[] = ([
  ["store"],
  ["store", 1, 1],
  ["load"],
  ["read", 0, 1],
  ["write", 0, 1],
  ["fork"],
  ["clone"],
  ["exit"],
  ["exec"],
  ["mprotect", 0, 0],
  ["mprotect", 0, 9],
  ["mprotect", 0, 6],
  ["munmap"],
  ["mmap", 0, 0],
  ["msync"],
  ["append"],
  ["truncate"],
  ["reclaim", 63, 3],
  ["promote"],
] as [Operation, number?, number?][]).flatMap(([op, a, b]) => [
  step(op, 0, a, b),
  step(op, 1, a, b),
]);

/** Every kind of mapping in every state, with every `length` deeds after it; `keep` picks some by their number. */
export function* shortWays(
  length: 1 | 2,
  keep: (n: number) => boolean,
): Generator<{ setting: Setting; name: string; steps: readonly Step[] }> {
  const small = ["mmap", "mmap shared", "mmap file", "mmap private file"] as const;
  const ways = [
    ...[SETTINGS[1], SETTINGS[2], SETTINGS[3]].flatMap((setting) =>
      small.flatMap((kind) =>
        Object.entries(STATES).map(([state, list]) => ({
          setting,
          name: `${kind}, ${state}`,
          list: [step(kind, 0, 1), ...list],
        }))
      )
    ),
    ...SETTINGS.slice(5).flatMap((setting) =>
      Object.entries(HUGE_STATES).map(([state, list]) => ({
        setting,
        name: `2 MiB, ${state}`,
        list: [step("mmap", 0, 4, 1), ...list],
      }))
    ),
  ];
  const tails = DEEDS.flatMap((one) => length === 1 ? [[one]] : DEEDS.map((two) => [one, two]));
  let n = 0;
  for (const { setting, name, list } of ways) {
    for (const tail of tails) {
      if (keep(n++)) yield { setting, name, steps: [...list, ...tail] };
    }
  }
}

/** One {@link Play} a setting, with the moment after its start: booting is slower than going back. */
export class Plays {
  readonly #plays = new Map<Setting, { play: Play; start: ReturnType<Play["save"]> }>();

  /** The play of a setting, and its start. */
  of(setting: Setting): { play: Play; start: ReturnType<Play["save"]> } {
    let known = this.#plays.get(setting);
    if (known === undefined) {
      const play = new Play(setting);
      this.#plays.set(setting, known = { play, start: play.save() });
    }
    return known;
  }
}
