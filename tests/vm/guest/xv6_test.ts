/**
 * The time of real xv6 kernels, built outside this repository: `XV6_TREES` is a folder with one built tree in each of
 * its folders (`kernel/kernel` and `fs.img`).
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Guest } from "../../../src/vm/guest.ts";
import { guestPartsOf } from "../../../src/vm/parts.ts";
import { sameSaved } from "../../../src/vm/machine/saver.ts";
import { bytes } from "./lab.ts";
import { guestOf, isMissing, TREES } from "../../trees.ts";

const trees = TREES;

/** Runs to the next prompt; what was said. */
function toPrompt(guest: Guest): string {
  let said = "";
  while (!said.endsWith("$ ")) {
    const { end } = guest.slice();
    assertEquals(end, undefined, said);
    for (const one of guest.take()) said += new TextDecoder().decode(one);
    assert(guest.instret < 3e9, said);
  }
  return said;
}

/** Random moments of a record, the same each time. */
function* moments(from: number, to: number, count: number): Generator<number> {
  let random = 12345;
  for (let i = 0; i < count; i++) {
    random = (Math.imul(random, 1103515245) + 12345) >>> 0;
    yield from + Math.floor((to - from) * (random / 2 ** 32));
  }
}

/** Years of trees that are there: with wfi in the scheduler and without, of all kinds of timers. */
const YEARS = ["2019-cow", "2020-xv6", "2021-xv6", "2022-xv6", "2023-xv6", "2024-xv6", "2025-xv6"];

if (trees === undefined) {
  console.log("the time of xv6 kernels: skipped, XV6_TREES is not set to a folder of built trees");
} else {
  for (const [tree, harts] of [["2022-xv6", 1], ["2025-xv6", 3]] as const) {
    const name =
      `${tree}, ${harts} harts: from anywhere in forktest to its end, with what was typed`;
    Deno.test(name, { ignore: isMissing(tree) }, () => {
      const guest = guestOf(tree, { harts, keepWrites: true });
      toPrompt(guest);
      const copy = guestPartsOf(guest).machine.virtio!.image.slice();
      const follow = () => {
        for (const { offset, bytes } of guest.takeWrites()) copy.set(bytes, offset);
      };
      guest.takeWrites();
      guest.record();
      const begin = guest.instret;
      guest.type(bytes("echo some text > file\n"));
      toPrompt(guest);
      guest.type(bytes("forktest\n"));
      const words = toPrompt(guest);
      assertStringIncludes(words, "fork test OK");
      const end = guest.instret;
      const state = guest.save();
      for (const moment of moments(begin, end, 6)) {
        guest.goto(moment);
        assertEquals(guest.instret, moment);
        const there = guest.save();
        // Forward by running, and by going.
        while (guest.instret < end) guest.slice(end - guest.instret);
        assert(sameSaved(guest.save(), state));
        guest.take();
        guest.goto(moment);
        assert(sameSaved(guest.save(), there));
        follow();
        assertEquals(copy, guestPartsOf(guest).machine.virtio!.image);
        guest.goto(end);
        assert(sameSaved(guest.save(), state));
      }
      // Gone forward through it is said again, on the way there it was not.
      assertEquals(guest.take(), []);
      guest.goto(begin);
      assertEquals(guest.take(), []);
      while (guest.instret < end) guest.slice(end - guest.instret);
      const again = guest.take().map((one) => new TextDecoder().decode(one)).join("");
      assert(again.endsWith(words), again);
    });
  }

  for (const harts of [1, 3]) {
    Deno.test(`xv6 of each year at its prompt: ${harts} harts are proven to wait for the clock`, () => {
      for (const tree of YEARS.filter((tree) => !isMissing(tree))) {
        const guest = guestOf(tree, { harts });
        toPrompt(guest);
        let step;
        for (let i = 0; i < 300; i++) {
          step = guest.slice();
          if (step.doing === "waits") break;
        }
        assertEquals([tree, step?.doing], [tree, "waits"]);
        // A tick is a tenth of a second, till then nothing happens.
        guest.paced = true;
        const ticks: number[] = [], work: number[] = [];
        for (let i = 0; i < 10; i++) {
          const { instret } = guest;
          ticks.push(guest.slice().idle ?? NaN);
          work.push(guest.instret - instret);
        }
        const most = Math.max(...ticks), busiest = Math.max(...work);
        assert(most > 100_000 && most <= 10_000_000, `${tree}: ${ticks}`);
        assert(busiest <= 1_000_000, `${tree}: ${work} instructions a tick`);
      }
    });
  }
}
