/** `dir`: a directory of the guest's disk, seen from outside. */

import { command } from "../framework/command.ts";
import { CommandError, EXIT } from "../framework/errors.ts";
import { result, tableOf } from "../framework/result.ts";
import { refusing } from "../session/target.ts";

export default command({
  name: "dir",
  group: "files",
  summary: "list a directory of the guest's disk, without running anything",
  details:
    "Paths start at the root. A FAT32 image given with --fat is under /fat. The computer has no " +
    "calendar: what is made there is dated 1 January 1980, so that the same run gives the same " +
    "bytes.",
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
    const list = refusing(() => disk.list(path), EXIT.failed);
    return result([tableOf(list, "entries", [
      // A name whose inode is damaged; fsck says more.
      ["TYPE", "text", ({ inode }) => inode === undefined ? "?" : inode.type],
      ["INO", "number", ({ inode }) => inode?.ino],
      ["LINKS", "number", ({ inode }) => inode?.links],
      ["SIZE", "number", ({ inode }) => inode?.size],
      ["NAME", "text", ({ name }) => name],
    ])], { value: BigInt(list.length) });
  },
});
