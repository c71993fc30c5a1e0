/** Values of attributes, in all the ways that they are written. */

import { FORM } from "./constants.ts";
import type { Cursor } from "./cursor.ts";

/** How numbers of a unit are written. */
export interface Encoding {
  /** Version of the standard, 2 to 5. */
  readonly version: number;
  /** Bytes of an address. */
  readonly addressSize: number;
  /** Bytes of an offset into a section. */
  readonly offsetSize: 4 | 8;
}

/** A value as it is written: a number, where a text or bytes stand, or what an index is. */
export type Raw = number | bigint | Uint8Array;

/** A value with its form, the true one where it was said with the value. */
export interface Value {
  readonly form: number;
  readonly raw: Raw;
}

/** Reads a value of a form. Throws a {@link DwarfError} for a form that is not known. */
export function readForm(cursor: Cursor, form: number, unit: Encoding): Raw {
  switch (form) {
    case FORM.data1:
    case FORM.flag:
    case FORM.ref1:
    case FORM.strx1:
    case FORM.addrx1:
      return cursor.u8();
    case FORM.data2:
    case FORM.ref2:
    case FORM.strx2:
    case FORM.addrx2:
      return cursor.u16();
    case FORM.strx3:
    case FORM.addrx3:
      return Number(cursor.unsigned(3));
    case FORM.data4:
    case FORM.ref4:
    case FORM.strx4:
    case FORM.addrx4:
      return cursor.u32();
    case FORM.data8:
    case FORM.ref_sig8:
      return cursor.u64();
    case FORM.ref8:
      return cursor.number(8);
    case FORM.data16:
      return cursor.take(16);
    case FORM.sdata:
      return cursor.sleb();
    case FORM.udata:
      return cursor.ulebBig();
    case FORM.ref_udata:
    case FORM.strx:
    case FORM.addrx:
    case FORM.loclistx:
    case FORM.rnglistx:
      return cursor.uleb();
    case FORM.addr:
      return cursor.number(unit.addressSize);
    case FORM.strp:
    case FORM.line_strp:
    case FORM.sec_offset:
      return cursor.number(unit.offsetSize);
    case FORM.ref_addr:
      // "… the same size as an address on the target machine" in version 2 alone.
      return cursor.number(unit.version === 2 ? unit.addressSize : unit.offsetSize);
    case FORM.string:
      return cursor.skipText();
    case FORM.flag_present:
      return 1;
    case FORM.block1:
      return cursor.take(cursor.u8());
    case FORM.block2:
      return cursor.take(cursor.u16());
    case FORM.block4:
      return cursor.take(cursor.u32());
    case FORM.block:
    case FORM.exprloc:
      return cursor.take(cursor.uleb());
    default:
      throw cursor.wrong(`an attribute of the unknown form 0x${form.toString(16)}`);
  }
}

/** Reads a value whose form may be written in front of it. */
export function readValue(cursor: Cursor, form: number, unit: Encoding): Value {
  if (form !== FORM.indirect) return { form, raw: readForm(cursor, form, unit) };
  const real = cursor.uleb();
  if (real === FORM.implicit_const) throw cursor.wrong("a constant without a value");
  return { form: real, raw: readForm(cursor, real, unit) };
}
