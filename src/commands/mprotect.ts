/** `mprotect`: other rights for a range. */

import { atVa, note, result } from "../framework/result.ts";
import { command } from "../framework/command.ts";
import { hex } from "../vm/machine/address.ts";
import { pageEnd, placeOf, refusing } from "../session/target.ts";

export default command({
  name: "mprotect",
  group: "memory",
  summary: "change a range's rights through the real system call",
  args: [
    { name: "va", kind: "va", doc: "where it starts, page-aligned" },
    { name: "size", kind: "size", doc: "bytes" },
    { name: "prot", kind: "perm" },
  ],
  flags: [{ name: "pid", short: "p", kind: "pid", doc: "of this process" }],
  examples: [{
    say: "read-only from now on",
    lines: ["spawn", "mmap 4096", "mprotect $_ 4096 r"],
    shows: ["r--"],
  }],
  run(ctx, args) {
    const { p, va } = placeOf(ctx, args.va, args.pid);
    const prot = args.prot === "none" ? "" : args.prot;
    refusing(() => p.mprotect(va, args.size, prot));
    const area = p.vmmap().find((a) => a.start <= va && va < a.end);
    return result([
      note(
        `${hex(va)}..${hex(pageEnd(va + args.size))}   ${area?.perm ?? prot} ${area?.kind ?? ""}`,
      ),
    ], {
      json: { pid: p.pid, start: hex(va), size: Number(args.size), prot },
      place: atVa(va),
      api: `p${p.pid}.mprotect(${hex(va)}n, ${args.size}, "${prot}");`,
    });
  },
});
