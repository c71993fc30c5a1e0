/**
 * Loads and stores as a person types them where something is special: page ends, two COW pages at once,
 * a second half that is not there.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { lastOf, typed } from "./typist.ts";

Deno.test("a store across two COW pages shows both pages and all counts", async () => {
  const { text, status } = await lastOf(["spawn", "sbrk 2p", "fork", "store 0x3ffc 1"]);
  assertEquals(status, 0);
  for (const va of ["0x3000", "0x3ffc", "0x4000"]) {
    assertStringIncludes(text, ` ${va} 0x`, "a row of the table");
  }
  assertEquals(text.match(/count 2 → 1/g)?.length, 2);
  assertEquals(text.match(/count 0 → 1/g)?.length, 2);
});

Deno.test("stval is the half that faulted, and the other half's copy is not hidden", async () => {
  const lines = ["spawn", "sbrk 1p", "fork", "store 0x3ffc 1"];
  const { text, status } = await lastOf(lines);
  assertEquals(status, 1);
  assertStringIncludes(text, "store page fault (15) at 0x3ffc → cow copy");
  assertStringIncludes(text, "was killed: no area there (scause 15, stval 0x4000)");
  const { killed } = JSON.parse((await lastOf(lines.with(3, "store 0x3ffc 1 --json"))).text);
  assertEquals(killed, { cause: 15, stval: "0x4000", why: "no area there" });
});

Deno.test("an access inside one page shows that page once", async () => {
  const { text } = await lastOf(["spawn", "sbrk 2p", "fork", "store 0x3ff8 1"]);
  assert(!text.includes("0x4000"), text);
});

Deno.test("what xv6 prints about a kill stands with the kill, and nowhere later", async () => {
  const [, store, , , fill, , step] = await typed([
    "spawn",
    "store 0 1",
    "ps",
    "spawn",
    "fill 0x2000 2p 1",
    "spawn echo hi",
    "step",
  ]);
  assertStringIncludes(
    store.text,
    "usertrap(): unexpected scause 0xf pid=2\n            sepc=0x0 ",
  );
  assertStringIncludes(fill.text, "was killed");
  assert(!step.text.includes("usertrap"), step.text);
});
