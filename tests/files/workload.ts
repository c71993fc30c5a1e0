/** Random and fixed sequences of file-system calls, run on Xv6fs and on a model that is a plain tree of byte strings. */
import { readBytes, writeBytes } from "../../src/vm/kernel/files/file_system.ts";
import type { Fat32 } from "../../src/vm/kernel/files/fat32/fat32.ts";
import type { Xv6fs } from "../../src/vm/kernel/files/xv6fs/xv6fs.ts";
import { O_CREATE, O_RDONLY, O_RDWR, O_TRUNC } from "../../src/vm/kernel/files/xv6fs/namespace.ts";
import { BSIZE, SINGLE, T_DIR, T_FILE } from "../../src/vm/kernel/files/xv6fs/layout.ts";

/** One call. Paths are from the root; `slot` names one of a few open files. */
export type Op =
  | { readonly op: "create"; readonly path: string; readonly slot: number }
  | { readonly op: "open"; readonly path: string; readonly slot: number }
  | { readonly op: "truncate"; readonly path: string }
  | { readonly op: "write"; readonly slot: number; readonly off: number; readonly n: number }
  | { readonly op: "close"; readonly slot: number }
  | { readonly op: "link"; readonly path: string; readonly to: string }
  | { readonly op: "unlink"; readonly path: string }
  | { readonly op: "mkdir"; readonly path: string };

/** The bytes a write number `seed` writes. */
export function pattern(n: number, seed: number): Uint8Array {
  const out = new Uint8Array(n);
  for (let i = 0; i < n; i++) out[i] = (i * 31 + seed * 17 + (i >> 8)) & 0xff;
  return out;
}

/** A file system with its open files, on which ops are run. */
export class Runner<Fs extends Xv6fs | Fat32 = Xv6fs> {
  /** May be exchanged for a restored copy: handles stay what they were. */
  fs: Fs;
  readonly root: number;
  readonly slots = new Map<number, number>();
  /** What the last op answered, errors as they are. */
  raw = 0;
  #seed = 0;

  constructor(fs: Fs) {
    this.fs = fs;
    this.root = fs.root();
  }

  /** Runs one op. Returns 0 or the bytes written, or -1 as a guest would see it. */
  run(op: Op): number {
    const { fs, root } = this;
    const answer = (n: number) => (this.raw = n) < 0 ? -1 : n;
    this.raw = 0;
    const seed = ++this.#seed;
    switch (op.op) {
      case "create":
      case "open": {
        const flags = op.op === "create" ? O_CREATE | O_RDWR : O_RDONLY;
        const inum = fs.open(root, op.path, flags);
        if (answer(inum) < 0) return -1;
        this.close(op.slot);
        this.slots.set(op.slot, inum);
        return 0;
      }
      case "truncate": {
        const inum = fs.open(root, op.path, O_RDWR | O_TRUNC);
        if (answer(inum) < 0) return -1;
        fs.iput(inum);
        return 0;
      }
      case "write": {
        const inum = this.slots.get(op.slot);
        if (inum === undefined || fs.type(inum) !== T_FILE) return -1;
        return answer(writeBytes(fs, inum, op.off, pattern(op.n, seed)));
      }
      case "close":
        return this.close(op.slot);
      case "link":
        return answer(fs.link(root, op.path, op.to));
      case "unlink":
        return answer(fs.unlink(root, op.path));
      case "mkdir":
        return answer(fs.mkdir(root, op.path));
    }
  }

  close(slot: number): number {
    const inum = this.slots.get(slot);
    if (inum === undefined) return -1;
    this.fs.iput(inum);
    this.slots.delete(slot);
    return 0;
  }

  closeAll(): void {
    for (const slot of [...this.slots.keys()]) this.close(slot);
  }
}

interface ModelFile {
  data: Uint8Array;
}
type ModelNode = ModelFile | Map<string, ModelNode>;

/** What the same ops should do: names to files, files to bytes, no blocks and no limits but, if given, file size. */
export class Model {
  readonly #largest: number;

  constructor(largest: number = SINGLE.maxfile * BSIZE) {
    this.#largest = largest;
  }

  readonly root: Map<string, ModelNode> = new Map();
  readonly slots = new Map<number, ModelNode>();
  #seed = 0;

  #find(path: string): ModelNode | undefined {
    let at: ModelNode | undefined = this.root;
    for (const name of path.split("/").filter((s) => s)) {
      at = at instanceof Map ? at.get(name) : undefined;
    }
    return at;
  }

  #parent(path: string): { dir: Map<string, ModelNode>; name: string } | undefined {
    const elements = path.split("/").filter((s) => s);
    const name = elements.pop()!;
    const dir = this.#find(elements.join("/"));
    return dir instanceof Map ? { dir, name } : undefined;
  }

  /** The same op; a disk that is full may have taken fewer bytes of a write. */
  run(op: Op, taken = Infinity): number {
    const seed = ++this.#seed;
    switch (op.op) {
      case "create": {
        const at = this.#parent(op.path);
        if (at === undefined) return -1;
        const have = at.dir.get(at.name);
        if (have instanceof Map) return -1;
        const file = have ?? { data: new Uint8Array(0) };
        at.dir.set(at.name, file);
        this.slots.set(op.slot, file);
        return 0;
      }
      case "open": {
        const have = this.#find(op.path);
        if (have === undefined) return -1;
        this.slots.set(op.slot, have);
        return 0;
      }
      case "truncate": {
        const have = this.#find(op.path);
        if (have === undefined || have instanceof Map) return -1;
        have.data = new Uint8Array(0);
        return 0;
      }
      case "write": {
        const file = this.slots.get(op.slot);
        if (file === undefined || file instanceof Map || op.off > file.data.length) return -1;
        return modelWrite(file, op.off, pattern(op.n, seed), this.#largest, taken);
      }
      case "close":
        return this.slots.delete(op.slot) ? 0 : -1;
      case "link": {
        const file = this.#find(op.path);
        const at = this.#parent(op.to);
        if (file === undefined || file instanceof Map || at === undefined) return -1;
        if (at.dir.has(at.name)) return -1;
        at.dir.set(at.name, file);
        return 0;
      }
      case "unlink": {
        const at = this.#parent(op.path);
        const have = at?.dir.get(at.name);
        if (have === undefined || (have instanceof Map && have.size > 0)) return -1;
        at!.dir.delete(at!.name);
        return 0;
      }
      case "mkdir": {
        const at = this.#parent(op.path);
        if (at === undefined || at.dir.has(at.name)) return -1;
        at.dir.set(at.name, new Map());
        return 0;
      }
    }
  }

  /** An op that a full disk refused: nothing happens, and later writes are numbered on. */
  skip(): void {
    this.#seed++;
  }

  /** What is open: a digest of the file of each slot, "dir" for directories. */
  open(): Map<number, string> {
    return new Map(
      [...this.slots].map((
        [slot, node],
      ) => [slot, node instanceof Map ? "dir" : digest(node.data)]),
    );
  }

  /** Everything with its bytes, in the form of {@linkcode contents}. */
  contents(): Map<string, string> {
    const out = new Map<string, string>();
    const visit = (dir: Map<string, ModelNode>, prefix: string) => {
      for (const [name, node] of dir) {
        const path = `${prefix}/${name}`;
        if (node instanceof Map) {
          out.set(path, "dir");
          visit(node, path);
        } else {
          out.set(path, digest(node.data));
        }
      }
    };
    visit(this.root, "");
    return out;
  }
}

/** xv6 writes in pieces of 3 KiB; the piece that would pass the largest file fails whole. */
function modelWrite(
  file: ModelFile,
  off: number,
  bytes: Uint8Array,
  most: number,
  taken: number,
): number {
  const chunk = 3 * BSIZE;
  let n = 0;
  while (n < bytes.length && off + Math.min(n + chunk, bytes.length) <= most) {
    n = Math.min(n + chunk, bytes.length);
  }
  if (n === 0 && bytes.length > 0) return -1;
  n = Math.min(n, taken);
  const data = new Uint8Array(Math.max(file.data.length, off + n));
  data.set(file.data);
  data.set(bytes.subarray(0, n), off);
  file.data = data;
  return n;
}

/** A short text that differs when the bytes differ (FNV-1a and the length). */
export function digest(bytes: Uint8Array): string {
  let h = 0x811c9dc5;
  for (const byte of bytes) h = Math.imul(h ^ byte, 0x01000193);
  return `${bytes.length}:${(h >>> 0).toString(16)}`;
}

/** Every path of a file system with "dir" or a digest of the file's bytes. */
export function contents(fs: Xv6fs): Map<string, string> {
  const out = new Map<string, string>();
  const visit = (dir: number, prefix: string) => {
    const entries = fs.entries(dir);
    if (typeof entries === "number") throw new Error(`directory ${prefix}: ${entries}`);
    for (const { name, inum } of entries) {
      if (name === "." || name === "..") continue;
      const path = `${prefix}/${name}`;
      if (fs.type(inum) === T_DIR) {
        out.set(path, "dir");
        visit(inum, path);
      } else {
        const bytes = readBytes(fs, inum, 0, fs.size(inum));
        if (typeof bytes === "number") throw new Error(`file ${path}: ${bytes}`);
        out.set(path, digest(bytes));
      }
    }
  };
  visit(1, "");
  return out;
}

/** Small deterministic random numbers (mulberry32): an integer below `n`. */
export function random(seed: number): (n: number) => number {
  let a = seed >>> 0;
  return (n) => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = a;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}

const names = ["a", "b", "c", "d", "e"];

/** A random path of one to three short names, so that ops meet. */
export function randomPath(below: (n: number) => number): string {
  const depth = 1 + (below(3) && below(3));
  return Array.from({ length: depth }, () => names[below(names.length)]).join("/");
}

/** A random op. */
export function randomOp(below: (n: number) => number): Op {
  const path = randomPath(below), slot = below(6);
  switch (below(12)) {
    case 0:
    case 1:
      return { op: "create", path, slot };
    case 2:
      return { op: "open", path, slot };
    case 3:
      return { op: "truncate", path };
    case 4:
    case 5:
    case 6:
    case 7: {
      const far = below(8) === 0;
      return {
        op: "write",
        slot,
        off: below(3) * (far ? 40_000 : 500),
        n: below(4) === 0 ? below(60_000) : below(2500),
      };
    }
    case 8:
      return { op: "close", slot };
    case 9:
      return { op: "link", path, to: randomPath(below) };
    case 10:
      return { op: "unlink", path };
    default:
      return { op: "mkdir", path };
  }
}
