/** Disks that fill up and empty again: contents, the disk's own check, saved copies. Longer: `deno task campaign files`. */
import { assert } from "@std/assert";
import { fatSubject, play, xv6Subject } from "./sequences.ts";
import { random } from "./workload.ts";

for (const double of [false, true]) {
  Deno.test(`an xv6 disk fills up and empties again${double ? ", doubly indirect" : ""}`, () => {
    const subject = xv6Subject(double);
    let full = 0;
    for (let seed = 1; seed <= 8; seed++) full += play(subject, random(seed), 200);
    assert(full > 25, `full ${full} times`);
  });
}

Deno.test("a FAT32 disk fills up and empties again, its directories grow", () => {
  const subject = fatSubject();
  let full = 0;
  for (let seed = 1; seed <= 2; seed++) full += play(subject, random(seed), 200);
  assert(full > 5, `full ${full} times`);
});
