/**
 * Words onto a declaration: flags, positional arguments, each made into its kind's value. All
 * complaints about how a command was typed come from here, in one manner.
 *
 * @module
 */

import { pa, va } from "../vm/machine/address.ts";
import type { ArgKind, ArgSpec, Command, FlagSpec } from "./command.ts";
import { CommandError } from "./errors.ts";
import { evaluate, type Evaluated, type Resolver, wantSpace } from "./evaluate.ts";
import { didYouMean } from "./nearest.ts";
import type { Segment, Word } from "./words.ts";

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
export interface Bound {
  args: Record<string, unknown>;
  common: Common;
}

/** What a kind is called in messages and help. */
export const KIND_WORDS: Record<ArgKind, string> = {
  va: "a virtual address, like 0x4000 or 3:0x4000",
  pa: "a physical address, like 0x87f3d000 or pa(0x4000)",
  expr: "a number or expression, like 42, 0x2a or $a0+8",
  pid: "a process id",
  size: "a number of bytes, like 4096, 64K or 4p for pages",
  count: "a whole number",
  perm: 'permissions, like rw or "none"',
  program: "a program's name, or the path of an ELF file",
  file: "a path on the host",
  command: "a command's name",
  symbol: "a symbol or an address",
  snapshot: "a snapshot's name",
  register: "a register or CSR, like a0 or satp",
  text: "a word",
  line: "the rest of the line",
};

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
export function bind(command: Command, segment: Segment, names: Resolver): Bound {
  const args: Record<string, unknown> = {};
  const common: Common = { help: false, json: false, ts: false };
  const positional: Word[] = [];
  const words = segment.words.slice(1);
  const verbatim = command.args.findIndex((a) => a.kind === "line" || (a.rest && a.verbatim));
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
        throw new CommandError(
          `${command.name} ${word.text} needs a value: ${KIND_WORDS[flag.kind]}`,
          undefined,
          word.at,
        );
      }
      value = flag.many
        ? from.text.split(",").map((t) => convert(flag, { ...from, text: t }, names))
        : convert(flag, from, names);
    } else if (inline) {
      throw new CommandError(`${command.name} --${flag.name} takes no value`, undefined, inline.at);
    }
    if (COMMON_FLAGS.includes(flag)) common[flag.name as keyof Common] = true;
    else if (flag.many && Array.isArray(args[flag.name])) {
      (args[flag.name] as unknown[]).push(...value as unknown[]);
    } else args[flag.name] = value;
  }

  if (!common.help) bindPositional(command, positional, segment, names, args);
  return { args, common };
}

function bindPositional(
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
      const whole = segment.source.slice(word.at - segment.at);
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
    throw new CommandError(
      `${command.name} has no use for ${JSON.stringify(extra.text)} (usage: ${usage(command)})`,
      undefined,
      extra.at,
    );
  }
}

/** A word that is only an operator comes from an expression with blanks. */
function refuseOperator(word: Word): void {
  if (word.quoted || !/^[-+*/%&^<>=!|]+$/.test(word.text)) return;
  throw new CommandError(
    `${word.text} stands alone; an expression with blanks goes in brackets, like (0x4000 + 8)`,
    undefined,
    word.at,
  );
}

/**
 * A long flag of the command's own behind a guest program's name, where people put it: `compare cowtest
 * --policies cow`. Short ones and `--help` are the program's there, and all behind `--`.
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
    throw new CommandError(
      `${command.name} has no flag ${word.text}${hint || ` (usage: ${usage(command)})`}`,
      undefined,
      word.at,
    );
  }
  if (joined === undefined) return { flag, inline: undefined };
  return { flag, inline: { ...word, text: joined, at: word.end - joined.length } };
}

/** One word as the value of its kind. */
function convert(spec: ArgSpec | FlagSpec, word: Word, names: Resolver): unknown {
  const kind = spec.kind ?? "text";
  if (spec.choices && !spec.choices.includes(word.text)) {
    const hint = didYouMean(word.text, spec.choices);
    throw new CommandError(
      `${spec.name} is one of ${spec.choices.join(", ")}, not ${word.text}${hint}`,
      undefined,
      word.at,
    );
  }
  const compute = (): Evaluated => {
    refuseOperator(word);
    return evaluate(word.text, names, word.at);
  };
  switch (kind) {
    case "va": {
      const { value, pid, space } = compute();
      const address = va(within64(value, word));
      return { va: address, pid, ...(space === "pa" ? { physical: word.text } : {}) };
    }
    case "pa": {
      const found = compute();
      wantSpace("pa", word.text, found, word.at);
      return pa(within64(found.value, word));
    }
    case "expr":
      return within64(compute().value, word);
    case "pid":
      return whole(compute().value, "a process id", word);
    case "count":
      return whole(compute().value, "a count", word);
    case "size":
      return sizeOf(word, compute);
    case "perm":
      return permissions(word);
    case "register":
      return word.text.replace(/^\$/, "").toLowerCase();
    default:
      if (word.text === "") {
        if (kind === "text") return "";
        throw new CommandError(`${spec.name} is empty`, undefined, word.at);
      }
      return word.text;
  }
}

function within64(value: bigint, word: Word): bigint {
  if (value < -(1n << 63n) || value >= 1n << 64n) {
    throw new CommandError(`${word.text} does not fit in 64 bits`, undefined, word.at);
  }
  return value;
}

function whole(value: bigint, what: string, word: Word): number {
  if (value < 0n || value > 0xffff_ffffn) {
    throw new CommandError(`${word.text} is no good as ${what}: 0 to 2^32-1`, undefined, word.at);
  }
  return Number(value);
}

/** Bytes: an expression, or pages as `4p`, `4 pages`, `"1 page"`. */
function sizeOf(word: Word, compute: () => Evaluated): bigint {
  const pages = /^(\d+) ?p(ages?)?$/.exec(word.text);
  return pages ? BigInt(pages[1]) * 4096n : within64(compute().value, word);
}

function permissions(word: Word): string {
  const letters = word.text.toLowerCase();
  if (letters === "none" || letters === "---") return "none";
  if (!/^[rwx-]+$/.test(letters) || new Set(letters.replaceAll("-", "")).size === 0) {
    throw new CommandError(
      `${word.text} is not a permission: letters out of rwx, or none`,
      undefined,
      word.at,
    );
  }
  return [..."rwx"].filter((c) => letters.includes(c)).join("");
}
