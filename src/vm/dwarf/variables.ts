/** Variables and arguments: what they are called, of which type, and where they are. */

import { AT, FORM, TAG } from "./constants.ts";
import type { Die } from "./die.ts";
import { evaluate, type Location, type Moment } from "./expression.ts";
import { expressionAt } from "./locations.ts";
import type { CType, Types } from "./types.ts";

/** A variable that stands at one address as long as the program runs. */
export interface Global {
  readonly name: string;
  readonly address: bigint;
  readonly type: CType;
}

/** Where a variable is: somewhere, optimized away at this instruction, or nobody can tell. */
export type Where = Location | "optimized out" | "unknown";

/** A variable or argument of a function. */
export interface Local {
  readonly name: string;
  readonly type: CType;
  readonly argument: boolean;
  /** Where it is at an address, at a moment. */
  where(pc: number, moment: Omit<Moment, "frameBase">): Where;
}

const DW_OP_ADDR = 0x03;

/** The address that the location of a variable always is; undefined: it is no such one. */
function fixedAddress(die: Die): bigint | undefined {
  const raw = die.get(AT.location)?.raw;
  if (!(raw instanceof Uint8Array) || raw.length !== 9 || raw[0] !== DW_OP_ADDR) return undefined;
  return new DataView(raw.buffer, raw.byteOffset + 1, 8).getBigUint64(0, true);
}

/** The global and static variables that are written in a file or in its functions. */
export function globalsOf(root: Die, types: Types): Global[] {
  const found: Global[] = [];
  const visit = (die: Die) => {
    if (die.tag === TAG.variable) {
      const address = fixedAddress(die), { name } = die;
      const type = address === undefined ? undefined : types.of(die);
      if (address !== undefined && name !== undefined && type !== undefined) {
        found.push({ name, address, type });
      }
    }
    if (die === root || die.isScope) die.children.forEach(visit);
  };
  visit(root);
  return found;
}

/**
 * The variables of a piece of a function, innermost first. `scopes`: the function or the one that
 * was inlined, then its blocks at an address.
 */
export function localsOf(scopes: readonly Die[], frame: Die, types: Types): Local[] {
  return scopes.toReversed().flatMap(({ children }) =>
    children.flatMap((die): Local[] => {
      const argument = die.tag === TAG.formal_parameter;
      if (!argument && die.tag !== TAG.variable) return [];
      const { name } = die, type = types.of(die);
      if (name === undefined || type === undefined) return [];
      return [{ name, type, argument, where: (pc, moment) => whereIs(die, frame, pc, moment) }];
    })
  );
}

/** @param frame the function whose code it is, which says where its frame's base is */
function whereIs(die: Die, frame: Die, pc: number, moment: Omit<Moment, "frameBase">): Where {
  const location = die.get(AT.location);
  if (location === undefined) return constantOf(die);
  const expression = expressionAt(die.unit, location, pc);
  if (expression === undefined || expression.length === 0) return "optimized out";
  const based: Moment = {
    ...moment,
    frameBase: () => frameBase(frame, pc, moment),
  };
  return evaluate(expression, based) ?? "unknown";
}

/** What fbreg counts from: an address, or what a register holds. */
export function frameBase(
  frame: Die,
  pc: number,
  moment: Omit<Moment, "frameBase">,
): bigint | undefined {
  const value = frame.get(AT.frame_base);
  const expression = value && expressionAt(frame.unit, value, pc);
  const place = expression && evaluate(expression, { ...moment, frameBase: () => undefined });
  if (place?.kind === "register") return moment.register(place.n);
  return place?.kind === "memory" ? place.address : undefined;
}

/** What a variable without a place is worth, where that is always the same. */
function constantOf(die: Die): Where {
  const value = die.holder(AT.const_value)?.get(AT.const_value);
  if (value === undefined) return "optimized out";
  const { raw, form } = value;
  if (raw instanceof Uint8Array) return { kind: "bytes", bytes: raw };
  // Small ones are written in as few bytes as they take, with their sign in the highest bit.
  const bits = form === FORM.data1 ? 8 : form === FORM.data2 ? 16 : form === FORM.data4 ? 32 : 64;
  return { kind: "value", value: BigInt.asUintN(64, BigInt.asIntN(bits, BigInt(raw))) };
}
