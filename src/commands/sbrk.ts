/** `sbrk`: moves the end of a process's heap. */

import { atVa, note, result } from "../framework/result.ts";
import { command } from "../framework/command.ts";
import { hex } from "../vm/machine/address.ts";
import { framesText } from "../format/views.ts";
import { processFor, refusing } from "../session/target.ts";

export default command({
  name: "sbrk",
  group: "memory",
  summary: "grow or shrink the heap through the real system call",
  details:
    "Eager growth allocates every page now; --lazy only raises the size, and the pages come " +
    "at first touch. Prints where the new memory starts.",
  args: [{ name: "size", kind: "size", doc: "bytes, like 4096, 64K or 4p; below 0 shrinks" }],
  flags: [
    { name: "lazy", doc: "allocate at first touch" },
    { name: "pid", short: "p", kind: "pid", doc: "this process" },
  ],
  examples: [
    { say: "one page", lines: ["spawn", "sbrk 4096"], shows: ["0x3000..0x4000", "1 frame"] },
    {
      say: "none until touched",
      lines: ["spawn", "sbrk --lazy 1G"],
      shows: ["no frames allocated"],
    },
  ],
  run(ctx, { size, lazy, pid }) {
    const p = processFor(ctx, pid);
    const mark = ctx.vm.mark();
    const bytes = Number(BigInt.asIntN(64, size));
    const old = refusing(() => p.sbrk(bytes, lazy ? "lazy" : "eager"));
    const now = p.break;
    const [start, end] = now >= old ? [old, now] : [now, old];
    const did = ctx.vm.since(mark);
    const change = `heap ${now >= old ? "+" : "-"} ${hex(start)}..${hex(end)}`;
    const lines = [note(`${change}   ${framesText(did)}`)];
    if (bytes < 0 && now === old) {
      lines.push(
        note("that is more than there is: xv6's sbrk then succeeds and does nothing", "dim"),
      );
    }
    return result(lines, {
      json: {
        pid: p.pid,
        old: hex(old),
        break: hex(now),
        allocated: did.allocated,
        freed: did.freed,
      },
      place: atVa(start),
      api: `p${p.pid}.sbrk(${bytes}${lazy ? ', "lazy"' : ""});`,
    });
  },
});
