/**
 * `dir`: a directory of the guest's disk, seen from outside.
 *
 * @module
 */

import type { FileTree } from "../vm/kernel/files/tree.ts";
import { T_DEVICE, T_DIR, T_FILE, T_SYMLINK } from "../vm/kernel/files/xv6fs/layout.ts";
import { byteString, textOf } from "../vm/kernel/files/xv6fs/path.ts";
import { type Cell, command, CommandError, EXIT, result, table } from "../framework/command.ts";

const TYPES: Readonly<Record<number, string>> = {
  [T_DIR]: "dir",
  [T_FILE]: "file",
  [T_DEVICE]: "device",
  [T_SYMLINK]: "symlink",
};

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
    const tree = ctx.vm.kernel.files.root;
    if (tree === undefined) throw new CommandError("no disk is mounted");
    const rows = held(tree, tree.root(), (root) => list(tree, root, path));
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

/** Uses a handle and gives it back. */
function held<T>(tree: FileTree, handle: number, use: (handle: number) => T): T {
  try {
    return use(handle);
  } finally {
    tree.iput(handle);
  }
}

function list(tree: FileTree, root: number, path: string): Cell[][] {
  const at = tree.namei(root, byteString(path));
  if (at < 0) throw new CommandError(`${path}: no such file or directory on the disk`, EXIT.failed);
  return held(tree, at, (handle) => {
    if (tree.type(handle) !== T_DIR) return [row(tree, handle, path)];
    const names = tree.names(handle);
    if (typeof names === "number") throw new CommandError(`${path} cannot be read`, EXIT.failed);
    return names.flatMap(({ name }) => {
      const inode = tree.namei(handle, name);
      // A name whose inode is damaged; fsck says more.
      if (inode < 0) return [["?", null, null, null, textOf(name)]];
      return [held(tree, inode, (one) => row(tree, one, textOf(name)))];
    });
  });
}

function row(tree: FileTree, handle: number, name: string): Cell[] {
  const stat = tree.stat(handle);
  if (typeof stat === "number") return ["?", null, null, null, name];
  return [TYPES[stat.type] ?? `${stat.type}`, stat.ino, stat.nlink, stat.size, name];
}
