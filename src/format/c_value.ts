/** Values of C as text, as a person would write them, and in JSON. */

import { hex } from "../vm/machine/address.ts";
import { bare, bytesOf, type CValue, element, isScalar, part, scalarOf } from "../vm/c_values.ts";
import type { Json } from "../framework/result.ts";
import { KernelError, type Vm } from "../vm/vm.ts";
import { namedPlace } from "./source.ts";

/** Columns that a structure may take in one line. */
const WIDTH = 76;
/** Elements of an array, and all that is shown of one value: more is cut, and said. */
const MOST_ELEMENTS = 16, MOST_PARTS = 400;
/** Structures in structures; more are no human's. */
const MOST_DEPTH = 8;
/** Bytes of what a `char *` leads to. */
const MOST_TEXT = 64;

/** A value as a tree, from which text and JSON are made. */
type Shown =
  | { readonly kind: "one"; readonly text: string; readonly json: Json }
  | { readonly kind: "struct"; readonly parts: readonly [name: string, Shown][] }
  | { readonly kind: "array"; readonly parts: readonly Shown[]; readonly more: number };

/** What is shown so far of one value. */
interface Budget {
  left: number;
}

/** A value as text, of several lines where it is made of much. */
export function cText(vm: Vm, value: CValue): string {
  return textOf(shown(vm, value, { left: MOST_PARTS }, 0), "");
}

/** The same in JSON: structures as objects, arrays as lists, addresses as `"0x…"`. */
export function cJson(vm: Vm, value: CValue): Json {
  return jsonOf(shown(vm, value, { left: MOST_PARTS }, 0));
}

function one(text: string, json: Json = text): Shown {
  return { kind: "one", text, json };
}

function shown(vm: Vm, value: CValue, budget: Budget, depth: number): Shown {
  budget.left--;
  try {
    if (value.lost !== undefined) return one(`<${value.lost}>`, null);
    if (depth > MOST_DEPTH || budget.left < 0) return one("…", null);
    return whole(vm, value, budget, depth);
  } catch (error) {
    if (error instanceof KernelError) return one(`<${error.message}>`, null);
    throw error;
  }
}

function whole(vm: Vm, value: CValue, budget: Budget, depth: number): Shown {
  const type = bare(value.type);
  switch (type?.kind) {
    case "struct":
    case "union": {
      const parts = type.members.map((member): [string, Shown] => {
        const inner = part(value, member.type, member.offset, member.bits);
        return [member.name, shown(vm, inner, budget, depth + 1)];
      });
      return { kind: "struct", parts };
    }
    case "array": {
      const text = textIn(vm, value);
      if (text !== undefined) return one(JSON.stringify(text), text);
      const length = type.length ?? 0, few = Math.min(length, MOST_ELEMENTS);
      const parts = Array.from(
        { length: few },
        (_, i) => shown(vm, element(vm, value, BigInt(i)), budget, depth + 1),
      );
      return { kind: "array", parts, more: length - few };
    }
    case "function":
      return one(`${value.type.name} at ${hex(value.address ?? 0n)}`);
    case undefined:
      return one("void", null);
    default:
      return scalar(vm, value);
  }
}

function scalar(vm: Vm, value: CValue): Shown {
  const type = bare(value.type)!;
  if (!isScalar(value)) {
    return one(`<${type.name}: ${hexBytes(bytesOf(vm, value))}>`, hexBytes(bytesOf(vm, value)));
  }
  const number = scalarOf(vm, value);
  if (type.kind === "pointer") {
    const text = pointedText(vm, value, number);
    const name = namedPlace(vm, value.pid, number);
    const named = name === "" || text !== "" ? "" : ` <${name}>`;
    return one(`${hex(number)}${named}${text}`, hex(number));
  }
  if (type.kind === "enum") {
    const name = type.values.get(number);
    return name === undefined ? one(`${number}`, Number(number)) : one(name);
  }
  if (type.kind === "base" && type.encoding === "boolean") {
    return one(number === 0n ? "false" : "true", number !== 0n);
  }
  const json = Number.isSafeInteger(Number(number)) ? Number(number) : `${number}`;
  if (type.kind === "base" && type.encoding === "character") {
    const letter = number >= 32n && number < 127n
      ? ` '${String.fromCharCode(Number(number))}'`
      : "";
    return one(`${number}${letter}`, json);
  }
  // A long number is more likely an address or bits than a count, and so is one of 64 bits.
  const address = type.size === 8 && type.kind === "base" && type.encoding === "unsigned";
  return one(number > (address ? 9n : 0xffffn) ? hex(number) : `${number}`, json);
}

function hexBytes(bytes: Uint8Array): string {
  return `0x${bytes.toReversed().toHex()}`;
}

/** The text in an array of characters; undefined: it is none. */
function textIn(vm: Vm, value: CValue): string | undefined {
  const type = bare(value.type);
  const of = type?.kind === "array" ? bare(type.of) : undefined;
  if (of?.kind !== "base" || of.encoding !== "character" || of.size !== 1) return undefined;
  return printable(bytesOf(vm, value));
}

/** The text that begins with these bytes, up to its NUL; undefined: there is none. */
function printable(bytes: Uint8Array): string | undefined {
  const nul = bytes.indexOf(0);
  const own = nul < 0 ? bytes : bytes.subarray(0, nul);
  return own.every((byte) => (byte >= 32 && byte < 127) || byte === 9 || byte === 10)
    ? String.fromCharCode(...own)
    : undefined;
}

/** What a `char *` leads to. */
function pointedText(vm: Vm, value: CValue, address: bigint): string {
  const type = bare(value.type);
  const to = type?.kind === "pointer" ? bare(type.to) : undefined;
  if (to?.kind !== "base" || to.encoding !== "character" || address === 0n) return "";
  for (let length = MOST_TEXT; length > 0; length >>= 1) {
    const bytes = vm.process(value.pid).peek(address, length);
    const text = bytes && printable(bytes);
    if (text !== undefined && (text.length < length || length === MOST_TEXT)) {
      return ` ${JSON.stringify(text)}${text.length === MOST_TEXT ? "…" : ""}`;
    }
  }
  return "";
}

/** In one line where that fits, else one part a line. */
function textOf(value: Shown, indent: string): string {
  if (value.kind === "one") return value.text;
  const short = oneLine(value);
  if (short.length + indent.length <= WIDTH) return short;
  const inner = `${indent}  `;
  const lines = value.kind === "struct"
    ? value.parts.map(([name, of]) =>
      `${inner}${name === "" ? "" : `${name} = `}${textOf(of, inner)}`
    )
    : [
      ...value.parts.map((of, i) => `${inner}[${i}] = ${textOf(of, inner)}`),
      ...(value.more > 0 ? [`${inner}… ${value.more} more`] : []),
    ];
  return `{\n${lines.join(",\n")}\n${indent}}`;
}

function oneLine(value: Shown): string {
  if (value.kind === "one") return value.text;
  const parts = value.kind === "struct"
    ? value.parts.map(([name, of]) => `${name === "" ? "" : `${name} = `}${oneLine(of)}`)
    : [...value.parts.map(oneLine), ...(value.more > 0 ? [`… ${value.more} more`] : [])];
  return parts.length === 0 ? "{}" : `{${parts.join(", ")}}`;
}

function jsonOf(value: Shown): Json {
  if (value.kind === "one") return value.json;
  if (value.kind === "array") return value.parts.map(jsonOf);
  return Object.fromEntries(value.parts.map(([name, of]) => [name, jsonOf(of)]));
}
