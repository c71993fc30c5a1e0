/** Handles refuse what no instruction could do, and a script's shell lines are about the process it spawned. */

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { boot, scenario } from "@cowsh/cowsh";
import { shellOn } from "../../src/api/shell.ts";

Deno.test("an access that no instruction could make is refused, nothing is cut off", () => {
  const p = boot().spawn();
  const wrong: (() => unknown)[] = [
    () => p.store(2n ** 64n, 1n),
    () => p.store(0x2000, 2n ** 64n),
    () => p.store(0x2000, 256n, 1),
    () => p.store(0x2000, -129n, 1),
    () => p.store(0x2000, 1n, 3 as never),
    () => p.load(0x2000, 16 as never),
    () => p.access(0x2000, 0 as never),
    () => p.fill(0x2000, -1, 1),
    () => p.fill(0x2000, 8, 256),
    () => p.mmap(4096, { prot: "rwz" }),
  ];
  for (const [i, call] of wrong.entries()) assertThrows(call, RangeError, undefined, `call ${i}`);
  assertEquals(p.load(0x2000), 0n);
  p.store(0x2000, -1n, 1);
  p.store(0x2001, 255n, 1);
  assertEquals(p.load(0x2000, 2), 0xffffn);
});

Deno.test("a script's shell line is about the process that was spawned last", async () => {
  const vm = boot();
  const shell = await shellOn(vm);
  assertStringIncludes((await shell.run("pte 0x2000")).output, "no current process");
  const p = vm.spawn();
  p.fork();
  assertStringIncludes((await shell.run("pte 0x2000")).output, `pid ${p.pid} demo`);
  await shell.run("use 3");
  assertStringIncludes((await shell.run("pte 0x2000")).output, "pid 3 demo");
});

await scenario("a scenario's lines, too", async ({ vm, shell }) => {
  vm.spawn();
  await shell("vmmap");
});
