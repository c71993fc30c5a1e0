import { assert, assertEquals } from "@std/assert";
import { FAT_HANDLES, FileTree } from "../../src/vm/kernel/files/tree.ts";
import { Xv6fs } from "../../src/vm/kernel/files/xv6fs/xv6fs.ts";
import { Fat32 } from "../../src/vm/kernel/files/fat32/fat32.ts";
import { formatFat32 } from "../../src/vm/kernel/files/fat32/format.ts";
import { mkfs } from "../../src/vm/kernel/files/xv6fs/mkfs.ts";
import { fsck } from "../../src/vm/kernel/files/xv6fs/fsck.ts";
import { O_CREATE, O_RDONLY, O_RDWR } from "../../src/vm/kernel/files/xv6fs/namespace.ts";
import { EEXIST, EISDIR, ENOENT, ENOTDIR, EPERM, EXDEV } from "../../src/vm/kernel/files/errno.ts";
import { pattern } from "./workload.ts";

const fat = formatFat32(34 << 20);

function fresh(): { tree: FileTree; root: number } {
  const xv6 = Xv6fs.open(mkfs({
    dirs: ["d/e"],
    files: [{ name: "f", bytes: pattern(100, 1) }, { name: "d/fat", bytes: pattern(9, 2) }],
  }));
  const tree = new FileTree(xv6, Fat32.open(fat.slice()));
  return { tree, root: tree.root() };
}

Deno.test("the name fat in the root leads over, two dots lead back", () => {
  const { tree, root } = fresh();
  assertEquals(tree.mkdir(root, "fat/A Directory"), 0);
  const file = tree.open(root, "/fat/A Directory/a long file name.txt", O_CREATE | O_RDWR);
  assert(file >= FAT_HANDLES);
  assertEquals(tree.writeBytes(file, 0, pattern(5000, 3)), 5000);
  const dir = tree.chdir(root, "d/../fat/./a directory");
  for (const path of ["a long file name.txt", "../../fat/A Directory/ALONGF~1.TXT"]) {
    const again = tree.open(dir, path, O_RDONLY);
    assertEquals(again, file, path);
    assertEquals(tree.readBytes(again, 4000, 2000), pattern(5000, 3).slice(4000));
    tree.iput(again);
  }
  // From inside FAT back to xv6: by an absolute path, and by "..".
  const f = tree.open(dir, "/f", O_RDONLY);
  const same = tree.open(dir, "../../../../f", O_RDONLY);
  assert(f < FAT_HANDLES);
  assertEquals(same, f);
  assertEquals(tree.chdir(dir, "../.."), root);
  // "fat" is the mount point in the root only.
  const plain = tree.open(root, "d/fat", O_RDONLY);
  assertEquals(tree.readBytes(plain, 0, 100), pattern(9, 2));
  assertEquals(tree.stat(file), {
    dev: 2,
    ino: (tree.stat(file) as { ino: number }).ino,
    type: 2,
    nlink: 1,
    size: 5000,
    major: 0,
    minor: 0,
  });
  for (const handle of [file, dir, f, same, root, plain, root]) tree.iput(handle);
  assertEquals(tree.inUse(), []);
  assertEquals(fsck(tree.xv6.image), []);
});

Deno.test("the mount point stays, and files have no names in both", () => {
  const { tree, root } = fresh();
  assertEquals(tree.unlink(root, "fat"), EPERM);
  assertEquals(tree.mkdir(root, "fat"), EEXIST);
  assertEquals(tree.open(root, "/fat", O_CREATE | O_RDWR), EISDIR);
  const over = tree.open(root, "fat/x", O_CREATE | O_RDWR);
  tree.iput(over);
  assertEquals(tree.link(root, "f", "fat/y"), EXDEV);
  assertEquals(tree.link(root, "fat/x", "g"), EXDEV);
  assertEquals(tree.link(root, "fat/x", "fat/y"), EPERM);
  assertEquals(tree.link(root, "fat/../f", "d/e/fat"), 0);
  assertEquals(tree.link(root, "f", "none/fat"), ENOENT);
  assertEquals(tree.open(root, "f/../fat/x", O_RDONLY), ENOTDIR);
  assertEquals(tree.mknod(root, "fat/c", 1, 0), EPERM);
  assertEquals(tree.unlink(root, "fat/X"), 0);
  assertEquals(tree.names(root), [{ name: "d", short: "d" }, { name: "f", short: "f" }]);
  const fatRoot = tree.open(root, "fat/.", O_RDONLY);
  assertEquals(tree.names(fatRoot), []);
  tree.iput(fatRoot);
  tree.iput(root);
  assertEquals(tree.inUse(), []);
  assertEquals(fsck(tree.xv6.image), []);
});

Deno.test("without FAT there is no such name; saved and restored with it", () => {
  const { tree, root } = fresh();
  const bare = new FileTree(Xv6fs.open(mkfs()));
  assertEquals(bare.open(bare.root(), "fat", O_RDONLY), ENOENT);
  const file = tree.open(root, "fat/x", O_CREATE | O_RDWR);
  tree.writeBytes(file, 0, pattern(10, 1));
  const copy = FileTree.restore(structuredClone(tree.save()));
  assertEquals(copy.inUse(), tree.inUse());
  copy.writeBytes(file, 0, pattern(10, 2));
  assertEquals(tree.readBytes(file, 0, 10), pattern(10, 1));
  assertEquals(copy.readBytes(file, 0, 10), pattern(10, 2));
});

Deno.test("beside a mounted FAT a relative path still begins in the current directory", () => {
  const { tree, root } = fresh();
  const d = tree.chdir(root, "d");
  const file = tree.open(d, "new", O_CREATE | O_RDWR);
  const same = tree.open(d, "../d/new", O_RDONLY);
  assertEquals(same, file);
  for (const handle of [file, same, d, root]) tree.iput(handle);
  assertEquals(tree.inUse(), []);
});
