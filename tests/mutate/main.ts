/**
 * Plants bugs under src/vm and looks which of them no test notices. docs/reliability.md says how to read it.
 *
 * Exit code 0: every survivor is explained; 1: one is not, or one that is explained was killed; 2: usage or a list
 * that no longer fits the source.
 *
 * @module
 */

import { parseList } from "./list.ts";
import { keyOf, type Mutant, MutateError, plant } from "./mutant.ts";
import { mutantsOf } from "./operators.ts";
import { copyOf, filesOf, type Project } from "./project.ts";
import { type Reach, ReachCache } from "./reach.ts";
import { judge, survivor, table } from "./report.ts";
import { roomOf, sample } from "./rooms.ts";
import { inParallel, Trial, type Verdict } from "./trial.ts";
import { TypeChecker } from "./types.ts";
import { parse, USAGE, type Wishes } from "./wishes.ts";

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
const here = `${root}/tests/mutate`;
const project: Project = {
  root,
  source: "src/vm",
  tests: "tests",
  // As in the task `test`; one file at a time needs no --parallel.
  flags: [
    "--preload",
    "tests/seed.ts",
    "--no-prompt",
    "--allow-read",
    "--allow-write",
    "--allow-run",
    "--allow-env",
  ],
};

async function main(words: readonly string[]): Promise<number> {
  const wishes = parse(words);
  if (wishes === "help") {
    console.log(USAGE);
    return 0;
  }
  if ("wrong" in wishes) {
    console.error(`${wishes.wrong}\n${USAGE}`);
    return 2;
  }
  try {
    return await run(wishes);
  } catch (error) {
    if (!(error instanceof MutateError)) throw error;
    console.error(error.message);
    return 2;
  }
}

async function run(wishes: Wishes): Promise<number> {
  const explained = readList("survivors.txt");
  const mutants = choose(wishes, explained);
  if (!wishes.list) return say(await tryAll(mutants, wishes), explained);
  for (const m of mutants) {
    console.log(`${m.path}: ${m.name}\n  - ${m.before.join("\n  - ")}`);
    console.log(`  + ${m.after.join("\n  + ")}`);
  }
  return 0;
}

function readList(name: string): Mutant[] {
  return parseList(Deno.readTextFileSync(`${here}/${name}`), `tests/mutate/${name}`);
}

/** The mutants of a run: each fits the source and compiles. */
function choose(wishes: Wishes, explained: readonly Mutant[]): Mutant[] {
  const sources = filesOf(root, [project.source]).filter((path) => path.endsWith(".ts"));
  const read = (path: string) => Deno.readTextFileSync(`${root}/${path}`);
  const types = new TypeChecker(root, sources);
  const isAsked = (m: Mutant) => m.path.includes(wishes.only) || roomOf(m.path) === wishes.only;
  const error = (m: Mutant) => types.errorIn(m.path, plant(read(m.path), m));

  const hand = Deno.readDirSync(`${here}/bugs`).flatMap(({ name }) => readList(`bugs/${name}`));
  const lists = { hand, survivors: explained, retry: retried(wishes), all: hand };
  const listed = [...lists[wishes.set]].filter(isAsked);
  const errors = new Set<string>();
  for (const m of [...listed, ...explained]) {
    try {
      if (!sources.includes(m.path)) throw new MutateError(`${m.name}: there is no ${m.path}`);
      const wrong = error(m);
      if (wrong !== undefined) {
        errors.add(`${m.name}: ${m.path} does not compile with it: ${wrong}`);
      }
    } catch (error) {
      if (!(error instanceof MutateError)) throw error;
      errors.add(error.message);
    }
  }
  if (errors.size > 0) throw new MutateError([...errors].join("\n"));
  if (wishes.set !== "all") return listed;

  const ranked = sample(sources.flatMap((path) => mutantsOf(path, read(path))), wishes.seed);
  const made: Mutant[] = [];
  const keys = new Set(listed.map(keyOf));
  for (const m of ranked.filter(isAsked)) {
    if (made.length === wishes.count) break;
    if (!keys.has(keyOf(m)) && error(m) === undefined) made.push(m);
  }
  return [...listed, ...made];
}

function retried({ retry }: Wishes): Mutant[] {
  if (retry === "") return [];
  const verdicts: Verdict[] = JSON.parse(Deno.readTextFileSync(retry));
  return verdicts.filter((v) => v.killer === undefined).map((v) => v.mutant);
}

async function tryAll(
  mutants: readonly Mutant[],
  { jobs, most, tests, json }: Wishes,
): Promise<Verdict[]> {
  const copies = await Promise.all(Array.from({ length: jobs }, () => copyOf(root)));
  try {
    const trial = new Trial(project, await measure(copies, tests), { most });
    const verdicts: Verdict[] = [];
    await inParallel(mutants, copies, async (m, copy) => {
      const v = await trial.run(copy, m);
      verdicts.push(v);
      // Each time: a run is long, and may be cut off.
      if (json !== "") Deno.writeTextFileSync(json, JSON.stringify(verdicts, null, 1));
      const how = v.killer === undefined
        ? "SURVIVED"
        : v.late
        ? `never ends in ${v.killer}`
        : v.killer;
      console.error(
        `${verdicts.length}/${mutants.length} ${v.room} ${m.name} ${m.path}:${v.line}: ${how}`,
      );
    });
    return verdicts;
  } finally {
    for (const copy of copies) Deno.removeSync(copy, { recursive: true });
  }
}

/** The reach of each test file; one that fails without any mutant can tell nothing, and is left out. */
async function measure(copies: readonly string[], tests: string): Promise<Reach[]> {
  const cache = new ReachCache(project, `${root}/.mutate`);
  const reaches: Reach[] = [];
  const files = cache.files().filter((file) => file.includes(tests));
  await inParallel(files, copies, async (file, copy) => {
    let reach = cache.known(file);
    if (reach === undefined) {
      console.error(`measuring ${file}`);
      reach = await cache.measure(copy, file);
    }
    if (reach !== undefined) reaches.push(reach);
    else console.error(`${file} fails without any mutant: it is left out`);
  });
  return reaches;
}

function say(verdicts: readonly Verdict[], explained: readonly Mutant[]): number {
  const { unexplained, outdated, explained: known } = judge(verdicts, explained);
  for (const v of unexplained) console.log(survivor(v));
  for (const v of outdated) {
    console.log(
      `${v.mutant.path}:${v.line}: ${v.mutant.name} is explained as a survivor, but ${v.killer} kills it\n`,
    );
  }
  console.log(table(verdicts));
  console.log(`\n${known.length} survivors explained, ${unexplained.length} not`);
  return unexplained.length + outdated.length > 0 ? 1 : 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
