/**
 * `dir`: a directory of the guest's disk, seen from outside.
 *
 * @module
 */

import { type Cell, command, CommandError, EXIT } from "../framework/command.ts";
import { result, table } from "../framework/result.ts";
import { refusing } from "../session/target.ts";

export default command({
  name: "dir",
  group: "files",
  summary: "list a directory of the guest's disk, without running anything",
  details:
    "Paths start at the root. A FAT32 image given with --fat is under /fat. The computer has no " +
    "calendar: what is made there is dated 1 January 1980, so that the same run gives the same bytes.",
  args: [{
    name: "path",
    kind: "text",
    optional: true,
    doc: "a directory or a file; / unless given",
  }],
  examples: [
    { say: "what is on the disk", lines: ["dir"], shows: ["TYPE INO LINKS SIZE NAME", "README"] },
    { say: "one file", lines: ["dir README"], shows: ["file", "README"] },
  ],
  run(ctx, { path = "/" }) {
    const { disk } = ctx.vm;
    if (disk.image === undefined) throw new CommandError("no disk is mounted");
    const rows = refusing(() => disk.list(path), EXIT.failed).map(({ name, inode }): Cell[] =>
      // A name whose inode is damaged; fsck says more.
      inode === undefined
        ? ["?", null, null, null, name]
        : [inode.type, inode.ino, inode.links, inode.size, name]
    );
    return result([table(
      [
        { name: "TYPE" },
        { name: "INO", kind: "number" },
        { name: "LINKS", kind: "number" },
        { name: "SIZE", kind: "number" },
        { name: "NAME" },
      ],
      rows,
      "entries",
    )], { value: BigInt(rows.length) });
  },
});
