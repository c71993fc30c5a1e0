/** What commands say they did to frames and pages is what happened, in words that fit it. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { lastOf, typed } from "./typist.ts";

Deno.test("frames taken and given back are counted apart: munmap of a part of a 2 MiB page", async () => {
  const lines = ["spawn", "mmap 4M", "store 0x3fffa00000 1", "munmap 0x3fffa01000 4096"];
  const { text, status } = await lastOf(lines, ["--superpages"]);
  assertEquals(status, 0);
  assertMatch(text, /unmapped .* {3}1 frame allocated, 1 frame freed/);
  const all = await lastOf([...lines.slice(0, 3), "munmap 0x3fffa00000 4M"], ["--superpages"]);
  assertMatch(all.text, / {3}512 frames freed/);
  const none = await lastOf(["spawn", "mmap 4096", "munmap 0x3fffdff000 4096"]);
  assertMatch(none.text, / {3}no frames allocated or freed/);
});

Deno.test("frames freed to make room are not taken off those that sbrk took", async () => {
  const session = ["spawn", "sbrk 12M", "fork", "use 3", "fill 0x3000 2M 1", "sbrk 2M", "free"];
  const answers = await typed(session, ["--mem", "16M", "--swap", "8M"]);
  const { text } = answers[5];
  const counts = /(\d+) frames allocated, (\d+) frames freed/.exec(text);
  assert(counts !== null, text);
  assertEquals(Number(counts[1]) >= 512, true, text);
});

Deno.test("a zombie keeps its memory; wait frees it", async () => {
  const answers = await typed(["spawn", "sbrk 4096", "fork", "exit -p 3", "wait"]);
  assertEquals(
    answers[3].text,
    "pid 3 demo exited with 0\n" +
      "it keeps its memory, as a zombie, until pid 2 waits for it: wait -p 2\n",
  );
  assertMatch(answers[4].text, /pid 2 reaped pid 3 {3}\d+ frames freed/);
  assertMatch(
    (await lastOf(["spawn", "exit"])).text,
    /pid 2 demo exited with 0 {3}\d+ frames freed/,
  );
});

Deno.test("a page on the swap disk: its slot, not an address; and who had what reclaim took", async () => {
  const lines = ["spawn", "sbrk 4096", "store 0x3000 1", "fork", "reclaim 30", "reclaim 30"];
  const answers = await typed([...lines, "pte 0x3000"], ["--swap", "1M"]);
  const lost = `${answers[4].text}${answers[5].text}`;
  assertMatch(lost, /frame 0x\w+ of 2:0x3000 → swap slot \d+ \(anonymous page, 2 mappings\)/);
  assertMatch(lost, /of 1:0x2000 → swap slot \d+ \(anonymous page\)/);
  const { text } = answers[6];
  const slot = /of 2:0x3000 → swap slot (\d+)/.exec(lost)![1];
  assertMatch(text, new RegExp(`  0 +3 0x\\w+ 0x\\w+ +slot ${slot} `));
  assertStringIncludes(text, `not mapped: the page is on the swap disk, in slot ${slot}`);
  const json = await lastOf([...lines, "pte 0x3000 | json"], ["--swap", "1M"]);
  const { levels } = JSON.parse(json.text);
  assertEquals([levels.at(-1).pa, levels.at(-1).slot], [null, Number(slot)]);
});

Deno.test("vmmap names no file behind shared anonymous memory", async () => {
  const { text } = await lastOf(["spawn", "mmap 4096 rw --shared", "vmmap | where KIND == anon"]);
  assertMatch(text, /rw-s anon +0 +0 +0 +0 +- +-/);
});

Deno.test("timeline names flags, and finds a page among those that one event tells", async () => {
  const lines = ["spawn", "mmap 4M", "store 0x3fffa00000 1", "munmap 0x3fffa01000 4096"];
  const split =
    (await lastOf([...lines, "timeline --va 0x3fffa05000 -k pte"], ["--superpages"])).text;
  assertMatch(
    split,
    /511 PTEs from 0x3fffa01000|512 PTEs from 0x3fffa00000: D A U W R V set \(demote\)/,
  );
  assertEquals(split.trim().split("\n").length, 2, split);
  const pte = "timeline -k pte,mark --va 0x3000";
  const { text } = await lastOf(["spawn", "sbrk 4096", "store 0x3000 1", "fork", pte]);
  assertMatch(text, /mark +PTE of 0x3000: D A set \(walk\) 0x21\w+17 → 0x21\w+d7 at 0x8/);
  assertMatch(text, /pte +PTE of 0x3000: W→–, C set \(fork parent\) 0x21\w+d7 → 0x21\w+d3 at 0x8/);
  const of = /at (0x8\w+)\n/.exec(text)![1];
  const table = await lastOf([
    "spawn",
    "sbrk 4096",
    "store 0x3000 1",
    `timeline --pa ${of} -k pte`,
  ]);
  assertStringIncludes(table.text, "PTE of 0x3000: U W R V set (sbrk)");
  const counts = await lastOf(["spawn", "fork", "exit -p 3", "wait", "timeline 500 -k count"]);
  assertMatch(counts.text, /count 1 → 2 \(fork\)/);
  assertMatch(counts.text, /count 2 → 1 \(space freed\)|count 2 → 1 \(exit\)/);
});
