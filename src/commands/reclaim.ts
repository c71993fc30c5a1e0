/** `reclaim`: takes frames back, as memory pressure would. */

import { counted } from "../vm/machine/counted.ts";
import { command } from "../framework/command.ts";
import { note, pairs, result } from "../framework/result.ts";
import { eventsJson } from "../format/event_json.ts";
import { effectLines } from "../format/views.ts";

export default command({
  name: "reclaim",
  group: "memory",
  summary: "evict pages: the clock looks at A bits, drops clean file pages, swaps anonymous ones",
  details: "Without a swap disk (--swap SIZE) anonymous pages cannot go.",
  args: [{ name: "n", kind: "count", doc: "how many frames to free" }],
  examples: [{
    say: "nothing to take on a fresh machine",
    lines: ["reclaim 1"],
    shows: ["0 of 1"],
  }],
  run(ctx, { n }) {
    const mark = ctx.vm.mark();
    const freed = ctx.vm.reclaim(n);
    const { free } = ctx.vm.free();
    const events = ctx.vm.events(mark.event);
    return result([
      note(`${freed} of ${counted(n, "frame")} freed`),
      pairs(["FREE", free, "number"]),
      ...effectLines(events),
    ], {
      json: { wanted: n, freed, free, events: eventsJson(ctx.vm, events) },
      value: BigInt(freed),
      api: `vm.reclaim(${n});`,
    });
  },
});
