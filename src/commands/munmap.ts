/**
 * `munmap`: takes a mapped range away.
 *
 * @module
 */

import { atVa, command, hex, note, result } from "./command.ts";
import { pageEnd, placeOf, refusing } from "./target.ts";

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
    const before = ctx.vm.free().free;
    refusing(() => p.munmap(va, args.size));
    const freed = ctx.vm.free().free - before;
    return result([
      note(
        `unmapped ${hex(va)}..${hex(pageEnd(va + args.size))}   ${freed} frame${
          freed === 1 ? "" : "s"
        } freed`,
      ),
    ], {
      json: { pid: p.pid, start: hex(va), size: Number(args.size), freed },
      place: atVa(va),
      api: `p${p.pid}.munmap(${hex(va)}n, ${args.size});`,
    });
  },
});
