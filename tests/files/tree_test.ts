import { assert, assertEquals } from "@std/assert";
import { readBytes, writeBytes } from "../../src/vm/kernel/files/file_system.ts";
import { FileTree } from "../../src/vm/kernel/files/tree.ts";
import { FAT_HANDLES } from "../../src/vm/kernel/files/fat32/nodes.ts";
import { openXv6fs } from "../../src/vm/kernel/files/xv6fs/xv6fs.ts";
import { openFat32 } from "../../src/vm/kernel/files/fat32/fat32.ts";
import { formatFat32 } from "./format.ts";
import { mkfs } from "../../src/vm/kernel/files/xv6fs/mkfs.ts";
import { fsck } from "../../src/vm/kernel/files/xv6fs/fsck.ts";
import { O_CREATE, O_RDONLY, O_RDWR } from "../../src/vm/kernel/files/xv6fs/namespace.ts";
import { EEXIST, EISDIR, ENOENT, ENOTDIR, EPERM, EXDEV } from "../../src/vm/kernel/files/errno.ts";
import { pattern } from "./workload.ts";

const fat = formatFat32(34 << 20);

function fresh(): { tree: FileTree; root: number } {
  const xv6 = openXv6fs(mkfs({
    dirs: ["d/e"],
    files: [{ name: "f", bytes: pattern(100, 1) }, { name: "d/fat", bytes: pattern(9, 2) }],
  }));
  const tree = new FileTree(xv6, openFat32(fat.slice()));
  return { tree, root: tree.xv6.root() };
}

/** A call on a path, in the file system that it leads to. */
function on(
  tree: FileTree,
  name: "open" | "mkdir" | "chdir" | "unlink" | "mknod",
  cwd: number,
  path: string,
  ...rest: number[]
): number {
  return tree.resolve(
    cwd,
    path,
    (fs, dir, last) =>
      (fs[name] as (cwd: number, path: string, ...rest: number[]) => number)(dir, last, ...rest),
  );
}

Deno.test("the name fat in the root leads over, two dots lead back", () => {
  const { tree, root } = fresh();
  assertEquals(on(tree, "mkdir", root, "fat/A Directory"), 0);
  const file = on(tree, "open", root, "/fat/A Directory/a long file name.txt", O_CREATE | O_RDWR);
  assert(file >= FAT_HANDLES);
  assertEquals(writeBytes(tree.at(file), file, 0, pattern(5000, 3)), 5000);
  const dir = on(tree, "chdir", root, "d/../fat/./a directory");
  for (const path of ["a long file name.txt", "../../fat/A Directory/ALONGF~1.TXT"]) {
    const again = on(tree, "open", dir, path, O_RDONLY);
    assertEquals(again, file, path);
    assertEquals(readBytes(tree.at(again), again, 4000, 2000), pattern(5000, 3).slice(4000));
    tree.at(again).iput(again);
  }
  // From inside FAT back to xv6: by an absolute path, and by "..".
  const f = on(tree, "open", dir, "/f", O_RDONLY);
  const same = on(tree, "open", dir, "../../../../f", O_RDONLY);
  assert(f < FAT_HANDLES);
  assertEquals(same, f);
  assertEquals(on(tree, "chdir", dir, "../.."), root);
  // "fat" is the mount point in the root only.
  const plain = on(tree, "open", root, "d/fat", O_RDONLY);
  assertEquals(readBytes(tree.at(plain), plain, 0, 100), pattern(9, 2));
  assertEquals(tree.at(file).stat(file), {
    dev: 2,
    ino: (tree.at(file).stat(file) as { ino: number }).ino,
    type: 2,
    nlink: 1,
    size: 5000,
    major: 0,
    minor: 0,
  });
  for (const handle of [file, dir, f, same, root, plain, root]) tree.at(handle).iput(handle);
  assertEquals(tree.inUse(), []);
  assertEquals(fsck(tree.xv6.image), []);
});

Deno.test("the mount point stays, and files have no names in both", () => {
  const { tree, root } = fresh();
  assertEquals(on(tree, "unlink", root, "fat"), EPERM);
  assertEquals(on(tree, "mkdir", root, "fat"), EEXIST);
  assertEquals(on(tree, "open", root, "/fat", O_CREATE | O_RDWR), EISDIR);
  const over = on(tree, "open", root, "fat/x", O_CREATE | O_RDWR);
  tree.at(over).iput(over);
  assertEquals(tree.link(root, "f", "fat/y"), EXDEV);
  assertEquals(tree.link(root, "fat/x", "g"), EXDEV);
  assertEquals(tree.link(root, "fat/x", "fat/y"), EPERM);
  assertEquals(tree.link(root, "fat/../f", "d/e/fat"), 0);
  assertEquals(tree.link(root, "f", "none/fat"), ENOENT);
  assertEquals(on(tree, "open", root, "f/../fat/x", O_RDONLY), ENOTDIR);
  assertEquals(on(tree, "mknod", root, "fat/c", 1, 0), EPERM);
  assertEquals(on(tree, "unlink", root, "fat/X"), 0);
  assertEquals(tree.at(root).names(root), ["d", "f"]);
  const fatRoot = on(tree, "open", root, "fat/.", O_RDONLY);
  assertEquals(tree.at(fatRoot).names(fatRoot), []);
  tree.at(fatRoot).iput(fatRoot);
  tree.at(root).iput(root);
  assertEquals(tree.inUse(), []);
  assertEquals(fsck(tree.xv6.image), []);
});

Deno.test("without FAT there is no such name; saved and restored with it", () => {
  const { tree, root } = fresh();
  const bare = new FileTree(openXv6fs(mkfs()));
  assertEquals(on(bare, "open", bare.xv6.root(), "fat", O_RDONLY), ENOENT);
  const file = on(tree, "open", root, "fat/x", O_CREATE | O_RDWR);
  writeBytes(tree.at(file), file, 0, pattern(10, 1));
  const copy = FileTree.restore(structuredClone(tree.save()));
  assertEquals(copy.inUse(), tree.inUse());
  writeBytes(copy.at(file), file, 0, pattern(10, 2));
  assertEquals(readBytes(tree.at(file), file, 0, 10), pattern(10, 1));
  assertEquals(readBytes(copy.at(file), file, 0, 10), pattern(10, 2));
});

Deno.test("beside a mounted FAT a relative path still begins in the current directory", () => {
  const { tree, root } = fresh();
  const d = on(tree, "chdir", root, "d");
  const file = on(tree, "open", d, "new", O_CREATE | O_RDWR);
  const same = on(tree, "open", d, "../d/new", O_RDONLY);
  assertEquals(same, file);
  for (const handle of [file, same, d, root]) tree.at(handle).iput(handle);
  assertEquals(tree.inUse(), []);
});
