/** `refcount`: who owns a frame. */

import { atPa, result } from "../framework/result.ts";
import { command } from "../framework/command.ts";
import { inRam } from "../session/names.ts";
import { frameJson, frameLine, mappingTable } from "../format/views.ts";

export default command({
  name: "refcount",
  aliases: ["rc"],
  group: "inspect",
  summary: "a frame's stored count, the mappings counted in the page tables, and every owner",
  args: [{ name: "pa", kind: "pa", doc: "an address in the frame; pa(0x3000) translates" }],
  examples: [{
    say: "shared after fork",
    lines: ["spawn", "sbrk 4096", "fork", "refcount pa(0x3000)"],
    shows: ["stored 2", "counted 2", "ok", "2:0x3000", "3:0x3000"],
  }],
  run(ctx, args) {
    const frame = ctx.vm.refcount(inRam(ctx.vm, args.pa));
    return result([
      frameLine(frame),
      ...(frame.owners.length === 0 ? [] : [mappingTable(ctx.vm, frame.owners)]),
    ], {
      json: frameJson(frame),
      place: atPa(frame.pa),
      ...(frame.stored === undefined ? {} : { value: BigInt(frame.stored) }),
      api: `vm.refcount(0x${args.pa.toString(16)}n);`,
    });
  },
});
