/**
 * What a real guest promises a debugger, held against the small computer that promises the same: whatever gdb asks of
 * both is answered alike.
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import type { DebugTarget } from "../../src/vm/debug.ts";
import { Guest } from "../../src/vm/guest.ts";
import { assemble } from "../machine/assemble.ts";
import { elf } from "../machine/bare_lab.ts";
import { FakeTarget } from "./fake_target.ts";
import { debugging } from "./guest_lab.ts";
import { noGdb, realGdb, said, talk } from "./lab.ts";

/** Counts in a1, stores it twice, and calls a function that loads it and counts in a2. */
const PROGRAM = `
start:
  la s0, data
  addi a0, zero, 0
loop:
  addi a1, a1, 1
  sd a1, 0(s0)
  jal ra, f
  sw a1, 12(s0)
  jal zero, loop
f:
  lw a2, 4(s0)
  addi a2, a2, 2
  jalr zero, 0(ra)
data:
  addi zero, zero, 0
  addi zero, zero, 0
  addi zero, zero, 0
  addi zero, zero, 0
`;

function recorded(program: string): Guest {
  const guest = new Guest(elf(assemble(program).bytes));
  guest.record();
  return guest;
}

/** What gdb is told to some packets, those that move the guest to their end or for so many slices. */
function dialogue(target: DebugTarget, packets: readonly string[]): string[] {
  const { session, ask } = talk(target);
  return packets.flatMap((text) => {
    const told = ask(text);
    // How far a slice goes back is the target's own business, but not forwards.
    for (let i = 0; i < (text[0] === "b" ? 1000 : 6) && !session.holds; i++) {
      session.turn(40, (only) => target.run(40, only));
    }
    if (!session.holds) session.receive({ kind: "break" });
    return [`${text} → ${[...told, ...said(session)].join(" ")}`, ask("g")[0], ask("?")[0]];
  });
}

const places = ["start", "loop", "f", "data"];
const at = (label: string) => new FakeTarget(PROGRAM).labels.get(label)!;
const address = fc.tuple(fc.constantFrom(...places), fc.constantFrom(0, 4, 8, 12)).map(([p, n]) =>
  (at(p) + BigInt(n)).toString(16)
);
const asked = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("c", "s", "bc", "bs", "vCont;s:1", "vCont;c") },
  address.map((a) => `Z0,${a},4`),
  address.map((a) => `z0,${a},4`),
  fc.tuple(
    fc.constantFrom("Z", "z"),
    fc.constantFrom(2, 3, 4),
    fc.constantFrom(0n, 4n, 12n),
    fc.constantFrom(1, 4, 8),
  )
    .map(([z, type, off, length]) => `${z}${type},${(at("data") + off).toString(16)},${length}`),
  address.map((a) => `vCont;r80000000,${a}:1`),
  fc.constantFrom("pb", "pc", "p20", `m${at("data").toString(16)},10`, "m7fffffff,4"),
);

Deno.test("a guest answers as the small computer does, forwards and backwards", () => {
  fc.assert(
    fc.property(fc.array(asked, { minLength: 1, maxLength: 25 }), (packets) => {
      const real = dialogue(recorded(PROGRAM).debug, packets);
      assertEquals(real, dialogue(new FakeTarget(PROGRAM), packets));
    }),
    { numRuns: 150 },
  );
});

Deno.test("what gdb changes is part of what is gone through again, until it changes more", () => {
  const guest = recorded(PROGRAM);
  const { session, ask } = talk(guest.debug);
  const turn = () => {
    while (!session.holds) session.turn(1000, (only) => guest.debug.run(1000, only));
    return said(session);
  };
  const go = (text: string) => [...ask(text), ...turn()];
  const a1 = () => Number(guest.debug.register(0, "a1"));
  ask(`Z0,${at("f").toString(16)},4`);
  go("c");
  go("c");
  assertEquals(a1(), 2);
  assertEquals(ask("Pb=4000000000000000"), ["OK"]);
  go("c");
  assertEquals(a1(), 0x41);
  assertEquals(go("bc"), ["T05thread:1;"]);
  assertEquals(go("bc"), ["T05thread:1;"]);
  assertEquals(a1(), 1);
  go("c");
  go("c");
  assertEquals(a1(), 0x41, "the same future");
  go("bc");
  go("bc");
  assertEquals(ask("Pb=7000000000000000"), ["OK"]);
  go("c");
  go("c");
  assertEquals(a1(), 0x72, "another one");
});

const real = { ignore: noGdb !== undefined };

/** An ecall in M-mode whose handler returns behind it. */
const TRAPS = `
  la t0, handler
  csrrw zero, mtvec, t0
  addi a0, zero, 7
there:
  ecall
  addi a0, a0, 1
end:
  jal zero, end
handler:
  csrrs t1, mepc, zero
  addi t1, t1, 4
  csrrw zero, mepc, t1
  mret
`;

Deno.test("stepi goes into the handler of an ecall, out of it, and back", real, async () => {
  const { bytes, labels } = assemble(TRAPS);
  const place = (label: string) => `0x${(0x8000_0000 + labels.get(label)!).toString(16)}`;
  let text = "";
  await debugging(elf(bytes), {}, async ({ gdb }) => {
    text = await realGdb(gdb.port, [
      `break *${place("there")}`,
      "continue",
      "stepi",
      "print $pc",
      "print/x $mcause",
      "stepi 4",
      "print $pc",
      "print $t1",
      "stepi",
      "print $a0",
      "reverse-stepi 2",
      "print $pc",
      "reverse-continue",
      "print $pc",
      "info registers csr",
    ]);
  });
  assertStringIncludes(text, `$1 = (void (*)()) ${place("handler")}`);
  assertStringIncludes(text, "$2 = 0xb");
  assertStringIncludes(
    text,
    `$3 = (void (*)()) 0x${(0x8000_0000 + labels.get("there")! + 4).toString(16)}`,
  );
  assertStringIncludes(text, "$5 = 8");
  assertStringIncludes(
    text,
    `$6 = (void (*)()) 0x${(0x8000_0000 + labels.get("handler")! + 12).toString(16)}`,
  );
  assertStringIncludes(text, `$7 = (void (*)()) ${place("there")}`);
  assertMatch(text, /mtvec +0x8000001c/);
});

/** Hart 0 waits for a flag that hart 1 sets after a while. */
const FLAG = `
  la s0, flag
  csrrs t0, mhartid, zero
  bne t0, zero, other
wait:
  lw t1, 0(s0)
  beq t1, zero, wait
seen:
  addi a0, a0, 1
end:
  jal zero, end
other:
  addi t2, zero, 100
count:
  addi t2, t2, -1
  bne t2, zero, count
  addi t1, zero, 1
set:
  sw t1, 0(s0)
rest:
  jal zero, rest
flag:
  addi zero, zero, 0
`;

Deno.test(
  "a loop that waits for another hart is stepped; back to that hart's store",
  real,
  async () => {
    const { bytes, labels } = assemble(FLAG);
    const place = (label: string) => `0x${(0x8000_0000 + labels.get(label)!).toString(16)}`;
    const zero = bytes.slice();
    zero.fill(0, labels.get("flag")!);
    let text = "";
    await debugging(elf(zero), { harts: 2, quantum: 50 }, async ({ gdb }) => {
      text = await realGdb(gdb.port, [
        `tbreak *${place("wait")}`,
        "continue",
        "stepi 500",
        "print $pc",
        "info threads",
        `watch *(int*)${place("flag")}`,
        "reverse-continue",
        "print $mhartid",
        "print $pc",
        "thread 1",
        `print $pc < ${place("seen")}`,
        "delete",
        "thread 2",
        "stepi",
        "print $pc",
        "print $mhartid",
        "reverse-stepi",
        "print $pc",
      ]);
    });
    assertMatch(text, /\* 1 +Thread 1 \(hart 0, machine mode\)/, text);
    assertStringIncludes(text, `$1 = (void (*)()) ${place("end")}`, text);
    assertStringIncludes(text, "Old value = 1\nNew value = 0", text);
    assertStringIncludes(text, "$2 = 1\n");
    assertStringIncludes(text, `$3 = (void (*)()) ${place("set")}`);
    assertStringIncludes(text, "$4 = 1\n");
    assertStringIncludes(text, `$5 = (void (*)()) ${place("rest")}`);
    assertStringIncludes(text, "$6 = 1\n");
    assertStringIncludes(text, `$7 = (void (*)()) ${place("set")}`);
  },
);

Deno.test("the end of a guest, and what can never go on", real, async () => {
  const exits = "lui a0, 0x100\n lui a1, 0x33\n addi a1, a1, 0x333\n sw a1, 0(a0)";
  let text = "";
  const { end } = await debugging(elf(assemble(exits).bytes), {}, async ({ gdb }) => {
    text = await realGdb(gdb.port, ["continue"]);
  });
  assertStringIncludes(text, "exited with code 03");
  assertEquals(end, "exit 3");
  await debugging(elf(assemble("wfi\n wfi").bytes), {}, async ({ gdb }) => {
    text = await realGdb(gdb.port, ["continue", "reverse-stepi", "print $pc"]);
  });
  assertStringIncludes(text, "cowsh: stuck: no hart will ever execute another instruction");
  assertStringIncludes(text, "$1 = (void (*)()) 0x80000000");
});

Deno.test("Ctrl-C stops a guest that runs, and one that looks for something in its past", () => {
  const guest = recorded("loop:\n addi a1, a1, 1\n jal zero, loop");
  const { session, ask } = talk(guest.debug);
  const forward = (only?: readonly number[]) => guest.debug.run(1_000_000, only);
  ask("c");
  for (let i = 0; i < 60; i++) session.turn(1_000_000, forward);
  assertEquals(guest.instret, 60_000_000);
  session.receive({ kind: "break" });
  assertEquals(said(session), ["T02thread:1;"]);
  ask("bc");
  session.turn(1_000_000, forward);
  const { instret } = guest;
  assert(!session.holds && instret < 60_000_000 && instret > 0, `stands at ${instret}`);
  session.receive({ kind: "break" });
  assertEquals(said(session), ["T02thread:1;"]);
  assertEquals(guest.instret, instret);
});
