/**
 * The system calls that processes make, with arguments as strace(1) prints them. Looking at user
 * memory for it changes nothing: no fault, no A bit.
 */

import { spaceOf } from "../process/table.ts";
import { hex, va } from "../../machine/address.ts";
import { walk } from "../../machine/sv39.ts";
import type { Kernel } from "../kernel.ts";
import type { Proc } from "../process/proc.ts";
import { CLONE_FLAGS } from "../process/clone.ts";
import { type Argument, argument, type Call } from "./call.ts";
import { MAXPATH } from "./strings.ts";
import type { Refused } from "../memory/outcome.ts";

/** Longest piece of a string or buffer that is shown. */
const SHOWN = 32;

/** Notes that a process makes a call. `row` is undefined for a number that no call has. */
export function traceEntry(k: Kernel, p: Proc, number: number, row: Call | undefined): void {
  k.trace?.push({
    pid: p.pid,
    program: p.name,
    number,
    name: row?.name ?? `unknown_${number}`,
    args: row === undefined ? [] : argTexts(callerOf(k, p), row.arguments),
    result: undefined,
  });
}

/** Notes what a call of a process returned. */
export function traceReturn(
  k: Kernel,
  p: Proc,
  row: Call | undefined,
  result: number,
  why: Refused | undefined,
): void {
  const record = k.trace?.findLast((r) => r.pid === p.pid && r.result === undefined);
  if (record === undefined) return;
  record.args = filledTexts(callerOf(k, p), row?.arguments ?? [], record.args, result);
  record.result = resultText(row, result) + (why === undefined ? "" : ` (${why.why})`);
}

/** What a call has returned, as text. */
export function resultText(row: Call | undefined, result: number): string {
  return row?.returns === "address" && result !== -1 ? hex(result) : `${result}`;
}

/** The texts of a call's arguments once it has returned: what it has filled is shown in them. */
export function filledTexts(
  caller: Caller,
  all: readonly Argument[],
  texts: readonly string[],
  result: number,
): string[] {
  // The other registers may be gone (exec).
  return texts.map((text, i) => all[i].kind === "out" ? argText(caller, i, all, result) : text);
}

/** Who makes a call: its arguments, and its memory. */
export interface Caller {
  /** Argument number `i` as it was passed. */
  argument(i: number): bigint;
  /** The bytes at an address that are mapped, at most `length`; nothing is touched by looking. */
  peek(at: bigint, length: number): Uint8Array;
}

function callerOf(k: Kernel, p: Proc): Caller {
  return {
    argument: (i) => argument(k, p, i),
    peek: (at, length) => peek(k, p, at, length),
  };
}

/** The arguments of a call that is being made, as text. */
export function argTexts(caller: Caller, all: readonly Argument[]): string[] {
  return all.map((_, i) => argText(caller, i, all));
}

function argText(c: Caller, i: number, all: readonly Argument[], result?: number): string {
  const raw = c.argument(i);
  const int = Number(BigInt.asIntN(32, raw));
  const { kind } = all[i];
  switch (kind) {
    case "int":
    case "fd":
    case "size":
      return `${int}`;
    case "address":
      return hex(raw);
    case "path":
      return stringAt(c, raw);
    case "argv":
      return argvAt(c, raw);
    case "in":
    case "out": {
      if (kind === "out" && (result === undefined || result < 0)) return hex(raw);
      const size = all[i + 1]?.kind === "size"
        ? Math.max(0, Number(BigInt.asIntN(32, c.argument(i + 1))))
        : 0;
      const length = kind === "out" ? result! : size;
      const bytes = c.peek(raw, Math.min(length, SHOWN));
      return bytes.length === 0 && length > 0 ? hex(raw) : quote(bytes, length > bytes.length);
    }
    case "open-flags":
      return flagNames(int, OPEN_ACCESS[int & 3], OPEN_FLAGS, 3);
    case "prot":
      return flagNames(int, "", { 1: "PROT_READ", 2: "PROT_WRITE", 4: "PROT_EXEC" }) || "PROT_NONE";
    case "map-flags":
      return flagNames(int, "", MAP_NAMES);
    case "clone-flags":
      return flagNames(int, "", CLONE_NAMES) || "0";
    case "sbrk-how":
      return { 1: "SBRK_EAGER", 2: "SBRK_LAZY" }[int] ?? hex(raw);
  }
}

/** Names of bits. */
type Names = Readonly<Record<number, string>>;

const MAP_NAMES = { 1: "MAP_SHARED", 2: "MAP_PRIVATE", 0x10: "MAP_FIXED", 0x20: "MAP_ANONYMOUS" };
const CLONE_NAMES: Names = {
  ...Object.fromEntries(Object.entries(CLONE_FLAGS).map(([name, bit]) => [bit, name])),
  17: "SIGCHLD",
};
const OPEN_FLAGS = { 0x200: "O_CREATE", 0x400: "O_TRUNC", 0x800: "O_NOFOLLOW", 4: "O_NOFOLLOW" };
const OPEN_ACCESS = ["O_RDONLY", "O_WRONLY", "O_RDWR", "O_WRONLY|O_RDWR"];

function flagNames(value: number, first: string, names: Names, done = 0): string {
  let rest = value & ~done;
  const parts = first === "" ? [] : [first];
  for (const [bit, name] of Object.entries(names)) {
    if ((rest & Number(bit)) === 0) continue;
    parts.push(name);
    rest &= ~Number(bit);
  }
  if (rest !== 0) parts.push(hex(rest >>> 0));
  return parts.join("|");
}

function stringAt(c: Caller, at: bigint): string {
  const bytes = c.peek(at, MAXPATH);
  const end = bytes.indexOf(0);
  if (end < 0) return bytes.length === 0 ? hex(at) : quote(bytes.subarray(0, SHOWN), true);
  return quote(bytes.subarray(0, end), false);
}

function argvAt(c: Caller, at: bigint): string {
  const parts: string[] = [];
  for (let i = 0n; i < 32n; i++) {
    const word = c.peek(at + 8n * i, 8);
    if (word.length < 8) return hex(at);
    const pointer = new DataView(word.buffer).getBigUint64(0, true);
    if (pointer === 0n) break;
    parts.push(stringAt(c, pointer));
  }
  return `[${parts.join(", ")}]`;
}

function quote(bytes: Uint8Array, cut: boolean): string {
  let text = "";
  for (const byte of bytes) {
    if (byte === 10) text += "\\n";
    else if (byte === 9) text += "\\t";
    else if (byte === 34 || byte === 92) text += "\\" + String.fromCharCode(byte);
    else if (byte >= 32 && byte < 127) text += String.fromCharCode(byte);
    else text += "\\x" + byte.toString(16).padStart(2, "0");
  }
  return `"${text}"${cut ? "…" : ""}`;
}

/** The bytes at a user address that are mapped, at most `length`; nothing is touched. */
function peek(k: Kernel, p: Proc, at: bigint, length: number): Uint8Array {
  const bytes: number[] = [];
  for (let i = 0; i < length; i++) {
    const { leaf } = walk(k.ram, spaceOf(k, p).root, va(at + BigInt(i)));
    if (leaf === undefined || !k.ram.contains(leaf.pa)) break;
    bytes.push(k.ram.read8(leaf.pa));
  }
  return Uint8Array.from(bytes);
}
