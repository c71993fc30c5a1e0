/** The real gdb against the small computer: what it asks is answered so that it says the right things. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { FakeTarget } from "./fake_target.ts";
import { noGdb, realGdb, serving } from "./lab.ts";

const COUNTS = `
start:
  la a0, data
  li a1, 0
loop:
  addi a1, a1, 1
  sd a1, 0(a0)
  jal ra, f
  jal zero, loop
f:
  addi a2, a2, 2
  jalr zero, 0(ra)
data:
  addi zero, zero, 0
  addi zero, zero, 0
`;

/** The real gdb's output for some commands about the counting program. */
async function gdbSays(commands: string[], harts = 1, program = COUNTS): Promise<string> {
  const target = new FakeTarget(program, harts);
  const named = commands.map((line) =>
    line.replace(/@(\w+)/g, (_, label) => "0x" + target.labels.get(label)!.toString(16))
  );
  let text = "";
  await serving(target, async ({ gdb }) => {
    text = await realGdb(gdb.port, named);
  });
  return text;
}

const real = { ignore: noGdb !== undefined };

Deno.test("gdb reads registers, CSRs and the mode, sets them, and disassembles", real, async () => {
  const text = await gdbSays([
    "info registers pc satp priv",
    "x/3i $pc",
    "p $a1 = 42",
    "p/x $mhartid",
    "p $satp = 5",
    "p/x $satp",
    "info registers a1",
    "p *(long*)0x80001000 = 77",
    "x/gd 0x80001000",
    "x/x 0x1000",
  ]);
  assertMatch(text, /pc +0x80000000/);
  assertMatch(text, /satp +0x8000000000087fff/);
  assertMatch(text, /priv +0x3\s+prv:3 \[Machine\]/);
  assertMatch(text, /=> 0x80000000:\s+auipc\s+a0/);
  assertMatch(text, /a1 +0x2a\s+42/);
  assertStringIncludes(text, "$4 = 0x5");
  assertMatch(text, /0x80001000:\s+77/);
  assertStringIncludes(text, "Cannot access memory at address 0x1000");
});

Deno.test(
  "gdb steps by single steps of the target, not by breakpoints of its own",
  real,
  async () => {
    const text = await gdbSays(["stepi", "stepi", "p $pc", "stepi 3", "p $pc", "p $a1"]);
    assertStringIncludes(text, "$1 = (void (*)()) 0x80000008");
    assertStringIncludes(text, "$2 = (void (*)()) 0x80000014");
    assertStringIncludes(text, "$3 = 1");
  },
);

Deno.test("gdb stops at breakpoints of all kinds, with conditions and counts", real, async () => {
  const text = await gdbSays([
    "tbreak *@f",
    "c",
    "hbreak *@f if $a1 == 5",
    "c",
    "p $a1",
    "delete",
    "break *@loop",
    "ignore 3 2",
    "c",
    "p $a1",
  ]);
  assertStringIncludes(text, "Temporary breakpoint 1");
  assertStringIncludes(text, "Breakpoint 2, ");
  assertStringIncludes(text, "$1 = 5");
  assertStringIncludes(text, "$2 = 7");
});

Deno.test(
  "gdb's watchpoints stop right behind the access, backwards right before it",
  real,
  async () => {
    const text = await gdbSays([
      "watch *(long*)@data",
      "c",
      "c",
      "p $pc",
      "reverse-continue",
      "p $pc",
      "delete",
      "reverse-stepi",
      "p $pc",
      "rwatch *(long*)@data",
      "awatch *(long*)@data",
      "c",
    ]);
    assertStringIncludes(text, "Old value = 1\nNew value = 2\n0x0000000080000014");
    assertStringIncludes(text, "Old value = 2\nNew value = 1\n0x0000000080000010");
    assertStringIncludes(text, "$3 = (void (*)()) 0x8000000c");
    assertStringIncludes(
      text,
      "Hardware access (read/write) watchpoint 3: *(long*)0x80000024\n\nOld value = 1",
    );
  },
);

Deno.test("gdb goes back to the beginning and no further, and forwards again", real, async () => {
  const text = await gdbSays([
    "break *@f",
    "c",
    "c",
    "p $a1",
    "reverse-continue",
    "p $a1",
    "reverse-continue",
    "p $pc",
    "c",
    "p $a1",
  ]);
  assertStringIncludes(text, "$1 = 2");
  assertStringIncludes(text, "$2 = 1");
  assertStringIncludes(text, "No more reverse-execution history.");
  assertStringIncludes(text, "$3 = (void (*)()) 0x80000000");
  assertStringIncludes(text, "$4 = 1");
});

Deno.test("gdb knows the harts as threads, stays on the one that it steps", real, async () => {
  const text = await gdbSays([
    "info threads",
    "thread 2",
    "stepi",
    "p $tp",
    "stepi",
    "p $tp",
    "reverse-stepi",
    "p $tp",
    "p $pc",
    "thread apply all p $mhartid",
    "set scheduler-locking on",
    "stepi",
    "p $tp",
  ], 3);
  assertMatch(text, /\* 1 +Thread 1 \(hart 0, machine mode\)/);
  assertMatch(text, / 3 +Thread 3 \(hart 2, machine mode\)/);
  for (const n of [1, 2, 3]) assertStringIncludes(text, `$${n} = (void *) 0x1`);
  assertStringIncludes(text, "$4 = (void (*)()) 0x80000004");
  assertMatch(text, /Thread 3 \(.*\):\n\$5 = 2/);
  assertStringIncludes(text, "$8 = (void *) 0x1");
});

Deno.test("gdb's monitor, PhyMemMode, detach", real, async () => {
  const text = await gdbSays([
    "monitor refcount 0x80003000",
    "p *(long*)0x3ffffff008 = 99",
    "maintenance packet Qqemu.PhyMemMode:1",
    "x/gd 0x80003008",
    "x/gd 0x3ffffff008",
    "detach",
  ]);
  assertStringIncludes(text, "refcount 0x80003000?\n");
  assertMatch(text, /0x80003008:\s+99/);
  assertStringIncludes(text, "Cannot access memory at address 0x3ffffff008");
});

Deno.test("gdb is told of the end, and that nothing goes on any more", real, async () => {
  const exits = "lui a0, 0x100\n lui a1, 0x30\n addi a1, a1, 0x333\n sw a1, 0(a0)";
  assertStringIncludes(
    await gdbSays(["c"], 1, exits),
    "[Inferior 1 (Remote target) exited with code 03]",
  );
  const stuck = await gdbSays(["c", "p $pc"], 1, "wfi");
  assertStringIncludes(stuck, "cowsh: stuck: no hart will ever execute another instruction");
  assertStringIncludes(stuck, "received signal SIGABRT");
});

Deno.test("gdb in extended mode runs the guest again", real, async () => {
  const target = new FakeTarget(COUNTS);
  let text = "";
  await serving(target, async ({ gdb }) => {
    text = await realGdb(gdb.port, [
      "disconnect",
      `target extended-remote 127.0.0.1:${gdb.port}`,
      "break *0x8000000c",
      "set remote exec-file kernel",
      "continue",
      "stepi",
      "run",
      "p $pc",
      "kill",
      "run",
      "p $pc",
    ]);
  });
  assertStringIncludes(text, "$1 = (void (*)()) 0x8000000c");
  assertStringIncludes(text, "$2 = (void (*)()) 0x8000000c");
  assertEquals(target.log.filter((line) => line === "reset").length, 2, text);
});

Deno.test("a second gdb says why it is refused", real, async () => {
  await serving(new FakeTarget(COUNTS), async (served) => {
    const { gdb } = served;
    const first = await Deno.connect({ hostname: "127.0.0.1", port: gdb.port });
    await served.until(() => gdb.attached);
    assertStringIncludes(await realGdb(gdb.port, []), "another gdb is connected to this guest");
    first.close();
  });
});
