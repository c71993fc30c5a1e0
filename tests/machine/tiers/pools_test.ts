/**
 * More code than there is room for what is made of it: decoded pages, translations, entries of regions. What has no room
 * is made again, and nothing else comes of it.
 */

import { assert } from "@std/assert";
import type { PaNum } from "../../../src/vm/machine/address.ts";
import { POOL_PAGES } from "../../../src/vm/machine/engine/code_pages.ts";
import { assemble } from "../assemble.ts";
import { maker, play } from "./lockstep.ts";
import { scramble } from "./places.ts";

const START = 0x8000_0000, PAGE = 4096;

/**
 * So many pages of code, each with a loop that works on data and a jump to the next page; the last one leads back to the
 * first. `shift`: bytes by which each page's code begins behind that of the page before.
 */
function pages(count: number, shift: number): Uint8Array {
  const bytes = new Uint8Array(count * PAGE);
  const at = (i: number) => i % count * PAGE + (i % count * shift) % 2048;
  for (let i = 0; i < count; i++) {
    const start = at(i), end = at(i + 1);
    const { bytes: code } = assemble(`
      li s1, ${0x80f0_0000 + 8 * i % 0x8000}
      ld a1, 0(s1)
      addi t0, zero, ${2 + scramble(i) % 5}
    again:
      addi a0, a0, ${scramble(i) % 2048}
      xor a1, a1, a0
      slli a2, a1, ${1 + i % 60}
      add a1, a1, a2
      addi t0, t0, -1
      bne t0, zero, again
      sd a1, 0(s1)
      addi s2, s2, 1`);
    bytes.set(code, start);
    jump(new DataView(bytes.buffer), start + code.length, end);
  }
  return bytes;
}

/** Writes a jump that reaches all of RAM: by way of t1. */
function jump(code: DataView, from: number, to: number): void {
  const distance = to - from, low = (distance << 20) >> 20;
  // auipc t1, …; jalr zero, …(t1)
  code.setUint32(from, ((distance - low) | 0x317) >>> 0, true);
  code.setUint32(from + 4, (low << 20 | 0x3_0067) >>> 0, true);
}

/** Plays them for so many rounds. */
function lockstep(count: number, shift: number, rounds: number) {
  const code = pages(count, shift);
  const make = maker({}, ({ ram }) => ram.write(START as PaNum, code));
  return play(make, function* () {
    // A page takes 27 to 51 instructions.
    for (let left = rounds * count * 45; left > 0; left -= 5003) yield 5003;
  }, { whole: 64, saved: 0 });
}

Deno.test("entries that get in each other's way: a hundred pages with code at the same offset", () => {
  const { two } = lockstep(100, 0, 12);
  const { translated, bound } = two.engine.tier!.counters;
  assert(translated > 20 && bound > 20, `${translated} translated, ${bound} bound`);
});

Deno.test("more pages of code than are decoded at a time, more regions than are kept", () => {
  const { one, two } = lockstep(POOL_PAGES + 300, 6, 6);
  assert(one.hart.x(18) > BigInt(2 * POOL_PAGES), "all pages, over and over");
  const { resets, dropped } = two.engine.tier!.counters;
  assert(resets > 0 && dropped > 0, `${resets} resets, ${dropped} dropped`);
});
