/**
 * What happened to memory, in a few words.
 *
 * @module
 */

import type { Difference } from "../vm/reports.ts";

/** `1 store fault · 1 page copied · 3 PTEs written · 5 frames allocated`; `nothing changed` when nothing did. */
export function summary(done: Difference): string {
  const parts = [
    part(done.faults[12], "fetch fault"),
    part(done.faults[13], "load fault"),
    part(done.faults[15], "store fault"),
    part(done.copied.pages, "page", " copied"),
    part(done.swapped.out, "page", " swapped out"),
    part(done.swapped.in, "page", " swapped in"),
    part(done.files.in, "page", " read from files"),
    part(done.files.out, "page", " written back"),
    part(done.superpages.promoted, "superpage", " made"),
    part(done.superpages.demoted, "superpage", " split"),
    part(done.ptes, "PTE", " written"),
    part(done.allocated, "frame", " allocated"),
    part(done.freed, "frame", " freed"),
    part(done.instructions, "instruction"),
  ].filter((text) => text !== "");
  return parts.length === 0 ? "nothing changed" : parts.join(" · ");
}

function part(n: number, what: string, did = ""): string {
  return n === 0 ? "" : `${n} ${what}${n === 1 ? "" : "s"}${did}`;
}
