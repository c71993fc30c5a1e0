/**
 * What is known of an access that a guest's page table refuses, beyond that it is: what the page is
 * for. What its kernel does about it stays unknown.
 */

import type { GuestView } from "./guest/view.ts";
import type { Verdict } from "./inspect/hardware_verdict.ts";
import { areaAt, type AreaFacts, type RootView } from "./inspect/view.ts";
import { hex, PAGE_SIZE, type Va } from "./machine/address.ts";
import type { Ram } from "./machine/memory.ts";
import { PTE_U, walk } from "./machine/sv39.ts";

/** Bits of {@link AreaFacts.perm}, and what cannot be done without them. */
const RIGHTS = { read: 1, write: 2, execute: 4 } as const;
const DONE = { read: "read", write: "written", execute: "executed" } as const;

/** A verdict of the hardware on a process's access, with that. `nameOf`: of files by i-number. */
export function guestVerdict(
  one: Verdict,
  view: GuestView,
  ram: Ram,
  root: RootView,
  at: Va,
  nameOf: (inum: number) => string | undefined,
): Verdict {
  if (one.allowed) return one;
  const { leaf } = walk(ram, root.root, at);
  if (leaf === undefined) {
    const area = at < 1n << 38n ? areaAt(root, Number(at - at % BigInt(PAGE_SIZE))) : undefined;
    const text = area && areaText(one.access, area, nameOf);
    return text === undefined ? one : { ...one, text };
  }
  const marked = one.access === "write" && view.cowBit !== undefined &&
    (leaf.flags & PTE_U) !== 0 && (leaf.flags & view.cowBit) !== 0;
  return marked ? { ...one, text: "marked for a COW copy" } : one;
}

/** A page that is not mapped, of what may come page by page. */
function areaText(
  access: Verdict["access"],
  { start, end, kind, perm, file }: AreaFacts,
  nameOf: (inum: number) => string | undefined,
): string | undefined {
  if (kind !== "file" && kind !== "anon" && kind !== "heap") return undefined;
  const name = file === undefined ? undefined : nameOf(file) ?? `inode ${file}`;
  const what = `the ${kind === "heap" ? "heap" : "area"} ${hex(start)}..${hex(end)}` +
    (name === undefined ? "" : ` of ${name}`);
  if (perm !== undefined && (perm & RIGHTS[access]) === 0) {
    return `${what} may not be ${DONE[access]}`;
  }
  return `in ${what}, not mapped yet`;
}
