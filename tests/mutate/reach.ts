/**
 * Which tests run a line: coverage of each test file by itself, measured once and kept until the program changes.
 *
 * @module
 */

import { createHash } from "node:crypto";
import ts from "typescript";
import { filesOf, type Project, runTest } from "./project.ts";

/** One test file by itself, without any mutant. */
export interface Reach {
  /** The test file. */
  readonly file: string;
  /** Processor time that it takes, in seconds, measured with coverage. */
  readonly seconds: number;
  /** Lines that it runs, from 1, by source file; a file that it only loads is here, too. */
  readonly lines: Record<string, number[]>;
}

/** Seconds by the clock for one of the processor's: the machine may be busy. */
const PATIENCE = 30;

/** Reads and measures reaches; the cache is one JSON file for each state of the program and each test file. */
export class ReachCache {
  readonly #project: Project;
  readonly #folder: string;
  readonly #program: string;
  /** The test files, and what they hold: hashed at the start, since a run is long and works on a copy of now. */
  readonly #tests: ReadonlyMap<string, string>;

  /** Keeps its files in `folder`, which need not exist. */
  constructor(project: Project, folder: string) {
    this.#project = project;
    this.#folder = folder;
    Deno.mkdirSync(folder, { recursive: true });
    const { root, tests } = project;
    // What tests run or read; this tool's own lists are none of it.
    const top = ["src", "user", "scripts", tests].filter((name) => exists(`${root}/${name}`));
    const program = filesOf(root, top).filter((path) =>
      !isTest(path) && !path.includes("/mutate/")
    );
    const loose = ["main.ts", "mod.ts", "deno.json"].filter((name) => exists(`${root}/${name}`));
    this.#program = hash(root, [...program, ...loose]);
    const files = filesOf(root, [tests]).filter(isTest);
    this.#tests = new Map(files.map((file) => [file, hash(root, [file])]));
  }

  /** Every test file of the project. */
  files(): string[] {
    return [...this.#tests.keys()];
  }

  /** The reach of a test file as it was measured, or undefined. */
  known(file: string): Reach | undefined {
    const path = this.#path(file);
    return exists(path) ? JSON.parse(Deno.readTextFileSync(path)) : undefined;
  }

  /** Measures a test file in a copy of the project; undefined when it fails as it is. */
  async measure(copy: string, file: string): Promise<Reach | undefined> {
    const raw = await Deno.makeTempDir({ prefix: "cowsh-reach-" });
    try {
      // In the environment, so that shells which the tests start are measured, too.
      const env = { DENO_COVERAGE_DIR: raw };
      const flags = [...this.#project.flags, "--coverage-raw-data-only"];
      const run = await runTest({ ...this.#project, flags }, copy, file, limitOf(0, 600), env);
      if (run.outcome !== "passed") return undefined;
      const reach = { file, seconds: run.seconds, lines: await this.#lines(copy, raw) };
      Deno.writeTextFileSync(this.#path(file), JSON.stringify(reach));
      return reach;
    } finally {
      Deno.removeSync(raw, { recursive: true });
    }
  }

  async #lines(copy: string, raw: string): Promise<Record<string, number[]>> {
    const lines: Record<string, number[]> = {};
    if ([...Deno.readDirSync(raw)].length === 0) return lines;
    const { stdout } = await new Deno.Command("deno", {
      args: ["coverage", "--lcov", `--include=/${this.#project.source}/`, raw],
      cwd: copy,
      stderr: "null",
    }).output();
    for (const record of new TextDecoder().decode(stdout).split("end_of_record")) {
      const path = /^SF:(.*)$/m.exec(record)?.[1];
      if (path !== undefined) lines[path.slice(path.indexOf(this.#project.source))] = ran(record);
    }
    return lines;
  }

  #path(file: string): string {
    return `${this.#folder}/${this.#program}-${this.#tests.get(file)}.json`;
  }
}

/** The lines of one file's LCOV record that ran, or of which a branch did. */
export function ran(record: string): number[] {
  const lines = new Set<number>();
  for (const [, line, count] of record.matchAll(/^DA:(\d+),(\d+)/gm)) {
    if (count !== "0") lines.add(Number(line));
  }
  for (const [, line, count] of record.matchAll(/^BRDA:(\d+),\d+,\d+,(\d+)/gm)) {
    if (count !== "0") lines.add(Number(line));
  }
  return [...lines].sort((a, b) => a - b);
}

/** What a test file may use when it took `seconds` of the processor before, and `least` seconds more. */
export function limitOf(seconds: number, least: number): { cpu: number; wall: number } {
  const cpu = Math.ceil(least + 4 * seconds);
  return { cpu, wall: cpu * PATIENCE };
}

/**
 * The tests that reach some lines (from 1) of a source file: those that run any line of the function around them,
 * since LCOV has no count of its own for a condition that stands on one line with a branch not taken.
 */
export function reaching(
  reaches: readonly Reach[],
  path: string,
  source: string,
  first: number,
  last: number,
): Reach[] {
  const [from, to] = functionAround(source, first, last);
  return reaches.filter((r) => r.lines[path]?.some((line) => line >= from && line <= to));
}

/** The lines inside the innermost function of three lines or more around some lines; without one, all of the file. */
export function functionAround(source: string, first: number, last: number): [number, number] {
  const tree = ts.createSourceFile("", source, ts.ScriptTarget.Latest);
  const lineAt = (position: number) => tree.getLineAndCharacterOfPosition(position).line + 1;
  let range: [number, number] = [1, Infinity];
  const visit = (node: ts.Node) => {
    const [from, to] = [lineAt(node.getStart(tree)), lineAt(node.getEnd())];
    if (from > first || to < last) return;
    if (ts.isFunctionLike(node) && to - from >= 2) range = [from + 1, to];
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return range;
}

function isTest(path: string): boolean {
  return path.endsWith("_test.ts");
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function hash(root: string, paths: readonly string[]): string {
  const sum = createHash("sha256");
  for (const path of paths) sum.update(`${path}\n`).update(Deno.readFileSync(`${root}/${path}`));
  return sum.digest("hex").slice(0, 16);
}
