import { assert, assertEquals, assertThrows } from "@std/assert";
import * as fc from "fast-check";
import { holds, joined, piecesSince } from "../../src/vm/machine/pieces.ts";
import { readBytes, writeBytes } from "../../src/vm/kernel/files/file_system.ts";
import { type Fat32, openFat32, restoreFat32 } from "../../src/vm/kernel/files/fat32/fat32.ts";
import { formatFat32 } from "./format.ts";
import { readGeometry } from "../../src/vm/kernel/files/fat32/layout.ts";
import { byteString } from "../../src/vm/kernel/files/xv6fs/path.ts";
import { O_CREATE, O_RDONLY, O_RDWR, O_TRUNC } from "../../src/vm/kernel/files/xv6fs/namespace.ts";
import {
  EEXIST,
  EFAULT,
  EINVAL,
  EISDIR,
  ENOENT,
  ENOSPC,
  ENOTDIR,
  ENOTEMPTY,
  EPERM,
  FsError,
} from "../../src/vm/kernel/files/errno.ts";
import { consistent, fatContents } from "./sequences.ts";
import { FatTarget } from "./damage.ts";
import { Model, type Op, pattern, random, Runner } from "./workload.ts";

/** One empty image, copied for each test. */
const empty = formatFat32(34 * 1024 * 1024);

function fresh(): { fs: Fat32; root: number } {
  const fs = openFat32(empty.slice());
  return { fs, root: fs.root() };
}

function put(fs: Fat32, path: string, bytes: Uint8Array): void {
  const root = fs.root();
  const file = fs.open(root, byteString(path), O_CREATE | O_RDWR | O_TRUNC);
  assert(file > 0, `${path}: ${file}`);
  assertEquals(writeBytes(fs, file, 0, bytes), bytes.length);
  fs.iput(file);
  fs.iput(root);
}

function get(fs: Fat32, path: string): Uint8Array | number {
  const root = fs.root();
  const file = fs.open(root, byteString(path), O_RDONLY);
  fs.iput(root);
  if (file < 0) return file;
  const bytes = readBytes(fs, file, 0, fs.size(file));
  fs.iput(file);
  return bytes;
}

Deno.test("a file is written, found by any case of its name, and there after a reopen", () => {
  const { fs, root } = fresh();
  put(fs, "Hello World.text", pattern(5000, 1));
  for (const name of ["Hello World.text", "HELLO WORLD.TEXT", "hello world.text", "HELLOW~1.TEX"]) {
    assertEquals(get(fs, name), pattern(5000, 1), name);
  }
  fs.iput(root);
  assertEquals(fs.inUse(), []);
  consistent(fs);
  assertEquals(get(openFat32(fs.image.slice()), "/Hello World.text"), pattern(5000, 1));
});

Deno.test("names keep their case and their letters; what FAT forbids is refused", () => {
  const { fs, root } = fresh();
  const names = [
    "UPPER.TXT",
    "lower.txt",
    "lower.EXT",
    "Mixed.Txt",
    "noext",
    "two.dots.tar.gz",
    "ümläut – 日本語 🐄.txt",
    "a+b,c;d=[e].x",
    " leading",
    ".profile",
    "x".repeat(100),
    "~",
  ];
  for (const name of names) put(fs, name, pattern(name.length, 3));
  const entries = fs.entries(root);
  assert(typeof entries !== "number");
  assertEquals(entries.map((e) => e.name), names);
  const shorts = entries.map((e) => e.short.toUpperCase());
  assertEquals(new Set(shorts).size, names.length, shorts.join(" "));
  for (const name of names) assertEquals(get(fs, name), pattern(name.length, 3), name);
  for (
    const bad of ["a:b", "a*", "a?", "a|b", 'a"', "a<", "a>", "a\\b", "dot.", "space ", "\x01"]
  ) {
    assertEquals(fs.open(root, bad, O_CREATE | O_RDWR), EINVAL, bad);
    assertEquals(fs.mkdir(root, bad), EINVAL, bad);
  }
});

Deno.test("many names with the same beginning get aliases of their own", () => {
  const { fs, root } = fresh();
  for (let i = 0; i < 150; i++) put(fs, `a long name ${i}.text`, pattern(i, i));
  const entries = fs.entries(root);
  assert(typeof entries !== "number");
  assertEquals(new Set(entries.map((e) => e.short)).size, 150);
  assert(entries.some((e) => e.short === "ALON~100.TEX"));
  for (let i = 0; i < 150; i += 3) assertEquals(fs.unlink(root, `a long name ${i}.text`), 0);
  for (let i = 0; i < 150; i++) {
    assertEquals(get(fs, `a long name ${i}.text`), i % 3 ? pattern(i, i) : ENOENT);
  }
  consistent(fs);
});

Deno.test("directories: made, entered, left, removed when empty", () => {
  const { fs, root } = fresh();
  assertEquals(fs.mkdir(root, "dir"), 0);
  assertEquals(fs.mkdir(root, "DIR"), EEXIST);
  assertEquals(fs.mkdir(root, "dir/A long directory name"), 0);
  put(fs, "dir/A long directory name/file", pattern(10, 1));
  const deep = fs.chdir(root, "dir/A long directory name");
  assertEquals(fs.chdir(deep, "../../../.."), root); // above the root is the root
  fs.iput(root);
  assertEquals(fs.chdir(deep, "file"), ENOTDIR);
  assertEquals(fs.open(deep, ".", O_RDWR), EISDIR);
  assertEquals(fs.open(deep, "file/x", O_CREATE | O_RDWR), ENOTDIR);
  assertEquals(fs.unlink(root, "dir"), ENOTEMPTY);
  assertEquals(fs.unlink(deep, ".."), EPERM);
  assertEquals(fs.unlink(deep, "file"), 0);
  assertEquals(fs.unlink(root, "dir/A long directory name"), 0);
  // Removed, but somebody stands in it.
  assertEquals(fs.open(deep, "new", O_CREATE | O_RDWR), ENOENT);
  assertEquals(fs.mkdir(deep, "new"), ENOENT);
  assertEquals(fs.unlink(root, "dir"), 0);
  assertEquals(fs.open(root, "dir", O_RDONLY), ENOENT);
  fs.iput(deep);
  fs.iput(root);
  assertEquals(fs.inUse(), []);
  assertEquals(fs.freeBytes(), openFat32(empty).freeBytes());
});

Deno.test("reads and writes follow xv6's rules", () => {
  const { fs, root } = fresh();
  const free = fs.freeBytes();
  const f = fs.open(root, "f", O_CREATE | O_RDWR);
  assertEquals(writeBytes(fs, f, 1, pattern(1, 1)), EINVAL); // past the end
  assertEquals(writeBytes(fs, f, 0, pattern(3000, 1)), 3000);
  assertEquals(writeBytes(fs, f, 500, pattern(600, 2)), 600);
  assertEquals(fs.size(f), 3000);
  assertEquals(
    readBytes(fs, f, 400, 200),
    Uint8Array.from([
      ...pattern(500, 1).slice(400),
      ...pattern(100, 2),
    ]),
  );
  assertEquals(fs.readi(f, 0, -1, () => true), 3000);
  assertEquals(fs.readi(f, 3001, 1, () => true), 0);
  assertEquals(fs.readi(f, 0, 3000, (_, done) => done < 1024), EFAULT);
  assertEquals(fs.write(f, 3000, 2000, (_, done) => done < 1000), 1096); // up to the end of the third cluster
  assertEquals(fs.size(f), 4096);
  assertEquals(fs.unlink(root, "f"), 0);
  assertEquals(readBytes(fs, f, 0, 500), pattern(500, 1));
  assertEquals(writeBytes(fs, f, 4096, pattern(5000, 4)), 5000);
  fs.iput(f);
  assertEquals(fs.freeBytes(), free);
  consistent(fs);
  assertEquals([fs.link(root, "a", "b"), fs.mknod(root, "c", 1, 0)], [EPERM, EPERM]);
});

Deno.test("a full disk gives a short write, and all of it back", () => {
  const { fs, root } = fresh();
  const free = fs.freeBytes();
  const f = fs.open(root, "big", O_CREATE | O_RDWR);
  const chunk = pattern(1 << 20, 1);
  let size = 0, wrote = 0;
  do {
    wrote = writeBytes(fs, f, size, chunk);
    size += Math.max(0, wrote);
  } while (wrote === chunk.length);
  assertEquals([size, fs.freeBytes()], [free, 0]);
  assertEquals(writeBytes(fs, f, size, chunk), ENOSPC);
  assertEquals(fs.mkdir(root, "d"), ENOSPC);
  const again = fs.open(root, "BIG", O_RDWR | O_TRUNC);
  assertEquals([again, fs.size(f), fs.freeBytes()], [f, 0, free]);
});

Deno.test("what lies behind the end of a directory, or before a name's first piece, is no name", () => {
  const { fs, root } = fresh();
  put(fs, "A long name for a file", pattern(9, 1));
  const { data } = readGeometry(fs.image);
  const names = () => {
    const entries = fs.entries(root);
    return typeof entries === "number" ? entries : entries.map((e) => e.name);
  };
  // Two pieces and the short entry are in use; junk that looks like files lies behind the end mark.
  for (let slot = 4; slot < 16; slot++) {
    fs.image.fill(0x41, data + 32 * slot, data + 32 * slot + 11);
  }
  assertEquals(names(), ["A long name for a file"]);
  put(fs, "b", pattern(9, 1));
  assertEquals(names(), ["A long name for a file", "b"]);
  // A piece of another name is left before the first piece, as a crash between two writes may leave it.
  fs.image.set(fs.image.slice(data, data + 3 * 32), data + 32);
  fs.image[data + 4 * 32] = 0;
  assertEquals(names(), ["A long name for a file"]);
  fs.iput(root);
});

Deno.test("a directory grows into a cluster that held a file, of which nothing shows", () => {
  const { fs, root } = fresh();
  put(fs, "junk", new Uint8Array(20_000).fill(0x41));
  assertEquals(fs.unlink(root, "junk"), 0);
  const names = Array.from({ length: 17 }, (_, i) => `F${i}`); // 16 entries fill a cluster
  for (const name of names) put(fs, name, new Uint8Array(0));
  const entries = fs.entries(root);
  assert(typeof entries !== "number");
  assertEquals(entries.map((e) => e.name), names);
  fs.iput(root);
  consistent(fs);
});

Deno.test("a file marked read-only is read, and neither written, emptied nor removed", () => {
  const { fs, root } = fresh();
  put(fs, "A", pattern(9, 1));
  fs.image[readGeometry(fs.image).data + 11] |= 0x01;
  for (const omode of [O_RDWR, O_TRUNC]) assertEquals(fs.open(root, "A", omode), EPERM);
  assertEquals(fs.unlink(root, "A"), EPERM);
  assertEquals(get(fs, "A"), pattern(9, 1));
  fs.iput(root);
  consistent(fs);
});

Deno.test("a write hears of a full disk before it copies: what is copied is what is written", () => {
  const { fs, root } = fresh();
  put(fs, "filler", new Uint8Array(fs.freeBytes() - 512));
  const file = fs.open(root, "f", O_CREATE | O_RDWR);
  let copied = 0;
  const wrote = fs.write(file, 0, 2000, (chunk) => (copied += chunk.length, true));
  assertEquals([wrote, copied, fs.freeBytes()], [512, 512, 0]);
  assertEquals(fs.write(file, 512, 1, () => (copied++, true)), ENOSPC);
  assertEquals(copied, 512);
  assertEquals(fs.write(file, 100, 412, () => false), EFAULT);
  fs.iput(file);
  fs.iput(root);
  consistent(fs);
});

Deno.test("xv6's ls can read a directory: 16-byte entries that open", () => {
  const { fs, root } = fresh();
  fs.mkdir(root, "sub");
  put(fs, "sub/short", pattern(1, 1));
  put(fs, "sub/a name of more than fourteen bytes", pattern(2, 2));
  const sub = fs.open(root, "sub", O_RDONLY);
  const bytes = readBytes(fs, sub, 0, 1000);
  assert(typeof bytes !== "number");
  assertEquals(bytes.length, fs.stat(sub).size);
  const names: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    assert(bytes[at] !== 0 || bytes[at + 1] !== 0);
    names.push(String.fromCharCode(...bytes.subarray(at + 2, at + 16)).split("\0")[0]);
  }
  assertEquals(names, [".", "..", "short", "ANAMEO~1"]);
  const long = fs.open(sub, "ANAMEO~1", O_RDONLY);
  assertEquals(fs.size(long), 2);
});

Deno.test("saved and restored: open files stay open, both go on alone", () => {
  const { fs, root } = fresh();
  put(fs, "f", pattern(2000, 1));
  const f = fs.open(root, "f", O_RDWR);
  fs.unlink(root, "f");
  const copy = restoreFat32(structuredClone(fs.save()));
  assertEquals(copy.inUse(), fs.inUse());
  writeBytes(copy, f, 0, pattern(2000, 9));
  assertEquals(readBytes(fs, f, 0, 2000), pattern(2000, 1));
  for (const each of [fs, copy]) {
    each.iput(f);
    each.iput(root);
    assertEquals([each.inUse(), each.freeBytes()], [[], openFat32(empty).freeBytes()]);
  }
});

Deno.test("a saved state has what every single call wrote", () => {
  const { fs, root } = fresh();
  put(fs, "filler", pattern(20_000, 1)); // what follows lies in other pages than the root directory
  const f = fs.open(root, "f", O_CREATE | O_RDWR);
  const calls = [
    () => writeBytes(fs, f, 0, pattern(10, 1)),
    () => writeBytes(fs, f, 10, pattern(10, 2)), // only bytes and the size in the entry
    () => writeBytes(fs, f, 20, pattern(3000, 3)),
    () => fs.mkdir(root, "A directory with a long name"),
    () => fs.iput(fs.open(root, "A directory with a long name/x", O_CREATE)),
    () => fs.itrunc(f),
    () => fs.unlink(root, "A directory with a long name/x"),
    () => fs.unlink(root, "f"),
    () => fs.iput(f),
  ];
  let before = fs.save().image;
  for (const [i, call] of calls.entries()) {
    call();
    const { image } = fs.save();
    assert(holds(joined(image), fs.image, 0, fs.image.length), `call ${i}`);
    assert([...piecesSince(image, before)].length < 8, `call ${i} shares what it did not write`);
    before = image;
  }
  assert(fs.save().image === before, "nothing written, one copy");
});

Deno.test("images that cannot be opened say why in one line", () => {
  const refuse = (
    change: (view: DataView, image: Uint8Array) => Uint8Array | void,
    why: string,
  ) => {
    const image = empty.slice(0, 4096);
    const whole = new Uint8Array(empty.length);
    whole.set(image);
    const changed = change(new DataView(whole.buffer), whole) ?? whole;
    const error = assertThrows(() => openFat32(changed), FsError, why);
    assert(!error.message.includes("\n"));
  };
  refuse(() => new Uint8Array(100), "100 bytes do not hold a boot sector");
  refuse((_, image) => image.fill(0), "lacks its signature");
  refuse((_, image) => image.subarray(0, 1 << 20), "truncated");
  refuse((view) => view.setUint16(11, 500, true), "sectors of 500 bytes");
  refuse((_, image) => void (image[13] = 3), "3 sectors a cluster");
  refuse((view) => view.setUint16(22, 9, true), "FAT12 or FAT16");
  refuse((_, image) => void (image[16] = 0), "no file allocation table");
  refuse((view) => view.setUint32(36, 1 << 20, true), "its tables take");
  refuse((view) => view.setUint32(44, 1, true), "its root is at cluster 1");
  refuse((view) => view.setUint16(40, 0x83, true), "active table 3 does not exist");
  assertThrows(() => formatFat32(1 << 20), FsError, "too few for FAT32");
});

const path = fc.array(fc.constantFrom("a", "Some Long Name.x", "B.TXT", "c.d"), {
  minLength: 1,
  maxLength: 3,
}).map((names) => names.join("/"));
const slot = fc.integer({ min: 0, max: 4 });
const size = fc.oneof(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 0, max: 60_000 }));
const op: fc.Arbitrary<Op> = fc.oneof(
  fc.record({ op: fc.constant("create" as const), path, slot }),
  fc.record({ op: fc.constant("open" as const), path, slot }),
  fc.record({ op: fc.constant("truncate" as const), path }),
  fc.record({ op: fc.constant("write" as const), slot, off: size, n: size }),
  fc.record({ op: fc.constant("close" as const), slot }),
  fc.record({ op: fc.constant("unlink" as const), path }),
  fc.record({ op: fc.constant("mkdir" as const), path }),
);

Deno.test("any sequence of calls does what a plain tree of byte strings does", () => {
  const sorted = (map: Map<string, string>) => [...map].sort(([a], [b]) => a < b ? -1 : 1);
  fc.assert(
    fc.property(fc.array(op, { maxLength: 50 }), (ops) => {
      const image = empty.slice();
      const runner = new Runner(openFat32(image));
      const model = new Model(2 ** 32 - 1);
      ops.forEach((op, i) => {
        assertEquals(runner.run(op), model.run(op), `step ${i}: ${JSON.stringify(op)}`);
      });
      assertEquals(sorted(fatContents(runner.fs)), sorted(model.contents()));
      runner.closeAll();
      consistent(openFat32(image));
      const again = openFat32(image.slice());
      assertEquals(again.freeBytes(), runner.fs.freeBytes());
      assertEquals(sorted(fatContents(again)), sorted(model.contents()));
    }),
    { numRuns: 40, seed: 32 },
  );
});

Deno.test("2000 damaged images: an error or an answer, never a crash, nothing outside touched", () => {
  const target = new FatTarget();
  let refused = 0;
  for (let seed = 1; seed <= 2000; seed++) {
    try {
      if (!target.endure(random(seed))) refused++;
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  assert(refused > 20 && refused < 1000, `${refused} refused`);
});
