/** `x`: looks at user memory, and changes nothing. */

import { atVa, result } from "../framework/result.ts";
import { command, type Context } from "../framework/command.ts";
import { dump } from "../format/dump.ts";
import { placeOf } from "../session/target.ts";

export default command({
  name: "x",
  group: "machine",
  summary: "show user memory as bytes and text, without any access by the process",
  args: [
    { name: "va", kind: "va" },
    { name: "size", kind: "size", optional: true, doc: "bytes; 64 unless given" },
  ],
  flags: [{ name: "pid", short: "p", kind: "pid", doc: "of this process" }],
  examples: [{
    say: "what a store left",
    lines: ["spawn", "sbrk 4096", "store 0x3000 0x6f6c6c6568", "x 0x3000 16"],
    shows: ["0x3000 68 65 6c 6c 6f", "hello"],
  }],
  run(ctx: Context, args) {
    const { p, va: start } = placeOf(ctx, args.va, args.pid);
    const byteAt = (at: bigint) => p.peek(at, 1)?.[0];
    return result([dump(start, Number(args.size ?? 64n), byteAt, "va")], { place: atVa(start) });
  },
});
