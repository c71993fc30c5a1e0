/** Free blocks: one bit each, 1 means in use (balloc and bfree of kernel/fs.c). */
import { bitmapBlock, BSIZE } from "./layout.ts";
import { notice, type Volume } from "./volume.ts";

/** Takes the first free block and zeroes it. 0: none is left. */
export function balloc(v: Volume): number {
  const map = v.sb.bmapstart * BSIZE;
  for (let bno = v.state.blockHint; bno < v.sb.size; bno++) {
    const at = map + (bno >> 3);
    const byte = v.bytes[at];
    if (byte === 0xff) {
      bno |= 7; // eight blocks in use at once
      continue;
    }
    const bit = 1 << (bno & 7);
    if ((byte & bit) !== 0) continue;
    // A damaged map may call metadata free; it is never given out.
    if (bno < v.dataStart) continue;
    v.bytes[at] = byte | bit;
    v.log.dirty(bitmapBlock(v.sb, bno));
    v.bytes.fill(0, bno * BSIZE, (bno + 1) * BSIZE);
    v.log.dirty(bno);
    v.state.blockHint = bno + 1;
    return bno;
  }
  v.state.blockHint = v.sb.size;
  notice(v, "balloc: out of blocks");
  return 0;
}

/** Gives block `bno` back, unless it is free or no data block, as in a damaged image it may be. */
export function bfree(v: Volume, bno: number): void {
  if (bno < v.dataStart || bno >= v.sb.size) return;
  const at = v.sb.bmapstart * BSIZE + (bno >> 3);
  const bit = 1 << (bno & 7);
  if ((v.bytes[at] & bit) === 0) return;
  v.bytes[at] &= ~bit;
  v.log.dirty(bitmapBlock(v.sb, bno));
  if (bno < v.state.blockHint) v.state.blockHint = bno;
}

/** How many data blocks are free. */
export function freeBlocks(v: Volume): number {
  const map = v.sb.bmapstart * BSIZE;
  let free = 0;
  for (let bno = v.dataStart; bno < v.sb.size; bno++) {
    if ((v.bytes[map + (bno >> 3)] & (1 << (bno & 7))) === 0) free++;
  }
  return free;
}
