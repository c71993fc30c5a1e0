/**
 * Words onto a declaration: flags, positional arguments, each made into its kind's value. All
 * complaints about how a command was typed come from here, in one manner.
 */

import type { Command, FlagSpec } from "./command.ts";
import { CommandError } from "./errors.ts";
import { convert, KIND_WORDS, refuseOperator } from "./convert.ts";
import type { Resolver } from "./evaluate.ts";
import { didYouMean } from "../vm/nearest.ts";
import type { Segment, Word } from "./split.ts";

/** Flags that every command has; the shell itself obeys them. */
export const COMMON_FLAGS: readonly FlagSpec[] = [
  { name: "help", short: "h", doc: "show the command's help" },
  { name: "json", doc: "print one JSON object" },
  { name: "ts", doc: "print the equivalent call of the scripting API as well" },
];

/** What `--help`, `--json` and `--ts` on the line ask for. */
export interface Common {
  help: boolean;
  json: boolean;
  ts: boolean;
}

/** Arguments by name, each of its declared type. */
interface ParsedArguments {
  args: Record<string, unknown>;
  common: Common;
}

/** Name and usage on one line: `pte VA [-p PID]`. */
export function usage(command: Command): string {
  const args = command.args.map((a) => {
    const name = (a.choices && a.choices.length < 5 ? a.choices.join("|") : a.name.toUpperCase()) +
      (a.rest ? "…" : "");
    return a.optional || a.rest ? `[${name}]` : name;
  });
  const flags = command.flags.map((f) => `[${flagUsage(f)}]`);
  return [command.name, ...args, ...flags].join(" ");
}

/** `-p PID`, `--depth COUNT`, `--all`. */
export function flagUsage(flag: FlagSpec): string {
  const name = flag.short ? `-${flag.short}` : `--${flag.name}`;
  if (flag.kind === undefined) return name;
  const value = flag.choices && flag.choices.length < 6
    ? flag.choices.join("|")
    : flag.kind === "pid"
    ? "PID"
    : flag.name.toUpperCase();
  return `${name} ${value}`;
}

/**
 * Makes a command's arguments from the words behind its name.
 *
 * @throws {CommandError} with exit code 2, the position, and what would be right
 */
export function parseArguments(
  command: Command,
  segment: Segment,
  names: Resolver,
): ParsedArguments {
  const args: Record<string, unknown> = {};
  const common: Common = { help: false, json: false, ts: false };
  const positional: Word[] = [];
  const words = segment.words.slice(1);
  const verbatim = command.args.findIndex((a) => a.kind === "line" || (a.rest && a.verbatim));
  if (command.args.some((a) => a.kind === "line")) {
    // Behind an expression, where nothing else can be meant.
    for (let last = words.at(-1); last !== undefined && !last.quoted; last = words.at(-1)) {
      if (last.text !== "--json" && last.text !== "--ts") break;
      common[last.text === "--json" ? "json" : "ts"] = true;
      words.pop();
    }
  }
  let flagsEnded = false;
  let closed = false;

  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if (verbatim >= 0 && positional.length >= verbatim) flagsEnded = true;
    const ours = !closed && verbatim >= 0 && isOwnLong(command, word);
    if (
      flagsEnded && !ours || word.quoted || !/^-[^\d\s]/.test(word.text) ||
      isNegative(command, word)
    ) {
      positional.push(word);
      continue;
    }
    if (word.text === "--") {
      flagsEnded = closed = true;
      continue;
    }
    const { flag, inline } = findFlag(command, word);
    let value: unknown = true;
    if (flag.kind !== undefined) {
      const from = inline ?? words[++i];
      if (from === undefined) {
        throw CommandError.at(
          word.at,
          `${command.name} ${word.text} needs a value: ${
            flag.kind === "text" ? flag.doc : KIND_WORDS[flag.kind]
          }`,
        );
      }
      value = flag.many
        ? from.text.split(",").map((t) => convert(flag, { ...from, text: t }, names))
        : convert(flag, from, names);
    } else if (inline) {
      throw CommandError.at(inline.at, `${command.name} --${flag.name} takes no value`);
    }
    if (COMMON_FLAGS.includes(flag)) common[flag.name as keyof Common] = true;
    else if (flag.many && Array.isArray(args[flag.name])) {
      (args[flag.name] as unknown[]).push(...value as unknown[]);
    } else args[flag.name] = value;
  }

  if (!common.help) takePositional(command, positional, segment, names, args);
  return { args, common };
}

/** Positional arguments into `args`, by the order of the declaration. */
function takePositional(
  command: Command,
  positional: Word[],
  segment: Segment,
  names: Resolver,
  args: Record<string, unknown>,
): void {
  let next = 0;
  for (const spec of command.args) {
    const word = positional[next];
    if (spec.rest && spec.kind !== "line") {
      const rest = positional.slice(next);
      args[spec.name] = rest.map((w) => convert(spec, w, names));
      next = positional.length;
    } else if (word === undefined) {
      if (spec.optional) continue;
      throw new CommandError(
        `${command.name} needs ${spec.name.toUpperCase()}: ${spec.doc ?? KIND_WORDS[spec.kind]}` +
          ` (usage: ${usage(command)})`,
      );
    } else if (spec.kind === "line") {
      const end = positional[positional.length - 1].end;
      const whole = segment.source.slice(word.at - segment.at, end - segment.at);
      args[spec.name] = spec.rest ? [whole] : whole;
      next = positional.length;
    } else {
      args[spec.name] = convert(spec, word, names);
      next++;
    }
  }
  const extra = positional[next];
  if (extra) {
    refuseOperator(extra);
    throw CommandError.at(
      extra.at,
      `${command.name} has no use for ${JSON.stringify(extra.text)} (usage: ${usage(command)})`,
    );
  }
}

/**
 * A long flag of the command's own behind a guest program's name, where people put it: `compare
 * cowtest --policies cow`. Short ones and `--help` are the program's there, and all behind `--`.
 */
function isOwnLong(command: Command, word: Word): boolean {
  if (word.quoted || command.args.some((a) => a.kind === "line")) return false;
  const name = /^--([^=]+)/.exec(word.text)?.[1];
  return name === "json" || name === "ts" || command.flags.some((f) => f.name === name);
}

/** `-x` as an expression, `-$a0`, `-(1)`, where the command has no such flag and wants a value. */
function isNegative(command: Command, word: Word): boolean {
  return /^-[($~]/.test(word.text) && !command.flags.some((f) => `-${f.short}` === word.text);
}

function findFlag(command: Command, word: Word): { flag: FlagSpec; inline: Word | undefined } {
  const all = [...command.flags, ...COMMON_FLAGS];
  const long = /^--([^=]+)(=(?<value>.*))?$/s.exec(word.text);
  const flag = long
    ? all.find((f) => f.name === long[1])
    : all.find((f) => f.short === word.text[1]);
  const joined = long ? long.groups?.value : word.text.slice(2) || undefined;
  if (!flag || (!long && joined !== undefined && flag.kind === undefined)) {
    const names = all.flatMap((f) => [`--${f.name}`, ...(f.short ? [`-${f.short}`] : [])]);
    const hint = didYouMean(word.text.replace(/=.*$/s, ""), names);
    throw CommandError.at(
      word.at,
      `${command.name} has no flag ${word.text}${hint || ` (usage: ${usage(command)})`}`,
    );
  }
  if (joined === undefined) return { flag, inline: undefined };
  return { flag, inline: { ...word, text: joined, at: word.end - joined.length } };
}
