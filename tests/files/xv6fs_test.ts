import { assert, assertEquals, assertThrows } from "@std/assert";
import { readBytes, writeBytes } from "../../src/vm/kernel/files/file_system.ts";
import { openXv6fs, restoreXv6fs, type Xv6fs } from "../../src/vm/kernel/files/xv6fs/xv6fs.ts";
import { mkfs } from "../../src/vm/kernel/files/xv6fs/mkfs.ts";
import { fsck } from "../../src/vm/kernel/files/xv6fs/fsck.ts";
import { listTree, readFile, writeFile } from "./host.ts";
import {
  O_CREATE,
  O_NOFOLLOW,
  O_RDONLY,
  O_RDWR,
  O_TRUNC,
  O_WRONLY,
} from "../../src/vm/kernel/files/xv6fs/namespace.ts";
import { BSIZE, NINODE, SINGLE, T_DEVICE, T_DIR } from "../../src/vm/kernel/files/xv6fs/layout.ts";
import {
  EEXIST,
  EFAULT,
  EFBIG,
  EIO,
  EISDIR,
  ELOOP,
  ENAMETOOLONG,
  ENFILE,
  ENOENT,
  ENOSPC,
  ENOTDIR,
  ENOTEMPTY,
  EPERM,
  FsError,
} from "../../src/vm/kernel/files/errno.ts";

/** A fresh file system and the root with a reference. */
function fresh(options: Parameters<typeof mkfs>[0] = {}): { fs: Xv6fs; root: number } {
  const fs = openXv6fs(mkfs(options));
  return { fs, root: fs.root() };
}

/** Closes the root and asks for a clean image with nothing in use. */
function clean(fs: Xv6fs, root: number): void {
  fs.iput(root);
  assertEquals(fs.inUse(), []);
  assertEquals(fsck(fs.image), []);
}

const bytes = (n: number, seed = 1) =>
  Uint8Array.from({ length: n }, (_, i) => (i * 7 + seed) & 0xff);
const stat = (fs: Xv6fs, ino: number) => {
  const s = fs.stat(ino);
  assert(typeof s !== "number");
  return s;
};

Deno.test("a file written is read back, and the image says so after a reopen", () => {
  const { fs, root } = fresh();
  const ino = fs.open(root, "hello", O_CREATE | O_RDWR);
  assertEquals(writeBytes(fs, ino, 0, bytes(5000)), 5000);
  assertEquals(readBytes(fs, ino, 4990, 100), bytes(5000).slice(4990));
  assertEquals(readBytes(fs, ino, 5000, 10), new Uint8Array(0));
  assertEquals(readBytes(fs, ino, 5001, 10), new Uint8Array(0));
  fs.iput(ino);
  clean(fs, root);
  assertEquals(readFile(openXv6fs(fs.image.slice()), "hello"), bytes(5000));
});

Deno.test("a file holds 268 blocks and not a byte more", () => {
  const { fs, root } = fresh();
  const ino = fs.open(root, "big", O_CREATE | O_RDWR);
  const all = bytes(SINGLE.maxfile * BSIZE);
  assertEquals(writeBytes(fs, ino, 0, all), all.length);
  assertEquals(writeBytes(fs, ino, all.length, bytes(1)), EFBIG);
  assertEquals(readBytes(fs, ino, 0, all.length + 5), all);
  const free = fs.freeBlocks();
  fs.itrunc(ino);
  assertEquals(fs.freeBlocks(), free + SINGLE.maxfile + 1);
  assertEquals(fs.size(ino), 0);
  fs.iput(ino);
  clean(fs, root);
});

Deno.test("writing past the end fails, reading past it gives nothing", () => {
  const { fs, root } = fresh();
  const ino = fs.open(root, "f", O_CREATE | O_RDWR);
  writeBytes(fs, ino, 0, bytes(10));
  assert(writeBytes(fs, ino, 11, bytes(1)) < 0);
  assertEquals(writeBytes(fs, ino, 10, bytes(1)), 1);
  // xv6's count is unsigned: read(fd, p, -1) reads to the end.
  let got = 0;
  assertEquals(fs.readi(ino, 0, -1, (chunk) => (got += chunk.length, true)), 11);
  assertEquals(got, 11);
  assertEquals(fs.readi(ino, 5, -1, () => true), 0); // off + n overflows
  assert(fs.write(ino, 0, -1, () => true) < 0);
  fs.iput(ino);
  clean(fs, root);
});

Deno.test("a copy that fails half-way leaves whole blocks and no trace of the rest", () => {
  const { fs, root } = fresh();
  const ino = fs.open(root, "f", O_CREATE | O_RDWR);
  const wrote = fs.write(ino, 0, 5000, (chunk, done) => {
    chunk.fill(0xaa);
    return done < 2048;
  });
  assertEquals(wrote, 2048);
  assertEquals(fs.size(ino), 2048);
  assertEquals(fs.write(ino, 0, 10, (chunk) => (chunk.fill(0xbb), false)), EFAULT);
  assertEquals(readBytes(fs, ino, 0, 2048), new Uint8Array(2048).fill(0xaa));
  assertEquals(fs.readi(ino, 0, 2048, (_, done) => done < 1024), EFAULT);
  fs.iput(ino);
  clean(fs, root);
});

Deno.test("open follows xv6's rules for directories, devices and flags", () => {
  const { fs, root } = fresh({ dirs: ["d"], devices: [{ name: "console", major: 1, minor: 0 }] });
  assertEquals(fs.open(root, "d", O_RDWR), EISDIR);
  assertEquals(fs.open(root, "d", O_CREATE), EISDIR);
  assertEquals(fs.open(root, "none", O_RDONLY), ENOENT);
  assertEquals(fs.open(root, "", O_CREATE), ENOENT);
  assertEquals(fs.open(root, "console/x", O_RDONLY), ENOTDIR);
  const d = fs.open(root, "d", O_RDONLY);
  assertEquals(stat(fs, d).type, T_DIR);
  const console = fs.open(root, "console", O_CREATE | O_RDWR);
  assertEquals([stat(fs, console).type, stat(fs, console).major], [T_DEVICE, 1]);
  fs.mknod(root, "odd", 99, 0);
  assertEquals(fs.open(root, "odd", O_RDWR), EIO);
  fs.unlink(root, "odd");
  for (const ino of [d, console]) fs.iput(ino);

  const f = fs.open(root, "f", O_CREATE | O_WRONLY);
  writeBytes(fs, f, 0, bytes(100));
  const again = fs.open(root, "f", O_WRONLY | O_TRUNC);
  assertEquals(again, f);
  assertEquals(fs.size(f), 0);
  for (const ino of [f, again]) fs.iput(ino);
  clean(fs, root);
});

Deno.test("an unlinked file lives as long as it is open", () => {
  const { fs, root } = fresh();
  const free = [fs.freeBlocks(), fs.freeInodes()];
  const ino = fs.open(root, "f", O_CREATE | O_RDWR);
  writeBytes(fs, ino, 0, bytes(3000));
  assertEquals(fs.unlink(root, "f"), 0);
  assertEquals(fs.open(root, "f", O_RDONLY), ENOENT);
  assertEquals(readBytes(fs, ino, 0, 3000), bytes(3000));
  assertEquals(writeBytes(fs, ino, 3000, bytes(10)), 10);
  assertEquals(fsck(fs.image, { open: new Set([ino]) }), []);
  assertEquals(fsck(fs.image).map((p) => [p.kind, p.severity]), [["orphan", "note"]]);
  // A stop now: the next boot frees it.
  const reopened = openXv6fs(fs.image.slice());
  assertEquals(reopened.takeNotices(), [`ireclaim: orphaned inode ${ino}`]);
  assertEquals([reopened.freeBlocks(), reopened.freeInodes()], free);
  assertEquals(fsck(reopened.image), []);
  fs.iput(ino);
  assertEquals([fs.freeBlocks(), fs.freeInodes()], free);
  clean(fs, root);
});

Deno.test("directories: link counts, emptiness, dots, removal under somebody's feet", () => {
  const { fs, root } = fresh();
  assertEquals(fs.mkdir(root, "a"), 0);
  assertEquals(fs.mkdir(root, "a/b"), 0);
  assertEquals(fs.mkdir(root, "a"), EEXIST);
  assertEquals(fs.mkdir(root, ""), ENOENT);
  const a = fs.chdir(root, "a");
  assertEquals(stat(fs, a).nlink, 2);
  assertEquals(fs.unlink(root, "a"), ENOTEMPTY);
  assertEquals(fs.unlink(a, "."), EPERM);
  assertEquals(fs.unlink(a, "b/.."), EPERM);
  assertEquals(fs.chdir(a, "../a/./b/../..//"), root);
  fs.iput(root);
  const b = fs.chdir(a, "b");
  assertEquals(fs.unlink(root, "a/b"), 0);
  // b is gone but held: nothing can be made in it, ".." still leads out.
  assertEquals(fs.open(b, "x", O_CREATE), ENOENT);
  assertEquals(fs.mkdir(b, "x"), ENOENT);
  fs.iput(fs.open(root, "file", O_CREATE));
  assertEquals(fs.link(b, "/file", "x"), ENOENT);
  assertEquals(fs.chdir(b, ".."), a);
  fs.iput(a);
  assertEquals(fsck(fs.image, { open: new Set([b]) }), []);
  fs.iput(b);
  assertEquals(stat(fs, a).nlink, 1);
  fs.iput(a);
  clean(fs, root);
});

Deno.test("links: another name for the same inode, never for a directory", () => {
  const { fs, root } = fresh({ dirs: ["d"] });
  const f = fs.open(root, "f", O_CREATE | O_RDWR);
  assertEquals(fs.link(root, "f", "d/g"), 0);
  assertEquals(stat(fs, f).nlink, 2);
  assertEquals(fs.link(root, "f", "d/g"), EEXIST);
  assertEquals(fs.link(root, "d", "e"), EPERM);
  assertEquals(fs.link(root, "none", "e"), ENOENT);
  assertEquals(fs.link(root, "f", "none/e"), ENOENT);
  assertEquals(fs.link(root, "f", ""), ENOENT);
  assertEquals(stat(fs, f).nlink, 2);
  assertEquals(fs.unlink(root, "f"), 0);
  assertEquals(fs.open(root, "d/g", O_RDONLY), f);
  fs.iput(f);
  fs.iput(f);
  clean(fs, root);
});

Deno.test("names are cut to 14 bytes and paths end at 127", () => {
  const { fs, root } = fresh();
  fs.iput(fs.open(root, "12345678901234567890", O_CREATE));
  assertEquals(listTree(fs).map((f) => f.path), ["/12345678901234"]);
  const again = fs.open(root, "12345678901234xyz", O_RDONLY);
  assert(again > 0);
  fs.iput(again);
  assertEquals(fs.open(root, "/".repeat(128), O_RDONLY), ENAMETOOLONG);
  assertEquals(fs.open(root, "/".repeat(127), O_RDONLY), root);
  fs.iput(root);
  clean(fs, root);
});

Deno.test("a full disk gives short writes, and all of it back", () => {
  const { fs, root } = fresh();
  const free = fs.freeBlocks();
  const names: string[] = [];
  let short = 0;
  for (let i = 0; short === 0; i++) {
    const ino = fs.open(root, `f${i}`, O_CREATE | O_WRONLY);
    names.push(`f${i}`);
    const wrote = writeBytes(fs, ino, 0, bytes(SINGLE.maxfile * BSIZE));
    if (wrote < SINGLE.maxfile * BSIZE) short = wrote;
    fs.iput(ino);
  }
  assert(fs.freeBlocks() === 0 && short > 0);
  assertEquals(new Set(fs.takeNotices()), new Set(["balloc: out of blocks"]));
  assertEquals(fs.mkdir(root, "d"), ENOSPC);
  assertEquals(fsck(fs.image), []);
  // Directories still have room in their blocks, so empty files go on being made.
  const empty = fs.open(root, "empty", O_CREATE | O_WRONLY);
  assertEquals(writeBytes(fs, empty, 0, bytes(1)), ENOSPC);
  fs.iput(empty);
  fs.unlink(root, "empty");
  for (const name of names) assertEquals(fs.unlink(root, name), 0);
  assertEquals(fs.freeBlocks(), free);
  clean(fs, root);
});

Deno.test("no inodes left is an answer, and they come back", () => {
  const { fs, root } = fresh();
  const free = fs.freeInodes();
  const made: string[] = [];
  for (;;) {
    const name = `zz${made.length}`;
    const ino = fs.open(root, name, O_CREATE | O_RDWR);
    if (ino < 0) {
      assertEquals(ino, ENOSPC);
      break;
    }
    fs.iput(ino);
    made.push(name);
  }
  assertEquals(made.length, free);
  assertEquals(fs.takeNotices(), ["ialloc: no inodes"]);
  assertEquals(fsck(fs.image), []);
  for (const name of made) fs.unlink(root, name);
  assertEquals(fs.freeInodes(), free);
  clean(fs, root);
});

Deno.test("50 inodes in use, the next one is refused", () => {
  const { fs, root } = fresh();
  const held = [root];
  for (let i = 1; i < NINODE; i++) held.push(fs.open(root, `f${i}`, O_CREATE));
  assertEquals(fs.inUse().length, NINODE);
  assertEquals(fs.open(root, "one more", O_CREATE), ENFILE);
  assertEquals(fs.open(root, "f1", O_RDONLY), held[1]); // in use already
  fs.iput(held[1]);
  fs.iput(held.pop()!);
  const more = fs.open(root, "one more", O_CREATE);
  assert(more > 0);
  for (const ino of [...held.slice(1), more]) fs.iput(ino);
  clean(fs, root);
});

Deno.test("symbolic links of the file-system lab", () => {
  const { fs, root } = fresh({ files: [{ name: "f", bytes: bytes(9) }] });
  assertEquals(fs.symlink(root, "/f", "l"), 0);
  assertEquals(fs.symlink(root, "b", "a"), 0);
  assertEquals(fs.symlink(root, "a", "b"), 0);
  const f = fs.open(root, "l", O_RDONLY);
  assertEquals(readBytes(fs, f, 0, 100), bytes(9));
  assertEquals(fs.open(root, "a", O_RDONLY), ELOOP);
  const l = fs.open(root, "l", O_RDONLY | O_NOFOLLOW);
  assertEquals(readBytes(fs, l, 0, 100), new TextEncoder().encode("/f"));
  // Kernels of some trees write 128 bytes, the target's end marked by a zero.
  assertEquals(fs.symlink(root, "/f\0left on the stack", "padded"), 0);
  assertEquals(fs.open(root, "padded", O_RDONLY), f);
  for (const ino of [f, f, l]) fs.iput(ino);
  clean(fs, root);
});

Deno.test("a symbolic link that finds no room for its target leaves no name behind", () => {
  const { fs, root } = fresh({ size: 60, ninodes: 16 });
  const filler = fs.open(root, "filler", O_CREATE | O_RDWR);
  while (writeBytes(fs, filler, fs.size(filler), bytes(1024)) > 0);
  assertEquals(fs.freeBlocks(), 0);
  const free = fs.freeInodes();
  assertEquals(fs.symlink(root, "/target", "l"), ENOSPC);
  assertEquals([fs.open(root, "l", O_RDONLY | O_NOFOLLOW), fs.freeInodes()], [ENOENT, free]);
  fs.iput(filler);
  clean(fs, root);
});

Deno.test("saved and restored: open files stay open, both go on alone", () => {
  const { fs, root } = fresh();
  const ino = fs.open(root, "f", O_CREATE | O_RDWR);
  writeBytes(fs, ino, 0, bytes(2000));
  fs.unlink(root, "f");
  const copy = restoreXv6fs(structuredClone(fs.save()));
  assertEquals(copy.inUse(), fs.inUse());
  assertEquals(readBytes(copy, ino, 0, 2000), bytes(2000));
  const saved = fs.save();
  assert(fs.save().image === saved.image, "nothing written, one copy");
  writeBytes(copy, ino, 0, bytes(2000, 5));
  assertEquals(readBytes(fs, ino, 0, 2000), bytes(2000));
  fs.iput(fs.open(root, "g", O_CREATE));
  assertEquals(restoreXv6fs(saved).open(root, "g", O_RDONLY), ENOENT);
  fs.unlink(root, "g");
  for (const each of [fs, copy]) {
    each.iput(ino);
    clean(each, root);
  }
  assertEquals(copy.image.length, fs.image.length);
});

Deno.test("a write whose copy writes back through the same file system", () => {
  // What reclaim does when copyin faults: it writes mapped pages to their files in the middle of a write.
  const { fs, root } = fresh();
  const mapped = fs.open(root, "mapped", O_CREATE | O_RDWR);
  writeBytes(fs, mapped, 0, new Uint8Array(100 * BSIZE));
  const out = fs.open(root, "out", O_CREATE | O_RDWR);
  let page = 0;
  const wrote = fs.write(out, 0, 9000, (chunk, done) => {
    for (let i = 0; i < 5; i++, page++) {
      assertEquals(writeBytes(fs, mapped, (page % 25) * 4096, bytes(4096, page)), 4096);
    }
    chunk.set(bytes(9000).subarray(done, done + chunk.length));
    return true;
  });
  assertEquals(wrote, 9000);
  assertEquals(readBytes(fs, out, 0, 9000), bytes(9000));
  assertEquals(readBytes(fs, mapped, 24 * 4096, 4096), bytes(4096, 24));
  for (const ino of [mapped, out]) fs.iput(ino);
  clean(fs, root);
  assertEquals(readFile(openXv6fs(fs.image.slice()), "out"), bytes(9000));
});

Deno.test("a fault of this program inside a call undoes the call", () => {
  const { fs, root } = fresh();
  const ino = fs.open(root, "f", O_CREATE | O_RDWR);
  writeBytes(fs, ino, 0, bytes(100));
  const before = fs.image.slice();
  assertThrows(() =>
    fs.write(ino, 100, 2000, (_, done) => {
      if (done > 0) throw new RangeError("planted");
      return true;
    }), RangeError);
  assertEquals(fs.image, before);
  assertEquals(fs.size(ino), 100);
  assertEquals(writeBytes(fs, ino, 100, bytes(2000)), 2000);
  const { fs: other, root: otherRoot } = fresh();
  const same = other.open(otherRoot, "f", O_CREATE | O_RDWR);
  for (const [at, n] of [[0, 100], [100, 2000]]) writeBytes(other, same, at, bytes(n));
  assertEquals(fs.image, other.image, "the next call takes the blocks that it would have taken");
  fs.iput(ino);
  clean(fs, root);
});

Deno.test("mkfs: same options, same bytes; names that cannot be are refused", () => {
  const options = {
    files: [{ name: "bin/ls", bytes: bytes(40_000) }, { name: "README", bytes: bytes(10) }],
    dirs: ["tmp", "bin/sub"],
    devices: [{ name: "console", major: 1, minor: 0 }],
  };
  const image = mkfs(options);
  assertEquals(image, mkfs(options));
  assertEquals(image.length, 2000 * BSIZE);
  assertEquals(fsck(image), []);
  const fs = openXv6fs(image);
  assertEquals(readFile(fs, "/bin/ls"), bytes(40_000));
  assertEquals(listTree(fs).map((f) => f.path), [
    "/tmp",
    "/bin",
    "/bin/sub",
    "/bin/ls",
    "/console",
    "/README",
  ]);
  const refuse = (o: Parameters<typeof mkfs>[0], message: string) =>
    assertThrows(() => mkfs(o), FsError, message);
  const file = (name: string, n = 1) => ({ files: [{ name, bytes: bytes(n) }] });
  refuse(file("fifteen-letters"), "15 bytes, at most 14 fit");
  refuse(file("big", SINGLE.maxfile * BSIZE + 1), "the largest file there has 274432");
  refuse({ files: [...file("a").files, ...file("/a").files] }, "named twice");
  refuse(file(""), "no file name");
  refuse({ size: 47 }, "too few");
  refuse({ size: 1.5 }, "no usable number");
  refuse({ nlog: 5 }, "a log of 5 blocks is too small");
  refuse({ size: 100, ...file("a", 200_000) }, "no space left");
});

Deno.test("images of many sizes are made, filled and checked", () => {
  for (
    const [size, ninodes] of [[60, 16], [1000, 200], [2000, 200], [8192, 1000], [16384, 65536]]
  ) {
    const image = mkfs({ size, ninodes });
    const fs = openXv6fs(image);
    writeFile(fs, "last", bytes(3000));
    assertEquals(fsck(image), [], `${size} blocks`);
    assertEquals(readFile(fs, "last"), bytes(3000));
  }
});

Deno.test("images that cannot be opened say why in one line", () => {
  const refuse = (
    change: (image: Uint8Array, view: DataView) => Uint8Array | void,
    why: string,
  ) => {
    const image = mkfs();
    const changed = change(image, new DataView(image.buffer)) ?? image;
    const error = assertThrows(() => openXv6fs(changed), FsError, why);
    assert(!error.message.includes("\n"));
    assert(fsck(changed).some((p) => p.severity === "error"), "fsck finds it as well");
  };
  refuse((image) => image.subarray(0, 100), "100 bytes do not hold a super block");
  refuse((image) => image.subarray(0, 1_000_000), "truncated");
  refuse((image) => image.fill(0), "magic is 0x00000000, expected 0x10203040");
  refuse((_, view) => view.setUint32(BSIZE + 4, 0xffffffff, true), "truncated");
  refuse((_, view) => view.setUint32(BSIZE + 12, 100_000, true), "a directory entry can name");
  refuse((_, view) => view.setUint32(BSIZE + 12, 1000, true), "run into the free map");
  refuse((_, view) => view.setUint32(BSIZE + 16, 3, true), "too small");
  refuse((_, view) => view.setUint32(BSIZE + 16, 40, true), "runs into the inodes");
  refuse((_, view) => view.setUint32(BSIZE + 20, 0, true), "before block 2");
  refuse((_, view) => view.setUint32(BSIZE + 28, 1999, true), "no data block is left");
  refuse((_, view) => view.setUint32(2 * BSIZE, 31, true), "claims 31 blocks, the log holds 30");
  refuse((_, view) => {
    view.setUint32(2 * BSIZE, 1, true);
    view.setUint32(2 * BSIZE + 4, 1, true);
  }, "names block 1, outside");
  refuse((_, view) => view.setInt16(33 * BSIZE + 64, 2, true), "the root, is not a directory");
});
