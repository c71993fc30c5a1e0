/** What the engine says of itself: instructions in each tier, regions, and how they are left. */

import { assert, assertEquals } from "@std/assert";
import type { RegionReport } from "../../src/vm/machine/engine/regions/report.ts";
import type { Machine, MachineOptions } from "../../src/vm/machine/machine.ts";
import type { Assembler } from "./engine_lab.ts";
import { at, machine, program } from "./machine_lab.ts";

const MCYCLE = 0xb00;

/** A program that has run until what it does is translated, and the first region. */
function warm(
  build: (a: Assembler) => void,
  options: MachineOptions = {},
): [Machine, RegionReport] {
  const made = program(build, options);
  made.run(200_000);
  return [made, one(made)];
}

const one = ({ engine }: Machine): RegionReport => engine.regions()[0]!;

const COUNTERS = ["runs", "instructions", "lookedUp", "outside", "handedOver", "ranOut"] as const;

function counters({ engine }: Machine): Record<typeof COUNTERS[number], number> {
  const sum = (name: typeof COUNTERS[number]) =>
    engine.regions().reduce((total, region) => total + region[name], 0);
  return Object.fromEntries(COUNTERS.map((name) => [name, sum(name)])) as ReturnType<
    typeof counters
  >;
}

/** What a run of so many instructions adds to the counters of all regions. */
function run(made: Machine, instructions: number): ReturnType<typeof counters> {
  const before = counters(made);
  assertEquals(made.run(instructions).kind, "budget");
  const after = counters(made);
  assertEquals(made.engine.summary().inside, after.instructions);
  assertEquals(after.runs, after.lookedUp + after.outside + after.handedOver + after.ranOut);
  for (const name of COUNTERS) after[name] -= before[name];
  return after;
}

/** Three instructions, for ever. */
const counting = (a: Assembler) =>
  a.label("loop").put("addi", { rd: 5, rs1: 5, imm: 1 })
    .put("addi", { rd: 6, rs1: 6, imm: 1 }).put("jal", { rd: 0 }, "loop");

Deno.test("nothing is translated before anything has run, and nothing ever with compile never", () => {
  const nothing = { instructions: 0, inside: 0, regions: 0, steps: 0, bytes: 0, translated: 0 };
  const fresh = machine().engine;
  assertEquals(fresh.summary(), {
    ...nothing,
    compile: "hot",
    samples: 0,
    samplesInside: 0,
    changed: 0,
    resets: 0,
  });
  assertEquals(fresh.regions(), []);
  const never = program(counting, { compile: "never" });
  never.run(300_000);
  assertEquals(never.engine.summary(), {
    ...nothing,
    compile: "never",
    instructions: 300_000,
    samples: 0,
    samplesInside: 0,
    changed: 0,
    resets: 0,
  });
  assertEquals(never.engine.regions(), []);
});

Deno.test("a region says where it stands and what it is made of", () => {
  const [made, region] = warm(counting);
  assertEquals(region.root, at(0));
  assertEquals(region.entries, [at(0)]);
  assertEquals(region.pages, [at(0) / 4096]);
  assertEquals(region.steps, 3);
  assertEquals(region.bindings, 1);
  assertEquals(region.blocks.map(({ pc, depth, code }) => [pc, depth, code.length]), [
    [at(0), 0, 6],
  ]);
  const there = new Uint16Array(made.ram.bytes(at(0), 12).slice().buffer);
  assertEquals(region.blocks[0]!.code, there);
  const { regions, steps, bytes, translated } = made.engine.summary();
  assertEquals([regions, steps, bytes, translated], [1, 3, region.bytes, 1]);
});

Deno.test("a loop that is never left runs out of the run's budget", () => {
  const [made] = warm(counting);
  const { runs, ranOut, instructions, lookedUp, outside, handedOver } = run(made, 30_000);
  assertEquals([lookedUp, outside, handedOver], [0, 0, 0]);
  assertEquals(runs, ranOut);
  assert(runs >= 1 && runs <= 4, `${runs} runs`);
  // At each run's end at most a block's instructions are left to the interpreter, and as many after it.
  assert(instructions <= 30_000 && instructions >= 30_000 - 6 * runs, `${instructions}`);
  assertEquals(made.engine.summary().instructions, made.instret);
});

Deno.test("an instruction that only the host can execute is handed over each time", () => {
  const [made] = warm((a) =>
    a.label("loop").put("addi", { rd: 5, rs1: 5, imm: 1 }).put("csrrs", {
      rd: 6,
      rs1: 0,
      imm: MCYCLE,
    })
      .put("addi", { rd: 7, rs1: 6, imm: 1 }).put("jal", { rd: 0 }, "loop")
  );
  const { runs, handedOver, ranOut, instructions } = run(made, 40_000);
  assertEquals(runs, handedOver + ranOut);
  assert(Math.abs(handedOver - 10_000) < 20, `${handedOver}`);
  assert(Math.abs(instructions - 30_000) < 40, `${instructions}`);
});

Deno.test("code that never ran before is outside, and another page is looked up", () => {
  // x7 is set from outside: then the branch to `far` is taken.
  const [made] = warm((a) => {
    a.label("loop").put("addi", { rd: 5, rs1: 5, imm: 1 }).put("bne", { rs1: 7, rs2: 0 }, "far")
      .put("jal", { rd: 0 }, "loop");
    a.label("far").put("addi", { rd: 7, rs1: 0, imm: 0 }).put("jalr", { rd: 0, rs1: 9, imm: 0 });
  });
  made.hart.setX(9, BigInt(at(0)));
  const quiet = run(made, 3000);
  assertEquals([quiet.outside, quiet.lookedUp], [0, 0]);
  made.hart.setX(7, 1n);
  const once = run(made, 3000);
  assertEquals([once.outside, once.lookedUp], [1, 0]);

  const [other] = warm((a) => {
    a.label("loop").put("addi", { rd: 5, rs1: 5, imm: 1 }).put("beq", { rs1: 7, rs2: 0 }, "loop")
      .put("addi", { rd: 7, rs1: 0, imm: 0 }).put("jalr", { rd: 0, rs1: 9, imm: 0 });
  });
  // jalr x0, 0(x8): back again.
  other.ram.write32(at(0x1000), 0x00040067);
  other.hart.setX(8, BigInt(at(0)));
  other.hart.setX(9, BigInt(at(0x1000)));
  other.hart.setX(7, 1n);
  const { outside, lookedUp } = run(other, 3000);
  assertEquals(outside + lookedUp, 1);
});

Deno.test("a region whose code is changed is given up there, and counted", () => {
  const [made] = warm(counting);
  made.ram.write32(at(0), made.ram.read32(at(0)));
  assertEquals(made.engine.summary().changed, 1);
  assertEquals(one(made).bindings, 0);
  made.run(200_000);
  assertEquals(one(made).bindings, 1);
  assertEquals(made.engine.summary().regions, 1);
});

Deno.test("what regions have done is not lost when all are forgotten, and counts begin anew", () => {
  const [made, before] = warm(counting);
  const { inside } = made.engine.summary();
  assertEquals(before.instructions, inside);
  made.engine.tier!.reset();
  const { regions, resets, inside: still } = made.engine.summary();
  assertEquals([regions, resets, still], [0, 1, inside]);
  made.run(200_000);
  const after = one(made);
  assertEquals(made.engine.summary().inside, inside + after.instructions);
  assert(after.instructions > 0 && after.instructions < 200_000);
});

Deno.test("going back to a saved state changes no counter, and no state holds one", () => {
  const [made] = warm(counting);
  const state = made.save();
  const before = made.engine.summary();
  made.restore(state);
  assertEquals(made.engine.summary().instructions, before.instructions);
  assertEquals(made.engine.summary().inside, before.inside);
  made.run(1000);
  made.restore(state);
  assertEquals(made.save(), state);
  assertEquals(made.engine.summary().instructions, before.instructions + 1000);
});
