/**
 * What a command hands back: typed sections that a reader's renderer, a filter and `--json` all
 * work from. Nothing here is text until the renderer prints it, so the three cannot drift apart.
 */

/** How a value is meant: decides its text (`0x…`, `64K`), its alignment and its JSON form. */
export type Kind =
  /** A virtual address, printed `0x4000`; JSON `"0x4000"`. */
  | "va"
  /** A physical address, printed and put in JSON as {@linkcode Kind} `va` is. */
  | "pa"
  /** A raw page-table entry, in hexadecimal. */
  | "pte"
  /** Any other number better read in hexadecimal: a register, an instruction, satp. */
  | "hex"
  /** Bytes, printed `4096`, `64K`, `2M` when exact; a plain number in JSON. */
  | "size"
  /** A count or other decimal number, right-aligned. */
  | "number"
  /** A process id. */
  | "pid"
  /** Ready-made text: names, flags, states. */
  | "text";

/** What a cell may hold; `null` prints as `-`. */
export type Value = bigint | number | string | boolean | null;

/** A hint for colour; it never carries meaning that the text does not. */
export type Tone = "plain" | "dim" | "good" | "warn" | "bad" | "strong";

/** A value, or a value with its own kind or tone where the column's does not fit. */
export type Cell = Value | {
  value: Value;
  kind?: Kind;
  tone?: Tone;
  /** Printed in place of what the kind would print. */
  shown?: string;
};

/** One column of a table. */
export interface Column {
  /** The heading, in capitals: `PTE-ADDR`. Filters name it without regard to case. */
  name: string;
  /** How its values are meant; `text` when not given. */
  kind?: Kind;
  /** Overrides the side that the kind asks for: numbers right, `text` left. */
  align?: "left" | "right";
  /** The property name in JSON; the heading in lower camel case (`pteAddr`) when not given. */
  key?: string;
}

/** Rows under headings. */
export interface TableSection {
  type: "table";
  /** The property that holds the rows in derived JSON; `rows` when not given. */
  name?: string;
  columns: Column[];
  rows: Cell[][];
}

/** Lines printed as they are. */
interface TextSection {
  type: "text";
  lines: string[];
  tone?: Tone;
  /** Prose: on a terminal, lines too long for it are broken at blanks. */
  fold?: boolean;
}

/** What the guest wrote to its console: printed raw, unless `ctx.emit` already streamed it. */
interface ConsoleSection {
  type: "console";
  text: string;
}

/** Names with their values on one line, `satp 0x…  mode Sv39`, or one a line. */
export interface PairsSection {
  type: "pairs";
  pairs: Pair[];
  /** True sets each pair on a line of its own, names padded. */
  tall?: boolean;
}

/** A name with its value. */
interface Pair {
  name: string;
  value: Value;
  kind?: Kind;
  tone?: Tone;
}

/** One line that comments on the rest: a verdict, a hint what to type next. */
export interface NoteSection {
  type: "note";
  text: string;
  tone?: Tone;
}

/** One piece of a result. */
export type Section = TableSection | TextSection | ConsoleSection | PairsSection | NoteSection;

/** Which of the two kinds an address is. */
export type Space = "va" | "pa";

/** An address, and in which space it is one. */
export interface Place {
  space: Space;
  address: bigint;
}

/** Whatever JSON can say. That is no bigint, so that nobody loses bits: `hex` makes a text. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** The whole answer of one command. */
export interface Result {
  /** Printed in order. */
  sections: Section[];
  /** The JSON object of the command; derived from the sections when not given. */
  json?: { [key: string]: Json };
  /** What `$_` becomes: the address that the command showed or made. Without one, `$_` stays. */
  place?: Place;
  /** What `$__` becomes: the number that the command answered, a value read, a count, a status. */
  value?: bigint;
  /** The command's part in the exit code, one of `EXIT`. */
  status?: number;
  /** The same thing through the scripting API, for `--ts` and `save`. */
  api?: string;
}

/** Rows under headings; see {@linkcode TableSection}. */
export function table(columns: Column[], rows: Cell[][], name?: string): TableSection {
  return name === undefined
    ? { type: "table", columns, rows }
    : { type: "table", columns, rows, name };
}

/** A column of {@linkcode tableOf}: heading, kind, its cell for a thing, its property in JSON. */
export type ColumnOf<T> = readonly [
  name: string,
  kind: Kind,
  cell: (of: T, index: number) => Cell | undefined,
  key?: string,
];

/** One row a thing; what a column does not know of one prints as `-`. */
export function tableOf<T>(
  things: readonly T[],
  name: string,
  columns: readonly ColumnOf<T>[],
): TableSection {
  return table(
    columns.map(([name, kind, , key]) => key === undefined ? { name, kind } : { name, kind, key }),
    things.map((thing, i) => columns.map(([, , cell]) => cell(thing, i) ?? null)),
    name,
  );
}

/** A virtual address as what `$_` becomes. */
export function atVa(address: bigint): Place {
  return { space: "va", address };
}

/** A physical address as what `$_` becomes. */
export function atPa(address: bigint): Place {
  return { space: "pa", address };
}

/** Lines printed as they are. */
export function text(lines: string | string[], tone?: Tone): TextSection {
  const list = typeof lines === "string" ? lines.split("\n") : lines;
  return tone === undefined ? { type: "text", lines: list } : { type: "text", lines: list, tone };
}

/** The guest's console output. */
export function consoleText(output: string): ConsoleSection {
  return { type: "console", text: output };
}

/** Names with values on one line; `["satp", 0x8n, "hex"]`. */
export function pairs(...list: (Pair | [string, Value, Kind?])[]): PairsSection {
  return {
    type: "pairs",
    pairs: list.map((p) =>
      !Array.isArray(p)
        ? p
        : p[2] === undefined
        ? { name: p[0], value: p[1] }
        : { name: p[0], value: p[1], kind: p[2] }
    ),
  };
}

/** One commenting line. */
export function note(line: string, tone?: Tone): NoteSection {
  return tone === undefined ? { type: "note", text: line } : { type: "note", text: line, tone };
}

/** A result from its sections, in order, and what else there is to say. */
export function result(sections: Section[], more: Omit<Result, "sections"> = {}): Result {
  return { sections, ...more };
}
