/**
 * What an event says, in words: for `timeline`, for what a command caused, for the steps of a scenario.
 *
 * @module
 */

import { counted } from "../machine/counted.ts";
import { hex } from "../machine/address.ts";
import type { VmEvent } from "../events.ts";

const FAULTS: Readonly<Record<number, string>> = { 12: "instruction", 13: "load", 15: "store" };

/** What an event says, in one line without its stamp. */
export function eventText(e: VmEvent): string {
  switch (e.kind) {
    case "fault":
      return `${FAULTS[e.old] ?? ""} page fault (${e.old}) at ${hex(e.va)} → ${e.why}`;
    case "pte":
      return `PTE of ${hex(e.va)} at ${hex(e.pa)}: ${hex(e.old)} → ${hex(e.new)} (${e.why})`;
    case "alloc":
      return `frame ${hex(e.pa)} allocated (${e.why})`;
    case "free":
      return `frame ${hex(e.pa)} freed (${e.why})`;
    case "copy":
      return `frame ${hex(e.old)} copied to ${hex(e.pa)}: ${bytesText(e.bytes)} (${e.why})`;
    case "sfence":
      return e.old === 1 ? "sfence.vma: all" : `sfence.vma ${hex(e.va)} (${e.why})`;
    case "syscall":
      return `${e.why}()`;
    case "return":
      return `${e.why}() = ${e.new}`;
    case "switch":
      return `hart: pid ${e.old} → pid ${e.new} (${e.why})`;
    case "fork":
      return `pid ${e.old} → child ${e.new} (${e.why})`;
    case "exit":
      return `pid ${e.old} exits with ${e.new}`;
    case "kill":
      return `pid ${e.old} is killed${e.why === "" ? "" : `: ${e.why}`}`;
    case "exec":
      return `pid ${e.old} becomes ${e.why}`;
    case "swap-out":
      return `frame ${hex(e.pa)} of ${pageText(e)} → swap slot ${e.old} (${e.why})`;
    case "swap-in":
      return `swap slot ${e.old} → frame ${hex(e.pa)} of ${pageText(e)} (${e.why})`;
    case "read-in":
      return `${counted(e.bytes, "byte")} at ${e.old} of a file → frame ${hex(e.pa)} of ${
        pageText(e)
      } (${e.why})`;
    case "write-back":
      return `frame ${hex(e.pa)} of ${pageText(e)} → ${
        counted(e.bytes, "byte")
      } at ${e.old} of its file (${e.why})`;
    case "evict":
    case "promote":
    case "demote":
      return `${e.kind} ${pageText(e)}, frame ${hex(e.pa)} (${e.why})`;
    case "alarm":
      return `pid ${e.old} is taken to its alarm handler, every ${counted(e.new, "tick")}`;
    case "oom":
      return `pid ${e.pid}: ${e.why}`;
    case "wake":
      return `pid ${e.old} wakes (${e.why})`;
  }
}

/** Whose page moved: `3:0x4000`; the address alone while no process has that memory. */
function pageText(e: VmEvent): string {
  if (e.new === 0) return e.va === 0n ? "nobody" : hex(e.va);
  return `${e.new}:${hex(e.va)}`;
}

function bytesText(bytes: number): string {
  return bytes % 2 ** 20 === 0
    ? `${bytes / 2 ** 20}M`
    : bytes % 1024 === 0
    ? `${bytes / 1024}K`
    : `${bytes}`;
}

/** A page moved, between frames, files and the swap disk, or between sizes. */
const MOVES = [
  "copy",
  "evict",
  "swap-in",
  "swap-out",
  "write-back",
  "read-in",
  "promote",
  "demote",
];
/** The kinds that say what an action did to memory; the rest is bookkeeping. */
const EFFECTS: ReadonlySet<string> = new Set(["fault", ...MOVES, "kill"]);
/** The kinds whose `va` is an address. */
const OF_PAGES: ReadonlySet<string> = new Set(["fault", "pte", "sfence", ...MOVES]);

/** Whether an event is something an action did to memory: a fault, a copy, a page that moved, a death. */
export function isEffect(e: VmEvent): boolean {
  return EFFECTS.has(e.kind);
}

/** Whether an event is about a virtual address. */
export function isOfPage(e: VmEvent): boolean {
  return OF_PAGES.has(e.kind);
}
