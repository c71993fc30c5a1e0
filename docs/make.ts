/**
 * Everything in the docs that a machine can write: the command pages, the transcripts, the recordings and the
 * pictures made of them. `deno task docs` writes them again; a test holds the committed files against it.
 *
 * A transcript is a fenced block. In a `cowsh` block the lines behind `> ` are run by a shell on a fresh machine
 * (`cowsh mem=16M policy=eager` boots it so; `cowsh continued` goes on with the machine of the block before);
 * in a `console` block those behind `$ ` are run by the system's own shell in the project's directory.
 *
 * @module
 */

import { boot } from "../src/api/boot.ts";
import { castText } from "../src/commands/record.ts";
import { COMMANDS } from "../src/commands/registry.ts";
import { markdown } from "../src/commands/help.ts";
import type { Entry } from "../src/commands/command.ts";
import { FileWriter } from "../src/host/file.ts";
import { wholeLines } from "../src/commands/words.ts";
import { parseCast, renderSvg } from "../src/record/mod.ts";
import { ScriptShell } from "../src/repl/script.ts";

const root = new URL("../", import.meta.url);

/** The documents that hold transcripts. */
export const DOCUMENTS: readonly string[] = [
  "README.md",
  ...[...Deno.readDirSync(new URL("docs/", root))]
    .map((entry) => `docs/${entry.name}`)
    .filter((name) => name.endsWith(".md") && name !== "docs/commands.md")
    .sort(),
];

/** The scenarios whose recordings are committed; running them under test compares. */
const SCENARIOS: readonly string[] = ["scripts/cow_basic.ts"];

/** The text of a committed file. */
export function committed(path: string): string {
  return Deno.readTextFileSync(new URL(path, root));
}

/** All files that are made, with their text: the path first. */
export async function* made(): AsyncGenerator<[path: string, text: string]> {
  yield ["docs/commands.md", `${markdown(COMMANDS)}\n`];
  const tour = await recorded("docs/casts/tour.cow", "copy-on-write in cowsh");
  yield ["docs/casts/tour.cast", tour];
  yield ["docs/tour.svg", renderSvg(parseCast(tour), { idle: 2, speed: 1.6 })];
  for (const path of DOCUMENTS) yield [path, await told(committed(path))];
}

/** A command file as a recording, as `record` would write it in a colour terminal. */
async function recorded(path: string, title: string): Promise<string> {
  const shell = new ScriptShell(boot(), { color: true });
  const entries: Entry[] = [];
  for (const { text: line } of wholeLines(committed(path))) {
    const { output, status } = await shell.run(line);
    entries.push({ line, output, status, api: undefined });
  }
  return castText(entries, { title });
}

/** A document with each transcript's output as it is today. */
export async function told(document: string): Promise<string> {
  const parts = document.split(/^(```(?:cowsh|console)[^\n]*\n[\s\S]*?^```$)/m);
  let shell: ScriptShell | undefined;
  for (let i = 1; i < parts.length; i += 2) {
    const [fence, ...lines] = parts[i].split("\n");
    const [language, ...words] = fence.slice(3).split(" ");
    const body = lines.slice(0, -1);
    if (language === "console") {
      parts[i] = [fence, ...await transcript(body, "$ ", outside), "```"].join("\n");
      continue;
    }
    if (!words.includes("continued") || shell === undefined) {
      shell = new ScriptShell(boot(Object.fromEntries(words.map((word) => word.split("=")))));
    }
    const run = async (line: string) => (await shell!.run(line)).output;
    parts[i] = [fence, ...await transcript(body, "> ", run), "```"].join("\n");
  }
  return parts.join("");
}

/** The commands of a block, each followed by what it prints. */
async function transcript(
  body: readonly string[],
  prompt: string,
  run: (line: string) => Promise<string>,
): Promise<string[]> {
  const told: string[] = [];
  for (const line of body.filter((line) => line.startsWith(prompt))) {
    told.push(line);
    const output = (await run(line.slice(prompt.length))).replace(/\n+$/, "");
    if (output.includes("a bug in cowsh")) throw new Error(`${line}: ${output}`);
    if (output !== "") told.push(...output.split("\n"));
  }
  return told;
}

/** A line for the system's shell. What it prints and, unless it is 0, its exit code. */
async function outside(line: string): Promise<string> {
  const { code, stdout } = await new Deno.Command("sh", {
    args: ["-c", line],
    cwd: root,
    env: { NO_COLOR: "1", PATH: `${Deno.execPath().replace(/\/[^/]*$/, "")}:${path()}` },
    stderr: "null",
  }).output();
  const text = new TextDecoder().decode(stdout);
  return code === 0 ? text : `${text.replace(/\n?$/, "\n")}(exit code ${code})\n`;
}

function path(): string {
  return Deno.env.get("PATH") ?? "/usr/bin:/bin";
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(new URL(path, root)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

if (import.meta.main) {
  const files = new FileWriter();
  for await (const [path, text] of made()) {
    if (exists(path) && committed(path) === text) continue;
    files.write(new URL(path, root).pathname, new TextEncoder().encode(text), true);
    console.log(`wrote ${path}`);
  }
  // Scenarios write their own recordings.
  for (const script of SCENARIOS) {
    console.log(
      await outside(
        `deno run --allow-read=docs/casts --allow-write=docs/casts ${script} | grep '^recorded'`,
      ),
    );
  }
}
