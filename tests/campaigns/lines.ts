/**
 * `deno task campaign lines`: whatever may be typed. Sessions of random lines: commands with arguments right and wrong,
 * filters, lines with some characters changed, noise, other people's alphabets, very long ones, deep brackets; and
 * random keys into the editor. Each line has an answer within bounded time and length, none is a bug, and what is in
 * memory fits together at the end.
 *
 * @module
 */

import { cpuUsage } from "node:process";
import type { ArgSpec, Command, HostFiles } from "../../src/framework/command.ts";
import { CommandError } from "../../src/framework/errors.ts";
import { COMMANDS } from "../../src/commands/registry.ts";
import { boot, bootAgain, newSession } from "../../src/repl/boot.ts";
import { complete, historySuggestion, usageHint } from "../../src/repl/completion.ts";
import { KeyDecoder } from "../../src/repl/editor/keys.ts";
import { layout } from "../../src/repl/editor/layout.ts";
import { press } from "../../src/repl/editor/press.ts";
import { emptyLine } from "../../src/repl/editor/state.ts";
import { parseFlags } from "../../src/repl/flags.ts";
import { highlight } from "../../src/repl/highlight.ts";
import { needsMore } from "../../src/repl/interact.ts";
import { paint } from "../../src/repl/paint.ts";
import { Shell } from "../../src/repl/shell.ts";
import { BEGINNINGS, USEFUL, WORDS } from "../commands/line_words.ts";
import type { Campaign, Random } from "./campaign.ts";

/** Lines of a session. */
const LENGTH = 40;
/** Characters of a very long line. */
const LONG = 100_000;
/** Milliseconds of processor time that a line may take: its budget of instructions takes far less. */
const MOST_MS = 20_000;
/** Characters that an answer may have, and that one line of an error may have. */
const MOST_OUTPUT = 8_000_000;
const MOST_ERROR = 4_000;
/** Bytes that the process may have in use, whatever the count. */
const MOST_MEMORY = 3 * 2 ** 30;
/** It runs several machines to the end of the budget. */
const SLOW = ["compare"];
/** Characters that mean something to the shell, the terminal or nobody. */
const SOUP =
  "0123456789abcxKMGT$_()[]{}'\"|#<>=!~&^%*/+-,:;.\\ \t\n\r\0\x1b\x7f\x03éß中文한글🐄🇨🇭\u0301\u200d\ud83d";
const KEYS = [
  "\x1b[A",
  "\x1b[B",
  "\x1b[C",
  "\x1b[D",
  "\x1b[H",
  "\x1b[F",
  "\x1b[3~",
  "\x1b[1;5C",
  "\x1bb",
  "\x1bd",
]
  .concat([
    ..."\x01\x02\x05\x06\x08\x09\x0b\x0c\x0e\x0f\x10\x12\x13\x14\x15\x17\x18\x19\x1a\x1b\x1f\x7f",
  ])
  .concat(["\x1b[200~", "\x1b[201~", "\r", "\t\t", "\x1b[Z", "\x1b[", "\x1bO", "\x1b[999999;1~"]);

/** The campaign. */
export const lines: Campaign = {
  name: "lines",
  about: "random command lines, noise and keys: an answer to each, never a bug",
  unit: "lines",
  count: 100_000,
  async run(task) {
    for (let left = task.count; left > 0; left -= LENGTH) {
      await session(task.random);
      task.done(LENGTH);
      if (task.random.oneIn(4)) keys(task.random);
      const { rss } = Deno.memoryUsage();
      if (rss > MOST_MEMORY) throw new Error(`${rss} bytes are in use`);
    }
  },
};

/** One session, on a computer of its own, with files that are nobody's. */
async function session(random: Random): Promise<void> {
  const written = new Map<string, Uint8Array>();
  const files: HostFiles = {
    read: (path) => {
      const bytes = written.get(path);
      if (bytes === undefined) throw new CommandError(`${path}: no such file`, 5);
      return Promise.resolve(bytes);
    },
    check: () => {},
    write: (path, bytes) => void written.set(path, bytes),
    grow: (path) => {
      throw new CommandError(`${path}: no such directory`, 5);
    },
  };
  const options = parseFlags(["--mem", "16M", "--budget", "500000"]);
  const s = newSession(await boot(options, files), options, {
    color: random.oneIn(2),
    interactive: false,
    history: () => [],
    boot: (flags) => bootAgain(options, flags, files),
  });
  let out = "", error = "";
  const shell = new Shell(s, {
    output: {
      out: (text) => void (out += text),
      err: (message) => void (error += message + "\n"),
      progress: () => {},
      width: () => 80,
    },
    files,
    breathe: () => Promise.resolve(),
    clock: () => performance.now(),
    guestInput: (body) =>
      body({ take: () => new Uint8Array(), ended: true, wait: () => Promise.resolve() }),
  });
  const typed = [...random.pick(BEGINNINGS)];
  while (typed.length < LENGTH) typed.push(lineOf(random));
  for (const [i, line] of typed.entries()) {
    out = error = "";
    const began = processorMs();
    const { status } = await shell.run(line);
    const took = processorMs() - began;
    const wrong = took > MOST_MS
      ? `${Math.round(took)} ms of processor time`
      : ![0, 1, 2, 3, 4, 5].includes(status) && !/^\s*(q|quit)\b/.test(line)
      ? `status ${status}`
      : /bug in cowsh|\bundefined\b|\[object|\bNaN\b/.test(error + out.slice(0, 100_000)) &&
          !/undefined|NaN|object/.test(line)
      ? "nonsense"
      : out.length > MOST_OUTPUT
      ? `${out.length} characters of output`
      : error.length > MOST_ERROR || /\n./.test(error)
      ? "an error of more than one line"
      : status === 0 && /^[^#"']* --json$/.test(line) && !isJson(out)
      ? "no JSON"
      : undefined;
    if (wrong !== undefined) throw new Error(report(wrong, typed.slice(0, i + 1), out + error));
  }
  const findings = s.vm.audit();
  if (findings.length > 0) throw new Error(report(JSON.stringify(findings[0], plain), typed, ""));
}

/** This process's own: a busy machine makes no line wrong. */
function processorMs(): number {
  const { user, system } = cpuUsage();
  return (user + system) / 1000;
}

const plain = (_: string, value: unknown) => typeof value === "bigint" ? `${value}` : value;

function isJson(text: string): boolean {
  try {
    JSON.parse(text.split("\n")[0]);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

function report(wrong: string, typed: readonly string[], said: string): string {
  const shown = typed.map((line) =>
    line.length < 400
      ? JSON.stringify(line)
      : `${JSON.stringify(line.slice(0, 200))} … ${line.length}`
  );
  return `${wrong}\n${said.slice(0, 2000)}\nafter\n${shown.join("\n")}`;
}

/** Any line. */
function lineOf(random: Random): string {
  const kind = random.below(100);
  if (kind < 55) return commandLine(random) + filters(random);
  if (kind < 75) return random.pick(USEFUL);
  if (kind < 88) return changed(random, commandLine(random) + filters(random));
  if (kind < 94) return soup(random, 1 + random.below(40));
  if (kind < 95) return long(random);
  if (kind < 96) return deep(random);
  return `${random.pick(COMMANDS).name} ${soup(random, 1 + random.below(20))}`;
}

function wordOf(random: Random, spec: Pick<ArgSpec, "kind" | "choices">): string {
  if (random.oneIn(25)) return soup(random, 1 + random.below(8));
  if (spec.choices !== undefined && !random.oneIn(5)) return random.pick(spec.choices);
  return random.pick(WORDS[spec.kind]);
}

function commandLine(random: Random): string {
  const command: Command = random.pick(COMMANDS.filter((c) => !SLOW.includes(c.name)));
  const words = [random.oneIn(8) && command.aliases.length > 0 ? command.aliases[0] : command.name];
  for (const flag of command.flags) {
    if (!random.oneIn(6)) continue;
    words.push(`--${flag.name}`);
    if (flag.kind !== undefined) words.push(wordOf(random, { ...flag, kind: flag.kind }));
  }
  for (const arg of command.args) {
    if (arg.optional && random.oneIn(2)) break;
    const many = arg.rest ? random.below(3) : 1;
    for (let i = 0; i < many; i++) words.push(wordOf(random, arg));
  }
  if (random.oneIn(8)) words.push("--json");
  if (random.oneIn(20)) words.push("--ts");
  return words.join(" ");
}

function filters(random: Random): string {
  let text = "";
  while (random.oneIn(6)) {
    text += " | " + random.pick([
      "count",
      "json",
      "head 2",
      "head 0 --json",
      "cols PID,NAME",
      "cols VA",
      "cols NOSUCH",
      "where PID == 2",
      "where NAME ~ e",
      "where SIZE >= 4K",
      "where VA == -",
      "where PA != pa(0x3000)",
      "grep x",
      "",
    ]);
  }
  return text;
}

/** A line with some characters dropped, doubled, swapped or replaced. */
function changed(random: Random, line: string): string {
  const letters = [...line];
  for (let i = 1 + random.below(3); i > 0; i--) {
    const at = random.below(letters.length + 1);
    const piece = letters.slice(at, at + 1 + random.below(4));
    const by = random.pick([[], [...piece, ...piece], piece.toReversed(), [soup(random, 1)]]);
    letters.splice(at, piece.length, ...by);
  }
  return letters.join("");
}

function soup(random: Random, length: number): string {
  const letters = [...SOUP];
  const noise = random.oneIn(3);
  return Array.from(
    { length },
    () =>
      noise
        ? String.fromCharCode(random.below(random.oneIn(2) ? 256 : 65536))
        : random.pick(letters),
  ).join("");
}

function long(random: Random): string {
  const piece = random.pick([
    "1",
    "f",
    "0x1",
    " ",
    "a ",
    "|",
    "'",
    '"',
    "(",
    "()",
    "\n",
    "(\n",
    "-",
    "1+",
    "$",
    "\\",
    "| head 1 ",
    "é",
    "🐄",
  ]);
  const start = random.pick([
    "",
    "pte ",
    "expect ",
    "ps | ",
    "run echo ",
    "print 1+",
    "# ",
    "'",
    "set ",
  ]);
  return start + piece.repeat(LONG / piece.length);
}

function deep(random: Random): string {
  const n = random.pick([10, 199, 201, 5000]);
  const [open, close] = random.pick([["(", ")"], ["[", "]"], ["{", "}"], ["pa(", ")"], ["-", ""], [
    "2:(",
    ")",
  ]]);
  return `${random.pick(["print ", "pte ", "expect ", "store 0x3000 "])}${open.repeat(n)}1${
    close.repeat(n)
  }`;
}

/** Keys into the editor: every state can be drawn, the cursor is in the text. */
function keys(random: Random): void {
  const history = USEFUL;
  let pressed = "";
  let state = emptyLine(history);
  const decoder = new KeyDecoder();
  const colors = paint(true);
  const nobody = { candidates: () => [{ text: "0x3000", doc: "heap" }, { text: "main" }] };
  const surroundings = {
    complete: (text: string, cursor: number) => complete(text, cursor, COMMANDS, nobody),
    needsMore,
    suggest: (text: string) => historySuggestion(text, history),
  };
  try {
    for (let i = 0; i < 100; i++) {
      const bytes = random.oneIn(2)
        ? random.pick(KEYS)
        : random.oneIn(3)
        ? soup(random, 3)
        : random.pick(USEFUL).slice(0, 1 + random.below(8));
      pressed += bytes;
      const raw = new TextEncoder().encode(bytes);
      const cut = random.oneIn(10) ? raw.subarray(0, random.below(raw.length + 1)) : raw;
      const got = decoder.feed(cut);
      if (random.oneIn(10)) got.push(...decoder.flush());
      for (const key of got) {
        const next = press(state, key, surroundings);
        state = next.effect === "submit" || next.effect === "cancel"
          ? emptyLine(history, next.state.killed)
          : next.state;
        if (state.cursor < 0 || state.cursor > state.text.length) {
          throw new Error("the cursor is outside the text");
        }
      }
      const drawn = layout(state, {
        prompt: "> ",
        continued: "… ",
        hint: usageHint(state.text, COMMANDS),
        highlight: (text) => highlight(text, (name) => name === "ps", colors),
        colors,
        columns: random.pick([8, 20, 80, 200]),
        rows: random.pick([2, 6, 24]),
      });
      if (drawn.rows.length === 0) throw new Error("nothing is drawn");
    }
  } catch (error) {
    throw new Error(
      `keys ${JSON.stringify(pressed)}: ${error instanceof Error ? error.stack : error}`,
    );
  }
}
