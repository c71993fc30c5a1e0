/** `fill`: one byte over a range of user memory. */

import { counted } from "../vm/machine/counted.ts";
import { atVa, note, result } from "../framework/result.ts";
import { command } from "../framework/command.ts";
import { CommandError, EXIT } from "../framework/errors.ts";
import { hex } from "../vm/machine/address.ts";
import { placeOf, refusing, setCurrent } from "../session/target.ts";
import { eventsJson } from "../format/event_json.ts";
import { watchedJson, watchedNotes } from "../format/breakpoints.ts";
import { effectLines } from "../format/views.ts";
import type { Watched } from "../vm/breakpoints.ts";

export default command({
  name: "fill",
  group: "memory",
  summary: "store a byte over a whole range, as memset would",
  args: [
    { name: "va", kind: "va" },
    { name: "size", kind: "size", doc: "bytes" },
    { name: "byte", kind: "expr", doc: "0 to 255" },
  ],
  flags: [{ name: "pid", short: "p", kind: "pid", doc: "as this process" }],
  examples: [{
    say: "a child touches two pages of four",
    lines: ["spawn", "sbrk 4p", "fork", "use 3", "fill 0x3000 2p 1"],
    shows: ["2 pages copied"],
  }],
  run(ctx, args) {
    const { p, va } = placeOf(ctx, args.va, args.pid);
    if (args.byte < 0n || args.byte > 255n) {
      throw new CommandError(`${args.byte} is no byte: 0 to 255 is one`);
    }
    const mark = ctx.vm.mark();
    let watched: readonly Watched[];
    try {
      ({ watched } = refusing(() => p.fillReport(va, args.size, Number(args.byte)), EXIT.failed));
    } finally {
      if (!p.alive) {
        // What xv6 prints about the trap; the error says it already.
        ctx.vm.takeOutput();
        if (ctx.session.pid === p.pid) setCurrent(ctx, 0);
      }
    }
    const { copied, faults } = ctx.vm.since(mark);
    const events = ctx.vm.events(mark.event);
    const pages = `${counted(copied.pages, "page")} copied`;
    return result([
      note(
        `${hex(va)}..${hex(va + args.size)}: ${hex(args.byte)}   ${faults[15]} store fault${
          faults[15] === 1 ? "" : "s"
        }, ${pages}`,
      ),
      ...effectLines(events, 8),
      ...watchedNotes(ctx.vm, p.pid, watched),
    ], {
      json: {
        pid: p.pid,
        va: hex(va),
        size: Number(args.size),
        byte: Number(args.byte),
        faults: faults[15],
        copied: copied.pages,
        watched: watched.map((hit) => watchedJson(p.pid, hit.point, hit)),
        events: eventsJson(ctx.vm, events),
      },
      place: atVa(va),
      api: `p${p.pid}.fill(${hex(va)}n, ${args.size}, ${args.byte});`,
    });
  },
});
