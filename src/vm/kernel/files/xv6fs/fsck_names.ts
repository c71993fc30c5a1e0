/** The directory passes of fsck: entries, reachability from the root, link counts. */
import { BSIZE, DIRENT_SIZE, ROOTINO, T_DIR } from "./layout.ts";
import { nameAt } from "./directory.ts";
import { textOf } from "./path.ts";
import { type Check, report } from "./fsck_report.ts";
import type { FoundInode, FoundInodes } from "./fsck_inodes.ts";

/** What the directories say. */
interface Names {
  /** Entries that name each inode, "." not counted. */
  readonly links: Uint32Array;
  /** The directory that holds the (first) entry of an inode, 0 for none. */
  readonly parent: Uint32Array;
  /** Where each directory says its parent is. */
  readonly dotdot: Map<number, number>;
}

type Pass = Check & FoundInodes & Names;

const quoted = (name: string) => JSON.stringify(textOf(name));

/** Goes through all directories, then upwards from every inode, then compares link counts. */
export function checkNames(check: Check, found: FoundInodes, open: ReadonlySet<number>): void {
  const { ninodes } = check.sb;
  const pass: Pass = {
    ...check,
    ...found,
    links: new Uint32Array(ninodes),
    parent: new Uint32Array(ninodes),
    dotdot: new Map(),
  };
  for (const [inum, inode] of found.inodes) {
    if (inode.type === T_DIR) checkDirectory(pass, inum, inode);
  }
  checkReach(pass, open);
  checkLinks(pass);
}

function checkDirectory(pass: Pass, dir: number, inode: FoundInode): void {
  const seen = new Set<string>();
  const dots = new Map<string, number>();
  inode.blocks.forEach((bno, bn) => {
    const end = Math.min(BSIZE, inode.size - bn * BSIZE);
    for (let within = 0; within + DIRENT_SIZE <= end; within += DIRENT_SIZE) {
      const inum = pass.view.getUint16(bno * BSIZE + within, true);
      if (inum === 0) continue;
      const name = nameAt(pass.bytes, bno * BSIZE + within + 2);
      checkName(pass, dir, name, seen);
      seen.add(name);
      if (name === "." || name === "..") {
        dots.set(name, inum);
        // Whether a directory is empty is asked of everything after the first two entries.
        if (bn !== 0 || within !== (name.length - 1) * DIRENT_SIZE) {
          const message = `directory inode ${dir}: "${name}" is not in its place`;
          report(pass, "error", "dot", message, { inum: dir });
        }
      }
      checkEntry(pass, dir, name, inum);
    }
  });
  for (const name of [".", ".."]) {
    if (dots.has(name)) continue;
    report(pass, "error", "dot", `directory inode ${dir} has no "${name}"`, { inum: dir });
  }
  const self = dots.get(".");
  if (self !== undefined && self !== dir) {
    const message = `directory inode ${dir}: "." is inode ${self}, not itself`;
    report(pass, "error", "dot", message, { inum: dir });
  }
  const up = dots.get("..");
  if (up !== undefined) pass.dotdot.set(dir, up);
}

function checkName(pass: Pass, dir: number, name: string, seen: ReadonlySet<string>): void {
  const where = { inum: dir };
  if (name === "") {
    const message = `directory inode ${dir} has an entry without a name`;
    report(pass, "error", "entry name", message, where);
  } else if (name.includes("/")) {
    const message = `directory inode ${dir}: the name ${quoted(name)} holds a "/"`;
    report(pass, "error", "entry name", message, where);
  } else if (seen.has(name)) {
    // mkfs makes these when a Makefile lists a program twice.
    const message = `directory inode ${dir} names ${quoted(name)} twice: only the first is found`;
    report(pass, "note", "duplicate name", message, where);
  }
}

function checkEntry(pass: Pass, dir: number, name: string, inum: number): void {
  const target = pass.inodes.get(inum);
  if (target === undefined) {
    const why = inum >= pass.sb.ninodes ? "does not exist" : "holds nothing";
    const message = `directory inode ${dir}: ${quoted(name)} is inode ${inum}, which ${why}`;
    report(pass, "error", "dangling entry", message, { inum: dir });
    return;
  }
  if (name === ".") return;
  pass.links[inum]++;
  if (name === "..") return;
  if (target.type === T_DIR && (pass.parent[inum] !== 0 || inum === ROOTINO)) {
    const message = `directory inode ${inum} has a second name ${quoted(name)} in inode ${dir}`;
    report(pass, "error", "second parent", message, { inum });
  } else if (pass.parent[inum] === 0) {
    pass.parent[inum] = dir;
  }
}

/** An inode is reachable when its parents lead to the root. In a loop of directories none is. */
function checkReach(pass: Pass, open: ReadonlySet<number>): void {
  const known = new Map<number, boolean>([[ROOTINO, true], [0, false]]);
  const reachable = (inum: number): boolean => {
    const path: number[] = [];
    let at = inum;
    while (!known.has(at)) {
      known.set(at, false); // coming here again is a loop
      path.push(at);
      at = pass.parent[at];
    }
    const answer = known.get(at)!;
    for (const i of path) known.set(i, answer);
    return answer;
  };
  for (const [inum, { type, nlink }] of pass.inodes) {
    const parent = pass.parent[inum];
    if (!reachable(inum)) {
      if (nlink === 0 && parent === 0) {
        if (open.has(inum)) continue;
        const message =
          `inode ${inum} has no name: it was open when the image was left, the next boot frees it`;
        report(pass, "note", "orphan", message, { inum });
        continue;
      }
      const why = parent === 0 ? "no directory names it" : "the directories above it form a loop";
      const message = `inode ${inum} cannot be reached: ${why}`;
      report(pass, "error", "unreachable", message, { inum });
    }
    const up = pass.dotdot.get(inum);
    const want = inum === ROOTINO ? ROOTINO : parent;
    if (type === T_DIR && up !== undefined && want !== 0 && up !== want) {
      const message = `directory inode ${inum}: ".." is inode ${up}, its parent is ${want}`;
      report(pass, "error", "dot", message, { inum });
    }
  }
}

function checkLinks(pass: Pass): void {
  // A removed directory that is still open keeps its "..", which no longer counts for the parent.
  for (const [dir, up] of pass.dotdot) {
    if (pass.inodes.get(dir)?.nlink === 0 && pass.links[up] > 0) pass.links[up]--;
  }
  for (const [inum, { nlink }] of pass.inodes) {
    if (nlink === pass.links[inum]) continue;
    const message = `inode ${inum} stores ${nlink} links, ${pass.links[inum]} found`;
    report(pass, "error", "link count", message, { inum });
  }
}
