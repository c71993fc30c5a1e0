/** What Tab offers, what the grey hint says: both from the commands' declarations. */

import { COMMON_FLAGS, flagUsage, usage } from "../framework/arguments.ts";
import type { ArgKind, ArgSpec, Command, FlagSpec } from "../framework/command.ts";
import { type Segment, split, wholeLines } from "../framework/split.ts";
import type { Candidate, Completion } from "./editor/state.ts";
import { FILTERS } from "./filters.ts";

/** Where candidates that depend on the machine come from. */
export interface Sources {
  /** Everything that an argument of this kind may be right now. */
  candidates(kind: ArgKind): Iterable<Candidate>;
}

/** Kinds whose words are expressions: the name at their end completes. */
const EXPRESSIONS: readonly ArgKind[] = ["va", "pa", "expr", "size", "count", "pid", "symbol"];

/** Candidates for the word before the cursor. */
export function complete(
  text: string,
  cursor: number,
  commands: readonly Command[],
  sources: Sources,
): Completion {
  const head = text.slice(0, cursor);
  const line = [...wholeLines(head)].at(-1);
  const none = { start: cursor, candidates: [] };
  // A blank line of several begins afresh; so does an empty one.
  if (!line || line.at + line.text.length < head.trimEnd().length) {
    return choose(head, cursor, "", commandNames(commands));
  }
  const source = head.slice(line.at);
  const { segments } = split(source);
  const segment = segments[segments.length - 1];
  const words = segment.words.map((w) => w.text);
  const last = segment.words[segment.words.length - 1];
  const typing = last !== undefined && last.end === source.length;
  const word = typing ? words.pop()! : "";
  const start = typing ? line.at + last.at : cursor;
  if (source.slice(last?.end ?? 0).includes("#")) return none;
  if (segments.length > 1) {
    if (words.length > 0) return none;
    const filters = FILTERS.map((f) => ({ text: f.name, doc: f.doc, open: f.name === "count" }));
    return choose(head, start, word, filters);
  }
  if (words.length === 0) return choose(head, start, word, commandNames(commands, word));
  const command = byName(commands, words[0]);
  if (!command) return none;
  return argument(head, start, word, words.slice(1), command, commands, sources);
}

function byName(commands: readonly Command[], name: string): Command | undefined {
  return commands.find((c) => c.name === name || c.aliases.includes(name));
}

function commandNames(commands: readonly Command[], typed = ""): Candidate[] {
  const names = commands.map((c) => ({ text: c.name, doc: c.summary }));
  if (names.some((n) => n.text.startsWith(typed))) return names;
  return commands.flatMap((c) => c.aliases.map((text) => ({ text, doc: c.summary })));
}

function argument(
  head: string,
  start: number,
  word: string,
  before: string[],
  command: Command,
  commands: readonly Command[],
  sources: Sources,
): Completion {
  const { spec, verbatim } = position(command, before);
  if (word.startsWith("-") && !verbatim) {
    const flags = [...command.flags, ...COMMON_FLAGS].map((f) => ({
      text: `--${f.name}`,
      doc: f.doc,
    }));
    return choose(head, start, word, flags);
  }
  if (!spec) return { start, candidates: [] };
  const words = spec.choices ?? ("offers" in spec ? spec.offers : undefined);
  if (words) return choose(head, start, word, words.map((text) => ({ text })));
  const kind = spec.kind ?? "text";
  if (kind === "command") return choose(head, start, word, commandNames(commands, word));
  if (!EXPRESSIONS.includes(kind)) {
    return choose(head, start, word, [...sources.candidates(kind)]);
  }
  // Behind an operator, a bracket or a colon a new term begins.
  const term = /\$?[\w.]*$/.exec(word)![0];
  const from = start + word.length - term.length;
  const candidates = term.startsWith("$")
    ? [...sources.candidates("register")].map((c) => ({ ...c, text: "$" + c.text }))
    : [...sources.candidates(kind)];
  return choose(head, from, term, candidates);
}

/** Where some words behind a command's name have come to. */
interface Reached {
  /** Of the positional arguments. */
  readonly index: number;
  /** The flag whose value comes next. */
  readonly flag: FlagSpec | undefined;
  /** Flags given so far. */
  readonly given: ReadonlySet<FlagSpec>;
  /** No flag can come any more: the words are a guest program's, or an expression's. */
  readonly verbatim: boolean;
}

function reached({ args, flags }: Command, words: readonly string[]): Reached {
  const from = args.findIndex((a) => a.verbatim || a.kind === "line");
  const given = new Set<FlagSpec>();
  let index = 0;
  let flag: FlagSpec | undefined;
  for (const word of words) {
    if (flag) flag = undefined;
    else if (!(from >= 0 && index >= from) && /^-\D/.test(word)) {
      const found = flags.find((f) => `--${f.name}` === word || `-${f.short}` === word);
      if (found) given.add(found);
      flag = found?.kind ? found : undefined;
    } else index++;
  }
  return { index, flag, given, verbatim: from >= 0 && index >= from };
}

/** The argument or flag value that comes next behind some words, and whether flags are over. */
function position(
  command: Command,
  before: string[],
): { spec: ArgSpec | FlagSpec | undefined; verbatim: boolean } {
  const { index, flag, verbatim } = reached(command, before);
  if (flag) return { spec: flag, verbatim: true };
  const last = command.args[command.args.length - 1];
  return { spec: command.args[index] ?? (last?.rest ? last : undefined), verbatim };
}

/** Those that begin with the word; where none does, those that do so without regard to case. */
function choose(head: string, start: number, word: string, all: Candidate[]): Completion {
  const from = Math.min(start, head.length);
  const exact = all.filter((c) => c.text.startsWith(word));
  const loose = () => all.filter((c) => c.text.toLowerCase().startsWith(word.toLowerCase()));
  const candidates = exact.length > 0 ? exact : loose();
  const seen = new Set<string>();
  return {
    start: from,
    candidates: candidates.filter((c) => !seen.has(c.text) && seen.add(c.text)),
  };
}

/** What is still to come for the command on the line: `VA [-p PID]`; empty when nothing is. */
export function usageHint(text: string, commands: readonly Command[]): string {
  const line = [...wholeLines(text)].at(-1);
  if (!line || line.open) return "";
  const source = text.slice(line.at);
  const { segments } = split(source);
  if (segments.length !== 1 || source.includes("#")) return "";
  const words = segments[0].words;
  const command = words.length > 0 ? byName(commands, words[0].text) : undefined;
  if (!command) return "";
  const rest = remaining(command, segments[0]);
  if (rest === "") return "";
  return /\s$/.test(source) ? rest : ` ${rest}`;
}

function remaining(command: Command, segment: Segment): string {
  const words = segment.words.slice(1).map((w) => w.text);
  if (words.length === 0) return usage(command).slice(command.name.length + 1);
  const { index, flag, given } = reached(command, words);
  if (flag) return flagUsage(flag).split(" ")[1];
  const left: Command = {
    ...command,
    args: command.args.slice(index),
    flags: command.flags.filter((f) => !given.has(f)),
  };
  return usage(left).slice(command.name.length + 1);
}

/** The rest of the newest history entry that begins with the text; empty when none does. */
export function historySuggestion(text: string, history: readonly string[]): string {
  if (text === "" || text.includes("\n")) return "";
  const found = history.findLast((h) => h.startsWith(text) && h !== text && !h.includes("\n"));
  return found?.slice(text.length) ?? "";
}
