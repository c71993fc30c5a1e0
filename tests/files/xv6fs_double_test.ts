/** Files of the file-system lab: a doubly indirect block, and how an image tells which inodes it has. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { readBytes, writeBytes } from "../../src/vm/kernel/files/file_system.ts";
import { openXv6fs, restoreXv6fs } from "../../src/vm/kernel/files/xv6fs/xv6fs.ts";
import { Disk, PowerCut } from "../../src/vm/kernel/files/xv6fs/disk.ts";
import { mkfs, type MkfsOptions } from "../../src/vm/kernel/files/xv6fs/mkfs.ts";
import { fsck } from "../../src/vm/kernel/files/xv6fs/fsck.ts";
import { inferAddressing } from "../../src/vm/kernel/files/xv6fs/addressing.ts";
import { truncate, write } from "../../src/vm/kernel/files/xv6fs/content.ts";
import { Log } from "../../src/vm/kernel/files/xv6fs/log.ts";
import { makeVolume } from "../../src/vm/kernel/files/xv6fs/volume.ts";
import { readFile, writeFile } from "./host.ts";
import { O_CREATE, O_RDWR } from "../../src/vm/kernel/files/xv6fs/namespace.ts";
import {
  BSIZE,
  checkedSuperblock,
  DOUBLE,
  readSuperblock,
  SINGLE,
} from "../../src/vm/kernel/files/xv6fs/layout.ts";
import { EFBIG, ENOSPC } from "../../src/vm/kernel/files/errno.ts";
import { pattern, random } from "./workload.ts";

const errors = (image: Uint8Array) => fsck(image).filter((p) => p.severity === "error");

Deno.test("a file holds 65803 blocks and not a byte more, and gives them all back", () => {
  const fs = openXv6fs(mkfs({ size: 67_000, double: true }));
  assertEquals(fs.addressing, DOUBLE);
  const root = fs.root(), free = fs.freeBlocks();
  const ino = fs.open(root, "big", O_CREATE | O_RDWR);
  const block = new Uint8Array(1 << 20);
  const end = DOUBLE.maxfile * BSIZE;
  for (let off = 0; off < end; off += block.length) {
    new DataView(block.buffer).setUint32(0, off, true); // each mebibyte begins with where it is
    const n = Math.min(block.length, end - off);
    assertEquals(writeBytes(fs, ino, off, block.subarray(0, n)), n);
  }
  assertEquals(writeBytes(fs, ino, end, new Uint8Array(1)), EFBIG);
  // 65803 of data, the two tables of the inode, 256 below the second.
  assertEquals(fs.freeBlocks(), free - 65_803 - 2 - 256);
  for (let off = 0; off < end; off += block.length) {
    const word = readBytes(fs, ino, off, 4);
    assert(typeof word !== "number");
    assertEquals(new DataView(word.buffer).getUint32(0, true), off);
  }
  assertEquals(fsck(fs.image), []);
  assertEquals(inferAddressing(fs.image, fs.superblock), DOUBLE);
  fs.itrunc(ino);
  assertEquals(fs.freeBlocks(), free);
  fs.iput(ino);
  assertEquals(fsck(fs.image), []);
});

Deno.test("bytes at every seam: direct, indirect, doubly indirect and its first table's end", () => {
  const fs = openXv6fs(mkfs({ double: true }), DOUBLE);
  for (const blocks of [11, 12, 267, 268, 523, 524, 600]) {
    const bytes = pattern(blocks * BSIZE - 7, blocks);
    writeFile(fs, "f", bytes);
    assertEquals(readFile(fs, "f"), bytes);
    assertEquals(fsck(fs.image, { addressing: DOUBLE }), []);
    const again = openXv6fs(fs.image.slice());
    assertEquals([again.addressing, readFile(again, "f")], [blocks > 11 ? DOUBLE : SINGLE, bytes]);
  }
});

Deno.test("a disk that fills up under a doubly indirect file: a short write, and all of it back", () => {
  for (let size = 395; size < 402; size++) {
    const fs = openXv6fs(mkfs({ size, double: true }), DOUBLE);
    const root = fs.root(), free = fs.freeBlocks();
    const ino = fs.open(root, "f", O_CREATE | O_RDWR);
    const wrote = writeBytes(fs, ino, 0, pattern(400 * BSIZE, 1));
    assert(wrote > 267 * BSIZE && wrote < 400 * BSIZE, `${wrote}`);
    assertEquals([fs.size(ino), fs.freeBlocks()], [wrote, 0]);
    assertEquals(writeBytes(fs, ino, wrote, new Uint8Array(1)), ENOSPC);
    assertEquals(fsck(fs.image), []);
    assertEquals(fs.unlink(root, "f"), 0);
    fs.iput(ino);
    assertEquals(fs.freeBlocks(), free);
  }
});

Deno.test("the image tells its addressing, whatever sizes its files have, and damaged too", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const below = random(seed);
    const double = below(2) === 1;
    const files = Array.from({ length: 1 + below(4) }, (_, i) => ({
      name: `f${i}`,
      bytes: below(3) === 0
        ? new Uint8Array(below(20) * BSIZE) // zeros look like an empty table
        : pattern(below(below(2) ? 14 : 268) * BSIZE + below(BSIZE), below(99)),
    }));
    files.push({ name: "one", bytes: pattern(11 * BSIZE + 1 + below(BSIZE), seed) });
    const image = mkfs({ double, size: 1500, files });
    const wanted = double ? DOUBLE : SINGLE;
    assertEquals(openXv6fs(image.slice()).addressing, wanted, `seed ${seed}`);
    assertEquals(fsck(image), [], `seed ${seed}`);
    const sb = readSuperblock(image);
    image[sb.bmapstart * BSIZE + below(40)] ^= 1 << below(8);
    image[sb.inodestart * BSIZE + 64 * below(3) + 8] ^= 1 << below(8);
    if (files.length > 2) assertEquals(inferAddressing(image, sb), wanted, `damaged, seed ${seed}`);
  }
});

Deno.test("where no file tells, the room does: a disk for a doubly indirect file is the lab's", () => {
  const of = (options: MkfsOptions) => openXv6fs(mkfs(options)).addressing;
  const files = [{ name: "small", bytes: pattern(11 * BSIZE, 1) }];
  assertEquals(of({ files }), SINGLE);
  assertEquals(of({ files, double: true }), SINGLE);
  assertEquals(of({ files, size: 66_000 }), DOUBLE);
  const some = [{ name: "some", bytes: pattern(12 * BSIZE, 1) }];
  assertEquals(of({ files: some, size: 66_000 }), SINGLE);
});

Deno.test("a state keeps the addressing, also where the image does not tell it", () => {
  const fs = openXv6fs(mkfs(), DOUBLE);
  const copy = restoreXv6fs(structuredClone(fs.save()));
  writeFile(copy, "f", pattern(300 * BSIZE, 1));
  assertEquals(fsck(copy.image, { addressing: DOUBLE }), []);
});

Deno.test("fsck names what is wrong below a doubly indirect block", () => {
  const image = mkfs({ double: true, files: [{ name: "f", bytes: pattern(600 * BSIZE, 1) }] });
  const { inodestart, size } = readSuperblock(image);
  const f = inodestart * BSIZE + 2 * 64;
  const wrong = (plant: (view: DataView, top: number, table: number) => void) => {
    const copy = image.slice(), view = new DataView(copy.buffer);
    const top = view.getUint32(f + 12 + 4 * 12, true) * BSIZE;
    plant(view, top, view.getUint32(top + 4, true) * BSIZE);
    return errors(copy).map((p) => p.message);
  };
  const has = (messages: string[], part: string) =>
    assert(messages.some((m) => m.includes(part)), `${part} in ${messages.join("; ")}`);
  has(wrong((v) => v.setUint32(f + 60, 7, true)), "the doubly indirect block is at 7, which is");
  has(wrong((v, top) => v.setUint32(top, size, true)), "the indirect block for blocks from 267 on");
  has(wrong((v, _, table) => v.setUint32(table, 3, true)), "inode 2: block 523 is at 3");
  has(wrong((v, _, table) => v.setUint32(table, 0, true)), "1 of its 600 blocks do not exist");
  has(wrong((v, top) => v.setUint32(top + 4, 0, true)), "77 of its 600 blocks do not exist");
  has(wrong((v, top) => v.setUint32(top + 4, v.getUint32(top, true), true)), "is used twice by it");
});

/** A volume whose file `f` (inode 2) has its blocks all over the free map, so that giving them back touches much of it. */
function scattered(blocks: number): Uint8Array {
  const image = mkfs({
    size: 5 * 8192,
    double: true,
    files: [{ name: "f", bytes: pattern(9, 0) }],
  });
  const v = makeVolume(new Disk(image), checkedSuperblock(image), DOUBLE);
  for (let bn = 0; bn < blocks; bn++) {
    v.state.blockHint = 200 + (bn * 8192 + (bn >> 2)) % 40_000;
    v.log.begin();
    const bytes = pattern(BSIZE, bn);
    write(v, 2, bn * BSIZE, BSIZE, (chunk) => (chunk.set(bytes), true));
    v.log.end();
  }
  return image;
}

/** Empties inode 2 through a log with room for six blocks, where the free map alone has five. */
function emptied(disk: Disk): Log {
  const sb = checkedSuperblock(disk.image);
  const log = new Log(disk, { ...sb, nlog: 7 });
  const v = { ...makeVolume(disk, sb, DOUBLE), log, bytes: log.cache, view: log.view };
  log.begin();
  truncate(v, 2);
  log.end();
  return log;
}

Deno.test("giving back more than the log has room for: a stop leaves the file shorter and whole", () => {
  const blocks = 560, start = scattered(blocks);
  assertEquals(fsck(start), []);
  const bytes = readFile(openXv6fs(start.slice()), "f");
  const disk = new Disk(start.slice());
  const { commits } = emptied(disk);
  assert(commits > 20, `${commits} transactions`);
  assertEquals(fsck(disk.image), []);
  assertEquals(openXv6fs(disk.image).size(2), 0);
  const lengths = new Set<number>();
  const step = Math.floor(disk.writes / 16);
  for (let limit = 1; limit < disk.writes; limit += step) {
    const stopped = new Disk(start.slice());
    stopped.limit = limit;
    assertThrows(() => emptied(stopped), PowerCut);
    const fs = openXv6fs(stopped.image, DOUBLE);
    assertEquals(fsck(stopped.image, { addressing: DOUBLE }), [], `after write ${limit}`);
    const left = readFile(fs, "f");
    lengths.add(left.length);
    assert(left.every((byte, i) => byte === bytes[i]), `after write ${limit}`);
  }
  assert(lengths.size > 10, `${[...lengths]}`);
});
