/** `boot`: a fresh computer within the session. */

import { assertEquals, assertMatch } from "@std/assert";
import { typed } from "./typist.ts";

Deno.test("boot begins again as the session did, options stand over its own, and go with the next boot", async () => {
  const flags = ["--mem", "32M", "--policy", "share-readonly"];
  const answers = await typed(["boot", "boot --policy eager --mem=64M", "boot"], flags);
  assertEquals(
    answers.map((a) => a.text.trimEnd().replace(/, \d+ of (\d+) frames free/, ", $1 frames")),
    [
      "booted: 32M RAM, 8192 frames, policy share-readonly",
      "booted: 64M RAM, 16384 frames, policy eager",
      "booted: 32M RAM, 8192 frames, policy share-readonly",
    ],
  );
});

Deno.test("what was the old computer's is gone: processes, snapshots, breakpoints, $_, the past", async () => {
  const answers = await typed([
    "spawn echo hi",
    "break main",
    "step 3",
    "print main",
    "snap a",
    "boot",
    "ps | count",
    "snap",
    "break",
    "print $_",
    "back",
    "restore a",
    "spawn",
    "audit",
  ]);
  const text = (line: string) => answers.findLast((a) => a.line === line)!.text;
  assertEquals(text("ps | count"), "count 1\n");
  assertMatch(text("snap"), /^no snapshots/);
  assertMatch(text("break"), /^no breakpoint/);
  assertMatch(text("print $_"), /none has been yet/);
  assertMatch(text("back"), /not in the recorded past: no run is/);
  assertMatch(text("restore a"), /^no snapshot a/);
  assertMatch(text("spawn"), /^pid 2 demo/);
  assertMatch(text("audit"), /^clean/);
});

Deno.test("words that are no options of a computer are refused, and the old one stays", async () => {
  const cases: [string, RegExp][] = [
    ["boot --plicy eager", /^boot has no flag --plicy; did you mean --policy\?$/],
    ["boot --policy egaer", /^policy is one of cow, .*, not egaer; did you mean eager\?$/],
    ["boot --mem 1T", /^--mem 1T: want 16M to 2G in steps of 64K$/],
    ["boot --mem", /^boot --mem needs a value: RAM$/],
    ["boot eager", /^boot has no use for "eager" \(usage: boot \[--policy /],
    ["boot --keep-going", /^boot has no flag --keep-going /],
    ["boot -c ps", /^boot has no flag -c /],
  ];
  const answers = await typed(["spawn", ...cases.map(([line]) => line), "ps | count"]);
  for (const [i, [line, says]] of cases.entries()) {
    const { text, status } = answers[i + 1];
    assertMatch(text.trimEnd(), says, line);
    assertEquals(status, 2, line);
  }
  assertEquals(answers.at(-1)!.text, "count 2\n");
  const [image] = await typed(["boot --fs /nosuch.img"]);
  assertEquals(image.status, 5);
});
