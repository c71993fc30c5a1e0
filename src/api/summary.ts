/** What happened to memory, in a few words. */

import { counted } from "../vm/machine/counted.ts";
import type { VmEvent } from "../vm/events.ts";
import { type Difference, eventText, isEffect } from "../vm/reports.ts";

/** More effects than this are only counted. */
const FEW = 4;

/** What a step did to memory, event by event, when it is few enough to read. */
export function effects(events: readonly VmEvent[]): string[] {
  const lines = events.filter(isEffect).map((e) => eventText(e));
  return lines.length <= FEW ? lines : [];
}

/** `1 store fault · 1 page copied · 3 PTEs written`, or that nothing of the kind happened. */
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
  return parts.length === 0 ? "no fault, no change of PTEs or frames" : parts.join(" · ");
}

function part(n: number, what: string, did = ""): string {
  return n === 0 ? "" : `${counted(n, what)}${did}`;
}
