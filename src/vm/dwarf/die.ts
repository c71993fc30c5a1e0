/** A debugging information entry: what it is, its attributes, and the entries inside. */

import type { Abbreviation } from "./abbreviations.ts";
import { AT, FORM, TAG } from "./constants.ts";
import { DwarfError } from "./cursor.ts";
import type { Raw, Value } from "./forms.ts";
import { type Range, rangesAt } from "./ranges.ts";
import type { Unit } from "./unit.ts";

/** How many entries one follows from a mention to what is meant, before it is called a circle. */
const MAX_HOPS = 16;

/** An entry of .debug_info. */
export class Die {
  /** Where it begins in the section: its name for others. */
  readonly offset: number;
  readonly unit: Unit;
  /** The entries inside, in their order. */
  readonly children: Die[] = [];
  readonly #abbreviation: Abbreviation;
  #ranges: readonly Range[] | undefined;
  /** As the abbreviation has them; those of {@link FORM.indirect} with their form. */
  readonly #values: readonly (Raw | Value)[];

  /** For {@link Unit}, which reads them. */
  constructor(
    unit: Unit,
    offset: number,
    abbreviation: Abbreviation,
    values: readonly (Raw | Value)[],
  ) {
    this.unit = unit;
    this.offset = offset;
    this.#abbreviation = abbreviation;
    this.#values = values;
  }

  /** What it is, one of {@link TAG}. */
  get tag(): number {
    return this.#abbreviation.tag;
  }

  /** Whether entries inside follow. */
  get nests(): boolean {
    return this.#abbreviation.children;
  }

  /** The value of an attribute, as it is written; undefined: it has none such. */
  get(attribute: number): Value | undefined {
    const { specs } = this.#abbreviation;
    for (let i = 0; i < specs.length; i++) {
      if (specs[i].attribute !== attribute) continue;
      const value = this.#values[i];
      return specs[i].form === FORM.indirect
        ? value as Value
        : { form: specs[i].form, raw: value as Raw };
    }
    return undefined;
  }

  /** A text. */
  text(attribute: number): string | undefined {
    const value = this.get(attribute);
    return value && this.unit.textOf(value);
  }

  /** A whole number that fits one exactly; undefined, too, where it is none. */
  number(attribute: number): number | undefined {
    const raw = this.get(attribute)?.raw;
    if (typeof raw === "number") return raw;
    return typeof raw === "bigint" && raw < 2n ** 53n && raw > -(2n ** 53n)
      ? Number(raw)
      : undefined;
  }

  /** Whether a flag is set. */
  flag(attribute: number): boolean {
    return (this.number(attribute) ?? 0) !== 0;
  }

  /** The entry that an attribute names; undefined: it names none. */
  entry(attribute: number): Die | undefined {
    const value = this.get(attribute);
    if (value === undefined || typeof value.raw !== "number") return undefined;
    const { form, raw } = value;
    const inUnit = form === FORM.ref1 || form === FORM.ref2 || form === FORM.ref4 ||
      form === FORM.ref8 || form === FORM.ref_udata;
    if (!inUnit && form !== FORM.ref_addr) return undefined;
    return this.unit.info.entryAt(inUnit ? this.unit.offset + raw : raw);
  }

  /** What this is a piece or another mention of: the function that was inlined, the declaration. */
  get #origin(): Die | undefined {
    return this.entry(AT.abstract_origin) ?? this.entry(AT.specification);
  }

  /** This and what it is another mention of, nearest first. */
  *mentions(): Generator<Die> {
    yield this;
    let one = this.#origin;
    for (let hops = 0; one !== undefined; hops++) {
      if (hops > MAX_HOPS) {
        throw new DwarfError(`.debug_info: the entry at ${this.offset} is a piece of itself`);
      }
      yield one;
      one = one.#origin;
    }
  }

  /** The first entry that has an attribute, of this and what it is another mention of. */
  holder(attribute: number): Die | undefined {
    for (const one of this.mentions()) if (one.get(attribute) !== undefined) return one;
    return undefined;
  }

  /** Its name, of its own or of what it is another mention of. */
  get name(): string | undefined {
    return this.holder(AT.name)?.text(AT.name);
  }

  /** Its first address; undefined: it has no code. */
  get lowPc(): number | undefined {
    const value = this.get(AT.low_pc);
    return value && this.unit.addressOf(value);
  }

  /** The code that belongs to it; empty where it has none. */
  get ranges(): readonly Range[] {
    return this.#ranges ??= this.#readRanges();
  }

  #readRanges(): readonly Range[] {
    const list = this.get(AT.ranges);
    if (list !== undefined) return rangesAt(this.unit, list);
    const low = this.lowPc, high = this.get(AT.high_pc);
    if (low === undefined || high === undefined) return [];
    const length = typeof high.raw === "bigint" ? Number(high.raw) : high.raw;
    const isAddress = high.form === FORM.addr || high.form === FORM.addrx ||
      (high.form >= FORM.addrx1 && high.form <= FORM.addrx4);
    const end = isAddress
      ? this.unit.addressOf(high)
      : typeof length === "number"
      ? low + length
      : undefined;
    return end === undefined || !(end > low) ? [] : [{ low, high: end }];
  }

  /** Whether it has code at an address. */
  covers(pc: number): boolean {
    return this.ranges.some(({ low, high }) => pc >= low && pc < high);
  }

  /** Whether this is a piece of code in which variables live. */
  get isScope(): boolean {
    const { tag } = this;
    return tag === TAG.subprogram || tag === TAG.inlined_subroutine || tag === TAG.lexical_block;
  }
}
