/** Values of QEMU's flags: `key=value,…`, sizes, numbers, ports. */

import { CommandError } from "../framework/errors.ts";

/**
 * A value of several parts, `first,key=value,…`: the part without a key has the name that is given.
 * A comma in a value is written twice; a key alone is on.
 */
export function readProperties(text: string, first: string): Map<string, string> {
  const parts = text.replaceAll(",,", "\0").split(",").map((part) => part.replaceAll("\0", ","));
  const found = new Map<string, string>();
  for (const [i, part] of parts.entries()) {
    const equals = part.indexOf("=");
    if (equals >= 0) found.set(part.slice(0, equals), part.slice(equals + 1));
    else if (i === 0) found.set(first, part);
    else found.set(part, "on");
  }
  return found;
}

/** The properties, if there are no others than these. Throws a {@link CommandError} else. */
export function onlyKeys(
  properties: Map<string, string>,
  given: string,
  keys: readonly string[],
): Map<string, string> {
  for (const key of properties.keys()) {
    if (keys.includes(key)) continue;
    throw new CommandError(`${given}: ${key}= is not known here, only ${keys.join("=, ")}=`);
  }
  return properties;
}

/** A number, decimal or after 0x. */
export function count(text: string | undefined): number | undefined {
  return /^(\d{1,10}|0x[\da-f]{1,8})$/i.test(text ?? "") ? Number(text) : undefined;
}

const UNITS: Readonly<Record<string, number>> = { B: 0, K: 10, "": 20, M: 20, G: 30, T: 40 };

/** A size in bytes, whole pages: a number with a letter, which is M when there is none. */
export function memory(text: string | undefined): number | undefined {
  const [, number, unit] = /^(\d{1,12})([BKMGT]?)$/i.exec(text ?? "") ?? [];
  if (number === undefined) return undefined;
  const bytes = Number(number) * 2 ** UNITS[unit.toUpperCase()];
  return bytes % 4096 === 0 ? bytes : undefined;
}

/** The port of `tcp::PORT`, also with the loopback's name, and with what QEMU lets one add. */
export function port(text: string): number | undefined {
  const match = /^tcp:(?:|localhost|127\.0\.0\.1):(\d{1,5})(?:,[\w,=-]*)?$/.exec(text);
  const number = Number(match?.[1] ?? 0);
  return number >= 1 && number <= 65535 ? number : undefined;
}
