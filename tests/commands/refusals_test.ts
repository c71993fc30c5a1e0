/**
 * A memory call that fails says why, in one line that names the address or number that is wrong.
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { lastOf, typed } from "./typist.ts";

/** A line after `spawn` and `sbrk 4096`, and what its message must say. */
const REFUSED: readonly (readonly [line: string, why: string])[] = [
  ["mmap 0", "0 bytes: want at least one"],
  ["mmap -1", "-1 bytes: want at least one"],
  ["mmap 2p --at 0x3fffdff000", "is not below 0x3fffe00000"],
  ["mmap 256G", "no 274877906944 bytes in one piece between 0x4000 and 0x3fffe00000"],
  ["mmap 4p --at 0x5234", "0x5234 is not page-aligned"],
  ["mmap 4p --at 0x3000", "0x3000 is in the program or its heap, which ends at 0x4000"],
  ["mmap 4p --fd 9", "descriptor 9 is not open"],
  ["mmap 4p --fd 0", "descriptor 0 is a device, not a file"],
  ["munmap 0x3000 4096", "0x3000..0x4000 is heap: sbrk moves its end"],
  ["munmap 0 4096", "0x0..0x1000 is text: it stays as long as the program"],
  ["munmap 0x9001 4096", "0x9001 is not page-aligned"],
  ["munmap 0x3fffe00000 4096", "is not below 0x3fffe00000"],
  ["mprotect 0x3000 2p r", "nothing is mapped at 0x4000"],
  ["mprotect 0x9000 1p r", "nothing is mapped at 0x9000"],
  ["mprotect 0x1000 1p r", "0x1000..0x2000 is guard: its rights are fixed"],
  ["mprotect 0x3000 0 r", "0 bytes: want at least one"],
  ["sbrk 1G", "out of memory for 262144 pages"],
  ["sbrk 4G", "its argument is an int"],
  ["sbrk -3G", "its argument is an int"],
];

for (const [line, why] of REFUSED) {
  Deno.test(`${line} is refused with a reason`, async () => {
    const { text, status } = await lastOf(["spawn", "sbrk 4096", line]);
    assertEquals(status, 2);
    assertStringIncludes(text, why);
    assertEquals(text.trim().split("\n").length, 1);
  });
}

Deno.test("a heap that grows into a mapped area names the area", async () => {
  const at = await typed(["spawn", "mmap 1p --at 0x6000", "sbrk --lazy 4p"]);
  assertStringIncludes(at[2].text, "0x6000..0x7000 is anon, in the way of a heap up to 0x7000");
});

Deno.test("ranges are printed as the whole pages that they are", async () => {
  const [, map, protect, unmap] = await typed([
    "spawn",
    "mmap 1 --at 0x6000",
    "mprotect 0x6000 1 r",
    "munmap 0x6000 1",
  ]);
  for (const { text } of [map, protect, unmap]) assertStringIncludes(text, "0x6000..0x7000");
});

Deno.test("sbrk below the whole size does nothing, as in xv6, and says so", async () => {
  const { text, status } = await lastOf(["spawn", "sbrk 4096", "sbrk -1G"]);
  assertEquals(status, 0);
  assertStringIncludes(text, "no frames allocated or freed");
  assertStringIncludes(text, "xv6's sbrk then succeeds and does nothing");
});
