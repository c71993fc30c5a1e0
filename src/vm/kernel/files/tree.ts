/**
 * One tree of names over two file systems: xv6's at `/`, a FAT32 image at `/fat`.
 *
 * A handle tells which of them it belongs to. The mount point needs no directory on the disk: the
 * name `fat` in the root leads over, `..` leads back.
 */
import { EXDEV } from "./errno.ts";
import { type Fat32, restoreFat32 } from "./fat32/fat32.ts";
import { FAT_HANDLES, FAT_ROOT } from "./fat32/nodes.ts";
import type { FatState } from "./fat32/table.ts";
import type { FileSystem, Held, SavedVolume } from "./file_system.ts";
import { MAXPATH, ROOTINO } from "./xv6fs/layout.ts";
import type { Xv6State } from "./xv6fs/volume.ts";
import { restoreXv6fs, type Xv6fs } from "./xv6fs/xv6fs.ts";

/** The name in the root directory under which the FAT32 file system is found. */
const FAT_MOUNT = "fat";

/** Both file systems as plain data. */
export interface SavedTree {
  /** The root file system. */
  readonly xv6: SavedVolume<Xv6State>;
  /** The one under `/fat`. */
  readonly fat: SavedVolume<FatState> | undefined;
}

/** Two file systems as one. */
export class FileTree {
  /** The file system at `/`. */
  readonly xv6: Xv6fs;
  /** The file system under `/fat`, if one is mounted. */
  fat: Fat32 | undefined;

  /** A tree over a root and, perhaps, a FAT32 file system under `/fat`. */
  constructor(xv6: Xv6fs, fat?: Fat32) {
    this.xv6 = xv6;
    this.fat = fat;
  }

  /** The state to {@linkcode FileTree.restore} later. */
  save(): SavedTree {
    return { xv6: this.xv6.save(), fat: this.fat?.save() };
  }

  /** A tree exactly as saved. */
  static restore({ xv6, fat }: SavedTree): FileTree {
    return new FileTree(restoreXv6fs(xv6), fat && restoreFat32(fat));
  }

  /** The file system that `handle` belongs to. */
  at(handle: number): FileSystem {
    return handle < FAT_HANDLES ? this.xv6 : this.fat!;
  }

  /** Handles in use in both. */
  inUse(): Held[] {
    return [...this.xv6.inUse(), ...this.fat?.inUse() ?? []];
  }

  /**
   * Runs `call` in the file system where the last element of `path` is looked up: with the
   * directory to start from and the path from there. Only what may cross the mount point is
   * followed step by step.
   */
  resolve(
    cwd: number,
    path: string,
    call: (fs: FileSystem, dir: number, rest: string) => number,
  ): number {
    const { xv6, fat } = this;
    const absolute = path.startsWith("/");
    if (fat === undefined || path.length >= MAXPATH) return call(xv6, cwd, path);
    if (!path.includes(FAT_MOUNT) && (absolute || cwd < FAT_HANDLES)) {
      return call(xv6, cwd < FAT_HANDLES ? cwd : ROOTINO, path);
    }
    const elements = path.split("/").filter((s) => s !== "");
    let at = absolute ? xv6.root() : this.at(cwd).idup(cwd);
    let last = ".";
    for (const [i, element] of elements.entries()) {
      let next: number;
      if (at === ROOTINO && element === FAT_MOUNT) next = fat.root();
      else if (at === FAT_ROOT && element === "..") next = xv6.root();
      else if (i < elements.length - 1) next = this.at(at).namei(at, element);
      else {
        last = element;
        break;
      }
      this.at(at).iput(at);
      if (next < 0) return next;
      at = next;
    }
    const result = call(this.at(at), at, last);
    this.at(at).iput(at);
    return result;
  }

  /** The file or directory of `path`, with a reference held, or a negative error. */
  namei(cwd: number, path: string): number {
    return this.resolve(cwd, path, (fs, dir, rest) => fs.namei(dir, rest));
  }

  /** link(old, path): 0 or a negative error; EXDEV across file systems. */
  link(cwd: number, old: string, path: string): number {
    return this.resolve(
      cwd,
      old,
      (from, oldDir, oldRest) =>
        this.resolve(cwd, path, (to, dir, rest) => {
          return from === to ? to.link(dir, oldRest, rest, oldDir) : EXDEV;
        }),
    );
  }
}
