/** The guest's disks: the one that is mounted, seen from outside; images checked, and made. */

import { FsError } from "./kernel/files/errno.ts";
import type { FileSystems } from "./kernel/files/mount.ts";
import type { FileTree } from "./kernel/files/tree.ts";
import { fsck, type Problem, type ProblemKind } from "./kernel/files/xv6fs/fsck.ts";
import { T_DEVICE, T_DIR, T_FILE, T_SYMLINK } from "./kernel/files/xv6fs/layout.ts";
import { mkfs } from "./kernel/files/xv6fs/mkfs.ts";
import { byteString, textOf } from "./kernel/files/xv6fs/path.ts";
import type { ProgramSource } from "./kernel/programs.ts";

export { fsck, FsError, mkfs, type Problem, type ProblemKind };

const README = `This disk holds the programs of cowsh. It is an xv6 file system of 2000 blocks;
real xv6 boots from it. Try: ls | grep test, cat README | wc, cowtest.
`;

/** The image when none is named: programs, a README, a console. Always the same bytes. */
export function defaultDisk(programs: ProgramSource): Uint8Array {
  const files = programs.list().map((name) => ({ name, bytes: programs.get(name)! }));
  return mkfs({
    files: [{ name: "README", bytes: new TextEncoder().encode(README) }, ...files],
    devices: [{ name: "console", major: 1, minor: 0 }],
  });
}

const TYPES: Readonly<Record<number, string>> = {
  [T_DIR]: "dir",
  [T_FILE]: "file",
  [T_DEVICE]: "device",
  [T_SYMLINK]: "symlink",
};

/** One name in a directory of the guest's disk. */
export interface DiskEntry {
  /** Its name; of a path that was asked for, the path. */
  readonly name: string;
  /** Undefined where the inode is damaged. */
  readonly inode: {
    /** `dir`, `file`, `device`, `symlink`, or the number of a type that is none of these. */
    readonly type: string;
    /** i-number. */
    readonly ino: number;
    /** Names that lead to it. */
    readonly links: number;
    /** Bytes. */
    readonly size: number;
  } | undefined;
}

/** Where the disks of a computer are. */
export interface DiskSource {
  /** The xv6 image as it is now; undefined: there is none. */
  readonly image: Uint8Array | undefined;
  /** The FAT32 image under /fat. */
  readonly fat: Uint8Array | undefined;
  /** The names on them; undefined: there is no disk. Throws an FsError for a damaged one. */
  readonly tree: FileTree | undefined;
  /** What is wrong with the xv6 file system. */
  check(): Problem[];
}

/** Those that the built-in kernel has mounted. */
export function builtinDisk(files: FileSystems): DiskSource {
  return {
    get image() {
      return files.root?.xv6.image;
    },
    get fat() {
      return files.root?.fat?.image;
    },
    get tree() {
      return files.root;
    },
    check() {
      const { xv6 } = mounted(files.root);
      const open = new Set(xv6.inUse().map(({ inum }) => inum));
      return fsck(xv6.image, { open, addressing: xv6.addressing });
    },
  };
}

function mounted(tree: FileTree | undefined): FileTree {
  if (tree === undefined) throw new FsError("no disk is mounted");
  return tree;
}

/** The file systems that are mounted, live. Looking runs nothing and changes nothing. */
export class Disk {
  readonly #source: DiskSource;

  /** @internal For {@link Vm.disk}. */
  constructor(source: DiskSource) {
    this.#source = source;
  }

  /** The xv6 image as it is now, not a copy; undefined when none is mounted. */
  get image(): Uint8Array | undefined {
    return this.#source.image;
  }

  /** The FAT32 image under /fat as it is now, not a copy; undefined when none is mounted. */
  get fat(): Uint8Array | undefined {
    return this.#source.fat;
  }

  /** What is wrong with the xv6 file system; files that are open may be without a name. */
  check(): Problem[] {
    return this.#source.check();
  }

  /** A directory's entries, or the file at a path from the root. FsError when there is neither. */
  list(path: string): DiskEntry[] {
    const tree = mounted(this.#source.tree);
    const inRoot = (root: number) =>
      held(tree, tree.namei(root, byteString(path)), (at) => this.#at(tree, at, path));
    return held(tree, tree.xv6.root(), inRoot);
  }

  #at(tree: FileTree, at: number, path: string): DiskEntry[] {
    if (at < 0) throw new FsError(`${path}: no such file or directory on the disk`);
    if (tree.at(at).type(at) !== T_DIR) return [entry(tree, at, path)];
    const names = tree.at(at).names(at);
    if (typeof names === "number") throw new FsError(`${path} cannot be read`);
    return names.map((name) =>
      held(tree, tree.namei(at, name), (inode) => entry(tree, inode, textOf(name)))
    );
  }
}

/** Uses a handle, or the error that there is instead of one, and gives it back. */
function held<T>(tree: FileTree, handle: number, use: (handle: number) => T): T {
  try {
    return use(handle);
  } finally {
    if (handle >= 0) tree.at(handle).iput(handle);
  }
}

function entry(tree: FileTree, handle: number, name: string): DiskEntry {
  const stat = handle < 0 ? handle : tree.at(handle).stat(handle);
  if (typeof stat === "number") return { name, inode: undefined };
  const { type, ino, nlink, size } = stat;
  return { name, inode: { type: TYPES[type] ?? `${type}`, ino, links: nlink, size } };
}
