/** The page cache against itself, the frames and the files. */

import {
  frameAt,
  frameIndex,
  frameTotal,
  isCache,
  kindOf,
} from "../../kernel/memory/frames/frames.ts";
import { hex, type PaNum } from "../../machine/address.ts";
import { readBytes } from "../../kernel/files/file_system.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { CachedPage } from "../../kernel/memory/state.ts";
import { cacheKey } from "../../kernel/memory/reclaim/page_cache.ts";
import { isShm } from "../../kernel/memory/areas/shm.ts";
import type { Say } from "../finding.ts";

/** What is wrong with pages of files. `dirty`: by frame index, 1 where a shared mapping has D. */
export function checkCache(k: Kernel, dirty: Uint8Array, sayIt: Say): void {
  const { cache } = k.state;
  for (const [key, page] of cache.byKey) {
    const say = (detail: string) => sayIt("page cache", { frame: frame || undefined }, detail);
    const { file, offset, frame, slot } = page;
    const what = `page at ${offset} of file ${file.inode}`;
    if (key !== cacheKey(page)) say(`${what} is kept under the name ${key}`);
    if ((frame === 0) !== (slot !== undefined)) say(`${what} is in no place, or in two`);
    if (slot !== undefined && !isShm(file)) say(`${what} is on the swap disk, not in its file`);
    if (frame === 0) continue;
    if (cache.byFrame.get(frame) !== page) say(`frame ${hex(frame)} is not known for the ${what}`);
    if (frameIndex(k, frame) < 0 || kindOf(k, frame) !== "cache") {
      say(`frame ${hex(frame)} holds the ${what}, but is none of the page cache`);
    } else if (!isShm(file)) checkContent(k, page, frame, dirty, sayIt);
  }
  for (const [frame, page] of cache.byFrame) {
    if (cache.byKey.get(cacheKey(page)) === page) continue;
    sayIt("page cache", { frame: frame as PaNum }, "a page that no name finds");
  }
  for (let i = 0; i < frameTotal(k); i++) {
    const frame = frameAt(k, i);
    if (!isCache(k, frame) || cache.byFrame.has(frame)) continue;
    sayIt("page cache", { frame }, "a frame of the page cache that holds no page");
  }
}

/** A page that no mapping calls dirty holds what its file does: else bytes would be lost. */
function checkContent(
  k: Kernel,
  { file, offset, length }: CachedPage,
  frame: PaNum,
  dirty: Uint8Array,
  say: Say,
): void {
  const used = Math.min(length, k.files.size(file) - offset);
  if (used <= 0) {
    const detail = `holds bytes from ${offset} of file ${file.inode}, beyond its end`;
    return say("page cache", { frame }, detail);
  }
  if (dirty[frameIndex(k, frame)] !== 0) return;
  const bytes = readBytes(k.files.at(file.inode), file.inode, offset, used);
  const held = k.machine.ram.bytes(frame, used);
  const at = typeof bytes === "number" ? -1 : bytes.findIndex((byte, i) => byte !== held[i]);
  if (typeof bytes !== "number" && at < 0) return;
  const detail =
    `differs from file ${file.inode} at byte ${offset + at}, but no mapping has D set: ` +
    "the store would be lost";
  say("dirty page unmarked", { frame }, detail);
}
