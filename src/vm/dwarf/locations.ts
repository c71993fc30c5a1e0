/** Where a variable is at an address: lists of .debug_loc to version 4, of .debug_loclists from 5 on. */

import { FORM } from "./constants.ts";
import type { Value } from "./forms.ts";
import { cursorIn } from "./sections.ts";
import type { Unit } from "./unit.ts";

/** More pieces are no human's: lists of damaged files lie over each other. */
const MAX_PIECES = 10_000;
/** Kinds of entries of .debug_loclists (DW_LLE). */
const LLE = {
  end: 0,
  base_addressx: 1,
  startx_endx: 2,
  startx_length: 3,
  offset_pair: 4,
  default_location: 5,
  base_address: 6,
  start_end: 7,
  start_length: 8,
  view_pair: 9,
} as const;

/**
 * The expression that says where something is at an address, by the value of DW_AT_location or the
 * like; undefined: it is nowhere there.
 */
export function expressionAt(unit: Unit, { form, raw }: Value, pc: number): Uint8Array | undefined {
  if (raw instanceof Uint8Array) return raw;
  // To version 3 an offset is written as a plain number.
  const offset = form === FORM.sec_offset || form === FORM.data4 || form === FORM.data8;
  if (unit.version < 5) return offset ? inPairs(unit, Number(raw), pc) : undefined;
  if (form === FORM.loclistx) return inList(unit, unit.listAt("loclists", Number(raw)), pc);
  return offset ? inList(unit, Number(raw), pc) : undefined;
}

function inPairs(unit: Unit, at: number, pc: number): Uint8Array | undefined {
  const cursor = cursorIn(unit.sections, "loc", at);
  const size = unit.addressSize;
  let base = unit.base;
  for (let i = 0; i < MAX_PIECES; i++) {
    const low = cursor.number(size), high = cursor.number(size);
    if (low === 0 && high === 0) return undefined;
    if (low === Infinity || (size === 4 && low === 0xffff_ffff)) {
      base = high;
      continue;
    }
    const expression = cursor.take(cursor.u16());
    if (pc >= base + low && pc < base + high) return expression;
  }
  throw cursor.wrong(`more than ${MAX_PIECES} pieces of a location`);
}

function inList(unit: Unit, at: number, pc: number): Uint8Array | undefined {
  const cursor = cursorIn(unit.sections, "loclists", at);
  const size = unit.addressSize;
  let base = unit.base;
  let otherwise: Uint8Array | undefined;
  for (let i = 0; i < MAX_PIECES; i++) {
    const kind = cursor.u8();
    let low = 0, high = 0;
    switch (kind) {
      case LLE.end:
        return otherwise;
      case LLE.base_addressx:
        base = unit.indexed(cursor.uleb());
        continue;
      case LLE.base_address:
        base = cursor.number(size);
        continue;
      case LLE.view_pair:
        cursor.uleb();
        cursor.uleb();
        continue;
      case LLE.default_location:
        otherwise = cursor.take(cursor.uleb());
        continue;
      case LLE.startx_endx:
        low = unit.indexed(cursor.uleb());
        high = unit.indexed(cursor.uleb());
        break;
      case LLE.startx_length:
        low = unit.indexed(cursor.uleb());
        high = low + cursor.uleb();
        break;
      case LLE.offset_pair:
        low = base + cursor.uleb();
        high = base + cursor.uleb();
        break;
      case LLE.start_end:
        low = cursor.number(size);
        high = cursor.number(size);
        break;
      case LLE.start_length:
        low = cursor.number(size);
        high = low + cursor.uleb();
        break;
      default:
        throw cursor.wrong(`a location of the unknown kind ${kind}`);
    }
    const expression = cursor.take(cursor.uleb());
    if (pc >= low && pc < high) return expression;
  }
  throw cursor.wrong(`more than ${MAX_PIECES} pieces of a location`);
}
