/** `mappings`: every PTE that leads to a frame. */

import { atPa, note, result } from "../framework/result.ts";
import { command } from "../framework/command.ts";
import { inRam } from "../session/names.ts";
import { mappingJson, mappingTable } from "../format/views.ts";

export default command({
  name: "mappings",
  aliases: ["rmap"],
  group: "inspect",
  summary: "every PTE that maps a frame, trapframes and superpages included",
  args: [{ name: "pa", kind: "pa" }],
  examples: [{
    say: "both processes map it",
    lines: ["spawn", "sbrk 4096", "fork", "mappings pa(0x3000)"],
    shows: ["heap", "0x3000"],
  }],
  run(ctx, args) {
    const frame = ctx.vm.frame(inRam(ctx.vm, args.pa));
    const list = frame.mappings();
    return result(
      list.length === 0 ? [note("nobody maps it")] : [mappingTable(ctx.vm, list)],
      {
        json: { mappings: list.map(mappingJson) },
        place: atPa(frame.pa),
        value: BigInt(list.length),
      },
    );
  },
});
