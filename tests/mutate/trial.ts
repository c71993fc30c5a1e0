/**
 * The trial of mutants: each is planted in a copy, and the tests that reach it run until one notices.
 *
 * @module
 */

import { lineOf, type Mutant, plant } from "./mutant.ts";
import { type Project, runTest } from "./project.ts";
import { limitOf, type Reach, reaching } from "./reach.ts";
import { roomOf } from "./rooms.ts";

/** What came of one mutant. */
export interface Verdict {
  /** The mutant. */
  readonly mutant: Mutant;
  /** Its room. */
  readonly room: string;
  /** The line, from 1, at which it begins. */
  readonly line: number;
  /** The test file that noticed; undefined: it survived. */
  readonly killer?: string;
  /** Whether it was noticed by never coming to an end. */
  readonly late?: true;
  /** Test files that were run. */
  readonly tried: number;
}

/** Tries mutants one after another in copies of its own; test files that killed in a source file go first there. */
export class Trial {
  readonly #project: Project;
  readonly #reaches: readonly Reach[];
  readonly #most: number;
  readonly #least: number;
  /** Mutants that each test file killed, by source file. */
  readonly #kills = new Map<string, Map<string, number>>();

  /**
   * `reaches`: of every test file; `most`: test files to run for one mutant; `least`: seconds of processor time that
   * every run of one may use.
   */
  constructor(
    project: Project,
    reaches: readonly Reach[],
    { most = Infinity, least = 5 }: { readonly most?: number; readonly least?: number } = {},
  ) {
    this.#project = project;
    this.#reaches = reaches;
    this.#most = most;
    this.#least = least;
  }

  /** Test files that reach a mutant, in the order in which they are run. */
  testsFor(m: Mutant, source: string, line: number): Reach[] {
    const kills = this.#kills.get(m.path);
    // What takes long waits; what stands in the room of the source file, or killed there before, goes first.
    const cost = (r: Reach) =>
      r.seconds / (1 + 4 * kinship(m.path, r.file)) / (1 + 9 * (kills?.get(r.file) ?? 0));
    return reaching(this.#reaches, m.path, source, line, line + m.before.length - 1)
      .sort((a, b) => cost(a) - cost(b));
  }

  /** Plants a mutant in a copy, runs its tests, and puts the file back. */
  async run(copy: string, m: Mutant): Promise<Verdict> {
    const target = `${copy}/${m.path}`;
    const source = Deno.readTextFileSync(target);
    const line = lineOf(source, m) + 1;
    const of = { mutant: m, room: roomOf(m.path), line };
    let tried = 0;
    Deno.writeTextFileSync(target, plant(source, m));
    try {
      for (const { file, seconds } of this.testsFor(m, source, line).slice(0, this.#most)) {
        const { outcome } = await runTest(this.#project, copy, file, limitOf(seconds, this.#least));
        tried++;
        if (outcome === "passed") continue;
        this.#count(m.path, file);
        return { ...of, killer: file, tried, ...(outcome === "time" ? { late: true } : {}) };
      }
      return { ...of, tried };
    } finally {
      Deno.writeTextFileSync(target, source);
    }
  }

  #count(path: string, file: string): void {
    const kills = this.#kills.get(path) ?? new Map<string, number>();
    kills.set(file, (kills.get(file) ?? 0) + 1);
    this.#kills.set(path, kills);
  }
}

/** Folders and names that a source file and a test file have in common. */
function kinship(source: string, test: string): number {
  const words = new Set(source.split(/[/_.]/));
  return test.split(/[/_.]/).filter((word) => word !== "ts" && words.has(word)).length;
}

/** Does `work` for each item, as many at a time as there are hands; each hand has its own tool. */
export async function inParallel<Item, Tool>(
  items: readonly Item[],
  tools: readonly Tool[],
  work: (item: Item, tool: Tool) => Promise<void>,
): Promise<void> {
  const queue = items[Symbol.iterator]();
  await Promise.all(tools.map(async (tool) => {
    for (const item of queue) await work(item, tool);
  }));
}
