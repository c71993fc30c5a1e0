/** Which line of the source an instruction is of: the programs of .debug_line, run. */

import type { Cursor } from "./cursor.ts";
import { type LineHeader, readLineHeader, type SourceFile } from "./line_header.ts";
import type { Sections } from "./sections.ts";

/** From this address on up to the next row's it is this line. */
export interface LineRow {
  readonly address: number;
  readonly file: SourceFile | undefined;
  /** From 1 on; 0: no line. */
  readonly line: number;
  /** A good place for a breakpoint: a statement begins here. */
  readonly statement: boolean;
}

/** Rows whose addresses follow each other, up to `end`. */
export interface LineSequence {
  readonly start: number;
  readonly end: number;
  readonly rows: readonly LineRow[];
}

/** The line table of a unit. */
export interface LineTable {
  readonly files: readonly (SourceFile | undefined)[];
  /** By their first addresses. */
  readonly sequences: readonly LineSequence[];
}

/** Opcodes that every table has (DW_LNS), and those behind a length (DW_LNE). */
const LNS = {
  copy: 1,
  advance_pc: 2,
  advance_line: 3,
  set_file: 4,
  set_column: 5,
  negate_stmt: 6,
  basic_block: 7,
  const_add_pc: 8,
  fixed_advance_pc: 9,
} as const;
const LNE = { end_sequence: 1, set_address: 2 } as const;

/** Reads the table at an offset. `folder`: where the compiler was called. */
export function readLines(sections: Sections, at: number, folder: string): LineTable {
  const { header, program } = readLineHeader(sections, at, folder);
  const sequences = new Program(header, program).run();
  return { files: header.files, sequences: sequences.sort((a, b) => a.start - b.start) };
}

/** A line program under way: the state machine of the standard's chapter 6.2. */
class Program {
  readonly #header: LineHeader;
  readonly #cursor: Cursor;
  readonly #sequences: LineSequence[] = [];
  #rows: LineRow[] = [];
  #address = 0;
  #file = 1;
  #line = 1;
  #statement: boolean;

  constructor(header: LineHeader, cursor: Cursor) {
    this.#header = header;
    this.#cursor = cursor;
    this.#statement = header.startsStatement;
  }

  run(): LineSequence[] {
    while (!this.#cursor.done) this.#one(this.#cursor.u8());
    return this.#sequences;
  }

  #row(): void {
    this.#rows.push({
      address: this.#address,
      file: this.#header.files[this.#file],
      line: this.#line,
      statement: this.#statement,
    });
  }

  #end(): void {
    const rows = this.#rows, end = this.#address;
    const ascending = rows.every(({ address }, i) => i === 0 || address >= rows[i - 1].address);
    // What the linker has dropped stands at 0; in a real program there is a function there, too.
    if (rows.length > 0 && ascending && end > rows[0].address) {
      this.#sequences.push({ start: rows[0].address, end, rows });
    }
    this.#rows = [];
    this.#address = 0;
    this.#file = this.#line = 1;
    this.#statement = this.#header.startsStatement;
  }

  #advance(operations: number): void {
    this.#address += operations * this.#header.minimum;
  }

  #one(opcode: number): void {
    const { opcodeBase, lineBase, lineRange } = this.#header;
    if (opcode >= opcodeBase) {
      const adjusted = opcode - opcodeBase;
      this.#advance(Math.floor(adjusted / lineRange));
      this.#line += lineBase + adjusted % lineRange;
      return this.#row();
    }
    const cursor = this.#cursor;
    switch (opcode) {
      case 0:
        return this.#extended(cursor.part(cursor.uleb()));
      case LNS.copy:
        return this.#row();
      case LNS.advance_pc:
        return this.#advance(cursor.uleb());
      case LNS.advance_line:
        this.#line += Number(cursor.sleb());
        return;
      case LNS.set_file:
        this.#file = cursor.uleb();
        return;
      case LNS.negate_stmt:
        this.#statement = !this.#statement;
        return;
      case LNS.const_add_pc:
        return this.#advance(Math.floor((255 - opcodeBase) / lineRange));
      case LNS.fixed_advance_pc:
        this.#address += cursor.u16();
        return;
      default:
        // Those that say nothing here: columns, blocks, prologues, and what later versions add.
        for (let i = 0; i < this.#header.operands[opcode - 1]; i++) cursor.ulebBig();
    }
  }

  #extended(cursor: Cursor): void {
    const opcode = cursor.done ? 0 : cursor.u8();
    if (opcode === LNE.end_sequence) this.#end();
    else if (opcode === LNE.set_address) this.#address = cursor.number(cursor.end - cursor.at);
  }
}

/** The row that an address is in; undefined: there is none, or no line. */
export function rowAt(table: LineTable, address: number): LineRow | undefined {
  for (const { start, end, rows } of table.sequences) {
    if (address < start || address >= end) continue;
    let low = 0, high = rows.length;
    while (low < high) {
      const mid = (low + high) >>> 1;
      if (rows[mid].address <= address) low = mid + 1;
      else high = mid;
    }
    const row = low === 0 ? undefined : rows[low - 1];
    return row !== undefined && row.line > 0 ? row : undefined;
  }
  return undefined;
}
