/** How a function's frame is undone at an address: .debug_frame, the call frame information. */

import { Cursor } from "./cursor.ts";
import { cursorIn, type Sections } from "./sections.ts";

/** How the caller's value of a register is found. */
export type Rule =
  /** It has been saved so many bytes from the CFA. */
  | { readonly kind: "offset"; readonly offset: number }
  /** It is so many bytes from the CFA. */
  | { readonly kind: "value"; readonly offset: number }
  /** It is what this register holds. */
  | { readonly kind: "register"; readonly n: number }
  /** It has been saved where an expression says, or is what it says. */
  | { readonly kind: "expression" | "valueExpression"; readonly bytes: Uint8Array }
  /** It is the same still. */
  | { readonly kind: "same" }
  /** It is lost. */
  | { readonly kind: "undefined" };

/** How the canonical frame address is found: what the stack pointer was before the call. */
export type CfaRule =
  | { readonly kind: "register"; readonly n: number; readonly offset: number }
  | { readonly kind: "expression"; readonly bytes: Uint8Array };

/** How a frame is undone at an address. */
export interface FrameRow {
  readonly cfa: CfaRule;
  /** Rules by register; the others are the same still. */
  readonly rules: ReadonlyMap<number, Rule>;
  /** The register whose rule gives the return address. */
  readonly ra: number;
}

/** What several functions have in common. */
interface Cie {
  readonly codeAlign: number;
  readonly dataAlign: number;
  readonly ra: number;
  /** Offset of what its functions all begin with, and of its end. */
  readonly from: number;
  readonly to: number;
}

/** The frame of one function. */
interface Fde {
  readonly cie: Cie;
  readonly low: number;
  readonly high: number;
  /** Offset of its program, and of its end. */
  readonly from: number;
  readonly to: number;
}

/** Deeper remembered states no compiler writes. */
const MAX_REMEMBERED = 64;

/** The frames of a file. Its method throws a `DwarfError` where they are damaged. */
export class Frames {
  readonly #sections: Sections;
  #list: readonly Fde[] | undefined;

  /** Nothing is read yet. */
  constructor(sections: Sections) {
    this.#sections = sections;
  }

  /** How the frame is undone before the instruction at an address; undefined: nobody says. */
  rowAt(pc: number): FrameRow | undefined {
    const list = this.#list ??= this.#read();
    let low = 0, high = list.length;
    while (low < high) {
      const mid = (low + high) >>> 1;
      if (list[mid].low <= pc) low = mid + 1;
      else high = mid;
    }
    const fde = low === 0 ? undefined : list[low - 1];
    if (fde === undefined || pc >= fde.high) return undefined;
    const program = ({ from, to }: Cie | Fde) =>
      new Cursor(this.#sections.frame!, ".debug_frame", from, to);
    return new Program(fde.cie, fde.low, pc).run(program(fde.cie), program(fde));
  }

  #read(): Fde[] {
    if (this.#sections.frame === undefined) return [];
    const section = cursorIn(this.#sections, "frame");
    const cies = new Map<number, Cie>();
    const fdes: Fde[] = [];
    while (!section.done) {
      const at = section.at;
      const { length, size } = section.unitLength();
      if (length === 0) continue;
      const cursor = section.part(length);
      const id = cursor.number(size);
      if (id === (size === 8 ? Infinity : 0xffff_ffff)) {
        cies.set(at, readCie(cursor));
        continue;
      }
      let cie = cies.get(id);
      if (cie === undefined) {
        const there = cursorIn(this.#sections, "frame", id);
        const whole = there.part(there.unitLength().length);
        whole.number(size);
        cies.set(id, cie = readCie(whole));
      }
      const low = cursor.number(8), high = low + cursor.number(8);
      fdes.push({ cie, low, high, from: cursor.at, to: cursor.end });
    }
    return fdes.filter(({ low, high }) => high > low).sort((a, b) => a.low - b.low);
  }
}

function readCie(cursor: Cursor): Cie {
  const version = cursor.u8();
  if (version !== 1 && version !== 3 && version !== 4) {
    throw cursor.wrong(`frames of version ${version}`);
  }
  const augmentation = cursor.text();
  if (augmentation !== "") throw cursor.wrong(`frames with the addition ${augmentation}`);
  if (version === 4) cursor.skip(2);
  const codeAlign = cursor.uleb(), dataAlign = Number(cursor.sleb());
  const ra = version === 1 ? cursor.u8() : cursor.uleb();
  return { codeAlign, dataAlign, ra, from: cursor.at, to: cursor.end };
}

/** The table's row for an address, made as far as there. */
class Program {
  readonly #cie: Cie;
  readonly #wanted: number;
  #at: number;
  #cfa: CfaRule | undefined;
  #rules = new Map<number, Rule>();
  #initial: ReadonlyMap<number, Rule> = new Map();
  readonly #remembered: [CfaRule | undefined, Map<number, Rule>][] = [];

  constructor(cie: Cie, low: number, wanted: number) {
    this.#cie = cie;
    this.#at = low;
    this.#wanted = wanted;
  }

  run(common: Cursor, own: Cursor): FrameRow | undefined {
    this.#do(common);
    this.#initial = new Map(this.#rules);
    this.#do(own);
    const cfa = this.#cfa;
    return cfa && { cfa, rules: this.#rules, ra: this.#cie.ra };
  }

  #do(cursor: Cursor): void {
    while (!cursor.done && this.#at <= this.#wanted) this.#one(cursor.u8(), cursor);
  }

  #one(op: number, cursor: Cursor): void {
    const low = op & 0x3f;
    switch (op >> 6) {
      case 1: // advance_loc
        return this.#advance(low);
      case 2: // offset
        return this.#saved(low, cursor.uleb());
      case 3: // restore
        return this.#restore(low);
    }
    switch (op) {
      case 0x00: // nop
        return;
      case 0x01: // set_loc
        this.#at = cursor.number(8);
        return;
      case 0x02: // advance_loc1
        return this.#advance(cursor.u8());
      case 0x03: // advance_loc2
        return this.#advance(cursor.u16());
      case 0x04: // advance_loc4
        return this.#advance(cursor.u32());
      case 0x05: // offset_extended
        return this.#saved(cursor.uleb(), cursor.uleb());
      case 0x06: // restore_extended
        return this.#restore(cursor.uleb());
      case 0x07: // undefined
        return this.#rule(cursor.uleb(), { kind: "undefined" });
      case 0x08: // same_value
        return this.#rule(cursor.uleb(), { kind: "same" });
      case 0x09: // register
        return this.#rule(cursor.uleb(), { kind: "register", n: cursor.uleb() });
      case 0x0a: // remember_state
        if (this.#remembered.length >= MAX_REMEMBERED) throw cursor.wrong("states too deep");
        this.#remembered.push([this.#cfa, new Map(this.#rules)]);
        return;
      case 0x0b: { // restore_state
        const state = this.#remembered.pop();
        if (state === undefined) throw cursor.wrong("a state that nobody remembers");
        [this.#cfa, this.#rules] = state;
        return;
      }
      case 0x0c: // def_cfa
        this.#cfa = { kind: "register", n: cursor.uleb(), offset: cursor.uleb() };
        return;
      case 0x0d: // def_cfa_register
        this.#cfa = { ...this.#register(cursor), n: cursor.uleb() };
        return;
      case 0x0e: // def_cfa_offset
        this.#cfa = { ...this.#register(cursor), offset: cursor.uleb() };
        return;
      case 0x0f: // def_cfa_expression
        this.#cfa = { kind: "expression", bytes: cursor.take(cursor.uleb()) };
        return;
      case 0x10: // expression
      case 0x16: // val_expression
        return this.#rule(cursor.uleb(), {
          kind: op === 0x10 ? "expression" : "valueExpression",
          bytes: cursor.take(cursor.uleb()),
        });
      case 0x11: // offset_extended_sf
        return this.#saved(cursor.uleb(), Number(cursor.sleb()));
      case 0x12: // def_cfa_sf
        this.#cfa = { kind: "register", n: cursor.uleb(), offset: this.#scaled(cursor) };
        return;
      case 0x13: // def_cfa_offset_sf
        this.#cfa = { ...this.#register(cursor), offset: this.#scaled(cursor) };
        return;
      case 0x14: // val_offset
        return this.#rule(cursor.uleb(), {
          kind: "value",
          offset: cursor.uleb() * this.#cie.dataAlign,
        });
      case 0x15: // val_offset_sf
        return this.#rule(cursor.uleb(), { kind: "value", offset: this.#scaled(cursor) });
      default:
        throw cursor.wrong(`the unknown frame instruction 0x${op.toString(16)}`);
    }
  }

  #advance(by: number): void {
    this.#at += by * this.#cie.codeAlign;
  }

  #scaled(cursor: Cursor): number {
    return Number(cursor.sleb()) * this.#cie.dataAlign;
  }

  #register(cursor: Cursor): CfaRule & { kind: "register" } {
    // gcc begins with a register alone: its offset is 0 then.
    if (this.#cfa === undefined) return { kind: "register", n: 0, offset: 0 };
    if (this.#cfa.kind === "register") return this.#cfa;
    throw cursor.wrong("a change of a frame address that is none");
  }

  #rule(register: number, rule: Rule): void {
    this.#rules.set(register, rule);
  }

  #saved(register: number, factored: number): void {
    this.#rule(register, { kind: "offset", offset: factored * this.#cie.dataAlign });
  }

  #restore(register: number): void {
    const rule = this.#initial.get(register);
    if (rule === undefined) this.#rules.delete(register);
    else this.#rules.set(register, rule);
  }
}
