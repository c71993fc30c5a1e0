import { assert } from "@std/assert";
import { openXv6fs } from "../../src/vm/kernel/files/xv6fs/xv6fs.ts";
import { mkfs } from "../../src/vm/kernel/files/xv6fs/mkfs.ts";
import { fsck } from "../../src/vm/kernel/files/xv6fs/fsck.ts";
import { listTree } from "./host.ts";
import { BSIZE, readSuperblock } from "../../src/vm/kernel/files/xv6fs/layout.ts";
import { damageXv6, endureXv6, Guarded, usedXv6 } from "./damage.ts";
import { random, randomOp, Runner } from "./workload.ts";

Deno.test("2000 damaged images: an error or an answer, never a crash, nothing outside touched", () => {
  const goods = [usedXv6(false), usedXv6(true)];
  let refused = 0, opened = 0;
  for (let seed = 1; seed <= 2000; seed++) {
    const below = random(seed);
    const guarded = new Guarded(goods[seed % 2]);
    const { image } = guarded;
    damageXv6(image, below);
    const cut = below(40) === 0 ? image.subarray(0, below(image.length)) : image;
    try {
      if (endureXv6(cut, below)) opened++;
      else refused++;
      guarded.check();
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  // The damage does what it is for: some images are refused, most still open.
  assert(refused > 50 && opened > 1250, `${refused} ${opened}`);
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
    const runner = new Runner(openXv6fs(image));
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
