/** A few of `campaign regions` in the suite: programs of loops and calls that end, and, where it is, the same on QEMU. */

import { assert, assertEquals } from "@std/assert";
import { onBoth, onOurs } from "./cpu.ts";
import { assemble } from "../machine/assemble.ts";
import { elf } from "../machine/bare_lab.ts";
import { fliesOff, programOf } from "./regions.ts";

const SEEDS = [1, 2, 3];

Deno.test("random programs of loops and calls end, with the same number in both tiers", () => {
  for (const seed of SEEDS) {
    const program = programOf(seed);
    const here = onOurs(program);
    assert(/^[0-9a-f]{16}\n$/.test(here.said), here.said);
    assertEquals(onOurs(program, "always"), here);
  }
});

Deno.test("a program that stores where only QEMU's board has a device is told apart", () => {
  for (const seed of SEEDS) assert(!fliesOff(programOf(seed).file));
  const { bytes } = assemble("lui t0, 0x35bdf\nsb zero, 0(t0)");
  assert(fliesOff(elf(bytes)));
});

if (await found()) {
  Deno.test("and with that number on QEMU", async () => {
    for (const seed of SEEDS) {
      const program = programOf(seed);
      const [here, there] = await onBoth(program);
      assertEquals(there, here.said, program.text);
    }
  });
} else {
  console.log(
    "random programs of loops and calls on QEMU: skipped, qemu-system-riscv64 is not in PATH",
  );
}

async function found(): Promise<boolean> {
  try {
    const { success } = await new Deno.Command("qemu-system-riscv64", { args: ["--version"] })
      .output();
    return success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
