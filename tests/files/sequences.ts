/**
 * Random calls on a small disk that fills up and empties again, held against a tree of byte strings; the disk's
 * own check, and a saved and restored copy, come in between.
 */
import { assert, assertEquals, fail } from "@std/assert";
import { readBytes, writeBytes } from "../../src/vm/kernel/files/file_system.ts";
import { ENOSPC } from "../../src/vm/kernel/files/errno.ts";
import { readDirectory } from "../../src/vm/kernel/files/fat32/directory.ts";
import { type Fat32, openFat32, restoreFat32 } from "../../src/vm/kernel/files/fat32/fat32.ts";
import { formatFat32 } from "./format.ts";
import { fatEntry, mountFat, nextCluster } from "../../src/vm/kernel/files/fat32/table.ts";
import { fsck } from "../../src/vm/kernel/files/xv6fs/fsck.ts";
import { mkfs } from "../../src/vm/kernel/files/xv6fs/mkfs.ts";
import { O_CREATE, O_RDWR } from "../../src/vm/kernel/files/xv6fs/namespace.ts";
import { BSIZE, DOUBLE, SINGLE, T_DIR } from "../../src/vm/kernel/files/xv6fs/layout.ts";
import { byteString } from "../../src/vm/kernel/files/xv6fs/path.ts";
import { openXv6fs, restoreXv6fs, type Xv6fs } from "../../src/vm/kernel/files/xv6fs/xv6fs.ts";
import type { Below } from "./damage.ts";
import { contents, digest, Model, type Op, randomOp, Runner } from "./workload.ts";

/** A file system to try. */
export interface Subject<Fs extends Xv6fs | Fat32> {
  /** A disk of its own. */
  fresh(): Fs;
  /** The largest file, in bytes. */
  readonly largest: number;
  /** A name for one of a few letters, as long as names can be. */
  name(letter: string, below: Below): string;
  /** A copy, by way of a saved state. */
  copy(fs: Fs): Fs;
  /** Throws when the disk contradicts itself. */
  check(fs: Fs): void;
  /** Whether it is so full that a call may find no room. */
  full(fs: Fs): boolean;
  /** Everything with a digest. */
  contents(fs: Fs): Map<string, string>;
}

/** xv6's disk of 400 blocks and 30 inodes. */
export function xv6Subject(double: boolean): Subject<Xv6fs> {
  const { maxfile } = double ? DOUBLE : SINGLE;
  const image = mkfs({ size: 400, ninodes: 30, double });
  return {
    fresh: () => openXv6fs(image.slice(), double ? DOUBLE : SINGLE),
    largest: maxfile * BSIZE,
    name: (letter, below) => `${letter}${below(4)}-fourteen--`.slice(0, 2 + below(13)),
    copy: (fs) => restoreXv6fs(structuredClone(fs.save())),
    check(fs) {
      const open = new Set(fs.inUse().map(({ inum }) => inum));
      assertEquals(fsck(fs.image, { open, addressing: fs.addressing }), []);
    },
    full: (fs) => fs.freeBlocks() <= 2 || fs.freeInodes() === 0,
    contents,
  };
}

/** A FAT32 disk with 34 MiB, of which a file takes all but 300 clusters. */
export function fatSubject(): Subject<Fat32> {
  const filled = openFat32(formatFat32(34 << 20));
  const root = filled.root();
  const filler = filled.open(root, "filler", O_CREATE | O_RDWR);
  const rest = new Uint8Array(filled.freeBytes() - 300 * 512);
  assertEquals(writeBytes(filled, filler, 0, rest), rest.length);
  filled.iput(filler);
  return {
    fresh: () => openFat32(filled.image.slice()),
    largest: 2 ** 32 - 1,
    name: (letter, below) => `${letter} long name ${below(4)}` + "x".repeat(below(28)),
    copy: (fs) => restoreFat32(structuredClone(fs.save())),
    check: (fs) => consistent(fs),
    full: (fs) => fs.freeBytes() <= 2 * 512,
    contents: (fs) => fatContents(fs, "filler"),
  };
}

/**
 * Each cluster is free, in one chain, or in the chain of an open file without a name; chains are as long as their
 * files; FAT copies and FSInfo agree.
 */
export function consistent(fs: Fat32): void {
  const { image } = fs;
  const v = mountFat(image);
  const { geometry, view } = v;
  const seen = new Set<number>();
  const chain = (first: number): number => {
    let length = 0;
    for (let c = first; c !== 0; c = nextCluster(v, c)) {
      assert(c > 0 && !seen.has(c) && fatEntry(v, c) !== 0, `cluster ${c}`);
      seen.add(c);
      length++;
    }
    return length;
  };
  const visit = (dir: number) => {
    chain(dir);
    const entries = readDirectory(v, dir);
    assert(typeof entries !== "number");
    for (const { name, attributes, cluster, size } of entries) {
      if ((attributes & 0x10) !== 0) visit(cluster);
      else assertEquals(chain(cluster), Math.ceil(size / geometry.clusterSize), name);
    }
  };
  visit(geometry.rootCluster);
  for (const { entry, cluster } of fs.save().state.nodes.values()) if (entry < 0) chain(cluster);
  assertEquals(seen.size + v.state.free, geometry.clusters, "lost clusters");
  assertEquals(view.getUint32(geometry.fsInfo + 488, true), v.state.free, "FSInfo");
  const [one, two] = geometry.fatCopies;
  assertEquals(geometry.fatCopies.length, 2);
  for (let i = 0; i < 4 * geometry.clusters + 8; i += 4) {
    if (view.getUint32(one + i, true) !== view.getUint32(two + i, true)) fail(`FAT copies at ${i}`);
  }
}

/** Every path with "dir" or a digest of its bytes; those called `skip` are left out. */
export function fatContents(fs: Fat32, skip?: string): Map<string, string> {
  const out = new Map<string, string>();
  const visit = (dir: number, prefix: string) => {
    const entries = fs.entries(dir);
    assert(typeof entries !== "number");
    for (const { name } of entries) {
      if (name === skip) continue;
      const node = fs.namei(dir, byteString(name));
      assert(node > 0);
      const path = `${prefix}/${name}`;
      if (fs.type(node) === T_DIR) {
        out.set(path, "dir");
        visit(node, path);
      } else {
        const bytes = readBytes(fs, node, 0, fs.size(node));
        assert(typeof bytes !== "number");
        out.set(path, digest(bytes));
      }
      fs.iput(node);
    }
  };
  const root = fs.root();
  visit(root, "");
  fs.iput(root);
  return out;
}

/** A sequence of so many calls; every tenth call or so all is compared. How often the disk was full. */
export function play<Fs extends Xv6fs | Fat32>(
  subject: Subject<Fs>,
  below: Below,
  calls: number,
  look: (fs: Fs) => void = () => {},
): number {
  const runner = new Runner<Fs>(subject.fresh());
  const model = new Model(subject.largest);
  const names = new Map<string, string>();
  const named = (path: string) =>
    path.split("/").map((letter) => {
      if (!names.has(letter) || below(3) === 0) names.set(letter, subject.name(letter, below));
      return names.get(letter)!;
    }).join("/");
  let full = 0;
  for (let i = 0; i < calls; i++) {
    const op = biased(below, named, Math.min(400_000, subject.largest - 2000));
    const step = `call ${i}: ${JSON.stringify(op)}`;
    const got = runner.run(op);
    const short = op.op === "write" && got >= 0 && got < op.n;
    if (runner.raw === ENOSPC || short) {
      full++;
      assert(subject.full(runner.fs), `${step}: no room, but there is some`);
      if (short) model.run(op, got);
      else model.skip();
    } else assertEquals(got, model.run(op), step);
    if (below(20) === 0) runner.fs = subject.copy(runner.fs);
    if (below(12) > 0 && i < calls - 1) continue;
    subject.check(runner.fs);
    assertEquals(sorted(subject.contents(runner.fs)), sorted(model.contents()), step);
    assertEquals(opened(runner), model.open(), step);
    look(runner.fs);
  }
  runner.closeAll();
  subject.check(runner.fs);
  look(runner.fs);
  return full;
}

/** A call at random, with names of the subject's; many are removed, so that a disk empties again. */
function biased(below: Below, named: (path: string) => string, most: number): Op {
  const op = randomOp(below);
  if (op.op === "write") {
    // Some are larger than what is free.
    return { ...op, n: below(6) === 0 ? below(most) : below(20_000), off: below(3) * 500 };
  }
  if (op.op === "close") return op;
  const path = named(op.path);
  if (op.op === "link") return { op: below(2) ? "unlink" : "mkdir", path };
  return { ...op, path };
}

function opened<Fs extends Xv6fs | Fat32>({ fs, slots }: Runner<Fs>): Map<number, string> {
  return new Map([...slots].map(([slot, handle]) => {
    if (fs.type(handle) === T_DIR) return [slot, "dir"];
    const bytes = readBytes(fs, handle, 0, fs.size(handle));
    assert(typeof bytes !== "number");
    return [slot, digest(bytes)];
  }));
}

function sorted(map: Map<string, string>): [string, string][] {
  return [...map].sort(([a], [b]) => a < b ? -1 : 1);
}
