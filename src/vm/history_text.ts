/** What was done, in words: calls as a script writes them, events that are looked for. */

import { shown } from "./checks.ts";
import type { EventFilter } from "./kernel/run.ts";
import { hex } from "./machine/address.ts";

/** Characters of a call. */
const LONGEST = 200;

/** The line for who wants to undo or redo more than there is. */
export function tooFar(what: string, n: number, there: number): string {
  const done = what === "undo" ? "undone" : "done again";
  if (there === 0) return `${what}: there is nothing to be ${done}`;
  return `${what} ${n}: only ${there} ${there === 1 ? "action" : "actions"} can be ${done}`;
}

/** An event filter in words. */
export function filterText({ kinds, pid, va }: EventFilter): string {
  const whose = pid === undefined ? "" : ` of pid ${pid}`;
  const where = va === undefined ? "" : ` about the page of ${hex(BigInt.asUintN(64, va))}`;
  return `${kinds?.join(" or ") ?? "event"}${kinds === undefined ? "" : " event"}${whose}${where}`;
}

/** A call as a script writes it. */
export function callText(what: string, args: readonly unknown[]): string {
  const given = args.filter((arg) => arg !== undefined).map(argument);
  const text = `${what}(${given.join(", ")})`;
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`;
}

function argument(arg: unknown): string {
  if (typeof arg === "bigint") return arg < 10n ? `${arg}n` : `${hex(arg)}n`;
  if (arg instanceof Uint8Array) return `${arg.length} bytes`;
  if (typeof arg !== "object" || arg === null) return shown(arg);
  if (Array.isArray(arg)) return `[${arg.map(argument).join(", ")}]`;
  const pairs = Object.entries(arg).map(([name, one]) => `${name}: ${argument(one)}`);
  return `{ ${pairs.join(", ")} }`;
}
