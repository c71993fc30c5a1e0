/**
 * The debug information of a file (DWARF 2 to 5), as the rest of the computer asks it. All of it is
 * read when it is first asked for, and what is damaged is as if it were not there; `problem` says
 * what was found to be.
 */

import type { Elf } from "../machine/elf.ts";
import { AT, TAG } from "./constants.ts";
import { DwarfError } from "./cursor.ts";
import type { Die } from "./die.ts";
import {
  functionAt,
  type FunctionInfo,
  functionsOf,
  type InlinedCall,
  inlinedIn,
  scopesAt,
} from "./functions.ts";
import type { Moment } from "./expression.ts";
import { type FrameRow, Frames } from "./frames.ts";
import { callIn, type CallSite } from "./call_sites.ts";
import type { SourceFile } from "./line_header.ts";
import { type LineRow, type LineTable, readLines, rowAt } from "./lines.ts";
import { type LineSites, sitesOf } from "./line_sites.ts";
import { type Sections, sectionsOf } from "./sections.ts";
import { type CType, Types } from "./types.ts";
import { Info, type Unit } from "./unit.ts";
import { frameBase, type Global, globalsOf, type Local, localsOf } from "./variables.ts";

export type { CType, FunctionInfo, Global, InlinedCall, LineSites, Local, SourceFile };

/** Where in the source an instruction comes from. */
export interface SourcePlace {
  readonly file: SourceFile;
  readonly line: number;
  /** The functions that were inlined there, the innermost first; each with the line of its call. */
  readonly inlined: readonly InlinedCall[];
}

/** A function whose frame a stack has, or one that was inlined there. */
export interface ScopeInfo {
  readonly name: string;
  /** Its variables that are in sight, those of inner blocks first. */
  readonly locals: readonly Local[];
}

/** The debug information of one file. */
export class DebugInfo {
  readonly #info: Info;
  readonly #sections: Sections;
  readonly #lines = new Map<number, LineTable | undefined>();
  readonly #trees = new Map<Unit, boolean>();
  readonly #frames: Frames;
  readonly #types = new Types((name) => this.#structs.get(name));
  #structsByName: ReadonlyMap<string, Die> | undefined;
  #globals: ReadonlyMap<string, Global> | undefined;
  #functions: readonly FunctionInfo[] | undefined;
  #byAddress: readonly Covered[] | undefined;
  #problem: string | undefined;

  private constructor(sections: Sections) {
    this.#sections = sections;
    this.#info = new Info(sections);
    this.#frames = new Frames(sections);
  }

  /** That of a file; undefined: it has none. */
  static of(elf: Elf): DebugInfo | undefined {
    const sections = sectionsOf(elf);
    return sections.info === undefined ? undefined : new DebugInfo(sections);
  }

  /** What of what was read so far is damaged, in one line; undefined: nothing. */
  get problem(): string | undefined {
    return this.#problem ?? this.#info.problem;
  }

  /** What `body` finds, or this where it comes upon damage. */
  #safely<T, U>(body: () => T, otherwise: U): T | U {
    try {
      return body();
    } catch (error) {
      if (!(error instanceof DwarfError)) throw error;
      this.#problem ??= error.message;
      return otherwise;
    }
  }

  /** The units whose entries can be read. */
  #whole(): Unit[] {
    return this.#info.units.filter((unit) => this.#isWhole(unit));
  }

  /** Whether the entries of a unit can be read; tried once. */
  #isWhole(unit: Unit): boolean {
    const known = this.#trees.get(unit);
    if (known !== undefined) return known;
    const whole = this.#safely(() => unit.tree !== undefined, false);
    this.#trees.set(unit, whole);
    return whole;
  }

  /** The unit that has code at an address. */
  #unitAt(pc: number): Unit | undefined {
    this.#byAddress ??= this.#info.units
      .flatMap((unit) =>
        this.#safely(() => unit.ranges, []).map(({ low, high }) => ({ low, high, unit }))
      ).sort((a, b) => a.low - b.low);
    const list = this.#byAddress;
    let low = 0, high = list.length;
    while (low < high) {
      const mid = (low + high) >>> 1;
      if (list[mid].low <= pc) low = mid + 1;
      else high = mid;
    }
    const found = low === 0 ? undefined : list[low - 1];
    return found !== undefined && pc < found.high ? found.unit : undefined;
  }

  /** The line table of a unit; undefined: it has none, or it is damaged. */
  #linesOf(unit: Unit): LineTable | undefined {
    const at = this.#safely(() => unit.root.number(AT.stmt_list), undefined);
    if (at === undefined) return undefined;
    if (!this.#lines.has(at)) {
      const table = this.#safely(() => readLines(this.#sections, at, unit.folder), undefined);
      this.#lines.set(at, table);
    }
    return this.#lines.get(at);
  }

  readonly #fileOf = (unit: Unit, number: number): SourceFile | undefined =>
    this.#linesOf(unit)?.files[number];

  #rowAt(unit: Unit, pc: number): LineRow | undefined {
    const table = this.#linesOf(unit);
    return table && rowAt(table, pc);
  }

  /** Where an address comes from; undefined: nobody says. */
  place(address: bigint): SourcePlace | undefined {
    const pc = Number(address);
    const unit = this.#unitAt(pc);
    const row = unit && this.#rowAt(unit, pc);
    if (unit === undefined || row?.file === undefined) return undefined;
    const scopes = this.#isWhole(unit) ? this.#safely(() => scopesAt(unit, pc), []) : [];
    const inlined = this.#safely(() => inlinedIn(scopes, this.#fileOf), []);
    return { file: row.file, line: row.line, inlined };
  }

  /** All functions, those that stand only where they were inlined as well. */
  functions(): readonly FunctionInfo[] {
    return this.#functions ??= this.#whole().flatMap((unit) =>
      this.#safely(() => functionsOf(unit, this.#fileOf), [])
    );
  }

  /** The functions of a name: several where files have a static one each. */
  functionsNamed(name: string): readonly FunctionInfo[] {
    return this.functions().filter((one) => one.name === name);
  }

  /** The name of the function whose own code an address is in; undefined: nobody says. */
  functionAt(address: bigint): string | undefined {
    const pc = Number(address);
    const unit = this.#unitAt(pc);
    if (unit === undefined || !this.#isWhole(unit)) return undefined;
    return this.#safely(() => functionAt(unit, pc)?.name, undefined);
  }

  /**
   * The functions that an address is in, the innermost of those that were inlined there first, the
   * one with code of its own last. Empty: nobody says.
   */
  scopes(address: bigint): ScopeInfo[] {
    const pc = Number(address);
    const unit = this.#unitAt(pc);
    if (unit === undefined || !this.#isWhole(unit)) return [];
    return this.#safely(() => {
      const scopes = scopesAt(unit, pc);
      const found: ScopeInfo[] = [];
      for (let end = scopes.length; end > 0;) {
        let start = end - 1;
        while (start > 0 && scopes[start].tag === TAG.lexical_block) start--;
        const locals = localsOf(scopes.slice(start, end), scopes[0], this.#types);
        found.push({ name: scopes[start].name ?? "?", locals: locals.map(this.#guarded) });
        end = start;
      }
      return found;
    }, []);
  }

  /** The same variable; where it is, is unknown where that is damaged. */
  readonly #guarded = (local: Local): Local => ({
    ...local,
    where: (pc, moment) => this.#safely(() => local.where(pc, moment), "unknown" as const),
  });

  /** How the frame at an address is undone; undefined: nobody says. */
  frameRow(address: bigint): FrameRow | undefined {
    return this.#safely(() => this.#frames.rowAt(Number(address)), undefined);
  }

  /** What variables of the function at an address are counted from; undefined: nobody says. */
  frameBase(address: bigint, moment: Omit<Moment, "frameBase">): bigint | undefined {
    const pc = Number(address);
    const unit = this.#unitAt(pc);
    if (unit === undefined || !this.#isWhole(unit)) return undefined;
    return this.#safely(() => {
      const own = functionAt(unit, pc);
      return own && frameBase(own, pc, moment);
    }, undefined);
  }

  /**
   * What a call hands over, by the address behind it: of the registers of arguments, how the caller
   * can still tell what was in them. Undefined: it is not known whom it calls, or not at all.
   */
  callAt(returns: bigint): CallSite | undefined {
    const pc = Number(returns);
    const unit = this.#unitAt(pc - 1);
    if (unit === undefined || !this.#isWhole(unit)) return undefined;
    return this.#safely(() => {
      const own = functionAt(unit, pc - 1);
      return own && callIn(own, pc);
    }, undefined);
  }

  /** The global and static variables, by their names; of several, the first. */
  get globals(): ReadonlyMap<string, Global> {
    if (this.#globals === undefined) {
      const globals = new Map<string, Global>();
      for (const unit of this.#whole()) {
        for (const one of this.#safely(() => globalsOf(unit.tree, this.#types), [])) {
          if (!globals.has(one.name)) globals.set(one.name, one);
        }
      }
      this.#globals = globals;
    }
    return this.#globals;
  }

  /** A global or static variable: where it stands, and its type. */
  global(name: string): Global | undefined {
    return this.globals.get(name);
  }

  /** Structures that are described whole, by their names without `struct`. */
  get #structs(): ReadonlyMap<string, Die> {
    return this.#structsByName ??= this.#named((die) =>
      (die.tag === TAG.structure_type || die.tag === TAG.union_type) && !die.flag(AT.declaration)
    );
  }

  /** The entries of files that pass, by their names; of several, the first. */
  #named(passes: (die: Die) => boolean): Map<string, Die> {
    const found = new Map<string, Die>();
    for (const unit of this.#whole()) {
      for (const die of unit.tree.children) {
        const name = passes(die) ? this.#safely(() => die.text(AT.name), undefined) : undefined;
        if (name !== undefined && !found.has(name)) found.set(name, die);
      }
    }
    return found;
  }

  /**
   * A type by its name in C: `struct proc`, `enum procstate`, `pagetable_t`, `int`; undefined: there
   * is none.
   */
  type(name: string): CType | undefined {
    const [, kind, plain] = /^(?:(struct|union|enum) )?(.*)$/.exec(name)!;
    const die = this.#typeNames.get(`${kind ?? ""} ${plain}`);
    return die && this.#safely(() => this.#types.named(die), undefined);
  }

  #typesByName: ReadonlyMap<string, Die> | undefined;
  get #typeNames(): ReadonlyMap<string, Die> {
    if (this.#typesByName !== undefined) return this.#typesByName;
    const names = new Map<string, Die>();
    for (const [kind, tags] of Object.entries(TYPE_TAGS)) {
      const some = this.#named((die) => tags.includes(die.tag) && !die.flag(AT.declaration));
      for (const [name, die] of some) names.set(`${kind} ${name}`, die);
    }
    return this.#typesByName = names;
  }

  /** The value of a constant of an enumeration, signed; undefined: there is none of that name. */
  enumerator(name: string): { readonly value: bigint; readonly type: CType } | undefined {
    for (const unit of this.#whole()) {
      const found = this.#safely(() => {
        for (const die of unit.tree.children) {
          if (die.tag !== TAG.enumeration_type) continue;
          const type = this.#types.named(die);
          if (type.kind !== "enum") continue;
          for (const [value, one] of type.values) if (one === name) return { value, type };
        }
      }, undefined);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /**
   * Where the lines of the function at an address begin, each with its line in that function: of
   * what was inlined, the line of the call. Empty: nobody says.
   */
  lineStarts(address: bigint): { readonly address: bigint; readonly line: number }[] {
    const pc = Number(address);
    const unit = this.#unitAt(pc);
    const table = unit && this.#linesOf(unit);
    if (unit === undefined || table === undefined || !this.#isWhole(unit)) return [];
    const ranges = this.#safely(() => functionAt(unit, pc)?.ranges ?? [], []);
    const inside = (at: number) => ranges.some(({ low, high }) => at >= low && at < high);
    return table.sequences.flatMap(({ rows }) =>
      rows.filter(({ address, statement }) => statement && inside(address))
    ).flatMap(({ address }) => {
      const line = this.ownLine(BigInt(address));
      return line === undefined ? [] : [{ address: BigInt(address), line }];
    });
  }

  /** The line of an address in the function whose own code it is in; undefined: nobody says. */
  ownLine(address: bigint): number | undefined {
    const place = this.place(address);
    return place && (place.inlined.at(-1)?.line ?? place.line);
  }

  /** What the function at an address returns; undefined: nothing, or nobody says. */
  returnType(address: bigint): CType | undefined {
    const pc = Number(address);
    const unit = this.#unitAt(pc);
    if (unit === undefined || !this.#isWhole(unit)) return undefined;
    return this.#safely(() => {
      const die = functionAt(unit, pc);
      return die && this.#types.of(die);
    }, undefined);
  }

  /** How many arguments the function at an address takes; undefined: nobody says. */
  parameters(address: bigint): number | undefined {
    const pc = Number(address);
    const unit = this.#unitAt(pc);
    if (unit === undefined || !this.#isWhole(unit)) return undefined;
    return this.#safely(() => {
      const own = functionAt(unit, pc);
      return own?.children.filter(({ tag }) => tag === TAG.formal_parameter).length;
    }, undefined);
  }

  /** The source files that have code, each once. */
  files(): SourceFile[] {
    const found = new Map<string, SourceFile>();
    for (const unit of this.#info.units) {
      for (const { rows } of this.#linesOf(unit)?.sequences ?? []) {
        for (const { file } of rows) if (file !== undefined) found.set(file.path, file);
      }
    }
    return [...found.values()];
  }

  /**
   * Where the code of a line begins, or of the next line behind it in the same function that has
   * any. `name`: a file's path, or its last parts; undefined: no such file, or no code behind there.
   */
  sites(name: string, line: number): LineSites | undefined {
    const units = this.#info.units.flatMap((unit) => {
      const table = this.#linesOf(unit);
      return table === undefined ? [] : [{ unit, table }];
    });
    const scopes = (unit: Unit, pc: number): Die | undefined =>
      this.#isWhole(unit) ? this.#safely(() => scopesAt(unit, pc).at(-1), undefined) : undefined;
    return sitesOf(units, scopes, name, line);
  }
}

/** Entries that are types, by the word that C has in front of their names. */
const TYPE_TAGS: Readonly<Record<string, readonly number[]>> = {
  "": [TAG.typedef, TAG.base_type],
  struct: [TAG.structure_type],
  union: [TAG.union_type],
  enum: [TAG.enumeration_type],
};

interface Covered {
  readonly low: number;
  readonly high: number;
  readonly unit: Unit;
}
