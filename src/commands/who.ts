/** `who`: who wrote some bytes or a PTE last, who changed a frame's count. */

import { command, type Context } from "../framework/command.ts";
import { CommandError } from "../framework/errors.ts";
import { atPa, type Json, note, type Result, result, tableOf } from "../framework/result.ts";
import type { VmEvent } from "../vm/events.ts";
import { hex, type Pa, pa } from "../vm/machine/address.ts";
import { eventText, type Store } from "../vm/reports.ts";
import { eventsJson } from "../format/event_json.ts";
import { eventPlace } from "../format/event_place.ts";
import { inRam } from "../session/names.ts";
import { placeOf, refusing } from "../session/target.ts";

export default command({
  name: "who",
  group: "inspect",
  summary: "who wrote some bytes or a PTE last; who changed the count of a frame",
  details:
    "Of a guest's kernel what is recorded is run again, backwards, till the last stores are found, " +
    "whoever listened then: instructions of kernel and programs, page table walks that set A or D, " +
    "devices. who counted wants to know where the kernel keeps its counts. The built-in kernel's " +
    "events say who wrote a PTE and who counted; what programs store is not recorded there.",
  args: [
    { name: "did", kind: "text", choices: ["wrote", "counted"], doc: "what was done to it" },
    {
      name: "address",
      kind: "va",
      doc: "of the bytes, or the page with --pte; physical with --phys, and for counted",
    },
  ],
  flags: [
    { name: "pte", doc: "the entry that maps the address, or at which its walk ends" },
    { name: "size", kind: "size", doc: "bytes; 8 unless given" },
    { name: "last", short: "n", kind: "count", doc: "the last so many; 1 unless given" },
    { name: "phys", doc: "a physical address" },
    { name: "pid", short: "p", kind: "pid", doc: "in this process" },
  ],
  examples: [{
    say: "who took the W bit of a page",
    lines: ["spawn", "sbrk 4096", "store 0x3000 1", "fork", "who wrote 0x3000 --pte -n 2"],
    shows: ["PTE of 0x3000"],
  }, {
    say: "who counted a frame",
    lines: ["spawn", "sbrk 4096", "store 0x3000 1", "fork", "who counted pa(0x3000)"],
    shows: ["count 1 → 2"],
  }],
  run(ctx, args) {
    const { did, address } = args;
    const most = args.last ?? 1;
    if (most < 1) throw new CommandError("who -n: at least 1");
    const physical = args.phys === true || did === "counted";
    const { p, va } = placeOf(ctx, address, args.pid, physical);
    if (did === "counted") {
      const frame = inRam(ctx.vm, pa(va));
      return ctx.vm.guest ? counted(ctx, frame, most) : told(ctx, most, isCountOf(frame));
    }
    const at = physical ? pa(va) : undefined;
    if (args.pte && at !== undefined) throw new CommandError("who --pte: of a virtual address");
    const t = at === undefined ? p.pte(va) : undefined;
    const where = args.pte ? t?.levels.at(-1)?.pteAddr : t === undefined ? at : t.pa;
    if (where === undefined) {
      throw new CommandError(`${hex(va)} is not mapped: ${t?.fail ?? "it has no page table"}`);
    }
    if (!ctx.vm.guest) {
      if (!args.pte) {
        throw new CommandError("what programs store is not recorded; watch stops at it");
      }
      const isPte = ({ kind, pa, run }: VmEvent) =>
        (kind === "pte" || kind === "mark") && pa <= Number(where) && Number(where) < pa + 8 * run;
      return told(ctx, most, isPte);
    }
    return stores(ctx, pa(where), args.pte ? 8 : Number(args.size ?? 8n), most);
  },
});

/** From a guest's past. */
function stores(ctx: Context, at: Pa, size: number, most: number): Result {
  const { vm } = ctx;
  const { stores, since } = refusing(() => vm.lastStores(at, size, most));
  const place = (one: Store) =>
    one.pc === undefined
      ? one.by === "walk" ? "the page table walk" : "a device, or from outside"
      : eventPlace(vm, { by: one.user ? 0n : one.pc, pc: one.pc, pid: one.pid } as VmEvent);
  const none = `nobody since instruction ${since}, where what is recorded begins`;
  return result([
    stores.length === 0 ? note(none) : tableOf(stores, "stores", [
      ["INSTRET", "number", (one) => one.instret],
      ["HART", "number", (one) => one.hart],
      ["PID", "pid", (one) => one.pid],
      ["PA", "pa", (one) => one.pa],
      ["SIZE", "number", (one) => one.size],
      ["BEFORE", "hex", (one) => one.before],
      ["AFTER", "hex", (one) => one.after],
      ["BY", "text", place],
    ]),
  ], {
    json: {
      address: hex(at),
      since,
      stores: stores.map((one): Json => ({
        instret: one.instret,
        hart: one.hart,
        pid: one.pid,
        pc: one.pc === undefined ? null : hex(one.pc),
        user: one.user,
        by: one.by,
        place: place(one),
        pa: hex(one.pa),
        size: one.size,
        before: hex(one.before),
        after: hex(one.after),
      })),
    },
    place: atPa(at),
    value: BigInt(stores.length),
    api: `vm.lastStores(${hex(at)}n, ${size}, ${most});`,
  });
}

function counted(ctx: Context, frame: Pa, most: number): Result {
  const where = ctx.vm.countPlace(frame);
  if (where === undefined) {
    throw new CommandError(
      "who counted: where the guest's kernel keeps its counts is unknown; who wrote ADDRESS asks " +
        "for any bytes",
    );
  }
  return stores(ctx, where.pa, where.size, most);
}

const isCountOf = (frame: Pa) => ({ kind, pa, run }: VmEvent) => {
  const at = Number(frame);
  const length = kind === "count" ? 4096 * run : 4096;
  return /^(count|alloc|free)$/.test(kind) && pa <= at && at < pa + length;
};

/** From the built-in kernel's events. */
function told(ctx: Context, most: number, meant: (e: VmEvent) => boolean): Result {
  const { vm } = ctx;
  const found = vm.events().filter(meant).slice(-most);
  return result([
    found.length === 0 ? note("nobody, as far as the log reaches back") : tableOf(found, "events", [
      ["N", "number", (e) => e.n],
      ["INSTRET", "number", (e) => e.instret],
      ["PID", "pid", (e) => e.pid],
      ["EVENT", "text", (e) => e.kind],
      ["WHAT", "text", (e) => eventText(e, vm.rsw)],
    ]),
  ], {
    json: { events: eventsJson(vm, found) },
    value: BigInt(found.length),
    api: "vm.events();",
  });
}
