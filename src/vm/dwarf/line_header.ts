/** What stands in front of a line program: its files, and how its opcodes are to be read. */

import { FORM } from "./constants.ts";
import type { Cursor } from "./cursor.ts";
import { type Encoding, readForm } from "./forms.ts";
import { cursorIn, type Sections } from "./sections.ts";

/** A source file, as a line table names it. */
export interface SourceFile {
  /** Its path: absolute, or from {@link folder}. */
  readonly path: string;
  /** The folder in which the compiler was called; empty where nobody says. */
  readonly folder: string;
}

/** The head of a line program. */
export interface LineHeader extends Encoding {
  readonly minimum: number;
  readonly startsStatement: boolean;
  readonly lineBase: number;
  readonly lineRange: number;
  readonly opcodeBase: number;
  /** How many operands the standard opcodes have, from opcode 1 on. */
  readonly operands: readonly number[];
  /** Its files by the numbers that the program gives them. */
  readonly files: readonly (SourceFile | undefined)[];
}

/** What an entry of a table of files or folders holds (DW_LNCT). */
const PATH = 1, DIRECTORY = 2;
/** More no source tree has. */
const MAX_FILES = 100_000;

/**
 * Reads the head of the program at an offset of .debug_line; the cursor stands at the program then,
 * which ends where it ends. `folder`: where the compiler of the unit was called.
 */
export function readLineHeader(
  sections: Sections,
  at: number,
  folder: string,
): { header: LineHeader; program: Cursor } {
  const section = cursorIn(sections, "line", at);
  const { length, size: offsetSize } = section.unitLength();
  const cursor = section.part(length);
  const version = cursor.u16();
  if (version < 2 || version > 5) throw cursor.wrong(`a line table of version ${version}`);
  let addressSize = 8;
  if (version >= 5) {
    addressSize = cursor.u8();
    cursor.skip(1);
  }
  const rest = cursor.number(offsetSize);
  const end = cursor.at + rest;
  const minimum = cursor.u8();
  if (version >= 4) cursor.skip(1);
  const startsStatement = cursor.u8() !== 0;
  const lineBase = cursor.s8(), lineRange = cursor.u8(), opcodeBase = cursor.u8();
  if (lineRange === 0) throw cursor.wrong("a line table whose lines have no range");
  if (opcodeBase === 0) throw cursor.wrong("a line table without opcodes");
  const operands = Array.from({ length: opcodeBase - 1 }, () => cursor.u8());
  const encoding = { version, addressSize, offsetSize };
  const files = version >= 5
    ? filesOf5(sections, cursor, encoding, folder)
    : filesOf2(cursor, folder);
  if (end < cursor.at) throw cursor.wrong("a line table whose head is too long");
  cursor.skip(end - cursor.at);
  return {
    header: {
      ...encoding,
      minimum,
      startsStatement,
      lineBase,
      lineRange,
      opcodeBase,
      operands,
      files,
    },
    program: cursor,
  };
}

/** A path from its two halves, without `.` and `..` in the middle. */
export function joined(folder: string, name: string): string {
  const whole = name.startsWith("/") || folder === "" ? name : `${folder}/${name}`;
  const parts: string[] = [];
  for (const part of whole.split("/")) {
    if (part === "." || (part === "" && parts.length > 0)) continue;
    if (part === ".." && parts.length > 0 && !["", ".."].includes(parts.at(-1)!)) parts.pop();
    else parts.push(part);
  }
  return parts.join("/");
}

function fileOf(directory: string | undefined, name: string, folder: string): SourceFile {
  const path = joined(directory ?? "", name);
  const inside = folder !== "" && path.startsWith(`${folder}/`);
  return { path: inside ? path.slice(folder.length + 1) : path, folder };
}

/** To version 4: folders, then files; number 1 is the first, folder 0 is the compiler's. */
function filesOf2(cursor: Cursor, folder: string): (SourceFile | undefined)[] {
  const folders: string[] = [""];
  for (let text = cursor.text(); text !== ""; text = cursor.text()) folders.push(text);
  const files: (SourceFile | undefined)[] = [undefined];
  for (let name = cursor.text(); name !== ""; name = cursor.text()) {
    files.push(fileOf(folders[cursor.uleb()], name, folder));
    cursor.uleb();
    cursor.uleb();
  }
  return files;
}

/** From version 5 on: both with a description of what their entries hold; number 0 is the first. */
function filesOf5(
  sections: Sections,
  cursor: Cursor,
  encoding: Encoding,
  unitFolder: string,
): SourceFile[] {
  const folders = entriesOf5(sections, cursor, encoding).map(({ path }) => path);
  const folder = folders[0] ?? unitFolder;
  return entriesOf5(sections, cursor, encoding).map(({ path, directory }) =>
    fileOf(directory === 0 ? "" : folders[directory], path, folder)
  );
}

function entriesOf5(
  sections: Sections,
  cursor: Cursor,
  encoding: Encoding,
): { path: string; directory: number }[] {
  const formats = Array.from({ length: cursor.u8() }, () => ({
    content: cursor.uleb(),
    form: cursor.uleb(),
  }));
  const count = cursor.uleb();
  if (count > MAX_FILES || (count > 0 && formats.length === 0)) {
    throw cursor.wrong(`a table of ${count} files`);
  }
  const entries: { path: string; directory: number }[] = [];
  for (let i = 0; i < count; i++) {
    let path = "", directory = 0;
    for (const { content, form } of formats) {
      if (form === FORM.string) {
        const text = cursor.text();
        if (content === PATH) path = text;
        continue;
      }
      const raw = readForm(cursor, form, encoding);
      if (typeof raw !== "number") continue;
      if (content === DIRECTORY) directory = raw;
      if (content !== PATH) continue;
      if (form === FORM.line_strp) path = cursorIn(sections, "line_str", raw).text();
      else if (form === FORM.strp) path = cursorIn(sections, "str", raw).text();
    }
    entries.push({ path, directory });
  }
  return entries;
}
