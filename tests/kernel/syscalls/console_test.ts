/** The console as a terminal: xv6's line editing, ends of file, type-ahead, the process list. */

import { takeOutput } from "../../../src/vm/kernel/console.ts";
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Vm } from "../../../src/vm/vm.ts";
import { assertAudit, boot, Guest, R, runGuest } from "../../vm/lab.ts";
import { kernelOf } from "../../../src/vm/parts.ts";

const CTRL_D = "\x04", CTRL_P = "\x10", CTRL_U = "\x15", BACKSPACE = "\x7f";

/** What `cat` reads when these keys are typed, and what the console echoes, apart. */
function cat(keys: string): { echo: string; read: string } {
  const vm = boot();
  const run = vm.start("cat");
  run.slice(1e6);
  assert(run.waitsForConsole());
  run.takeOutput();
  vm.type(keys);
  const echo = new TextDecoder().decode(takeOutput(kernelOf(vm)));
  run.slice(1e6);
  let read = run.takeOutput();
  vm.type(CTRL_D);
  takeOutput(kernelOf(vm));
  run.slice(1e6);
  read += run.takeOutput();
  return { echo, read };
}

Deno.test("a line is read when it is entered, and echoed as it is typed", () => {
  assertEquals(cat("hello\n"), { echo: "hello\n", read: "hello\n" });
  assertEquals(cat("two\nlines\n"), { echo: "two\nlines\n", read: "two\nlines\n" });
  assertEquals(cat("return\r"), { echo: "return\n", read: "return\n" });
});

Deno.test("backspace and Ctrl-U edit the line that is not yet entered, and no other", () => {
  const gone = "\b \b";
  assertEquals(cat(`abx${BACKSPACE}c\n`), { echo: `abx${gone}c\n`, read: "abc\n" });
  assertEquals(cat("ab\bc\n").read, "ac\n");
  assertEquals(cat(`${BACKSPACE}${BACKSPACE}a\n`), { echo: "a\n", read: "a\n" });
  assertEquals(cat(`junk${CTRL_U}good\n`), {
    echo: `junk${gone.repeat(4)}good\n`,
    read: "good\n",
  });
  assertEquals(cat(`kept\n${BACKSPACE}${CTRL_U}next\n`).read, "kept\nnext\n");
  assertEquals(cat("a\0b\n").read, "ab\n");
});

Deno.test("Ctrl-D in a line ends the read there; on an empty line it is the end of the file", () => {
  const vm = boot();
  const p = vm.spawn();
  p.sbrk(4096);
  const read = () => {
    const { result } = p.call("read", 0, 0x3000, 100);
    if (result === undefined) return "blocked";
    let text = "";
    for (let i = 0; i < Number(result); i++) {
      text += String.fromCharCode(Number(p.load(0x3000 + i, 1)));
    }
    return text;
  };
  vm.type("partial" + CTRL_D);
  assertEquals([read(), read(), read()], ["partial", "", "blocked"]);
  vm.type(CTRL_D);
  assertEquals([read(), read()], ["", "blocked"]);
  vm.type("a\nb\n" + CTRL_D);
  assertEquals([read(), read(), read(), read()], ["a\n", "b\n", "", "blocked"]);
});

Deno.test("a read takes part of a line and leaves the rest", () => {
  const vm = boot();
  const p = vm.spawn();
  p.sbrk(4096);
  vm.type("abcdef\n");
  assertEquals(p.call("read", 0, 0x3000, 4).result, 4n);
  assertEquals(p.load(0x3000, 4), 0x6463_6261n);
  assertEquals(p.call("read", 0, 0x3000, 100).result, 3n);
  assertEquals(p.load(0x3000, 2), 0x6665n);
  assertEquals(p.call("read", 0, 0x3000, 0).result, 0n);
});

Deno.test("a line of 128 bytes is readable without a newline; what is typed beyond waits", () => {
  const vm = boot();
  const p = vm.spawn();
  p.sbrk(4096);
  const text = Array.from({ length: 1000 }, (_, i) => String.fromCharCode(97 + i % 26)).join("");
  vm.type(text + "\n");
  let read = "";
  for (;;) {
    const n = Number(p.call("read", 0, 0x3000, 100).result);
    assert(n > 0);
    for (let i = 0; i < n; i++) read += String.fromCharCode(Number(p.load(0x3000 + i, 1)));
    if (read.endsWith("\n")) break;
  }
  assertEquals(read, text + "\n");
});

Deno.test("a read of more than 128 bytes waits for its newline, as xv6's does", () => {
  const guest = () => new Guest().call("read", 0, 0x1000, 300).call("exit");
  assertEquals(runGuest(boot(), guest(), "x".repeat(200) + "\n").status, 201);
  assertEquals(runGuest(boot(), guest(), "x".repeat(350) + "\n").status, 300);
  assertEquals(runGuest(boot(), guest(), "x".repeat(200) + CTRL_D + "more\n").status, 200);
  // The end of the file comes when the read has all of the ring already: it is the next read's.
  const twice = new Guest().call("read", 0, 0x1000, 300).mv(R.s0, R.a0)
    .call("read", 0, 0x1000, 300).put("add", { rd: R.a0, rs1: R.s0, rs2: R.a0 }).call("exit");
  assertEquals(runGuest(boot(), twice, "x".repeat(128) + CTRL_D + "y\n").status, 128);
});

Deno.test("a person's read gives what is there, where a program's would wait for more", () => {
  const vm = boot();
  const p = vm.spawn();
  p.sbrk(4096);
  vm.type("x".repeat(128));
  assertEquals(p.call("read", 0, 0x3000, 300).result, 128n);
});

Deno.test("bytes that a bad address keeps from a reader are the next one's", () => {
  const vm = boot();
  const p = vm.spawn();
  p.sbrk(4096);
  vm.type("0123456789\n");
  assertEquals(p.call("read", 0, 0x4000 - 4, 100).result, 4n);
  assertEquals(p.call("read", 0, 0x4000, 100).result, -1n);
  assertEquals(p.call("read", 0, 0x3000, 100).result, 7n);
  assertEquals([p.load(0x4000 - 4, 4), p.load(0x3000, 4)], [0x3332_3130n, 0x3736_3534n]);
});

Deno.test("Ctrl-P lists the processes as xv6 prints them, also while nobody reads", () => {
  const vm = boot();
  const run = vm.start("cat");
  run.slice(1e6);
  run.takeOutput();
  vm.type(CTRL_P);
  const list = new TextDecoder().decode(takeOutput(kernelOf(vm)));
  assertMatch(list, new RegExp(`^\\n1 sleep  init\\n${run.pid} sleep  cat\\n$`));
  vm.type("x\n" + CTRL_D);
  assertEquals(run.finish().status, 0);
});

Deno.test("two readers share what is typed, a line each", () => {
  const vm = boot();
  const one = vm.start("cat");
  one.slice(1e6);
  const two = vm.start("cat");
  two.slice(1e6);
  vm.type(`a\nb\n${CTRL_D}${CTRL_D}`);
  one.slice(1e7);
  two.slice(1e7);
  assertEquals([one.report().status, two.report().status], [0, 0]);
  assertAudit(vm);
});

Deno.test("the guest's shell, typed at", () => {
  const vm = boot();
  const report = vm.run("sh", [], {
    input: `echo one${BACKSPACE}1\ncat README | grep xv6 | wc\nnosuch\n${CTRL_D}`,
  });
  assertMatch(report.console, /on1\n/);
  assertMatch(report.console, /2 31 151/);
  assertMatch(report.console, /nosuch/);
  assertEquals(report.status, 0);
});

/** Text through the console and back, typed in pieces at odd moments. */
function typed(pieces: readonly string[], slice: number): string {
  const vm: Vm = boot();
  const run = vm.start("wc");
  for (const piece of pieces) {
    run.slice(slice);
    vm.type(piece);
  }
  for (let n = 0; n < 1000 && !(run.slice(slice) && run.report().status !== undefined); n++);
  return run.report().console.split("\n").at(-2) ?? "";
}

Deno.test("when the keys come does not matter to what is read", () => {
  const pieces = ["one t", "wo\nth", "ree", "\n", CTRL_D];
  const wanted = typed([pieces.join("")], 1e6);
  assertMatch(wanted, /2 3 14/);
  for (const slice of [1, 100, 5000]) assertEquals(typed(pieces, slice), wanted);
});
