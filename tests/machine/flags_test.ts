/** PTE bits in words. */

import { assertEquals } from "@std/assert";
import { POLICIES } from "../../src/vm/kernel/fork/policies.ts";
import { flagChange, flagText, pteChange, type RswLetters } from "../../src/vm/machine/flags.ts";

Deno.test("flags stand always in the same places; a policy's marks go by its letters", () => {
  assertEquals(flagText(0x153, "C"), "-C -A-U--RV");
  assertEquals(flagText(0x3ff), "11 DAGUXWRV");
  assertEquals(flagText(0, "S", "O"), "-- --------");
});

Deno.test("a change names the flags that it set and cleared, and no other", () => {
  const cow: RswLetters = ["C", "1"];
  assertEquals(pteChange(0x21ffacd7, 0x21ffadd3, cow), "W→–, C set");
  assertEquals(pteChange(0, 0x21ffac17, cow), "U W R V set");
  assertEquals(pteChange(0x21ffac17, 0, cow), "U W R V→–");
  assertEquals(pteChange(0x21ffac17, 0x21ff8817, cow), "another frame");
  assertEquals(flagChange(0x013, 0x313, ["1", "1"]), { set: ["RSW1", "RSW0"], cleared: [] });
});

Deno.test("every policy names each mark that it can set", () => {
  for (const { name, rsw, sharePte } of POLICIES) {
    for (const pte of [0x13, 0x17, 0x1f]) {
      const { set } = flagChange(pte, sharePte(pte), rsw);
      assertEquals(set.filter((flag) => flag.startsWith("RSW")), [], name);
    }
  }
});
