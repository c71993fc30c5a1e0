/**
 * A place in a kernel's data by the way one writes it in C, as far as its debug information tells.
 * What is wrong with it is told in one line.
 */

import { bare, type CType, type Member, memberNamed, type StructType } from "../dwarf/types.ts";
import { didYouMean } from "../nearest.ts";
import type { CPlace, Through } from "./c_place.ts";
import type { ImageSymbols } from "./symbols.ts";

/** `*kmem.list[3]->next+8`: a star, a variable or an address, steps, bytes behind it. */
const TEXT = /^(\*?)(\w+)((?:\.\w+|->\w+|\[\w*\])*)(?:\+(\w+))?$/;
/** A number as one types it. */
export const NUMBER = /^(?:0x[0-9a-f]+|\d+)$/i;

/** A place under way. */
interface Draft {
  /** What was read of it, for complaints. */
  text: string;
  /** The address, and what is added behind each pointer. */
  readonly path: number[];
  type: CType | undefined;
  size: number | undefined;
  readonly through: Through[];
  stride: number | undefined;
}

/**
 * The place of `ref.cnt`, `kmem[1].freelist`, `mm->root`, `*procs`, `kmem+24`, `0x80021018`. Throws
 * a RangeError that says what is wrong with it.
 */
export function placeNamed(symbols: ImageSymbols, text: string): CPlace {
  const [, star, base, steps, plus] = TEXT.exec(text) ?? [];
  if (base === undefined || (plus !== undefined && !NUMBER.test(plus))) {
    throw new RangeError("want a variable or an address, like ref.cnt, *refs or 0x80021018");
  }
  const number = NUMBER.test(base);
  const [address, type, size] = number || /^\d/.test(base)
    ? [numberIn(base), undefined, undefined] as const
    : variableNamed(symbols, base);
  const draft: Draft = {
    text: star + base,
    path: [address],
    type,
    size,
    through: [],
    stride: undefined,
  };
  for (const [step] of steps.matchAll(/\.\w+|->\w+|\[\w*\]/g)) take(draft, step);
  if (plus !== undefined) {
    draft.path[draft.path.length - 1] += numberIn(plus);
    draft.type = draft.size = undefined;
  }
  if (star === "*") {
    const is = bare(draft.type);
    if (is !== undefined && is.kind !== "pointer") throw no(draft, "pointer");
    draft.path.push(0);
    draft.type = is?.to;
    draft.size = is?.to?.size;
  }
  const { path: [at, ...way], through, stride } = draft;
  return {
    at,
    way,
    type: draft.type,
    size: draft.size,
    through,
    stride,
    number,
    star: star === "*",
  };
}

/** A number that was typed. Throws a RangeError for what is none, or more than any address. */
export function numberIn(text: string): number {
  if (!NUMBER.test(text)) throw new RangeError(`${text} is no number`);
  if (Number.isSafeInteger(Number(text))) return Number(text);
  throw new RangeError(`${text} is more than any address in RAM`);
}

/** Where a variable stands, its type and its bytes. */
function variableNamed(
  symbols: ImageSymbols,
  name: string,
): readonly [at: number, type: CType | undefined, size: number | undefined] {
  const variable = symbols.variable(name), global = symbols.debug?.global(name);
  if (variable === undefined && global === undefined) {
    if (symbols.function(name) !== undefined) {
      throw new RangeError(`${name} is a function of the kernel's: want a variable`);
    }
    const names = [...symbols.objects().map((one) => one.name)];
    const none = names.length === 0 ? ", which has no symbols: want an address" : "";
    throw new RangeError(`there is no ${name} in the kernel${none}${didYouMean(name, names)}`);
  }
  const at = variable?.start ?? Number(global!.address);
  return [at, global?.type, global?.type.size || variable?.size];
}

/** Complains that what was read up to here is not what is needed behind it. */
function no({ text, type }: Draft, what: string): RangeError {
  return type === undefined
    ? new RangeError(
      `no debug information tells what ${text} is: want ${text}+BYTES, or an address`,
    )
    : new RangeError(`${text} is a ${type.name}, no ${what}`);
}

/** One step on: `.name`, `->name`, `[3]`, `[]`. */
function take(draft: Draft, step: string): void {
  const go = (by: number, type: CType | undefined) => {
    draft.path[draft.path.length - 1] += by;
    draft.type = type;
    draft.size = type?.size;
  };
  const all = () => {
    const behind = draft.text.length;
    for (let is = bare(draft.type); is?.kind === "array"; is = bare(draft.type)) {
      draft.through.push({ stride: is.of.size, length: is.length, behind });
      draft.stride = is.of.size;
      go(0, is.of);
    }
  };
  const field = (name: string, mark: string) => {
    const is = bare(draft.type);
    if (is?.kind === "pointer" && mark === ".") {
      const instead = `want ${draft.text}->${name}`;
      throw new RangeError(`${draft.text} is a ${draft.type!.name}: ${instead}`);
    }
    if (is?.kind !== "struct" && is?.kind !== "union") throw no(draft, "struct");
    const member = memberOf(is, name, draft.text);
    go(member.offset, member.type);
  };
  if (step.startsWith("[")) {
    const index = step.slice(1, -1), is = bare(draft.type);
    const i = numberIn(index || "0");
    if (is?.kind === "pointer" && is.to !== undefined && index !== "") {
      draft.path.push(0);
      go(i * is.to.size, is.to);
    } else if (is?.kind !== "array") throw no(draft, "array");
    else if (index === "") all();
    else if (is.length !== undefined && i >= is.length) {
      throw new RangeError(
        `${draft.text} has ${is.length} elements: the last is [${is.length - 1}]`,
      );
    } else go(i * is.of.size, is.of);
  } else if (step.startsWith("->")) {
    all();
    const is = bare(draft.type);
    if (is?.kind !== "pointer" || is.to === undefined) throw no(draft, "pointer to a struct");
    draft.path.push(0);
    draft.stride = is.to.size;
    go(0, is.to);
    field(step.slice(2), "->");
  } else {
    all();
    field(step.slice(1), ".");
  }
  draft.text += step;
}

/** A member of a struct, which is called `text`. Throws a RangeError where there is none. */
function memberOf(struct: StructType, name: string, text: string): Member {
  const member = memberNamed(struct, name);
  if (member !== undefined) return member;
  const names = struct.members.map((one) => one.name).filter((one) => one !== "");
  throw new RangeError(`${text} has no ${name}${didYouMean(name, names)}`);
}

/** A member of a struct by its path, `mm.pagetable`. Throws a RangeError where there is none. */
export function memberAt(struct: StructType, path: string): Member {
  let inside: StructType = struct, offset = 0, found: Member | undefined;
  for (const name of path.split(".")) {
    if (found !== undefined) {
      const is = bare(found.type);
      if (is?.kind !== "struct" && is?.kind !== "union") {
        throw new RangeError(`${found.name} is a ${found.type.name}, no struct`);
      }
      inside = is;
    }
    found = memberOf(inside, name, found?.name ?? struct.name);
    offset += found.offset;
  }
  return { ...found!, offset };
}
