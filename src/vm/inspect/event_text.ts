/** What an event says: for `timeline`, for what a command caused, for the steps of a scenario. */

import { causeName } from "../machine/cause.ts";
import { counted } from "../machine/counted.ts";
import { hex } from "../machine/address.ts";
import { MOVE_KINDS, type VmEvent } from "../events.ts";
import { pteChange, type RswLetters } from "../machine/flags.ts";

/** What an event says, in one line without its stamp; the fork policy's marks go by its letters. */
export function eventText(e: VmEvent, rsw: RswLetters = ["1", "1"]): string {
  const bytes = counted(e.bytes, "byte");
  switch (e.kind) {
    case "fault":
      return `${causeName(e.old)} (${e.old}) at ${hex(e.va)}${e.why === "" ? "" : ` → ${e.why}`}`;
    case "pte":
    case "mark": {
      const change = pteChange(e.old, e.new, rsw);
      const words = `${hex(e.old)} → ${hex(e.new)} at ${hex(e.pa)}`;
      return `${entriesText(e)}${tableText(e)}: ${change}${whyText(e)} ${words}`;
    }
    case "count":
      return `${framesText(e)}: count ${e.old} → ${e.new}${whyText(e)}`;
    case "alloc":
      return `frame ${hex(e.pa)} allocated${whyText(e)}`;
    case "free":
      return `frame ${hex(e.pa)} freed${whyText(e)}`;
    case "copy":
      return `frame ${hex(e.old)} copied to ${hex(e.pa)}: ${bytesText(e.bytes)}${whyText(e)}`;
    case "sfence":
      return e.old === 1 ? "sfence.vma: all" : `sfence.vma ${hex(e.va)}${whyText(e)}`;
    case "syscall":
      return callText(e.why, e.args ?? []);
    case "return":
      return `${callText(e.why, e.args ?? [])} = ${e.new}`;
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
      return `${bytes} at ${e.old} of a file → frame ${hex(e.pa)} of ${pageText(e)} (${e.why})`;
    case "write-back":
      return `frame ${hex(e.pa)} of ${pageText(e)} → ${bytes} at ${e.old} of its file (${e.why})`;
    case "evict":
    case "promote":
    case "demote":
      return `${e.kind} ${pageText(e)}, frame ${hex(e.pa)} (${e.why})`;
    case "alarm":
      return `pid ${e.old} is taken to its alarm handler, every ${counted(e.new, "tick")}`;
    case "oom":
      return `pid ${e.pid}: ${e.why}`;
    case "trap":
      return `${e.why} (${e.old}) in ${e.by === 0n ? "user mode" : "the kernel"}`;
  }
}

/** `write(1, "hi", 2)`. */
export function callText(name: string, args: readonly string[]): string {
  return `${name}(${args.join(", ")})`;
}

function whyText({ why }: VmEvent): string {
  return why === "" ? "" : ` (${why})`;
}

/** Whose table a guest's PTE is in, where that is not the one of the process itself. */
function tableText({ pid, owner, root }: VmEvent): string {
  if (root === undefined || owner === pid) return "";
  if (owner === undefined) return ` in table ${hex(root)}`;
  return owner === 0 ? " of the kernel" : ` of pid ${owner}`;
}

/** The page whose PTE an event is about, or the pages in a row. */
function entriesText({ va, run }: VmEvent): string {
  return run === 1 ? `PTE of ${hex(va)}` : `${run} PTEs from ${hex(va)}`;
}

/** The frame that an event is about, or the frames in a row. */
function framesText({ pa, run }: VmEvent): string {
  return run === 1 ? `frame ${hex(pa)}` : `${run} frames from ${hex(pa)}`;
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

/** The kinds that say what an action did to memory; the rest is bookkeeping. */
const EFFECTS: ReadonlySet<string> = new Set(["fault", "copy", ...MOVE_KINDS, "kill"]);

/** Whether an event tells what an action did to memory: a fault, a copy, a move, a death. */
export function isEffect(e: VmEvent): boolean {
  return EFFECTS.has(e.kind);
}
