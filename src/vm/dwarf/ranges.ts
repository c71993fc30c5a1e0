/** Which code belongs to an entry: .debug_ranges to version 4, .debug_rnglists from 5 on. */

import { FORM } from "./constants.ts";
import type { Value } from "./forms.ts";
import { cursorIn } from "./sections.ts";
import type { Unit } from "./unit.ts";

/** Addresses from `low` up to `high`. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/** More pieces are no human's: lists of damaged files lie over each other. */
const MAX_PIECES = 10_000;

/** Kinds of entries of .debug_rnglists (DW_RLE). */
const RLE = {
  end: 0,
  base_addressx: 1,
  startx_endx: 2,
  startx_length: 3,
  offset_pair: 4,
  base_address: 5,
  start_end: 6,
  start_length: 7,
} as const;

/** The ranges that the value of DW_AT_ranges names. */
export function rangesAt(unit: Unit, value: Value): readonly Range[] {
  if (typeof value.raw !== "number") return [];
  const at = value.form === FORM.rnglistx ? unit.listAt("rnglists", value.raw) : value.raw;
  return unit.version < 5 ? pairs(unit, at) : list(unit, at);
}

function pairs(unit: Unit, at: number): Range[] {
  const cursor = cursorIn(unit.sections, "ranges", at);
  const size = unit.addressSize;
  const ranges: Range[] = [];
  let base = unit.base;
  for (let i = 0; i < MAX_PIECES; i++) {
    const low = cursor.number(size), high = cursor.number(size);
    if (low === 0 && high === 0) return ranges;
    if (low === Infinity || (size === 4 && low === 0xffff_ffff)) base = high;
    else if (high > low) ranges.push({ low: base + low, high: base + high });
  }
  throw cursor.wrong(`more than ${MAX_PIECES} ranges`);
}

function list(unit: Unit, at: number): Range[] {
  const cursor = cursorIn(unit.sections, "rnglists", at);
  const size = unit.addressSize;
  const ranges: Range[] = [];
  const add = (low: number, high: number) => {
    if (high > low) ranges.push({ low, high });
  };
  let base = unit.base;
  for (let i = 0; i < MAX_PIECES; i++) {
    const kind = cursor.u8();
    switch (kind) {
      case RLE.end:
        return ranges;
      case RLE.base_addressx:
        base = unit.indexed(cursor.uleb());
        break;
      case RLE.startx_endx:
        add(unit.indexed(cursor.uleb()), unit.indexed(cursor.uleb()));
        break;
      case RLE.startx_length: {
        const low = unit.indexed(cursor.uleb());
        add(low, low + cursor.uleb());
        break;
      }
      case RLE.offset_pair: {
        const low = cursor.uleb(), high = cursor.uleb();
        add(base + low, base + high);
        break;
      }
      case RLE.base_address:
        base = cursor.number(size);
        break;
      case RLE.start_end:
        add(cursor.number(size), cursor.number(size));
        break;
      case RLE.start_length: {
        const low = cursor.number(size);
        add(low, low + cursor.uleb());
        break;
      }
      default:
        throw cursor.wrong(`a range of the unknown kind ${kind}`);
    }
  }
  throw cursor.wrong(`more than ${MAX_PIECES} ranges`);
}
