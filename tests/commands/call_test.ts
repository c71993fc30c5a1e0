/** `call`: arguments by the call's own row, paths as texts, and what the kernel prints and waits for. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { lastOf, typed } from "./typist.ts";

Deno.test("a file is opened, mapped shared, stored to, written back", async () => {
  const answers = await typed([
    "spawn",
    "call open README 2",
    "mmap 4096 rw --shared --fd 3",
    "store $_ 0x21 -s 1",
    "call msync 0x3fffdff000 4096",
    "call close 3",
    "call close 3",
    "run cat README",
    "audit",
  ]);
  assertEquals(answers[1].text, 'open("README", O_RDWR) = 3\n');
  assertStringIncludes(answers[4].text, "151 bytes at 0 of its file");
  assertEquals(answers.map((a) => a.status), [0, 0, 0, 0, 0, 0, 1, 0, 0]);
  assertEquals(answers[7].text[0], "!");
});

Deno.test("the kernel's own store into a copy-on-write page copies it", async () => {
  const { text } = await lastOf([
    "spawn",
    "sbrk 4096",
    "store 0x3000 1",
    "fork",
    "call pipe 0x3000",
  ]);
  assertStringIncludes(text, "pipe(0x3000) = 0\nstore page fault (15) at 0x3000 → cow copy");
});

Deno.test("console output is shown, waiting for ever is taken back, bad names are refused", async () => {
  const [, , write, read, many, none, fork] = await typed([
    "spawn",
    "store 0x2000 0x0a6968",
    "call write 1 0x2000 3",
    "call read 0 0x2000 5",
    "call getpid 1",
    "call frobnicate",
    "call fork",
  ]);
  assertEquals(write.text, 'hi\nwrite(1, "hi\\n", 3) = 3\n');
  assertEquals(read.text, "read(0, 0x2000, 5): would wait for ever (console); taken back\n");
  assertEquals([many.status, none.status, fork.status], [2, 2, 2]);
  assertStringIncludes(many.text, "getpid takes 0 arguments");
});

Deno.test("a call has the names that trees of all years have for it", async () => {
  const [, old, now, only] = await typed([
    "spawn",
    "call sleep 2",
    "call pause 2",
    "strace cowtest --only sleep,exec",
  ]);
  assertEquals([old.text, now.text], ["sleep(2) = 0\n", "pause(2) = 0\n"]);
  assertEquals(only.status, 0);
  assertStringIncludes(only.text, "pause(");
});
