/** `mmap`: a new mapped area of a process. */

import { atVa, note, result } from "../framework/result.ts";
import { command } from "../framework/command.ts";
import { hex } from "../vm/machine/address.ts";
import { pageEnd, placeOf, processFor, refusing } from "../session/target.ts";

export default command({
  name: "mmap",
  group: "memory",
  summary: "map memory through the real system call; pages come at first touch",
  args: [
    { name: "size", kind: "size", doc: "bytes" },
    { name: "prot", kind: "perm", optional: true, doc: "rw unless given" },
  ],
  flags: [
    { name: "shared", short: "s", doc: "MAP_SHARED: forked children see each other's stores" },
    { name: "at", kind: "va", doc: "exactly there (MAP_FIXED)" },
    { name: "fd", kind: "count", doc: "a descriptor of the process: call open README 2 makes one" },
    { name: "offset", kind: "size", doc: "byte in the file" },
    { name: "pid", short: "p", kind: "pid", doc: "this process" },
  ],
  examples: [
    { say: "four pages", lines: ["spawn", "mmap 4p"], shows: ["rw-p anon"] },
    { say: "shared", lines: ["spawn", "mmap 64K rw --shared"], shows: ["rw-s anon"] },
  ],
  run(ctx, { size, prot, shared, at, fd, offset, pid }) {
    const { p, va } = at === undefined
      ? { p: processFor(ctx, pid), va: undefined }
      : placeOf(ctx, at, pid);
    const options = {
      prot: prot === "none" ? "" : prot ?? "rw",
      shared: shared ?? false,
      ...(va === undefined ? {} : { at: va }),
      ...(fd === undefined ? {} : { fd }),
      ...(offset === undefined ? {} : { offset: Number(offset) }),
    };
    const start = refusing(() => p.mmap(size, options));
    // Where a guest keeps its areas may be unknown, and nothing is mapped before the first touch.
    const area = p.vmmap().find((a) => a.start <= start && start < a.end);
    const { perm = "?", kind = "unknown" } = area ?? {};
    return result([
      note(`mapped ${hex(start)}..${hex(pageEnd(start + size))}   ${perm} ${kind}`),
    ], {
      json: { pid: p.pid, start: hex(start), size: Number(size), perm, kind },
      place: atVa(start),
      api: `p${p.pid}.mmap(${size}, ${optionsText(options)});`,
    });
  },
});

/** An object literal of TypeScript; addresses in hexadecimal. */
function optionsText(options: Record<string, string | boolean | number | bigint>): string {
  const parts = Object.entries(options).map(([name, value]) =>
    `${name}: ${typeof value === "bigint" ? `${hex(value)}n` : JSON.stringify(value)}`
  );
  return `{ ${parts.join(", ")} }`;
}
