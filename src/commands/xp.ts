/** `xp`: looks at physical memory. */

import { atPa, result } from "../framework/result.ts";
import { command } from "../framework/command.ts";
import { dump } from "../format/dump.ts";
import { inRam } from "../session/names.ts";
import { paNum } from "../vm/machine/address.ts";

export default command({
  name: "xp",
  group: "machine",
  summary: "show physical memory as bytes and text",
  args: [
    { name: "pa", kind: "pa" },
    { name: "size", kind: "size", optional: true, doc: "bytes; 64 unless given" },
  ],
  examples: [{
    say: "the same bytes, by frame",
    lines: ["spawn", "sbrk 4096", "store 0x3000 0x6f6c6c6568", "xp pa(0x3000) 16"],
    shows: ["68 65 6c 6c 6f", "hello"],
  }],
  run(ctx, args) {
    const { ram } = ctx.vm;
    const start = inRam(ctx.vm, args.pa);
    const byteAt = (at: bigint) => at < BigInt(ram.end) ? ram.read8(paNum(Number(at))) : undefined;
    return result([dump(start, Number(args.size ?? 64n), byteAt, "pa")], { place: atPa(start) });
  },
});
