/** What calls hand over: how a caller can still tell the arguments that its callee has lost. */

import { AT, TAG } from "./constants.ts";
import type { Die } from "./die.ts";

/** A call. */
export interface CallSite {
  /** The name of the function that is called. */
  readonly callee: string;
  /** Expressions of the caller for what was in registers of arguments, by their numbers. */
  readonly values: ReadonlyMap<number, Uint8Array>;
}

/** DW_OP_reg0 to DW_OP_reg31. */
const REG0 = 0x50, REG31 = 0x6f;

/** The call in a function that returns to an address, also one that was inlined with its caller. */
export function callIn(die: Die, returns: number): CallSite | undefined {
  for (const child of die.children) {
    const own = child.tag === TAG.call_site
      ? child.get(AT.call_return_pc)
      : child.tag === TAG.GNU_call_site
      ? child.get(AT.low_pc)
      : undefined;
    if (own !== undefined && child.unit.addressOf(own) === returns) return siteOf(child);
    const inside = child.isScope ? callIn(child, returns) : undefined;
    if (inside !== undefined) return inside;
  }
  return undefined;
}

function siteOf(die: Die): CallSite | undefined {
  const callee = (die.entry(AT.call_origin) ?? die.entry(AT.abstract_origin))?.name;
  if (callee === undefined) return undefined;
  const values = new Map<number, Uint8Array>();
  for (const one of die.children) {
    const where = one.get(AT.location)?.raw;
    const value = (one.get(AT.call_value) ?? one.get(AT.GNU_call_site_value))?.raw;
    if (!(where instanceof Uint8Array) || !(value instanceof Uint8Array)) continue;
    if (where.length === 1 && where[0] >= REG0 && where[0] <= REG31) {
      values.set(where[0] - REG0, value);
    }
  }
  return { callee, values };
}
