/** What happened to a frame lately, as rows and in JSON. */

import { type Cell, type Json, note, type Section, tableOf } from "../framework/result.ts";
import { hex, type Pa } from "../vm/machine/address.ts";
import type { Finding, FrameStep } from "../vm/reports.ts";
import { nearestSymbol, sourceAt } from "../vm/symbols.ts";
import type { Vm } from "../vm/vm.ts";
import { lineJson, lineText } from "./source.ts";

/** `kfree (kalloc.c:71)`: the function and line of an instruction of the kernel. */
function placeText(vm: Vm, pc: bigint): string {
  const name = nearestSymbol(vm, 0, pc).replace(/\+0x[0-9a-f]+$/, "");
  const line = lineText(sourceAt(vm, 0, pc));
  return name === "" ? hex(pc) : line === "" ? name : `${name} (${line})`;
}

/** The instruction in front of a return address is the call. */
const callOf = (ra: bigint) => ra - 1n;

/** `mappages (vm.c:158) < uvmcopy (vm.c:341)`. */
function byText(vm: Vm, { pc, callers }: FrameStep): string {
  return [pc, ...callers.slice(0, 2).map(callOf)].map((at) => placeText(vm, at)).join(" < ");
}

function whatText(vm: Vm, finding: Finding, { what, at, before, after }: FrameStep): string {
  if (what === "count") return `count ${signed(before)} -> ${signed(after)}`;
  if (what === "link") return "its first word";
  if (what === "content") return "what it holds";
  if (what === "taken") return "taken from the free list";
  if (what === "pointer") {
    const isEntry = (before & 1n) === 1n;
    const text = (word: bigint) => isEntry ? pteText(vm, word) : hex(word);
    return `${isEntry ? "PTE" : "pointer"} at ${hex(at)}: ${text(before)} -> ${text(after)}`;
  }
  const owner = finding.owners.find(({ pteAddr }) => pteAddr === at);
  const page = owner === undefined ? hex(at) : `${owner.pid}:${hex(owner.va)}`;
  return `PTE of ${page}: ${pteText(vm, before)} -> ${pteText(vm, after)}`;
}

function pteText(vm: Vm, pte: bigint): string {
  return pte === 0n ? "0" : `${hex((pte >> 10n) << 12n)} ${vm.flags(pte).replaceAll(" ", "")}`;
}

/** A count is an int: no kernel counts to 2^31. */
function signed(count: bigint): string {
  return String(count >= 1n << 31n && count < 1n << 32n ? count - (1n << 32n) : count);
}

/** The trail of a finding's frame, the last step last. */
export function trailSections(vm: Vm, finding: Finding, steps: readonly FrameStep[]): Section[] {
  const frame = finding.pa as Pa;
  if (steps.length === 0) {
    const what = "nothing that is recorded has changed its count, or who maps it";
    return [note(`frame ${hex(frame)}: ${what}; boot, and audit --each from there`, "dim")];
  }
  return [
    note(`frame ${hex(frame)}, how it came to that:`),
    tableOf([...steps], `trail_${hex(frame)}`, [
      ["AT", "number", (s) => s.instret],
      ["PID", "number", (s): Cell => s.pid],
      ["WHAT", "text", (s) => whatText(vm, finding, s)],
      ["BY", "text", (s) => byText(vm, s)],
    ]),
  ];
}

/** The same in JSON. */
export function trailJson(vm: Vm, steps: readonly FrameStep[]): Json[] {
  return steps.map(({ instret, hart, pid, what, at, before, after, pc, callers }) => ({
    instret,
    hart,
    pid,
    what,
    at: hex(at),
    before: hex(before),
    after: hex(after),
    by: [pc, ...callers.map(callOf)].map((code) => ({
      pc: hex(code),
      symbol: nearestSymbol(vm, 0, code),
      source: lineJson(sourceAt(vm, 0, code)),
    })),
  }));
}
