/** The past of a debugged program: whatever a person did on the way, back and forward lead to the same states. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import type { Vm } from "../../src/vm/vm.ts";
import { boot, fingerprint, Guest, R } from "../vm/lab.ts";
import { newTyped, type Typist } from "./typist.ts";
import { machineOf, recordOf } from "../../src/vm/parts.ts";

/** Loads, stores and arithmetic for ever; its second page is written early, so that forks copy it. */
const LOOP = new Guest()
  .li(R.s0, 0x1000)
  .label("again")
  .put("ld", { rd: R.s1, rs1: R.s0, imm: 0 })
  .put("add", { rd: R.s2, rs1: R.s2, rs2: R.s1 })
  .put("addi", { rd: R.s3, rs1: R.s3, imm: 3 })
  .put("sd", { rs1: R.s0, rs2: R.s2, imm: 8 })
  .put("andi", { rd: R.a4, rs1: R.s3, imm: 7 })
  .unless(R.a4, "again")
  .put("sd", { rs1: R.s0, rs2: R.s3, imm: 0 })
  .jump("again")
  .elf();

/** What a person can do between two steps, whatever it is called; some of it changes nothing. */
const DEEDS = [
  "reg s3 0x123",
  "reg s2 7",
  "store 0x1000 5",
  "store 0x1010 9 -s 1",
  "fill 0x1800 16 3",
  "sbrk 4096",
  "call getpid",
  "mmap 4096",
  "fork",
  "spawn",
  "kill 3",
  "reclaim 1",
  "watch 0x1008",
  "delete",
  "load 0x1008",
  "pte 0x1000",
  "audit",
  "ps",
  "snap a",
  "expect 1 == 1",
  "reg",
] as const;

/** A session with the loop held at its start, and the line that brought it there. */
async function start(): Promise<Typist & { vm: Vm }> {
  const vm = boot({
    programs: { get: (name) => name === "loop" ? LOOP : undefined, list: () => ["loop"] },
  });
  const typist = await newTyped([], { vm });
  assertEquals((await typist.type("spawn loop")).status, 0);
  // Whoever was made meanwhile, it is the loop that steps.
  const type = async (line: string) => {
    const said = await typist.type(line);
    await typist.type("use 2");
    return said;
  };
  return { ...typist, type, vm };
}

/** What was done and is not undone: steps and deeds in order. */
type Deed = { readonly line: string; readonly at: number; readonly steps: number };

/** `back n` as a person understands it: what was done since the last instruction is one step, then instructions. */
function undone(deeds: readonly Deed[], here: number, n: number, changed: boolean): Deed[] {
  let left = n;
  let kept = [...deeds];
  if (changed) {
    while (kept.at(-1)?.steps === 0) kept.pop();
    left--;
  }
  const target = here - left;
  kept = left === 0
    ? kept
    : kept.filter((deed) => deed.at < target || deed.at === target && deed.steps === 0);
  return kept.map((deed) =>
    deed.at + deed.steps > target
      ? { ...deed, steps: target - deed.at, line: `step ${target - deed.at}` }
      : deed
  );
}

Deno.test("property: deeds, steps and ways back give the state of a straight run", async () => {
  const op = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ op: fc.constant("step"), n: fc.integer({ min: 1, max: 40 }) }),
    },
    { weight: 4, arbitrary: fc.record({ op: fc.constant("do"), n: fc.nat(DEEDS.length - 1) }) },
    {
      weight: 3,
      arbitrary: fc.record({ op: fc.constant("back"), n: fc.integer({ min: 1, max: 30 }) }),
    },
  );
  let ways = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(op, { minLength: 4, maxLength: 16 }), async (ops) => {
      const one = await start();
      let deeds: Deed[] = [];
      for (const { op, n } of ops) {
        const here = machineOf(one.vm).instret;
        if (op === "back") {
          const before = fingerprint(one.vm);
          const said = await one.type(`back ${n}`);
          // Before the first step there is no past, and nothing earlier than the first instruction.
          if (said.status !== 0) {
            assertEquals(fingerprint(one.vm), before, said.text);
            continue;
          }
          ways++;
          const changed = await isChanged(deeds, before);
          deeds = undone(deeds, here, n, changed);
        } else {
          const line = op === "step" ? `step ${n}` : DEEDS[n];
          const said = await one.type(line);
          const steps = machineOf(one.vm).instret - here;
          // A store may end the program, a second kill finds nobody: as in the straight run.
          deeds.push({ line, at: here, steps });
          if (op === "step") assertEquals(said.status, 0, said.text);
        }
      }
      const straight = await start();
      for (const { line } of deeds) await straight.type(line);
      assertEquals(
        fingerprint(one.vm),
        fingerprint(straight.vm),
        deeds.map((d) => d.line).join("; "),
      );
    }),
    { numRuns: 30 },
  );
  assert(ways > 20, `${ways} ways back`);

  /** Whether what was done since the last instruction has changed anything. */
  async function isChanged(deeds: readonly Deed[], now: Record<string, string>): Promise<boolean> {
    const straight = await start();
    const last = deeds.findLastIndex((deed) => deed.steps > 0);
    for (const { line } of deeds.slice(0, last + 1)) await straight.type(line);
    const then = fingerprint(straight.vm);
    return Object.keys(now).some((part) => now[part] !== then[part]);
  }
});

for (const deed of ["reg s11 0x1234", "store $sp-8 0x1234", "watch $sp", "kill 3", "reclaim 1"]) {
  Deno.test(`steps after "${deed}" are run again on what it left, not on what was there before`, async () => {
    const { type, session } = await newTyped(["--mem", "16M"]);
    for (const line of ["spawn forkwrite 1", "spawn", "use 2", "step 20", deed, "step 15"]) {
      assertEquals((await type(line)).status, 0, line);
    }
    const wanted = fingerprint(session.vm);
    await type("step 5");
    assertMatch((await type("back 5")).text, /at instruction 35/);
    assertEquals(fingerprint(session.vm), wanted);
  });
}

Deno.test("a step back over a register that was set undoes it", async () => {
  const { type } = await newTyped(["--mem", "16M"]);
  for (const line of ["spawn forkwrite 1", "step 20", "reg s11 0x1234", "back"]) await type(line);
  assertMatch((await type("reg s11")).text, /s11 0x505/);
  assertMatch((await type("back")).text, /at instruction 19/);
});

Deno.test("a child that was stepped goes on with its program after a way back", async () => {
  const { type, session } = await newTyped(["--mem", "16M"]);
  for (const line of ["spawn forktest", "until fork", "use 3", "step 3", "back 1"]) {
    assertEquals((await type(line)).status, 0, line);
  }
  // It is held with its program, and goes on with it.
  assertEquals(recordOf(session.vm.process(3)).held, true);
  assertMatch((await type("continue -p 2")).text, /fork test OK\n.*status 0/s);
});
