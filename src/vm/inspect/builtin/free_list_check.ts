/** The allocator's free list as it stands in RAM, against the kinds and counts the kernel keeps. */

import { counted as countedWord } from "../../machine/counted.ts";
import { hex, PAGE_SIZE, type PaNum } from "../../machine/address.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { linkBack } from "../../kernel/memory/frames/free_list.ts";
import {
  countOf,
  FRAME_KINDS,
  frameAt,
  frameIndex,
  frameTotal,
  freeList,
} from "../../kernel/memory/frames/frames.ts";
import type { AuditClass, Say } from "../finding.ts";
import type { Mapping } from "../mappings.ts";

/** Follows the links in the free frames themselves. */
export function checkFreeList(
  k: Kernel,
  ownersOf: (frame: PaNum) => readonly Mapping[],
  say: Say,
): void {
  const report = (name: AuditClass, frame: PaNum | undefined, detail: string) => {
    if (frame === undefined) return say(name, {}, detail);
    say(name, { frame, stored: countOf(k, frame), owners: ownersOf(frame) }, detail);
  };
  const { kinds, free } = k.state.frames;
  const seen = new Uint8Array(frameTotal(k));
  let members = 0;
  let before: PaNum | undefined;
  for (const member of freeList(k)) {
    const i = frameIndex(k, member);
    const from = before === undefined ? "the head" : hex(before);
    const bad = i < 0 || member % PAGE_SIZE !== 0
      ? `${from} links to ${hex(member)}, which is no frame`
      : seen[i] !== 0
      ? `${from} links back to ${hex(member)}: a loop`
      : FRAME_KINDS[kinds[i]] !== "free"
      ? `${from} links to ${hex(member)}, which is in use as ${FRAME_KINDS[kinds[i]]}`
      : undefined;
    if (bad !== undefined) return report("free list damaged", member, bad);
    const back = linkBack(k.machine.ram, member);
    if (back !== (before ?? 0)) {
      const detail = `${hex(member)} links back to ${hex(back)}, but comes after ${from}`;
      return report("free list damaged", member, detail);
    }
    seen[i] = 1;
    members++;
    before = member;
  }
  let fresh = 0;
  const { blockFree, counts, freshTop } = k.state.frames;
  const inBlock = new Uint16Array(blockFree.length);
  for (let i = 0; i < frameTotal(k); i++) {
    const kind = FRAME_KINDS[kinds[i]];
    const frame = frameAt(k, i);
    if (kind === "fresh") fresh++;
    if (kind === "fresh" || kind === "free") {
      inBlock[i >>> 9]++;
      if (counts[i] !== 0) report("free count wrong", frame, "free, but counted used");
    }
    if (kind === "fresh" && i >= freshTop) {
      report("free list damaged", frame, "never used, where nobody looks for it");
    }
    if (kind === "free" && seen[i] === 0) {
      report("free list damaged", frame, "free, but not on the list");
    }
  }
  const block = inBlock.findIndex((n, i) => n !== blockFree[i]);
  if (block >= 0) {
    const counted = blockFree[block];
    const detail = `${inBlock[block]} free frames in 2 MiB block ${block}, counted ${counted}`;
    report("free count wrong", undefined, detail);
  }
  if (members + fresh !== free) {
    const found = `${members} on the list and ${fresh} never used`;
    report(
      "free count wrong",
      undefined,
      `${countedWord(free, "frame")} counted free, but ${found}`,
    );
  }
}
