/** The same lines give the same bytes, twice, from outside. */

import { assert, assertEquals } from "@std/assert";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;

async function cowsh(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-read", MAIN, ...args],
    stdin: "null",
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

const LINES = [
  "spawn",
  "sbrk 8192",
  "store 0x3000 42",
  "fork",
  "pte 0x3000",
  "refcount pa(0x3000)",
  "store 0x3000 7",
  "run cowtest 128",
  "audit",
  "free",
  "stats",
  "tlb",
  "timeline 50",
  "spawn grind 3",
  "until copy",
  "ps",
  "share",
  "back 100",
  "reg",
];

for (const extra of [[], ["--json"], ["--seed", "5"], ["--policy", "eager"]]) {
  Deno.test(`the same bytes twice: ${extra.join(" ") || "plain"}`, async () => {
    const args = ["--keep-going", ...extra, ...LINES.flatMap((line) => ["-c", line])];
    const [one, two] = [await cowsh(...args), await cowsh(...args)];
    assertEquals(one.out, two.out);
    assertEquals([one.err, one.code], [two.err, two.code]);
    assert(one.out.length > 2000, one.err);
  });
}
