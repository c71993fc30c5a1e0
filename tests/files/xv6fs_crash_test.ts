import { assert, assertEquals } from "@std/assert";
import { openXv6fs } from "../../src/vm/kernel/files/xv6fs/xv6fs.ts";
import { Disk, PowerCut } from "../../src/vm/kernel/files/xv6fs/disk.ts";
import { mkfs } from "../../src/vm/kernel/files/xv6fs/mkfs.ts";
import { fsck } from "../../src/vm/kernel/files/xv6fs/fsck.ts";
import { BSIZE } from "../../src/vm/kernel/files/xv6fs/layout.ts";
import { stopEverywhere, trace } from "./crash.ts";
import { contents, type Op, pattern, random, randomOp, Runner } from "./workload.ts";

const small = () =>
  mkfs({
    size: 300,
    dirs: ["dir", "dir/sub"],
    files: [{ name: "old", bytes: pattern(30_000, 3) }, { name: "dir/f", bytes: pattern(700, 4) }],
  });

const workloads: Record<string, Op[]> = {
  "create and write": [
    { op: "create", path: "new", slot: 0 },
    { op: "write", slot: 0, off: 0, n: 100 },
    { op: "write", slot: 0, off: 50, n: 20_000 },
  ],
  "overwrite": [
    { op: "create", path: "old", slot: 0 },
    { op: "write", slot: 0, off: 1000, n: 5000 },
  ],
  "link and unlink": [
    { op: "link", path: "old", to: "dir/sub/other" },
    { op: "unlink", path: "old" },
    { op: "unlink", path: "dir/sub/other" },
  ],
  "unlink while open, then write and close": [
    { op: "open", path: "old", slot: 0 },
    { op: "unlink", path: "old" },
    { op: "write", slot: 0, off: 30_000, n: 2000 },
    { op: "close", slot: 0 },
  ],
  "truncate": [{ op: "truncate", path: "old" }, { op: "truncate", path: "dir/f" }],
  "mkdir and rmdir": [
    { op: "mkdir", path: "dir/new" },
    { op: "mkdir", path: "dir/new/er" },
    { op: "create", path: "dir/new/er/file", slot: 0 },
    { op: "close", slot: 0 },
    { op: "unlink", path: "dir/new/er/file" },
    { op: "unlink", path: "dir/new/er" },
    { op: "unlink", path: "dir/new" },
  ],
  "fill the disk": [
    { op: "create", path: "x", slot: 0 },
    { op: "write", slot: 0, off: 0, n: 260_000 },
    { op: "create", path: "dir/y", slot: 1 },
    { op: "mkdir", path: "z" },
    { op: "unlink", path: "x" },
    { op: "close", slot: 0 },
    { op: "mkdir", path: "z" },
  ],
};

for (const [name, ops] of Object.entries(workloads)) {
  Deno.test(`stopped at every block write: ${name}`, () => {
    assert(stopEverywhere(small(), ops).commits.length > 1);
  });
}

Deno.test("stopped at every block write: 20 random sequences", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const below = random(seed);
    const ops = Array.from({ length: 12 }, () => {
      const op = randomOp(below);
      return op.op === "write" ? { ...op, n: op.n % 7000 } : op;
    });
    stopEverywhere(small(), ops);
  }
});

Deno.test("a stop during recovery, too, is recovered from", () => {
  const start = small();
  const ops = workloads["create and write"];
  const disk = new Disk(start.slice());
  const runner = new Runner(openXv6fs(disk));
  disk.limit = trace(start, ops).commits[2]; // the header is written, nothing is installed
  try {
    for (const op of ops) runner.run(op);
  } catch (error) {
    if (!(error instanceof PowerCut)) throw error;
  }
  assertEquals(fsck(disk.image).map((p) => p.kind), ["log"]);
  const reference = disk.image.slice();
  const recovered = openXv6fs(reference);
  assert(recovered.takeNotices()[0].startsWith("recovering tail 0 dst "));
  const wanted = contents(recovered);
  for (let limit = 0;; limit++) {
    const again = new Disk(disk.image.slice());
    again.limit = limit;
    try {
      openXv6fs(again);
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
      assertEquals(contents(openXv6fs(again.image)), wanted);
      continue;
    }
    assert(limit > 3);
    break;
  }
});

Deno.test("the order of writes is xv6's: log blocks, header, homes, header", () => {
  const disk = new Disk(small());
  const fs = openXv6fs(disk);
  const root = fs.root();
  const order: number[] = [];
  const write = disk.write.bind(disk);
  disk.write = (bno, cache, from) => (order.push(bno), write(bno, cache, from));
  fs.iput(fs.open(root, "new", 0x200));
  const { logstart, inodestart } = fs.superblock;
  const [rootBlock] = order.slice(4, 5); // the root directory's data block
  // create logs the inode block (ialloc, iupdate), then the directory's block and inode: both inodes share a block.
  assertEquals(order, [
    logstart + 1,
    logstart + 2,
    logstart,
    inodestart,
    rootBlock,
    logstart,
  ]);
  assert(rootBlock > inodestart);
  assertEquals(disk.image.length, 300 * BSIZE);
});
