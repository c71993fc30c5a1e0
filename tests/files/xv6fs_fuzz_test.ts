import { assert, assertEquals } from "@std/assert";
import { Xv6fs } from "../../src/vm/kernel/files/xv6fs/xv6fs.ts";
import { mkfs } from "../../src/vm/kernel/files/xv6fs/mkfs.ts";
import { fsck } from "../../src/vm/kernel/files/xv6fs/fsck.ts";
import { listTree } from "../../src/vm/kernel/files/xv6fs/host.ts";
import { BSIZE, readSuperblock, type Superblock } from "../../src/vm/kernel/files/xv6fs/layout.ts";
import { FsError } from "../../src/vm/kernel/files/errno.ts";
import { pattern, random, randomOp, Runner } from "./workload.ts";

type Below = (n: number) => number;

/** A used image: directories, small and large files, an unlinked-but-allocated inode, a stale log. */
function used(): Uint8Array {
  const image = mkfs({
    size: 400,
    ninodes: 60,
    dirs: ["a/b/c", "d"],
    files: [
      { name: "a/b/e", bytes: pattern(20_000, 1) },
      { name: "a/e", bytes: pattern(900, 2) },
      { name: "e", bytes: pattern(14_000, 3) },
    ],
    devices: [{ name: "c", major: 1, minor: 0 }],
  });
  const runner = new Runner(Xv6fs.open(image));
  const below = random(99);
  for (let i = 0; i < 40; i++) runner.run(randomOp(below));
  return image; // some slots are still open
}

/** A number likely to hurt: edges, block numbers of every area, inode numbers, anything. */
function hurtful(below: Below, sb: Superblock): number {
  const picks = [
    0,
    1,
    2,
    0xffff,
    0x7fff,
    0x8000,
    0xffffffff,
    0x7fffffff,
    0x80000000,
    sb.size,
    sb.size - 1,
    sb.logstart,
    sb.inodestart,
    sb.bmapstart,
    sb.bmapstart + 1,
    below(sb.size),
    sb.bmapstart + below(sb.size - sb.bmapstart),
    below(sb.ninodes),
    below(300_000),
    below(0xffffffff),
  ];
  return picks[below(picks.length)];
}

/** Changes a few places of the image, mostly those that something is read from. */
function corrupt(image: Uint8Array, below: Below): void {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const sb = readSuperblock(image);
  const data = sb.bmapstart + 1;
  for (let n = 1 + below(12); n > 0; n--) {
    const value = hurtful(below, sb);
    switch (below(10)) {
      case 0: // super block
        if (below(8) === 0) view.setUint32(BSIZE + 4 * below(8), value, true);
        break;
      case 1: // log header
        if (below(4) === 0) view.setUint32(sb.logstart * BSIZE + 4 * below(8), value, true);
        break;
      case 2:
      case 3:
      case 4: { // an inode's field
        const at = sb.inodestart * BSIZE + below(30) * 64;
        if (below(2)) view.setInt16(at + 2 * below(4), value, true);
        else view.setUint32(at + 8 + 4 * below(14), value, true);
        break;
      }
      case 5:
      case 6: // a directory entry, if the block is a directory's
        view.setUint16((data + below(30)) * BSIZE + 16 * below(12), value, true);
        break;
      case 7: // an entry of an indirect block, if it is one
        view.setUint32((data + below(60)) * BSIZE + 4 * below(30), value, true);
        break;
      case 8: // the free map
        image[sb.bmapstart * BSIZE + below(60)] = value;
        break;
      default:
        image[below(image.length)] = value;
    }
  }
}

Deno.test("4000 damaged images: an error or an answer, never a crash, nothing outside touched", () => {
  const good = used();
  const guard = 4096;
  let refused = 0, opened = 0, faulty = 0;
  for (let seed = 1; seed <= 4000; seed++) {
    const below = random(seed);
    // The image lies inside a larger buffer, so that a write past its ends would show.
    const room = new Uint8Array(good.length + 2 * guard).fill(0xa5);
    const image = room.subarray(guard, guard + good.length);
    image.set(good);
    corrupt(image, below);
    const truncated = below(40) === 0 ? image.subarray(0, below(image.length)) : image;
    const before = seed % 8 === 0 ? truncated.slice() : undefined;
    const problems = fsck(truncated);
    if (before !== undefined) assertEquals(truncated, before, `seed ${seed}: fsck writes`);
    for (const { message } of problems) assert(!message.includes("\n") && message.length < 300);
    if (problems.some((p) => p.severity === "error")) faulty++;
    let fs: Xv6fs;
    try {
      fs = Xv6fs.open(truncated);
    } catch (error) {
      if (!(error instanceof FsError)) throw new Error(`seed ${seed}`, { cause: error });
      refused++;
      continue;
    }
    opened++;
    const boot = image.slice(0, 2 * BSIZE);
    try {
      const runner = new Runner(fs);
      listTree(fs);
      for (let i = 0; i < 30; i++) runner.run(randomOp(below));
      runner.closeAll();
      fs.iput(runner.root);
      assertEquals(fs.inUse(), []);
      fsck(image);
      assertEquals(Xv6fs.open(image.slice()).superblock, fs.superblock);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
    assertEquals(image.slice(0, 2 * BSIZE), boot, `seed ${seed}: boot or super block written`);
    for (let i = 0; i < guard; i++) {
      if (room[i] !== 0xa5 || room[guard + good.length + i] !== 0xa5) {
        throw new Error(`seed ${seed}: written outside the image`);
      }
    }
  }
  // The corruptions do what they are for: most images are found faulty, some are refused, most still open.
  assert(faulty > 2500 && refused > 100 && opened > 2500, `${faulty} ${refused} ${opened}`);
});

Deno.test("500 images of noise behind a good super block", () => {
  const good = mkfs({ size: 300, ninodes: 64 });
  for (let seed = 1; seed <= 500; seed++) {
    const below = random(seed);
    const image = new Uint8Array(good.length);
    const words = new Uint32Array(image.buffer);
    for (let i = 0; i < words.length; i++) words[i] = below(4) ? below(400) : below(0xffffffff);
    image.set(good.subarray(0, 3 * BSIZE)); // boot, super block, empty log header
    const sb = readSuperblock(image);
    const root = sb.inodestart * BSIZE + 64;
    image.set(good.subarray(root, root + 8), root); // a root of noise
    assert(fsck(image).length > 0);
    const runner = new Runner(Xv6fs.open(image));
    listTree(runner.fs);
    for (let i = 0; i < 20; i++) runner.run(randomOp(below));
    runner.closeAll();
  }
});

Deno.test("the worst case for fsck ends soon: 65535 directories that all share the same blocks", () => {
  const image = mkfs({ size: 8192, ninodes: 65535 });
  const view = new DataView(image.buffer);
  const sb = readSuperblock(image);
  const data = sb.bmapstart + 2;
  for (let inum = 2; inum < sb.ninodes; inum++) {
    const at = sb.inodestart * BSIZE + inum * 64;
    view.setInt16(at, 1, true);
    view.setInt16(at + 6, 1, true);
    view.setUint32(at + 8, 268 * BSIZE, true);
    for (let i = 0; i < 13; i++) view.setUint32(at + 12 + 4 * i, data + i, true);
  }
  for (let i = 0; i < 256; i++) view.setUint32((data + 12) * BSIZE + 4 * i, data + 20 + i, true);
  const problems = fsck(image);
  assert(problems.length < 100_000);
  assert(problems.some((p) => p.message === 'more of "shared block" are not listed'));
  assert(problems.some((p) => p.kind === "unreachable"));
});
