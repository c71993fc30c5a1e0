/** What `compare` sets side by side, and that it leaves the session's own computer alone. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { lastOf } from "./typist.ts";

interface Design {
  design: string;
  status: number;
  framesCopied: number;
  forkPtes: number;
  peakFrames: number;
  tlbMisses: number;
  ms?: number;
  forkMs?: number;
}

async function designs(line: string): Promise<Design[]> {
  const { text, status } = await lastOf([`${line} --json`]);
  assertEquals(status, 0, text);
  return JSON.parse(text).designs;
}

Deno.test("eager copies what cow shares, and 2 MiB leaves need fewer PTEs and TLB entries", async () => {
  const [eager, cow, superpage] = await designs(
    "compare --policies eager,cow,cow+superpages forkwrite 16",
  );
  assertEquals([eager, cow, superpage].map((d) => d.status), [0, 0, 0]);
  assert(eager.framesCopied > 4096 && cow.framesCopied < 500);
  assert(eager.peakFrames > cow.peakFrames + 1500);
  assert(superpage.forkPtes < cow.forkPtes / 2 && superpage.tlbMisses < cow.tlbMisses / 2);
  assertEquals(cow.forkMs, undefined, "times only when asked for: the rest is the same every time");
});

Deno.test("--time adds the host's milliseconds in fork and in all", async () => {
  const [cow] = await designs("compare --time --policies cow fork-exec");
  assert(cow.forkMs! > 0 && cow.ms! > cow.forkMs!);
});

Deno.test("a design that there is not, and one that cannot run the workload", async () => {
  const unknown = await lastOf(["compare --policies cow+superpage fork-exec"]);
  assertEquals(unknown.status, 2);
  assertStringIncludes(unknown.text, "did you mean superpages?");
  const { text, status } = await lastOf(["compare --policies eager,cow cowtest"]);
  assertEquals(status, 0, "an end with another status is a result, not an error");
  assertStringIncludes(text, "did not end with status 0: eager");
});

Deno.test("each design has a computer of its own", async () => {
  const lines = ["spawn", "compare --policies cow fork-exec", "ps"];
  const { text } = await lastOf(lines);
  assertStringIncludes(text, "demo");
  assert(!text.includes("forkexec"));
});

Deno.test("a row of compare is what its name says, whatever the session was booted with", async () => {
  const line = "compare --policies cow,cow+superpages,cow+demand,eager forkwrite 4 --json";
  const plain = JSON.parse((await lastOf([line])).text);
  const flags = ["--superpages", "--superpage-cow", "whole", "--exec", "demand", "--sbrk", "lazy"];
  const session = JSON.parse((await lastOf([line], flags)).text);
  assertEquals(session, plain);
  const [cow, superpages] = plain.designs;
  assert(superpages.forkPtes < cow.forkPtes);
});
