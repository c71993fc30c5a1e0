/** Help out of the commands' declarations: the list, a command's page, all pages as Markdown. */

import { COMMON_FLAGS, flagUsage, usage } from "../framework/arguments.ts";
import { KIND_WORDS } from "../framework/convert.ts";
import { type ArgKind, type Command, GROUPS } from "../framework/command.ts";
import { CommandError } from "../framework/errors.ts";
import { note, type Result, result, type Section, text, type Tone } from "../framework/result.ts";
import { whyRefused } from "../vm/refusals.ts";
import { noCommand } from "../framework/habits.ts";

/** What may stand in a line, for the list and the command page; `help` knows it by the names. */
const TERMS: readonly (readonly [name: string, what: string, names: string])[] = [
  [
    "Numbers",
    "42, 0x2a, 0b1010, 64K (K M G T), $a0, $satp, main+8, 3:0x4000 of pid 3",
    "numbers number expressions expression addresses",
  ],
  [
    "Functions",
    "pa(VA), va(PA), u8(VA) to u64(VA), refcount(PA), mappings(PA), free()",
    "functions pa va u8 u16 u32 u64",
  ],
  ["Last", "$_ the last address shown, $__ the last number answered", "last $_ $__"],
  [
    "Filters",
    "| where COL OP V, | cols A,B, | head N, | count, | json",
    "filters filter | where cols head count json",
  ],
];

/** Lines that a terminal may break. */
function prose(lines: string[], tone?: Tone): Section {
  return { ...text(lines, tone), fold: true };
}

/** What there is to say about a name: a command's page, or what stands in lines, like `filters`. */
export function helpOf(commands: readonly Command[], name: string): Result {
  const term = TERMS.find(([, , names]) => names.split(" ").includes(name));
  if (term !== undefined) return result([prose([`${term[0]}: ${term[1]}`])]);
  const found = commands.find((c) => c.name === name || c.aliases.includes(name));
  if (found) return helpResult(found);
  const names = commands.flatMap((c) => [c.name, ...c.aliases]);
  throw new CommandError(noCommand(name, name, names, () => false));
}

function inGroups(commands: readonly Command[]): [string, Command[]][] {
  return GROUPS.map((g): [string, Command[]] => [g, commands.filter((c) => c.group === g)])
    .filter(([, list]) => list.length > 0);
}

/** Every command by group, each with its summary. */
export function listOfCommands(commands: readonly Command[]): Result {
  const widest = Math.max(...commands.map((c) => usageName(c).length));
  const lines = inGroups(commands).flatMap(([group, list]) => [
    group,
    ...list.map((c) => `  ${usageName(c).padEnd(widest)}  ${c.summary}`),
    "",
  ]);
  return result([
    prose(lines),
    prose([
      ...TERMS.map(([name, what]) => `${name}: ${what}`),
      "help NAME shows one command with examples.",
    ], "dim"),
  ], {
    json: {
      commands: commands.map((c) => ({
        name: c.name,
        aliases: [...c.aliases],
        group: c.group,
        usage: usage(c),
        summary: c.summary,
      })),
    },
  });
}

/** `refcount (rc)`. */
function usageName(c: Command): string {
  return c.aliases.length > 0 ? `${c.name} (${c.aliases.join(", ")})` : c.name;
}

/** Kinds about which there is nothing more to know than an argument's own phrase. */
const SAID: ReadonlySet<ArgKind> = new Set(["text", "line", "program", "command"]);

/** Name, meaning and default of each argument and flag. */
function parameters(c: Command): [string, string][] {
  return [
    ...c.args.map((a): [string, string] => {
      const kind = a.choices ? `one of ${a.choices.join(", ")}` : KIND_WORDS[a.kind];
      const says = a.doc === undefined || SAID.has(a.kind) && !a.choices;
      return [
        a.name.toUpperCase() + (a.rest ? "…" : ""),
        says ? a.doc ?? kind : `${a.doc} (${kind})`,
      ];
    }),
    ...c.flags.map((f): [string, string] => {
      const long = f.short ? `${flagUsage(f)}, --${f.name}` : flagUsage(f);
      return [long, f.choices ? `${f.doc}: ${f.choices.join(", ")}` : f.doc];
    }),
  ];
}

/** What is said of a command before its parameters, a line each. */
function paragraphs(c: Command): string[] {
  const refused = onGuests(c);
  return [
    ...(c.details === "" ? [] : c.details.split("\n")),
    ...(refused === undefined ? [] : [refused]),
  ];
}

/** Why it does nothing where a guest runs a kernel of its own; undefined: it does something. */
function onGuests(c: Command): string | undefined {
  const why = whyRefused(c.name);
  return why && `Refused on a guest's kernel: ${why}.`;
}

/** One command's page. */
export function helpResult(c: Command): Result {
  const sections: Section[] = [prose([`${usage(c)}`], "strong"), prose([`  ${c.summary}`])];
  if (c.aliases.length > 0) sections.push(text([`  also: ${c.aliases.join(", ")}`], "dim"));
  const details = paragraphs(c);
  if (details.length > 0) sections.push(...["", ...details].map((line) => note(line)));
  const rows = parameters(c);
  if (rows.length > 0) {
    const widest = Math.max(...rows.map(([name]) => name.length));
    sections.push(prose(["", ...rows.map(([name, doc]) => `  ${name.padEnd(widest)}  ${doc}`)]));
  }
  for (const example of c.examples) {
    sections.push(text(["", `  # ${example.say}`], "dim"));
    sections.push(text(example.lines.map((line) => `  > ${line}`)));
    sections.push(text(example.shows.map((line) => `  … ${line}`), "dim"));
  }
  return result(sections, {
    json: {
      name: c.name,
      aliases: [...c.aliases],
      group: c.group,
      usage: usage(c),
      summary: c.summary,
      details: c.details,
      parameters: rows.map(([name, doc]) => ({ name, doc })),
      examples: c.examples.map((e) => ({ say: e.say, lines: [...e.lines], shows: [...e.shows] })),
    },
  });
}

/** All pages as one Markdown document: the command page of the docs. */
export function markdown(commands: readonly Command[]): string {
  const lines = ["# Commands", "", "Made by `help --md` from the commands' own declarations.", ""];
  lines.push(
    `Every command also takes ${COMMON_FLAGS.map((f) => `\`--${f.name}\``).join(", ")}.`,
    "",
    "| | |",
    "|---|---|",
    ...TERMS.map(([name, what]) => `| ${name} | ${what.replaceAll("|", "\\|")} |`),
    "",
    "`--json` prints one object a line: `command`, `status`, and what the command found. " +
      "A property has one type in all rows and all answers of a command. Addresses, PTEs and " +
      'registers are `"0x…"`, counts and bytes are numbers, and what is absent is `null`.',
    "",
  );
  for (const [group, list] of inGroups(commands)) {
    lines.push(`## ${group[0].toUpperCase()}${group.slice(1)}`, "");
    for (const c of list) {
      lines.push(`### ${c.name}`, "", `    ${usage(c)}`, "", sentence(c.summary), "");
      if (c.aliases.length > 0) {
        lines.push(`Also: ${c.aliases.map((a) => `\`${a}\``).join(", ")}.`, "");
      }
      if (c.details !== "") lines.push(c.details.replaceAll("\n", "\n\n"), "");
      const refused = onGuests(c);
      if (refused !== undefined) lines.push(refused, "");
      const rows = parameters(c);
      if (rows.length > 0) {
        lines.push("| | |", "|---|---|");
        for (const [name, doc] of rows) {
          lines.push(`| \`${name.replaceAll("|", "\\|")}\` | ${doc.replaceAll("|", "\\|")} |`);
        }
        lines.push("");
      }
      for (const e of c.examples) {
        lines.push(
          `${sentence(e.say).replace(/\.$/, ":")}`,
          "",
          ...e.lines.map((l) => `    > ${l}`),
        );
        lines.push(...e.shows.map((s) => `    … ${s}`), "");
      }
    }
  }
  return lines.join("\n").trimEnd();
}

function sentence(phrase: string): string {
  return `${phrase[0].toUpperCase()}${phrase.slice(1)}${/[.!?]$/.test(phrase) ? "" : "."}`;
}
