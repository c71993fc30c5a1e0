import { assert, assertEquals, assertThrows } from "@std/assert";
import { Guest, type GuestStep, loadPhysical } from "../../src/vm/guest.ts";
import { ElfError, parseElf } from "../../src/vm/machine/elf.ts";
import { echoGuest, elf, li, runBare, say } from "./bare_lab.ts";
import { Assembler } from "./engine_lab.ts";
import { machine as computer, SMALL } from "./machine_lab.ts";

/** Stores x6 to the address that x5 gets (a multiple of 4 KiB). */
const storing = (address: number, value: number) =>
  new Assembler().put("lui", { rd: 5, imm: address | 0 }).put("addi", { rd: 6, imm: value })
    .put("slli", { rd: 5, rs1: 5, imm: 32 }).put("srli", { rd: 5, rs1: 5, imm: 32 })
    .put("sw", { rs1: 5, rs2: 6, imm: 0 });

Deno.test("a store to tohost ends the program: 1 passes, an odd value is a failure's number", () => {
  const symbols = [{ name: "tohost", value: 0x8000_1000n }];
  const run = (value: number) => runBare(elf(storing(0x8000_1000, value).bytes(), { symbols }));
  const { machine: _, ...passed } = run(1);
  assertEquals(passed, { end: "exit", code: 0, instret: 5 });
  assertEquals([run(15).end, run(15).code], ["exit", 7]);
});

Deno.test("the console is passed on, a budget is kept, and a hart that waits for nothing is stuck", () => {
  const hello = new Assembler().put("lui", { rd: 5, imm: 0x1000_0000 });
  for (const letter of "hi\n") {
    hello.put("addi", { rd: 6, imm: letter.charCodeAt(0) }).put("sb", { rs1: 5, rs2: 6, imm: 0 });
  }
  let said = "";
  const result = runBare(elf(hello.put("wfi").bytes()), {
    memBytes: SMALL,
    onConsole: (bytes) => said += new TextDecoder().decode(bytes),
  });
  assertEquals([result.end, result.code, said, result.instret], ["stuck", -1, "hi\n", 8]);
  // It counts: one that does nothing at all is stuck, however it waits.
  const loop = new Assembler().label("here").put("addi", { rd: 5, rs1: 5, imm: 1 });
  const endless = loop.put("jal", { rd: 0 }, "here").bytes();
  const cut = runBare(elf(endless), { budget: 2_500_000, memBytes: SMALL });
  assertEquals([cut.end, cut.instret], ["budget", 2_500_000]);
  const nothing = new Assembler().label("here").put("jal", { rd: 0 }, "here").bytes();
  assertEquals(runBare(elf(nothing), { memBytes: SMALL }).end, "stuck");
});

Deno.test("a program whose trap handler cannot run is stuck, not endless", () => {
  const result = runBare(elf(new Assembler().put("ebreak").bytes()), { memBytes: SMALL });
  assertEquals([result.end, result.instret], ["stuck", 0]);
});

Deno.test("a segment outside RAM is refused with its address", () => {
  const code = new Assembler().put("wfi").bytes();
  assertThrows(() => runBare(elf(code, { paddr: 0x1000n })), ElfError, "physical 0x1000");
  assertThrows(
    () => runBare(elf(code, { paddr: 0x8800_0000n })),
    ElfError,
    "does not fit into RAM",
  );
});

Deno.test("the machine is left as the program left it", () => {
  const { machine } = runBare(Deno.readFileSync(new URL("../isa/bin/alu.elf", import.meta.url)));
  assert(machine.instret > 1000);
  assertEquals(machine.finisher.finish, { code: 0, reset: false });
});

/** Where a made-up kernel of {@linkcode sleeper} keeps its variables. */
const PROC = 0x8000_0800, CONS = 0x8000_0a00, TICKS = 0x8000_0c00;
const VARIABLES = [
  { name: "proc", value: BigInt(PROC), size: 256 },
  { name: "cons", value: BigInt(CONS), size: 168 },
  { name: "ticks", value: BigInt(TICKS), size: 4 },
];

/** A kernel whose processes sleep on these channels, and which does nothing else. */
function sleeper(channels: number[], { busy = false } = {}): Uint8Array {
  const a = new Assembler();
  li(a, 7, PROC);
  channels.forEach((channel, i) => {
    li(a, 6, channel).put("sd", { rs1: 7, rs2: 6, imm: 8 + 48 * i });
  });
  // A tick of the CLINT every ten million: time jumps from one to the next.
  li(a, 7, 0x0200_4000);
  li(a, 8, 0x0200_bff8);
  li(a, 9, 10_000_000);
  a.put("addi", { rd: 6, imm: 0x80 }).put("csrrs", { rd: 0, rs1: 6, imm: 0x304 });
  a.label("idle");
  if (busy) {
    // It counts: else the machine would see that it only spins.
    a.put("addi", { rd: 10, rs1: 10, imm: 1 });
  } else {
    a.put("ld", { rd: 6, rs1: 8, imm: 0 }).put("add", { rd: 6, rs1: 6, rs2: 9 });
    a.put("sd", { rs1: 7, rs2: 6, imm: 0 }).put("wfi").put("addi", { rd: 6, imm: 1000 });
    a.label("busy").put("addi", { rd: 6, rs1: 6, imm: -1 });
    a.put("bne", { rs1: 6, rs2: 0 }, "busy");
  }
  const code = a.put("jal", { rd: 0 }, "idle").bytes();
  return elf(code, { symbols: VARIABLES });
}

/** What it does after so many slices. */
function doing(file: Uint8Array, slices: number, disk = false): GuestStep["doing"] {
  const run = new Guest(file, {
    memBytes: SMALL,
    ...(disk ? { disk: new Uint8Array(1024) } : {}),
  });
  for (let i = 1; i < slices; i++) assertEquals(run.slice().end, undefined);
  return run.slice().doing;
}

Deno.test("an xv6 waits for input when somebody sleeps on the console, and nobody on the clock", () => {
  assertEquals(doing(sleeper([CONS + 152]), 1), "waits");
  assertEquals(doing(sleeper([0x8000_0ff0, CONS + 152]), 1), "waits");
  assertEquals(doing(sleeper([CONS + 152, TICKS]), 1), "listens");
  assertEquals(doing(sleeper([TICKS]), 3), "works");
  // One works for long; it may be about to wake the other.
  assertEquals(doing(sleeper([CONS + 152], { busy: true }), 3), "works");
  assertEquals(doing(sleeper([CONS + 152], { busy: true }), 40), "listens");
  assertEquals(doing(sleeper([TICKS], { busy: true }), 40), "works");
  // Everybody asleep for ever: after a hundred seconds of the machine's time that is certain.
  assertEquals(doing(sleeper([0x8000_0ff0]), 1), "sleeps");
  assertEquals(runBare(sleeper([0x8000_0ff0]), { memBytes: SMALL }).end, "stuck");
  // Beside the console, and behind it.
  assertEquals(doing(sleeper([CONS - 8, CONS + 168, TICKS]), 3), "works");
});

Deno.test("a paced guest's slices end where all harts wait; then time jumps unless something is typed", () => {
  const run = new Guest(sleeper([TICKS]), { memBytes: SMALL });
  assertEquals(run.slice().idle, undefined);
  run.paced = true;
  const first = run.slice();
  assertEquals([first.doing, Math.round(first.idle! / 10)], ["works", 1_000_000]);
  const { instret } = run;
  // A tick's work, and all wait again.
  for (let i = 0; i < 5; i++) assertEquals(Math.round(run.slice().idle! / 10), 1_000_000);
  assert(run.instret - instret < 20_000);
  // Somebody types, whom nobody hears: it does not wake, and the time to wait is the same.
  const { idle } = run;
  run.type(new Uint8Array(1));
  assertEquals([run.slice().idle, run.idle], [idle, idle]);
  const waiting = new Guest(elf(echoGuest()), { memBytes: SMALL });
  assertEquals(waiting.slice().idle, Infinity);
});

Deno.test("what is no xv6 listens when it has the interrupt on, or a disk; else it works", () => {
  const spin = (interrupt: number) => {
    const a = li(new Assembler(), 5, 0x1000_0000).put("addi", { rd: 6, imm: interrupt });
    a.put("sb", { rs1: 5, rs2: 6, imm: 1 }).label("here").put("addi", { rd: 7, rs1: 7, imm: 1 });
    return elf(a.put("jal", { rd: 0 }, "here").bytes());
  };
  assertEquals(doing(spin(0), 3), "works");
  assertEquals(doing(spin(1), 3), "listens");
  assertEquals(doing(spin(0), 3, true), "listens");
});

Deno.test("a kernel that says it panicked is at its end", () => {
  const a = li(say(new Assembler(), "panic: planted\n"), 7, 0x8000_0a00);
  a.put("addi", { rd: 6, imm: 1 }).put("sw", { rs1: 7, rs2: 6, imm: 0 });
  const code = a.label("here").put("jal", { rd: 0 }, "here").bytes();
  const symbols = [{ name: "panicked", value: 0x8000_0a00n, size: 4 }];
  const run = runBare(elf(code, { symbols }), { memBytes: SMALL, budget: 5_000_000 });
  assertEquals([run.end, run.code], ["panic", -1]);
  assertEquals(runBare(elf(code), { memBytes: SMALL, budget: 5_000_000 }).end, "stuck");
});

Deno.test("a guest is driven slice by slice: it waits, hears, answers, ends", () => {
  const run = new Guest(elf(echoGuest()), { memBytes: SMALL });
  const said = () => run.take().map((bytes) => new TextDecoder().decode(bytes)).join("");
  assertEquals(run.slice(), { end: undefined, doing: "waits", idle: Infinity });
  assertEquals(said(), "ready\n");
  run.type(new TextEncoder().encode("abc"));
  assertEquals([run.read, run.slice().doing, run.read, said()], [false, "waits", true, "abc"]);
  run.type(new TextEncoder().encode("xq"));
  assertEquals(run.slice().end, { end: "exit", code: 3 });
  assertEquals(said(), "x");
  // Without anybody who types it is stuck.
  assertEquals(runBare(elf(echoGuest()), { memBytes: SMALL }).end, "stuck");
});

/** A driver that sets its disk up, or says `no` for ever, by what the version register reads. */
function driver(accepts: "1" | "2" | "both" | "none"): Uint8Array {
  const a = say(new Assembler(), "boot\n");
  li(a, 7, 0x1000_1000).put("lw", { rd: 7, rs1: 7, imm: 0 }).put("lui", {
    rd: 8,
    imm: 0x1000_1000,
  });
  // The address and what is read there share a register, as compiled code does it.
  a.put("lw", { rd: 8, rs1: 8, imm: 4 }).put("addi", { rd: 9, imm: accepts === "1" ? 1 : 2 });
  if (accepts === "none") a.put("jal", { rd: 0 }, "no");
  if (accepts !== "both") a.put("bne", { rs1: 8, rs2: 9 }, "no");
  li(a, 7, 0x1000_1000).put("addi", { rd: 6, imm: 1 }).put("sw", { rs1: 7, rs2: 6, imm: 0x70 });
  // They count: else the machine would see that it only spins.
  say(a, "yes\n").label("end").put("addi", { rd: 5, rs1: 5, imm: 1 }).put("jal", { rd: 0 }, "end");
  a.label("no");
  say(a, "no\n").label("stop").put("addi", { rd: 5, rs1: 5, imm: 1 }).put("jal", { rd: 0 }, "stop");
  return elf(a.bytes());
}

Deno.test("the disk has the version that its driver takes, and the guest sees no other", () => {
  const session = (accepts: Parameters<typeof driver>[0]) => {
    let said = "";
    const { machine, instret } = runBare(driver(accepts), {
      memBytes: SMALL,
      disk: new Uint8Array(1024),
      budget: 500_000,
      onConsole: (bytes) => said += new TextDecoder().decode(bytes),
    });
    assertEquals(instret, 500_000);
    return [said, machine.virtio!.version, machine.hart.x(8)];
  };
  assertEquals(session("1"), ["boot\nyes\n", 1, 1n]);
  assertEquals(session("2"), ["boot\nyes\n", 2, 2n]);
  assertEquals(session("both"), ["boot\nyes\n", 2, 2n]);
  assertEquals(session("none"), ["boot\nno\n", 2, 2n]);
});

Deno.test("a machine whose disk has no version yet stops before the guest asks, and goes on with the answer", () => {
  const file = driver("1");
  const machine = computer({ disk: new Uint8Array(512) });
  loadPhysical(machine, parseElf(file));
  const stop = machine.run(1000);
  const { instret } = machine;
  assertEquals([stop.kind, machine.hart.x(8)], ["version", 0x1000_1000n]);
  assertEquals([machine.run(1000).kind, machine.instret], ["version", instret]);
  const state = machine.save();
  machine.virtio!.version = 1;
  assertEquals([machine.run(1).kind, machine.hart.x(8), machine.instret], [
    "budget",
    1n,
    instret + 1,
  ]);
  machine.restore(state);
  assertEquals([machine.virtio!.version, machine.run(1).kind], [undefined, "version"]);
});

const suite = Deno.env.get("RISCV_TESTS");
if (suite === undefined) {
  console.log(
    "riscv-tests in bare mode: skipped, RISCV_TESTS is not set to a folder of built programs",
  );
} else {
  Deno.test("every public riscv-test passes in bare mode", () => {
    const failed: string[] = [];
    for (const { name, isFile } of Deno.readDirSync(suite)) {
      if (!isFile) continue;
      const { end, code } = runBare(Deno.readFileSync(`${suite}/${name}`), {
        budget: 5_000_000,
        memBytes: SMALL,
      });
      if (end !== "exit" || code !== 0) failed.push(`${name}: ${end} ${code}`);
    }
    assertEquals(failed, []);
  });
}
