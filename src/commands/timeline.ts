/** `timeline`: what happened, and who changed what. */

import { counted } from "../vm/machine/counted.ts";
import { EVENT_KINDS, type VmEvent } from "../vm/events.ts";
import { command } from "../framework/command.ts";
import { note, result, type Section, tableOf } from "../framework/result.ts";
import { eventText, isOfPage } from "../vm/reports.ts";
import type { Vm } from "../vm/vm.ts";
import { eventPlace, guestEventText } from "../format/event_place.ts";
import { inRam } from "../session/names.ts";
import { addressOf } from "../session/target.ts";
import { eventsJson } from "../format/event_json.ts";

export default command({
  name: "timeline",
  aliases: ["log"],
  group: "inspect",
  summary: "the newest events: faults, PTE changes, frames, calls, switches",
  details:
    "pte is a PTE that the kernel wrote: the flags that changed, why, and the whole word before " +
    "and after. mark is A or D alone, set by an access (walk, or copyin and copyout in its " +
    "place) or cleared. count is a frame's stored count; it is 1 after alloc and 0 after free. Of a " +
    "guest's kernel nothing is recorded before somebody asks: the first question runs the last 20 " +
    "million instructions again, if they are recorded, and from then on all is told (see events). " +
    "AT is the place in its kernel that did it, in the program where none did.",
  args: [{ name: "n", kind: "count", optional: true, doc: "how many; 20 unless given" }],
  flags: [
    { name: "va", kind: "va", doc: "only of the page that holds this address" },
    { name: "pa", kind: "pa", doc: "only of the frame that holds this address" },
    { name: "pid", short: "p", kind: "pid", doc: "only of this process" },
    {
      name: "kind",
      short: "k",
      kind: "text",
      many: true,
      choices: EVENT_KINDS,
      doc: "only of these kinds",
    },
    { name: "since", kind: "count", doc: "only from this event number on" },
  ],
  examples: [{
    say: "who changed this page's PTE",
    lines: ["spawn", "sbrk 4096", "fork", "store 0x3000 1", "timeline --va 0x3000 -k pte,fault"],
    shows: ["store page fault (15)", "cow copy"],
  }],
  run(ctx, args) {
    const pa = args.pa === undefined ? undefined : inRam(ctx.vm, args.pa);
    const { va, pid } = args.va === undefined
      ? { va: undefined, pid: args.pid }
      : addressOf(args.va, args.pid);
    const wanted = (e: VmEvent) =>
      (va === undefined || isOfPage(e, va)) &&
      (pa === undefined || isOfFrame(e, Number(pa))) &&
      (pid === undefined || e.pid === pid) &&
      (args.kind === undefined || args.kind.includes(e.kind));
    const all = ctx.vm.events(args.since ?? 0).filter(wanted);
    const shown = all.slice(Math.max(0, all.length - (args.n ?? 20)));
    const sections: Section[] = [ctx.vm.guest ? guestTable(ctx.vm, shown) : table(ctx.vm, shown)];
    const older = all.length - shown.length;
    if (older > 0) {
      sections.push(note(`${older} older ones; timeline ${all.length} shows them`, "dim"));
    }
    const oldest = ctx.vm.oldestEvent;
    if (oldest > 0) {
      sections.push(note(`the log no longer holds the first ${counted(oldest, "event")}`, "dim"));
    }
    return result(sections, {
      json: { events: eventsJson(ctx.vm, shown), older, forgotten: oldest },
      api: "vm.events();",
    });
  },
});

function table({ rsw }: Vm, shown: readonly VmEvent[]): Section {
  return tableOf(shown, "events", [
    ["N", "number", (e) => e.n],
    ["INSTRET", "number", (e) => e.instret],
    ["PID", "pid", (e) => e.pid],
    ["PC", "hex", (e) => e.pc],
    ["EVENT", "text", (e) => e.kind],
    ["WHAT", "text", (e) => eventText(e, rsw)],
  ]);
}

/** The same of a guest: on which hart, and at which place of its kernel, or of the program. */
function guestTable(vm: Vm, shown: readonly VmEvent[]): Section {
  return tableOf(shown, "events", [
    ["N", "number", (e) => e.n],
    ["INSTRET", "number", (e) => e.instret],
    ["HART", "number", (e) => e.hart],
    ["PID", "pid", (e) => e.pid],
    ["EVENT", "text", (e) => e.kind],
    ["WHAT", "text", (e) => guestEventText(vm, e)],
    ["AT", "text", (e) => eventPlace(vm, e)],
  ]);
}

/** Whether an event is about the frame of `pa`, or a PTE change that led or leads to it. */
function isOfFrame(e: VmEvent, pa: number): boolean {
  const frame = Math.floor(pa / 4096);
  const among = (first: number, run: number) => frame >= first && frame < first + run;
  const pte = e.kind === "pte" || e.kind === "mark";
  if (pte && [e.old, e.new].some((word) => word !== 0 && among(word >>> 10, e.run))) return true;
  return among(Math.floor(e.pa / 4096), pte ? 1 : e.run) ||
    (e.kind === "copy" && among(e.old / 4096, 1));
}
