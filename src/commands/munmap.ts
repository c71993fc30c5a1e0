/** `munmap`: takes a mapped range away. */

import { atVa, note, result } from "../framework/result.ts";
import { command } from "../framework/command.ts";
import { hex } from "../vm/machine/address.ts";
import { framesText } from "../format/views.ts";
import { pageEnd, placeOf, refusing } from "../session/target.ts";

export default command({
  name: "munmap",
  group: "memory",
  summary: "unmap a range through the real system call",
  args: [
    { name: "va", kind: "va", doc: "where it starts, page-aligned" },
    { name: "size", kind: "size", doc: "bytes" },
  ],
  flags: [{ name: "pid", short: "p", kind: "pid", doc: "of this process" }],
  examples: [{
    say: "mapped, touched, unmapped",
    lines: ["spawn", "mmap 4096", "store $_ 1", "munmap $_ 4096"],
    shows: ["unmapped", "2 frames freed"],
  }],
  run(ctx, args) {
    const { p, va } = placeOf(ctx, args.va, args.pid);
    const mark = ctx.vm.mark();
    refusing(() => p.munmap(va, args.size));
    const did = ctx.vm.since(mark);
    return result([
      note(
        `unmapped ${hex(va)}..${hex(pageEnd(va + args.size))}   ${framesText(did)}`,
      ),
    ], {
      json: {
        pid: p.pid,
        start: hex(va),
        size: Number(args.size),
        allocated: did.allocated,
        freed: did.freed,
      },
      place: atVa(va),
      api: `p${p.pid}.munmap(${hex(va)}n, ${args.size});`,
    });
  },
});
