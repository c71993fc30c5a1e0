/** A FAT directory as xv6's `ls` reads one. */
import { dirent, DIRENT_SIZE, DIRSIZ } from "../xv6fs/layout.ts";
import { byteString } from "../xv6fs/path.ts";
import { readDirectory } from "./directory.ts";
import { ENTRY_SIZE } from "./layout.ts";
import type { FatVolume } from "./table.ts";

/**
 * The directory at `cluster` as xv6 directory entries, 16 bytes each, `.` and `..` first. A name
 * over 14 bytes is given by its short form, under which it can be opened too. A directory that
 * cannot be read looks empty.
 */
export function xv6Entries(v: FatVolume, cluster: number): Uint8Array {
  const entries = readDirectory(v, cluster);
  const list = [{ name: ".", ino: 1 }, { name: "..", ino: 1 }];
  for (const { name, short, at } of typeof entries === "number" ? [] : entries) {
    const long = byteString(name);
    list.push({ name: long.length <= DIRSIZ ? long : byteString(short), ino: at / ENTRY_SIZE });
  }
  const bytes = new Uint8Array(list.length * DIRENT_SIZE);
  list.forEach(({ name, ino }, i) => {
    // Never 0, which means an unused entry.
    bytes.set(dirent(ino % 0xffff + 1, name), i * DIRENT_SIZE);
  });
  return bytes;
}
