/**
 * A guest's kernel run on, stepped, watched and gone back in from the shell; its states kept and compared; and the
 * shell itself as it is opened behind Ctrl-A c, or asked line by line.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { type GuestTerminal, openGuestShell, shellOf } from "../../src/repl/guest_shell.ts";
import { Vm } from "../../src/vm/vm.ts";
import { vmOver } from "../../src/vm/guest_computer.ts";
import { newTyped, typed } from "../commands/typist.ts";
import { AT, LabGuest } from "./lab.ts";

/** A session on a guest that is in user mode; what each line answers. */
async function session(...lines: string[]): Promise<{ g: LabGuest; texts: string[] }> {
  const g = inUserMode();
  const answers = await typed(lines, [], { vm: vmOver(g.guest) });
  return { g, texts: answers.map(({ text }) => text) };
}

function inUserMode(options: ConstructorParameters<typeof LabGuest>[0] = {}): LabGuest {
  const g = new LabGuest(options);
  g.runToMode(0);
  return g;
}

Deno.test("a breakpoint in the kernel stops whoever comes there; one of a process only that one", async () => {
  const { texts } = await session(
    "break usertrap",
    "continue",
    "continue",
    "delete 1",
    "set budget 5000",
    "continue",
    "break 3:8",
    "continue",
    "break 2:8",
    "continue",
    "break",
  );
  assertMatch(texts[0], /^breakpoint 1 at 0x\w+ <usertrap> of every process$/m);
  for (const text of texts.slice(1, 3)) {
    assertMatch(
      text,
      /^breakpoint 1: pid 2 sh\nnext: hart 0, the kernel for pid 2 sh {2}0x\w+ <usertrap>: lui/,
    );
  }
  assertStringIncludes(texts[5], "the instruction budget is used up");
  // The same address in pid 2 is another place.
  assertStringIncludes(texts[7], "the instruction budget is used up");
  assertMatch(texts[9], /^breakpoint 3: pid 2 sh\nnext: hart 0, pid 2 sh {2}0x8: li a7,11/);
  assertMatch(texts[10], /^2 break +3 0x8 .* 0$\n^3 break +2 0x8 .* 1$/m);
});

Deno.test("a watchpoint tells the value before and after, by whatever address it was stored", async () => {
  const { texts } = await session(
    "watch ticks 4",
    "continue",
    "watch --phys pa(2:0x3ff8)",
    "continue",
    "continue",
  );
  assertMatch(
    texts[1],
    /^watchpoint 1: pid 2 stored 4 bytes at 0x80002040 \(0x80002040\): 0x0 → 0x1, by the instr/,
  );
  assertMatch(
    texts[3],
    /^watchpoint 2: pid 2 stored 8 bytes at 0x3ff8 \(0x801\w+\): 0xc9 → 0xca, by/,
  );
  assertMatch(texts[4], /^watchpoint 1: .* 0x1 → 0x2/);
});

Deno.test("steps go into the kernel and say which trap took them there", async () => {
  const { texts } = await session("until syscall", "back 1", "step 2", "reg pc");
  assertMatch(texts[2], /^0xc +ecall +trap: system call$/m);
  assertMatch(texts[2], /^next: hart 0, the kernel for pid 2 sh {2}0x3ffffff00[04] <uservec/m);
});

Deno.test("until stops at a trap before the kernel has done anything; back finds the one before", async () => {
  const { texts } = await session(
    "set budget 2000",
    "until syscall --json",
    "until syscall --json",
    "until syscall --by 3",
    "back syscall --json",
    "back syscall --json",
    "back fault",
    "until swap-in",
    "goto event 4444444",
  );
  assertMatch(
    texts[1],
    /"trap":\{"kind":"syscall","pid":2,"hart":0,"cause":8,"va":"0x0","pc":"0xc","call":11,"name":"call 11","args":null\}/,
  );
  const instret = (text: string) => JSON.parse(text).instret;
  assert(instret(texts[2]) > instret(texts[1]));
  assertStringIncludes(texts[3], "the instruction budget is used up");
  assert(instret(texts[4]) > instret(texts[5]));
  assertStringIncludes(texts[6], "back: there is no fault event before this");
  assertStringIncludes(texts[7], "until swap-in: a guest's kernel does not show that");
  assertStringIncludes(texts[8], "event 4444444 is not in the log");
});

Deno.test("the same instruction is reached again, and the same comes after it", async () => {
  const g = inUserMode();
  const typist = await newTyped([], { vm: vmOver(g.guest) });
  const say = async (line: string) => (await typist.type(line)).text;
  await say("set budget 3000");
  await say("continue");
  const there = g.guest.instret;
  const ticks = await say("print u32(ticks)");
  const registers = await say("reg");
  await say("back 1234");
  assertEquals(g.guest.instret, there - 1234);
  assert(await say("print u32(ticks)") !== ticks);
  await say(`goto ${there}`);
  assertEquals([await say("print u32(ticks)"), await say("reg")], [ticks, registers]);
  assertMatch(await say(`goto ${there - 3001}`), /is not in the recorded past: \d+ to \d+/);
  assertMatch(await say("back 999999"), /only \d+ instructions been run|only \d+ instructions/);
});

Deno.test("states are kept under names, put back and compared", async () => {
  const g = inUserMode();
  const typist = await newTyped([], { vm: vmOver(g.guest) });
  const say = async (line: string) => (await typist.type(line)).text;
  assertMatch(await say("snap a"), /^snapshot a at instruction \d+$/m);
  g.map(3, 0x6000, g.free[3], 0xd7);
  g.write64(AT.kmem + 24, g.free[10]);
  const diff = JSON.parse(await say("diff a --json"));
  assertEquals(diff.framesTaken, 9);
  assertEquals(diff.ptes.map((one: { pid: number; va: string }) => [one.pid, one.va]), [[
    3,
    "0x6000",
  ]]);
  assertEquals(diff.processes, []);
  await say("snap b");
  await say("restore a");
  assertMatch(await say("diff a"), /no process, PTE or frame differs/);
  assertEquals(JSON.parse(await say("diff a b --json")).ptes.length, 1);
  assertMatch(await say("snap"), /^a .* 3 +20 .*\n^b .* 3 +11 /m);
  const other = inUserMode({ harts: 2 });
  const { state } = { state: vmOver(other.guest).save() };
  const vm = vmOver(g.guest);
  try {
    vm.restore(state);
    assert(false, "a state of another computer was put back");
  } catch (error) {
    assertEquals(
      (error as Error).message,
      "restore: the state is of a computer with harts 2, not 1",
    );
  }
});

Deno.test("states of a guest and of our own kernel are not taken for each other", () => {
  const guest = vmOver(inUserMode().guest);
  const ours = new Vm({ mem: "16M" });
  const refused = (body: () => void) => assertThrows(body, RangeError).message;
  assertMatch(
    refused(() => guest.diff(ours.save())),
    /^diff: the state is of a computer with our kernel$/,
  );
  assertMatch(
    refused(() => ours.diff(guest.save())),
    /^diff: the state is of a computer with a kernel of its own$/,
  );
  assertMatch(
    refused(() => guest.restore(ours.save())),
    /^restore: the state is of a computer with/,
  );
  assertMatch(
    refused(() => ours.restore(guest.save())),
    /^restore: the state is of a computer with/,
  );
});

Deno.test("boot begins again at the first instruction, without flags", async () => {
  const { texts } = await session("boot", "reg", "boot --mem 32M");
  assertMatch(texts[0], /next: hart 0, M-mode {2}0x80000000 <_entry>/);
  assertMatch(texts[1], /^hart 0 {2}mode machine {2}pc 0x80000000/);
  assertMatch(texts[2], /options of a guest's computer are those that it was started with/);
});

Deno.test("a session's interrupt stops a run where it is", async () => {
  const g = inUserMode();
  const shell = shellOf(g.guest);
  const said = shell.command("continue");
  setTimeout(() => shell.interrupt(), 20);
  assertMatch(await said, /^stopped by Ctrl-C\nnext: hart 0, /);
});

Deno.test("a line for a debugger answers in plain text of 80 columns, errors too", async () => {
  const shell = shellOf(inUserMode().guest);
  for (
    const line of [
      "ps",
      "pte 0x4000",
      "nosuch",
      "fork",
      "share",
      "reg",
      "help",
      "vmmap 2",
      "stats",
      "console",
    ]
  ) {
    const text = await shell.command(line);
    // deno-lint-ignore no-control-regex -- that is what is looked for
    assert(!/[\x00-\x09\x0b-\x1f\x7f]/.test(text) && text.endsWith("\n"), JSON.stringify(text));
  }
  assertEquals(
    await shell.command("console"),
    "console: the guest's console is at its own terminal\n",
  );
  assertEquals(await shell.command("use 3"), "pid 3 cow\n");
  assertEquals(await shell.command("print $a0"), "0x12c  300\n");
});

/** A terminal that types some keys and keeps what is drawn. */
function terminal(keys: string): GuestTerminal & { drawn: string } {
  const pieces = keys.split("|");
  return {
    drawn: "",
    color: false,
    read() {
      const piece = pieces.shift();
      // When all is typed nobody presses a key any more.
      if (piece === undefined) return new Promise(() => {});
      return Promise.resolve(new TextEncoder().encode(piece));
    },
    tty: {
      write(text: string) {
        shown.drawn += text;
      },
      size: () => ({ columns: 80, rows: 24 }),
    },
  };
}

let shown: { drawn: string };

Deno.test("on a terminal, console and Ctrl-D go back to the guest, quit leaves; what was typed behind is the guest's", async () => {
  const g = inUserMode();
  for (
    const [keys, end, ahead, code] of [
      ["ps\r|console\rls\r", "console", "ls\r", 0],
      ["use 3\r|\x04", "console", "", 0],
      ["print $a0\r|quit 3\r", "quit", "", 3],
    ] as const
  ) {
    const t = terminal(keys);
    shown = t;
    assertEquals(await openGuestShell(g.guest, t), end);
    const shell = shellOf(g.guest);
    assertEquals([new TextDecoder().decode(shell.takeAhead()), shell.code], [ahead, code]);
    if (keys.startsWith("ps")) assertStringIncludes(t.drawn, "sleeping cow");
    // What it knew when it was open last it still knows.
    if (keys.startsWith("print")) assertStringIncludes(t.drawn, "0x12c  300");
  }
});

Deno.test("in the middle of the kernel's work audit says how to come to the end of it", async () => {
  const { g, texts } = await session(
    "break usertrap",
    "continue",
    "audit",
    "delete",
    "audit --next",
    "audit --next --each trap",
  );
  assertStringIncludes(texts[2], "hart 0 is inside the kernel");
  assertMatch(texts[2], /\naudit --next runs on to where it is at rest\n$/);
  assertMatch(
    texts[4],
    /^pid 2 sh: system call 11: .*\nnext: hart 0, the kernel for pid 2 sh .*<uservec>/,
  );
  assert(!texts[4].includes("audit --next runs on"));
  assertEquals(vmOver(g.guest).unrest(), undefined);
  assertMatch(texts[5], /one of them/);
});

Deno.test("diff counts events where they were recorded, and says where they were not", async () => {
  const { texts } = await session(
    "set budget 5000",
    "snap a",
    "continue",
    "events on",
    "snap b",
    "continue",
    "diff b",
    "diff a",
    "diff a b --json",
  );
  assertMatch(texts[6], /^5000 instructions, [1-9]\d+ events, /);
  assertMatch(texts[7], /^10000 instructions, events unknown, /);
  assertEquals(JSON.parse(texts[8]).events, null);
});
