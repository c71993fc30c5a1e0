import { assert, assertEquals, assertThrows } from "@std/assert";
import { readBytes, writeBytes } from "../../src/vm/kernel/files/file_system.ts";
import { openXv6fs, type Xv6fs } from "../../src/vm/kernel/files/xv6fs/xv6fs.ts";
import { mkfs } from "../../src/vm/kernel/files/xv6fs/mkfs.ts";
import { fsck } from "../../src/vm/kernel/files/xv6fs/fsck.ts";
import { O_CREATE, O_RDWR } from "../../src/vm/kernel/files/xv6fs/namespace.ts";
import { FsError } from "../../src/vm/kernel/files/errno.ts";
import { BSIZE } from "../../src/vm/kernel/files/xv6fs/layout.ts";

const opened = () => {
  const fs = openXv6fs(mkfs());
  return { fs, root: fs.root() };
};

/** Fills the disk with files of 0xff, which is a block number that no disk has wherever it is taken for one. */
function fillUp(fs: Xv6fs, root: number): string[] {
  const names: string[] = [];
  const block = new Uint8Array(200 * BSIZE).fill(0xff);
  for (let wrote = block.length; wrote === block.length;) {
    const name = `f${names.length}`;
    const ino = fs.open(root, name, O_CREATE | O_RDWR);
    assert(ino > 0);
    names.push(name);
    wrote = writeBytes(fs, ino, 0, block);
    fs.iput(ino);
  }
  assertEquals(fs.freeBlocks(), 0);
  return names;
}

Deno.test("blocks that were given back on a full disk can be had again, and hold nothing of before", () => {
  const { fs, root } = opened();
  const names = fillUp(fs, root);
  assertEquals(fs.unlink(root, names[0]), 0);
  const ino = fs.open(root, "new", O_CREATE | O_RDWR);
  // 13 blocks need an indirect one, whose other entries must be 0.
  const content = Uint8Array.from({ length: 13 * BSIZE }, (_, i) => i % 251);
  assertEquals(writeBytes(fs, ino, 0, content), content.length);
  assertEquals(readBytes(fs, ino, 0, content.length), content);
  fs.iput(ino);
  fs.iput(root);
  assertEquals(fsck(fs.image), []);
});

Deno.test("a directory's free places are used before it grows", () => {
  const { fs, root } = opened();
  const size = () => fs.size(root);
  for (const name of ["keep", "go"]) fs.iput(fs.open(root, name, O_CREATE));
  fs.unlink(root, "go");
  const before = size();
  for (let i = 0; i < 200; i++) {
    fs.iput(fs.open(root, `name${i}`, O_CREATE));
    assertEquals(fs.unlink(root, `name${i}`), 0);
  }
  assertEquals(size(), before);
});

Deno.test("mkfs makes a disk with one data block, and none smaller", () => {
  // 200 inodes and 31 log blocks: boot, superblock, 31, 13 of inodes, 1 of the free map come before the data.
  assertEquals(fsck(mkfs({ size: 48 })), []);
  assertThrows(() => mkfs({ size: 47 }), FsError, "47 blocks are too few");
});

Deno.test("devices 0 to 9 can be opened, no others", () => {
  const { fs, root } = opened();
  const open = (major: number) => {
    assertEquals(fs.mknod(root, `d${major}`, major, 0), 0);
    const ino = fs.open(root, `d${major}`, O_RDWR);
    if (ino > 0) fs.iput(ino);
    return ino > 0;
  };
  assertEquals([0, 9, 10].map(open), [true, true, false]);
});
