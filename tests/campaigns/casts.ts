/**
 * Recordings damaged at random. Each is read or refused in one line; what is read plays on a terminal, which is
 * asked nothing and told nothing but to draw, and becomes a picture or a reason why not in one line.
 *
 * @module
 */

import xterm from "@xterm/headless";
import { type Cast, CastError } from "../../src/record/cast.ts";
import { CastWriter } from "../../src/record/writer.ts";
import { Drawing } from "../../src/record/drawing.ts";
import { parseCast } from "../../src/record/parse.ts";
import { play } from "../../src/record/player.ts";
import { renderSvg } from "../../src/record/svg.ts";
import { castText } from "../../src/session/recording.ts";
import { type Campaign, processorSeconds, type Random, type Task } from "./campaign.ts";

/** Seconds of the processor that no case may take; the slowest known takes about one. */
const MOST_SECONDS = 20;
/** Characters of a picture: the limit of its lines, and as much again for the rest of it. */
const LARGEST = 128 * 2 ** 20;
/** Bytes that all cases together may leave behind. */
const MOST_MEMORY = 2 ** 30;

/** Numbers that a format seldom sees. */
const NUMBERS = ["0", "-1", "1e308", "1e9", "65535", "65536", "1000", "501", "0.000001", "1e-300"];
/** Pieces of control sequences, whole and not. */
const PIECES = [
  "\\u001b[",
  "\\u001b]52;c;",
  "\\u001bP",
  "\\u0007",
  "\\u001b\\\\",
  "\\u009b",
  "\\u001b[6n",
  "\\u001b[?1049h",
  "\\u001b[999999999L",
  "\\u001b[38;2;1m",
  "\\u001bc",
  "\\u0005",
  "\\u000e",
  "\\u202e",
  "\\ud83d",
  "\\u0301",
  "記",
  "\\r\\n",
  "\\t",
];

/** Recordings that are right. */
function originals(): string[] {
  const lines = ["spawn", "# a page", "sbrk 4096", "pte 0x3000"];
  const entries = lines.map((line) => ({
    line,
    output: `\x1b[36m${line}\x1b[39m\nPID VA\t記\n`.repeat(3),
    status: 0,
    api: undefined,
  }));
  const drawn = new CastWriter({ width: 20, height: 5, version: 3 })
    .output("\x1b[2J\x1b[H\x1b[1;4mtop\x1b[0m\x1b[5;1Hlast\x1b[2L\x1b[3P\x1b7\x1b[?25l\x1b8")
    .wait(2).output("\x1b]0;title\x07\x1b[31mred\n".repeat(9));
  // What recorders write and we do not: another size, an exit.
  const more = '[0, "r", "30x6"]\n[0, "x", "1"]\n';
  return [
    castText(entries, { title: "a title" }),
    castText(entries, { version: 3 }),
    `${drawn}${more}`,
  ];
}

/** A text with some damage. */
function damaged(random: Random, text: string): string {
  for (let n = 1 + random.below(4); n > 0; n--) {
    const at = random.below(text.length + 1);
    const end = Math.min(text.length, at + random.below(1 << random.below(9)));
    switch (random.below(7)) {
      case 0:
        text = text.slice(0, at) + text.slice(end);
        break;
      case 1:
        text = text.slice(0, end) + text.slice(at);
        break;
      case 2:
        text = text.slice(0, at) + String.fromCharCode(random.below(0x180)) + text.slice(at + 1);
        break;
      case 3:
        text = text.slice(0, at) + random.pick(PIECES).repeat(1 + random.below(3)) + text.slice(at);
        break;
      case 4: {
        const numbers = [...text.matchAll(/\d+(\.\d+)?/g)];
        if (numbers.length === 0) break;
        // The header's as often as all others together.
        const { index, 0: old } = random.oneIn(2)
          ? random.pick(numbers.slice(0, 3))
          : random.pick(numbers);
        text = text.slice(0, index) + random.pick(NUMBERS) + text.slice(index + old.length);
        break;
      }
      case 5:
        text = text.slice(0, at);
        break;
      case 6: {
        const lines = text.split("\n");
        const line = random.pick(lines);
        lines.splice(random.below(lines.length), 0, ...Array(1 + random.below(50)).fill(line));
        text = lines.join("\n");
      }
    }
  }
  return text;
}

/** What a body returns, or undefined for a refusal, which has to be one line. */
function refusing<T>(body: () => T): T | undefined {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof CastError)) throw error;
    if (error.message.includes("\n") || error.message.length > 300) {
      throw new Error(`not one line: ${JSON.stringify(error.message)}`);
    }
    return undefined;
  }
}

/** Plays it as `play` does. Throws when the terminal answers anything or takes a title. */
async function played(terminal: xterm.Terminal, said: string[], cast: Cast): Promise<void> {
  const drawing = new Drawing();
  const shown: string[] = [];
  await play(cast, {
    write: (text) => void shown.push(drawing.pass(text)),
    sleep: () => Promise.resolve(),
  });
  shown.push(drawing.end());
  await new Promise<void>((resolve) => terminal.write(shown.join(""), resolve));
  if (said.length > 0) throw new Error(`the terminal said ${JSON.stringify(said)}`);
  const { modes, buffer } = terminal;
  if (buffer.active.type !== "normal" || modes.bracketedPasteMode || modes.originMode) {
    throw new Error("the terminal is in another mode");
  }
}

async function run({ count, random, done }: Task): Promise<void> {
  const texts = originals();
  const said: string[] = [];
  const terminal = new xterm.Terminal({ cols: 80, rows: 24, allowProposedApi: true });
  terminal.onData((data) => void said.push(data));
  terminal.onTitleChange((title) => void said.push(title));
  terminal.onBell(() => void said.push("bell"));
  for (let n = 0; n < count; n++) {
    const text = damaged(random, random.pick(texts));
    const began = processorSeconds();
    try {
      const cast = refusing(() => parseCast(text));
      if (cast !== undefined) {
        await played(terminal, said, cast);
        const picture = refusing(() => renderSvg(cast)) ?? "";
        if (picture.length > LARGEST) throw new Error(`a picture of ${picture.length} characters`);
      }
    } catch (error) {
      throw new Error(`case ${n}: ${JSON.stringify(text)}: ${(error as Error).stack}`);
    }
    const seconds = processorSeconds() - began;
    if (seconds > MOST_SECONDS) {
      throw new Error(`case ${n} took ${seconds} s: ${JSON.stringify(text)}`);
    }
    done(1);
    if (n % 1000 === 0) terminal.reset();
  }
  const { heapUsed } = Deno.memoryUsage();
  if (heapUsed > MOST_MEMORY) throw new Error(`${heapUsed} bytes are in use in the end`);
}

/** See the module. */
export const casts: Campaign = {
  name: "casts",
  about: "damaged recordings are read or refused, play and are drawn, in bounded time and memory",
  unit: "recordings",
  count: 100_000,
  run,
};
