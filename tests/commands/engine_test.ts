/** `engine`: which tier executes how much, and the code of regions, on our kernel and on somebody's own. */

import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { CommandError } from "../../src/framework/errors.ts";
import { parseFlags } from "../../src/repl/flags.ts";
import { vmOver } from "../../src/vm/guest_computer.ts";
import { Machine } from "../../src/vm/machine/machine.ts";
import { LabGuest, TRAMPOLINE } from "../guest/lab.ts";
import { boot } from "../vm/lab.ts";
import { program, programNames } from "../../user/programs.ts";
import { newTyped, typed, type Typist } from "./typist.ts";

/** Long enough for regions: malloc and free, over and over. */
const RUN = "run usertests mem";

async function json(session: Typist, line: string) {
  return JSON.parse((await session.type(`${line} --json`)).text);
}

Deno.test("before anything runs it says so; then regions have a share, which grows", async () => {
  const session = await newTyped();
  for (const line of ["engine", "engine regions", "engine show 0"]) {
    const { text, status } = await session.type(line);
    assertStringIncludes(text, "nothing is translated yet", line);
    assertEquals(status, 0);
  }
  assertEquals((await json(session, "engine regions")).regions, []);
  await session.type(RUN);
  const once = await json(session, "engine");
  const [interpreter, regions] = once.tiers;
  assertEquals([interpreter.tier, regions.tier], ["interpreter", "regions"]);
  assert(regions.instructions > 100_000 && regions.regions > 0, JSON.stringify(regions));
  const { instret } = session.session.vm;
  assertEquals(interpreter.instructions + regions.instructions, instret);
  assert(Math.abs(interpreter.share + regions.share - 1) < 1e-9);
  await session.type(RUN);
  const [, more] = (await json(session, "engine")).tiers;
  assert(more.instructions > regions.instructions);
  assert(more.share > regions.share, `${regions.share}, then ${more.share}`);
  const { samples, samplesInside, translated } = await json(session, "engine");
  assert(samplesInside > 0 && samplesInside <= samples && translated >= more.regions);
  assertMatch(
    (await session.type("engine")).text,
    /^TIER +INSTRUCTIONS SHARE REGIONS CODE +WASM\ninterpreter +\d+ +[\d.]+% +- +- +-\nregions /,
  );
});

Deno.test("the regions: where they begin, what they are made of, how they were left", async () => {
  const session = await newTyped();
  await session.type(RUN);
  const { regions } = await json(session, "engine regions");
  const { tiers: [, tier] } = await json(session, "engine");
  const sum = (name: string) =>
    regions.reduce((total: number, one: Record<string, number>) => total + one[name], 0);
  assertEquals(regions.length, tier.regions);
  assertEquals([sum("code"), sum("wasm"), sum("instructions")], [
    tier.code,
    tier.wasm,
    tier.instructions,
  ]);
  for (const one of regions) {
    assertEquals(one.program, "usertests", one.va);
    assertMatch(one.symbol, /^\w+(\+0x[0-9a-f]+)?$/);
    assertMatch(one.line, /^\w+\.c:\d+/);
    assertEquals(one.elsewhere + one.outside + one.host + one.budget, one.runs);
  }
  assert(regions.some((one: { symbol: string }) => /^(free|malloc)/.test(one.symbol)));
  const busy = regions.map((one: { instructions: number }) => one.instructions);
  assertEquals(busy, busy.toSorted((a: number, b: number) => b - a));
  const { text } = await session.type("engine regions -n 1");
  assertEquals(text.trim().split("\n").length, 3);
  assertStringIncludes(text, `… and ${regions.length - 1} more`);
});

Deno.test("a region's code is the program's, block by block, and its WebAssembly says which is which", async () => {
  const session = await newTyped();
  await session.type(RUN);
  const { regions: [region] } = await json(session, "engine show free");
  assertMatch(region.symbol, /^free/);
  const lines = region.blocks.flatMap((block: { lines: unknown[] }) => block.lines);
  assertEquals(lines.length, region.code);
  // What the process has in memory.
  await session.type("spawn usertests mem");
  const there = await json(session, `dis ${region.va} 4`);
  const from = lines.findIndex(({ va }: { va: string }) => va === region.va);
  assertEquals(
    lines.slice(from, from + 4).map((
      { encoding, text }: Record<string, string>,
    ) => [encoding, text]),
    there.rows.map(({ code, instruction }: Record<string, string>) => [code, instruction]),
  );
  assert(region.blocks.some(({ depth }: { depth: number }) => depth > 0), "join stands in it");
  const text = region.wat.join("\n");
  assertMatch(
    text,
    /^\(func \$region \(param \$label i32\) \(param \$context i32\) \(result i32\)\n/,
  );
  assertMatch(text, /\(local\.set \$a0 /);
  for (const { va, text: instruction } of lines) {
    if (/^(j|ret|auipc)\b/.test(instruction)) continue;
    assertStringIncludes(text, `;; ${va}  `);
  }
});

Deno.test("show takes a function or an address, and what is in no region is one clear line", async () => {
  const session = await newTyped();
  await session.type(RUN);
  const { regions: all } = await json(session, "engine regions");
  const byName = await json(session, "engine show free -g");
  assertEquals(byName.regions.length, 1);
  assertEquals("wat" in byName.regions[0], false);
  const at = byName.regions[0].va;
  const byAddress = await json(session, `engine show ${at}`);
  assertEquals(byAddress.regions[0].va, at);
  const every = await json(session, `engine show ${at} -n 99`);
  assert(every.regions.length >= 1 && every.regions.length <= all.length);
  const { text } = await session.type(`engine show ${at} -g`);
  assertStringIncludes(text, `region at ${at} `);
  assertStringIncludes(text, "BLOCK DEPTH VA");
  assert(!text.includes("local.get"));
  assertStringIncludes((await session.type(`engine show ${at}`)).text, "(local.get $budget)");
  for (
    const [line, says, code] of [
      ["engine show 3", "3 (0x3) is in no region: not translated, or not any more", 1],
      ["engine show nosuch", "nosuch is in no region: not translated, or not any more", 1],
      ["engine show", "engine show needs WHERE: a function, or an address in it", 2],
      ["engine regions 3", "engine regions has no use for 3; engine show 3", 2],
      ["engine tiers", "what is one of regions, show, not tiers", 2],
      ["engine show 1+", "1+", 2],
    ] as const
  ) {
    const { text, status } = await session.type(line);
    assertStringIncludes(text, says, line);
    assertEquals([text.trim().split("\n").length, status], [1, code], line);
  }
});

Deno.test("--compile never: the interpreter alone, and nothing else is different", async () => {
  const session = await newTyped(["--compile", "never"]);
  const ran = await session.type(RUN);
  assertEquals(ran.text, (await typed([RUN]))[0].text);
  for (const line of ["engine", "engine regions", "engine show main"]) {
    const { text, status } = await session.type(line);
    assertStringIncludes(text, "nothing is ever translated: this computer was started with", line);
    assertEquals(status, 0);
  }
  const { tiers: [interpreter, regions] } = await json(session, "engine");
  assertEquals([interpreter.instructions, regions.instructions], [
    session.session.vm.instret,
    0,
  ]);
  // A flag of boot, too.
  await session.type("boot --compile hot");
  await session.type(RUN);
  assert((await json(session, "engine")).tiers[1].instructions > 0);
});

Deno.test("a state does not know how its instructions were executed", () => {
  const programs = { get: program, list: () => [...programNames] };
  const [hot, never] = (["hot", "never"] as const).map((compile) => boot({ compile, programs }));
  hot.run("usertests", ["mem"]);
  assert(hot.engine.summary().inside > 0);
  never.restore(hot.save());
  assertEquals(never.instret, hot.instret);
  assertEquals(hot.diff(hot.save(), never.save()).frames, []);
  assertEquals(never.engine.summary().instructions, 0);
});

Deno.test("--compile is for a kernel of one's own, too, and a wrong word is refused", () => {
  assertEquals(parseFlags(["--kernel", "k", "--compile", "never"]).guest, { compile: "never" });
  assertEquals(parseFlags(["--bare", "k", "--compile", "hot"]).guest, { compile: "hot" });
  for (const word of ["always", "x"]) {
    const says = `--compile ${word}: want hot or never`;
    assertThrows(() => parseFlags(["--compile", word]), CommandError, says);
    assertThrows(() => parseFlags(["--bare", "k", "--compile", word]), CommandError, says);
  }
  const sometimes = { memBytes: 2 ** 24, compile: "sometimes" as "hot" };
  assertThrows(
    () => new Machine(sometimes),
    RangeError,
    "compile: want hot, always, never, not sometimes",
  );
});

Deno.test("a guest's kernel: its functions, in the trampoline too, and the program without a file", async () => {
  const lab = new LabGuest();
  const vm = vmOver(lab.guest);
  lab.run(400_000);
  const session = await newTyped([], { vm });
  const { regions } = await json(session, "engine regions");
  const { tiers } = await json(session, "engine");
  assertEquals(tiers[0].instructions + tiers[1].instructions, vm.instret);
  assert(tiers[1].instructions > 10_000, JSON.stringify(tiers));
  const named = regions.map(({ program, symbol }: Record<string, string>) => [program, symbol]);
  for (const [program, symbol] of named) {
    assert(program === "kernel" ? /^\w+/.test(symbol) : program === "" && symbol === "", program);
  }
  assert(
    regions.some(({ va, program }: Record<string, string>) =>
      program === "kernel" && BigInt(va) >= BigInt(TRAMPOLINE)
    ),
    JSON.stringify(regions),
  );
  const { text, status } = await session.type("engine show usertrap");
  assertEquals(status, 0, text);
  assertStringIncludes(text, "of kernel: ");

  const never = vmOver(new LabGuest({ compile: "never" }).guest);
  const answer = (await typed(["engine"], [], { vm: never }))[0];
  assertStringIncludes(answer.text, "nothing is ever translated");
});

Deno.test("the WebAssembly is folded where the terminal is narrow", async () => {
  const session = await newTyped([], { width: 80 });
  await session.type(RUN);
  const { text } = await session.type("engine show free");
  for (const line of text.split("\n")) assert(line.length <= 80, line);
});
