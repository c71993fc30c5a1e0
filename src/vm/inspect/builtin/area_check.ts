/** The areas of each space, by which faults are decided, and the files and objects they hold. */

import { hex, PAGE_SIZE, pageUp, type VaNum } from "../../machine/address.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { isShm } from "../../kernel/memory/areas/shm.ts";
import { type Area, MMAP_TOP } from "../../kernel/memory/areas/space.ts";
import type { Say } from "../finding.ts";
import { spacesInUse } from "../../kernel/view.ts";

/** How many areas refer to each file, and to each shared anonymous object, by inode. */
interface Holders {
  readonly files: Map<number, number>;
  readonly objects: Map<number, number>;
}

/** Areas that overlap, stand where none can, or hold other than counted. */
export function checkAreas(k: Kernel, say: Say): void {
  const holders: Holders = { files: new Map(), objects: new Map() };
  for (const { space, p: { pid } } of spacesInUse(k)) {
    let reached = 0;
    for (const area of space.areas) {
      const wrong = area.start < reached
        ? "begins inside the area before it"
        : whyDamaged(area, space.size);
      if (wrong !== undefined) {
        const detail = `the ${area.kind} area at ${hex(area.start)} of pid ${pid} ${wrong}`;
        say("area damaged", { address: area.start, pid }, detail);
      }
      reached = area.end;
      const file = area.backing?.file;
      if (file !== undefined) addOne(isShm(file) ? holders.objects : holders.files, file.inode);
    }
  }
  checkHolders(k, holders, say);
}

function addOne(counts: Map<number, number>, key: number): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function whyDamaged(area: Area, size: number): string | undefined {
  const { start, end, backing } = area;
  if (start >= end || start % PAGE_SIZE !== 0 || end % PAGE_SIZE !== 0) return "is no run of pages";
  if (end > MMAP_TOP && area.kind !== "usyscall") return "reaches into the kernel's pages";
  if (area.kind === "heap" && end > pageUp(size as VaNum)) return "goes on beyond the break";
  if ((area.perm & ~7) !== 0) return `has rights ${area.perm}, which are none`;
  if (area.shared && backing === undefined) return "is shared, but has nothing behind it";
  if (area.kind === "file" && (backing === undefined || backing.offset % PAGE_SIZE !== 0)) {
    return "shows no whole pages of a file";
  }
  return undefined;
}

/** References that areas, descriptors and directories hold, against those counted. */
function checkHolders(k: Kernel, { files, objects }: Holders, say: Say): void {
  const compare = (what: string, stored: number, counted: number) => {
    if (stored === counted) return;
    const detail = `${what}: ${counted} found, but counted ${stored}`;
    say("file count", { stored, counted }, detail);
  };
  const held = [...files.values(), ...objects.values()].reduce((sum, n) => sum + n, 0);
  compare("areas with something behind them", k.state.heldFiles, held);
  const { holders } = k.state.shm;
  for (const inode of new Set([...holders.keys(), ...objects.keys()])) {
    compare(`areas of shared object ${inode}`, holders.get(inode) ?? 0, objects.get(inode) ?? 0);
  }
  const users = new Map(files);
  for (const file of k.state.ftable) {
    if (file !== undefined && file.type !== "pipe" && file.inode !== undefined) {
      addOne(users, file.inode);
    }
  }
  for (const { cwd } of k.state.places.values()) {
    if (cwd !== undefined) addOne(users, cwd);
  }
  const stored = new Map(k.files.mounted?.inUse().map(({ inum, refs }) => [inum, refs]));
  for (const inode of new Set([...users.keys(), ...stored.keys()])) {
    compare(`holders of inode ${inode}`, stored.get(inode) ?? 0, users.get(inode) ?? 0);
  }
}
