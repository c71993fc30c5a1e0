/** One small program of `campaign cpu` in the suite: it ends, says a number for each block, and with `QEMU=1` the same. */

import { assertEquals } from "@std/assert";
import { Random } from "./campaign.ts";
import { onBoth, onOurs } from "./cpu.ts";
import { makeProgram } from "./cpu_program.ts";

const make = () => makeProgram(new Random(1810), 20, 2);

Deno.test("a random program for both machines ends, with a number for each block", () => {
  const { said, instret } = onOurs(make());
  const lines = said.split("\n");
  assertEquals([lines.length, lines.every((line) => /^([0-9a-f]{16})?$/.test(line))], [22, true]);
  assertEquals(new Set(lines).size, 22);
  assertEquals(onOurs(make()), { said, instret });
});

Deno.test({
  name: "a random program does on QEMU what it does here",
  ignore: Deno.env.get("QEMU") === undefined,
  fn: async () => {
    const [here, there] = await onBoth(make());
    assertEquals(here.said, there);
  },
});
