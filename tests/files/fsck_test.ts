import { assert, assertEquals } from "@std/assert";
import { fsck, type ProblemKind } from "../../src/vm/kernel/files/xv6fs/fsck.ts";
import { mkfs } from "../../src/vm/kernel/files/xv6fs/mkfs.ts";
import { openXv6fs } from "../../src/vm/kernel/files/xv6fs/xv6fs.ts";
import { BSIZE, readSuperblock } from "../../src/vm/kernel/files/xv6fs/layout.ts";

/** An image with a directory (inode 2), a device (3) and a file of 20 blocks (4) in the directory. */
function sample() {
  const image = mkfs({
    dirs: ["d"],
    files: [{ name: "d/f", bytes: new Uint8Array(20 * BSIZE) }],
    devices: [{ name: "console", major: 1, minor: 0 }],
  });
  const view = new DataView(image.buffer);
  const sb = readSuperblock(image);
  const inode = (inum: number) => sb.inodestart * BSIZE + inum * 64;
  const byName = (dir: number, name: string) => {
    const fs = openXv6fs(image.slice());
    const entries = fs.entries(dir);
    assert(typeof entries !== "number");
    const entry = entries.find((e) => e.name === name)!;
    return { ...entry, at: view.getUint32(inode(dir) + 12, true) * BSIZE + entry.off };
  };
  const d = byName(1, "d"), f = byName(d.inum, "f"), console = byName(1, "console");
  const bit = (bno: number) => ({
    get: () => (image[sb.bmapstart * BSIZE + (bno >> 3)] >> (bno & 7)) & 1,
    flip: () => (image[sb.bmapstart * BSIZE + (bno >> 3)] ^= 1 << (bno & 7)),
  });
  return { image, view, sb, inode, byName, d, f, console, bit };
}

type Sample = ReturnType<typeof sample>;

/** Plants a fault and expects exactly these kinds of problem, each said in one sentence that `says` occurs in. */
function planted(plant: (s: Sample) => void, kinds: ProblemKind[], says: string): void {
  const s = sample();
  plant(s);
  const before = s.image.slice();
  const problems = fsck(s.image);
  assertEquals([...new Set(problems.map((p) => p.kind))].sort(), [...kinds].sort());
  assert(
    problems.some((p) => p.message.includes(says)),
    `"${says}" in ${problems.map((p) => p.message).join("; ")}`,
  );
  assertEquals(s.image, before, "fsck only reads");
}

Deno.test("a good image is clean", () => assertEquals(fsck(sample().image), []));

Deno.test("geometry and log", () => {
  planted(({ image }) => image.fill(0, BSIZE, BSIZE + 4), ["superblock"], "magic is 0x00000000");
  planted(({ view }) => view.setUint32(BSIZE + 8, 7, true), ["superblock"], "counts 7 data blocks");
  planted(({ view, sb }) => view.setUint32(sb.logstart * BSIZE, 500, true), ["log"], "500 blocks");
  planted(
    ({ view, sb }) => {
      view.setUint32(sb.logstart * BSIZE, 1, true);
      view.setUint32(sb.logstart * BSIZE + 4, 5000, true);
    },
    ["log"],
    "names block 5000",
  );
});

Deno.test("inodes: type, size, addresses", () => {
  planted(
    ({ view, inode, console }) => view.setInt16(inode(console.inum), 9, true),
    ["inode type", "dangling entry"],
    "has type 9",
  );
  planted(
    ({ view, inode, f }) => view.setUint32(inode(f.inum) + 8, 300_000, true),
    ["inode size", "hole"],
    "claims 300000 bytes",
  );
  planted(
    ({ view, inode, d }) => view.setUint32(inode(d.inum) + 8, 50, true),
    ["inode size"],
    "50 bytes, not a multiple of 16",
  );
  planted(
    ({ view, inode, console }) => view.setInt16(inode(console.inum) + 2, 77, true),
    ["inode type"],
    "major 77",
  );
  planted(
    ({ view, inode, f }) => view.setUint32(inode(f.inum) + 12, 3, true),
    ["address", "free but used"],
    "block 0 is at 3, which is metadata",
  );
  planted(
    ({ view, inode, f }) => view.setUint32(inode(f.inum) + 12 + 48, 70_000, true),
    ["address", "free but used"],
    "the indirect block is at 70000, outside",
  );
  planted(
    ({ view, inode, f }) => view.setUint32(inode(f.inum) + 16, 0, true),
    ["hole", "free but used"],
    "1 of its 20 blocks do not exist",
  );
  planted(
    ({ view, inode, f }) => {
      const first = view.getUint32(inode(f.inum) + 12, true);
      view.setUint32(inode(f.inum) + 16, first, true);
    },
    ["shared block", "free but used"],
    "used twice by it",
  );
  planted(
    ({ view, inode, f, d }) => {
      view.setUint32(inode(f.inum) + 12, view.getUint32(inode(d.inum) + 12, true), true);
    },
    ["shared block", "free but used"],
    "by inode 2 too",
  );
});

Deno.test("the free map, both ways", () => {
  planted(({ bit, sb }) => bit(sb.size - 1).flip(), ["free but used"], "block 1999 used");
  planted(
    ({ view, inode, f, bit }) => bit(view.getUint32(inode(f.inum) + 12, true)).flip(),
    ["used but free"],
    "but inode 4 uses it",
  );
  planted(({ bit, sb }) => bit(sb.inodestart).flip(), ["used but free"], "it is metadata");
});

Deno.test("names: dangling, without a name, with a slash, twice", () => {
  planted(
    ({ view, f }) => view.setUint16(f.at, 150, true),
    ["dangling entry", "unreachable", "link count"],
    '"f" is inode 150, which holds nothing',
  );
  planted(
    ({ view, f }) => view.setUint16(f.at, 65535, true),
    ["dangling entry", "unreachable", "link count"],
    "which does not exist",
  );
  planted(({ image, f }) => image.fill(0, f.at + 2, f.at + 16), ["entry name"], "without a name");
  planted(({ image, f }) => (image[f.at + 3] = 0x2f), ["entry name"], 'the name "f/" holds');
  planted(
    ({ image, view, f, inode, d }) => {
      image.set(image.slice(f.at, f.at + 16), f.at + 16);
      view.setUint32(inode(d.inum) + 8, 64, true);
      view.setInt16(inode(f.inum) + 6, 2, true);
    },
    ["duplicate name"],
    'names "f" twice',
  );
});

Deno.test("directories: dots, loops, second parents, what cannot be reached", () => {
  planted(
    ({ view, byName, d }) => view.setUint16(byName(d.inum, ".").at, 1, true),
    ["dot"],
    '"." is inode 1, not itself',
  );
  planted(
    ({ view, byName, d }) => view.setUint16(byName(d.inum, "..").at, d.inum, true),
    ["dot", "link count"],
    '".." is inode 2, its parent is 1',
  );
  planted(
    ({ image, byName, d }) => image.fill(0, byName(d.inum, "..").at, byName(d.inum, "..").at + 16),
    ["dot", "link count"],
    'has no ".."',
  );
  planted(
    ({ view, f, d }) => view.setUint16(f.at, d.inum, true),
    ["second parent", "unreachable", "link count"],
    "has a second name",
  );
  planted(
    ({ view, d, console, inode }) => {
      // d is named only by itself
      view.setUint16(d.at, console.inum, true);
      view.setInt16(inode(console.inum) + 6, 2, true);
      view.setUint16(console.at, console.inum, true);
    },
    ["unreachable", "link count"],
    "no directory names it",
  );
  planted(
    ({ view, d, f }) => {
      view.setUint16(d.at, f.inum, true); // the root now names the file
      view.setUint16(f.at, d.inum, true); // and d names itself
    },
    ["unreachable", "dot"],
    "form a loop",
  );
});

Deno.test("link counts and orphans", () => {
  planted(
    ({ view, inode, f }) => view.setInt16(inode(f.inum) + 6, 5, true),
    ["link count"],
    "inode 4 stores 5 links, 1 found",
  );
  planted(
    ({ image, view, inode, f }) => {
      image.fill(0, f.at, f.at + 16);
      view.setInt16(inode(f.inum) + 6, 0, true);
    },
    ["orphan"],
    "the next boot frees it",
  );
});

Deno.test("what xv6's mkfs does is no error: a root rounded up to a block that is not there", () => {
  const { image, view, inode } = sample();
  view.setUint32(inode(1) + 8, 2 * BSIZE, true);
  assertEquals(fsck(image), []);
  const fs = openXv6fs(image);
  const root = fs.root();
  for (let i = 0; i < 70; i++) fs.iput(fs.open(root, `f${i}`, 0x200)); // fills the hole
  fs.iput(root);
  assertEquals(fsck(image), []);
});
