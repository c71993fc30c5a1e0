/**
 * Everything in the docs that a machine can write: the command pages, the transcripts, the recordings and the
 * pictures made of them. `deno task docs` writes them again; a test holds the committed files against it.
 *
 * A transcript is a fenced block. The lines behind `> ` of all `cowsh` blocks of a document are typed into one
 * session, from top to bottom, as a reader does who follows it: what is to begin on a fresh computer says `boot`.
 * In a `console` block the lines behind `$ ` are run by the system's own shell in the project's directory.
 *
 * @module
 */

import config from "../deno.json" with { type: "json" };
import { castText } from "../src/session/recording.ts";
import { COMMANDS } from "../src/commands/registry.ts";
import { markdown } from "../src/format/help.ts";
import type { Entry } from "../src/framework/command.ts";
import { FileWriter } from "../src/host/file.ts";
import { wholeLines } from "../src/framework/split.ts";
import { parseCast } from "../src/record/parse.ts";
import { renderSvg } from "../src/record/svg.ts";
import { helpText } from "../src/qemu/help.ts";
import { boot, bootAgain } from "../src/repl/boot.ts";
import { denoFiles } from "../src/repl/deno_host.ts";
import { parseFlags } from "../src/repl/flags.ts";
import { LineShell } from "../src/repl/script.ts";

const root = new URL("../", import.meta.url);

/** The documents that hold transcripts. */
export const DOCUMENTS: readonly string[] = [
  "README.md",
  "CONTRIBUTING.md",
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
  yield ["bin/qemu-system-riscv64.txt", helpText(config.version)];
  const tour = await recorded("docs/casts/tour.cow", "copy-on-write in cowsh");
  yield ["docs/casts/tour.cast", tour];
  yield ["docs/tour.svg", renderSvg(parseCast(tour), { idle: 2, speed: 1.6 })];
  for (const path of DOCUMENTS) yield [path, await told(committed(path))];
}

/** A command file as a recording, as `record` would write it in a colour terminal. */
async function recorded(path: string, title: string): Promise<string> {
  const shell = await session(true);
  const entries: Entry[] = [];
  for (const { text: line } of wholeLines(committed(path))) {
    const { output, status } = await shell.run(line);
    entries.push({ line, output, status, api: undefined });
  }
  return castText(entries, { title });
}

/** A session that begins as `deno task start` begins one. */
async function session(color = false): Promise<LineShell> {
  const options = parseFlags([]);
  const again = (flags: readonly string[]) => bootAgain(options, flags, denoFiles);
  return new LineShell(await boot(options, denoFiles), { color, boot: again });
}

/** A document with each transcript's output as it is today. */
export async function told(document: string): Promise<string> {
  const parts = document.split(/^(```(?:cowsh|console)\n[\s\S]*?^```$)/m);
  const shell = await session();
  const typed = async (line: string) => (await shell.run(line)).output;
  for (let i = 1; i < parts.length; i += 2) {
    const [fence, ...lines] = parts[i].split("\n");
    const body = lines.slice(0, -1);
    const block = fence === "```console"
      ? await transcript(body, "$ ", outside)
      : await transcript(body, "> ", typed);
    parts[i] = [fence, ...block, "```"].join("\n");
  }
  return parts.join("");
}

/** What a reader of a document types into the shell, in order, each line with what the document says to it. */
export function typedIn(document: string): { line: string; says: string }[] {
  const blocks = [...document.matchAll(/^```cowsh\n([\s\S]*?)^```$/gm)].map((match) => match[1]);
  return blocks.flatMap((block) => block.split(/^(?=> )/m)).filter((part) => part.startsWith("> "))
    .map((part) => {
      const end = part.indexOf("\n");
      return { line: part.slice(2, end), says: part.slice(end + 1) };
    });
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
