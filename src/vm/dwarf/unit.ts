/** Units of .debug_info: a source file each, with its entries, read when they are asked for. */

import { type Abbreviation, type Abbreviations, readAbbreviations } from "./abbreviations.ts";
import { AT, FORM } from "./constants.ts";
import { type Cursor, DwarfError } from "./cursor.ts";
import { Die } from "./die.ts";
import { type Encoding, type Raw, readForm, readValue, type Value } from "./forms.ts";
import type { Range } from "./ranges.ts";
import { cursorIn, type Sections } from "./sections.ts";

/** Kinds of units in version 5 (DW_UT): those with a whole source file, and what precedes entries. */
const UT = { compile: 1, type: 2, partial: 3, skeleton: 4, split_compile: 5, split_type: 6 };
/** How deep entries may be nested. */
const MAX_DEPTH = 200;
/** How many times as long as its section all tables of abbreviations may be that are read. */
const TABLES_LIMIT = 16;

/** The entries of a file. */
export class Info {
  readonly sections: Sections;
  readonly #tables = new Map<number, Abbreviations>();
  #tableBytes = 0;
  #units: Unit[] | undefined;

  /** Of these sections; nothing is read yet. */
  constructor(sections: Sections) {
    this.sections = sections;
  }

  /** The units, in their order. A damaged header ends them; see {@link problem}. */
  get units(): readonly Unit[] {
    return this.#units ??= this.#readUnits();
  }

  /** What is wrong with the headers of units; undefined: nothing was found to be. */
  problem: string | undefined;

  #readUnits(): Unit[] {
    const units: Unit[] = [];
    if (this.sections.info === undefined) return units;
    const cursor = cursorIn(this.sections, "info");
    try {
      while (!cursor.done) {
        const unit = readHeader(this, cursor);
        if (unit !== undefined) units.push(unit);
      }
    } catch (error) {
      if (!(error instanceof DwarfError)) throw error;
      this.problem ??= error.message;
    }
    return units;
  }

  /** The entry at an offset of the section; undefined: there begins none. */
  entryAt(offset: number): Die | undefined {
    const { units } = this;
    let low = 0, high = units.length;
    while (low < high) {
      const mid = (low + high) >>> 1;
      if (units[mid].offset <= offset) low = mid + 1;
      else high = mid;
    }
    return low === 0 ? undefined : units[low - 1].entryAt(offset);
  }

  /** The table of abbreviations at an offset. */
  abbreviations(at: number): Abbreviations {
    const known = this.#tables.get(at);
    if (known !== undefined) return known;
    const cursor = cursorIn(this.sections, "abbrev", at);
    const table = readAbbreviations(cursor);
    this.#tableBytes += cursor.at - at;
    if (this.#tableBytes > TABLES_LIMIT * cursor.end) {
      throw new DwarfError(".debug_abbrev: tables lie over each other");
    }
    this.#tables.set(at, table);
    return table;
  }
}

/** Reads a unit's header; the cursor goes on behind the unit. Undefined: one that is not wanted. */
function readHeader(info: Info, section: Cursor): Unit | undefined {
  const offset = section.at;
  const { length, size: offsetSize } = section.unitLength();
  const cursor = section.part(length);
  const version = cursor.u16();
  if (version < 2 || version > 5) throw cursor.wrong(`a unit of version ${version}`);
  let kind: number = UT.compile, addressSize = 0;
  if (version >= 5) {
    kind = cursor.u8();
    addressSize = cursor.u8();
  }
  const abbreviations = cursor.number(offsetSize);
  if (version < 5) addressSize = cursor.u8();
  if (kind === UT.skeleton || kind === UT.split_compile) cursor.skip(8);
  if (kind === UT.type || kind === UT.split_type) return undefined;
  if (addressSize !== 4 && addressSize !== 8) {
    throw cursor.wrong(`addresses of ${addressSize} bytes`);
  }
  return new Unit(info, offset, { version, addressSize, offsetSize }, abbreviations, cursor);
}

/** A unit. */
export class Unit implements Encoding {
  readonly info: Info;
  /** Where it begins in .debug_info. */
  readonly offset: number;
  readonly version: number;
  readonly addressSize: number;
  readonly offsetSize: 4 | 8;
  readonly #abbreviations: number;
  /** At its first entry; asked for copies. */
  readonly #start: number;
  readonly #end: number;
  #root: Die | undefined;
  #entries: Map<number, Die> | undefined;
  #ranges: readonly Range[] | undefined;

  /** For {@link Info}, which finds them. `cursor`: its entries. */
  constructor(
    info: Info,
    offset: number,
    { version, addressSize, offsetSize }: Encoding,
    abbreviations: number,
    cursor: Cursor,
  ) {
    this.info = info;
    this.offset = offset;
    this.version = version;
    this.addressSize = addressSize;
    this.offsetSize = offsetSize;
    this.#abbreviations = abbreviations;
    this.#start = cursor.at;
    this.#end = cursor.end;
  }

  /** The sections of its file. */
  get sections(): Sections {
    return this.info.sections;
  }

  #cursor(): Cursor {
    const cursor = cursorIn(this.sections, "info", this.#start);
    return cursor.part(this.#end - this.#start);
  }

  #next(cursor: Cursor, table: Abbreviations): Die | undefined {
    const offset = cursor.at;
    const code = cursor.uleb();
    if (code === 0) return undefined;
    const abbreviation = table.get(code);
    if (abbreviation === undefined) throw cursor.wrong(`an entry of the unknown kind ${code}`);
    return new Die(this, offset, abbreviation, this.#values(cursor, abbreviation));
  }

  #values(cursor: Cursor, { specs }: Abbreviation): (Raw | Value)[] {
    return specs.map(({ form, value }) => {
      if (form === FORM.implicit_const) return value;
      return form === FORM.indirect ? readValue(cursor, form, this) : readForm(cursor, form, this);
    });
  }

  /** The entry that is about all of it, without those inside, unless they have been read. */
  get root(): Die {
    const table = this.info.abbreviations(this.#abbreviations);
    const root = this.#root ??= this.#next(this.#cursor(), table);
    if (root === undefined) {
      throw new DwarfError(`.debug_info: the unit at ${this.offset} is empty`);
    }
    return root;
  }

  /** The same with all entries inside. Throws a {@link DwarfError}. */
  get tree(): Die {
    if (this.#entries === undefined) this.#readEntries();
    return this.root;
  }

  #readEntries(): void {
    const table = this.info.abbreviations(this.#abbreviations);
    const cursor = this.#cursor();
    const entries = new Map<number, Die>();
    const open: Die[] = [];
    this.#root = undefined;
    while (!cursor.done) {
      const entry = this.#next(cursor, table);
      if (entry === undefined) {
        open.pop();
        if (open.length === 0) break;
        continue;
      }
      entries.set(entry.offset, entry);
      const parent = open.at(-1);
      if (parent === undefined) {
        if (this.#root !== undefined) break;
        this.#root = entry;
      } else parent.children.push(entry);
      if (entry.nests) open.push(entry);
      if (open.length > MAX_DEPTH) throw cursor.wrong(`entries ${MAX_DEPTH} deep`);
      if (open.length === 0) break;
    }
    this.#entries = entries;
  }

  /** The entry at an offset of the section. */
  entryAt(offset: number): Die | undefined {
    void this.tree;
    return this.#entries!.get(offset);
  }

  /** Where its addresses are counted from. */
  get base(): number {
    return this.root.lowPc ?? 0;
  }

  /** The code that is of it. */
  get ranges(): readonly Range[] {
    return this.#ranges ??= this.root.ranges;
  }

  /** The name of the source file, as the compiler was given it. */
  get name(): string {
    return this.root.text(AT.name) ?? "";
  }

  /** The folder in which the compiler was called. */
  get folder(): string {
    return this.root.text(AT.comp_dir) ?? "";
  }

  /** The text that a value means; undefined: it means none. */
  textOf({ form, raw }: Value): string | undefined {
    if (typeof raw !== "number") return undefined;
    switch (form) {
      case FORM.string:
        return cursorIn(this.sections, "info", raw).text();
      case FORM.strp:
        return cursorIn(this.sections, "str", raw).text();
      case FORM.line_strp:
        return cursorIn(this.sections, "line_str", raw).text();
      case FORM.strx:
      case FORM.strx1:
      case FORM.strx2:
      case FORM.strx3:
      case FORM.strx4: {
        const base = this.root.number(AT.str_offsets_base) ?? 0;
        const cursor = cursorIn(this.sections, "str_offsets", base + raw * this.offsetSize);
        return cursorIn(this.sections, "str", cursor.number(this.offsetSize)).text();
      }
      default:
        return undefined;
    }
  }

  /** The address that a value means; undefined: it means none. */
  addressOf({ form, raw }: Value): number | undefined {
    if (typeof raw !== "number") return undefined;
    if (form === FORM.addr) return Number.isFinite(raw) ? raw : undefined;
    const indexed = form === FORM.addrx || (form >= FORM.addrx1 && form <= FORM.addrx4);
    return indexed ? this.indexed(raw) : undefined;
  }

  /** The address of a number, from .debug_addr. */
  indexed(index: number): number {
    const base = this.root.number(AT.addr_base) ?? 0;
    return cursorIn(this.sections, "addr", base + index * this.addressSize)
      .number(this.addressSize);
  }

  /** Where the list of a number stands, from the table of offsets in front of the lists. */
  listAt(section: "rnglists" | "loclists", index: number): number {
    const attribute = section === "rnglists" ? AT.rnglists_base : AT.loclists_base;
    const base = this.root.number(attribute) ?? 0;
    const cursor = cursorIn(this.sections, section, base + index * this.offsetSize);
    return base + cursor.number(this.offsetSize);
  }
}
