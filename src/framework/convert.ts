/** One word as a value of the kind that a declaration wants. */

import { pa, va } from "../vm/machine/address.ts";
import type { ArgKind, ArgSpec, FlagSpec } from "./command.ts";
import { CommandError } from "./errors.ts";
import { evaluate, type Evaluated, type Resolver, wantSpace } from "./evaluate.ts";
import { isScalar } from "../vm/c_values.ts";
import { didYouMean } from "../vm/nearest.ts";
import type { Word } from "./split.ts";

/** What a kind is called in messages and help. */
export const KIND_WORDS: Record<ArgKind, string> = {
  va: "a virtual address, like 0x4000 or 3:0x4000",
  pa: "a physical address, like 0x87f3d000 or pa(0x4000)",
  expr: "a number or expression, like 42, 0x2a or $a0+8",
  pid: "a process id, like 2; ps shows them",
  size: "a number of bytes, like 4096, 64K or 4p for pages",
  count: "a whole number",
  perm: 'permissions, like rw or "none"',
  program: "a program's name, or the path of an ELF file",
  file: "a path on the host",
  command: "a command's name",
  symbol: "a symbol or an address",
  snapshot: "a snapshot's name",
  register: "a register or CSR, like a0 or satp",
  text: "a word",
  line: "the rest of the line",
};

/** Kinds that are numbers, and no addresses. */
const NUMBERS: ReadonlySet<ArgKind> = new Set(["pid", "count", "size"]);

/** One word as the value of its kind. */
export function convert(spec: ArgSpec | FlagSpec, word: Word, names: Resolver): unknown {
  const kind = spec.kind ?? "text";
  if (spec.choices && !spec.choices.includes(word.text)) {
    const hint = didYouMean(word.text, spec.choices);
    throw CommandError.at(
      word.at,
      `${spec.name} is one of ${spec.choices.join(", ")}, not ${word.text}${hint}`,
    );
  }
  const compute = (): Evaluated => {
    refuseOperator(word);
    try {
      return evaluate(word.text, names, word.at);
    } catch (error) {
      // A name where a number is wanted: what is wanted says more than that no symbol has the name.
      const wanted = NUMBERS.has(kind) && /^[A-Za-z_]\w*$/.test(word.text);
      if (!(error instanceof CommandError) || !wanted || error.message.includes("did you mean")) {
        throw error;
      }
      throw CommandError.at(word.at, `${word.text} is not ${KIND_WORDS[kind]}`);
    }
  };
  switch (kind) {
    case "va": {
      const found = compute();
      const { pid, space, code, c } = found;
      const address = va(within64(addressMeant(found), word.text, word.at));
      return {
        va: address,
        pid,
        ...(space === "pa" ? { physical: word.text } : {}),
        ...(code === undefined ? {} : { code }),
        ...(c?.address === undefined ? {} : { place: va(c.address), size: c.type.size }),
      };
    }
    case "pa": {
      const found = compute();
      wantSpace("pa", word.text, found, word.at);
      return pa(within64(found.value, word.text, word.at));
    }
    case "expr":
      return within64(compute().value, word.text, word.at);
    case "pid":
      return whole(compute().value, "a process id", word);
    case "count":
      return whole(compute().value, "a count", word);
    case "size":
      return sizeOf(word, compute);
    case "perm":
      return permissions(word);
    case "register":
      return word.text.replace(/^\$/, "").toLowerCase();
    default:
      if (word.text === "") {
        if (kind === "text") return "";
        throw CommandError.at(word.at, `${spec.name} is empty`);
      }
      return word.text;
  }
}

/**
 * The address that a value means: itself, but of a variable with fewer bits than an address has, a
 * counter or a flag, the place where it stands.
 */
export function addressMeant({ value, c }: Evaluated): bigint {
  const narrow = c?.address !== undefined && isScalar(c) && c.type.size < 8;
  return narrow ? c.address! : value;
}

/** The value. Throws {@linkcode CommandError} for one of more than 64 bits, signed or not. */
export function within64(value: bigint, typed: string, at?: number): bigint {
  if (value >= -(1n << 63n) && value < 1n << 64n) return value;
  throw CommandError.at(at, `${typed} does not fit in 64 bits`);
}

function whole(value: bigint, what: string, word: Word): number {
  if (value < 0n || value > 0xffff_ffffn) {
    throw CommandError.at(word.at, `${word.text} is no good as ${what}: 0 to 2^32-1`);
  }
  return Number(value);
}

/** Bytes: an expression, or pages as `4p`, `4 pages`, `"1 page"`. */
function sizeOf(word: Word, compute: () => Evaluated): bigint {
  const pages = /^(\d+) ?p(ages?)?$/.exec(word.text);
  return within64(pages ? BigInt(pages[1]) * 4096n : compute().value, word.text, word.at);
}

function permissions(word: Word): string {
  const letters = word.text.toLowerCase();
  if (letters === "none" || letters === "---") return "none";
  if (!/^[rwx-]+$/.test(letters) || new Set(letters.replaceAll("-", "")).size === 0) {
    throw CommandError.at(word.at, `${word.text} is not a permission: letters out of rwx, or none`);
  }
  return [..."rwx"].filter((c) => letters.includes(c)).join("");
}

/** A word that is only an operator comes from an expression with blanks. */
export function refuseOperator(word: Word): void {
  if (word.quoted || !/^[-+*/%&^<>=!|]+$/.test(word.text)) return;
  throw CommandError.at(
    word.at,
    `${word.text} stands alone; an expression with blanks goes in brackets, like (0x4000 + 8)`,
  );
}
