/**
 * Small things that people meet: a dump of what is not there, a number that makes no sense, a column without a
 * heading, a name that no program has; and what `--json` says about a guest that failed.
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { boot } from "../../src/api/boot.ts";
import { candidatesOf } from "../../src/session/candidates.ts";
import { boot as bootShell, newSession } from "../../src/repl/boot.ts";
import { denoFiles } from "../../src/repl/deno_host.ts";
import { parseFlags } from "../../src/repl/flags.ts";
import { lastOf, typed } from "./typist.ts";

Deno.test("x folds what is not mapped, and refuses a length that is none", async () => {
  const { text } = await lastOf(["spawn", "sbrk 4096", "x 0x3ff0 1M"]);
  assertEquals(text.trim().split("\n").map((line) => line.split(/\s+/)[0]), [
    "VA",
    "0x3ff0",
    "0x4000",
  ]);
  for (const line of ["x 0 0", "x 0 -4", "xp 0x80000000 0"]) {
    const { text, status } = await lastOf(["spawn", line]);
    assertEquals(status, 2, line);
    assertStringIncludes(text, "want at least one");
  }
});

Deno.test("step 0 is refused", async () => {
  const { text, status } = await lastOf(["spawn echo hi", "step 0"]);
  assertEquals([text, status], ["step 0: at least one instruction\n", 2]);
});

Deno.test("a filter names all columns, also the one without a heading", async () => {
  const { text } = await lastOf(["ps | where foo == 1"]);
  assertStringIncludes(text, "no column foo; there are current, PID, PPID");
});

Deno.test("run lists the programs when there is none of that name", async () => {
  const { text, status } = await lastOf(["run frobnicate"]);
  assertEquals(status, 5);
  assertStringIncludes(text, "no program frobnicate; there are bigheap, cat,");
});

Deno.test("refcount says what a frame is that nobody maps", async () => {
  const [kernel, fresh] = await typed(["refcount 0x80000000", "refcount 0x80400000"]);
  assertStringIncludes(kernel.text, "stored 1  counted 0  ok  kernel");
  assertStringIncludes(fresh.text, "stored 0  counted 0  ok  never used");
});

Deno.test("exit and run report the guest's status as exitStatus", async () => {
  const run = JSON.parse((await lastOf(["run --json faulttext"])).text);
  assertEquals([run.exitStatus, run.status], [-1, 1]);
  const exit = JSON.parse((await lastOf(["spawn", "exit 7"], ["--json"])).text);
  assertEquals([exit.exitStatus, exit.status], [7, 0]);
});

Deno.test("Ctrl-C takes the program and all it made, and says so", () => {
  const vm = boot();
  const free = boot().free().free;
  const run = vm.start("usertests", ["preempt"]);
  while (vm.processes().length < 5 && !run.slice(100)) { /* until its endless loops are there */ }
  run.interrupt();
  const report = run.report();
  assertEquals([report.stop.kind, report.status], ["interrupted", -1]);
  assertEquals(vm.processes().map((p) => p.name), ["init"]);
  assertEquals(vm.free().free, free);
});

Deno.test("--input is typed line by line, whenever the guest waits for one", async () => {
  const { text } = await lastOf(['run --input "echo a\\nfaulttext\\necho b" sh']);
  const lines = text.split("\n");
  assertEquals(lines.slice(0, 3), ["$ echo a", "a", "$ faulttext"]);
  assertStringIncludes(text, "\n$ echo b");
});

Deno.test("a program numbered for another lab is told which --abi has its call", async () => {
  const { text, status } = await lastOf(["run mmaptest"], ["--abi", "xv6-mmap"]);
  assertEquals(status, 1);
  assertStringIncludes(
    text,
    "call 27 means nothing by the program's stubs, or by --abi: with --abi xv6 it is mmap",
  );
});

Deno.test("an address on the stack is not called end+0x…", async () => {
  const { text } = await lastOf(["spawn echo hi", "watch $sp 8"]);
  assertEquals(text, "watchpoint 1: stores 8 bytes at 0x2fc0 of pid 2\n");
});

Deno.test("completion knows the programs of the disk that is mounted", async () => {
  const options = parseFlags([]);
  const vm = await bootShell(options, denoFiles);
  vm.process(1).put(0x2000, "/mine\0");
  const session = newSession(vm, options, { color: false, interactive: false, history: () => [] });
  const offered = () => candidatesOf(session, "program").map((c) => c.text);
  assertEquals(offered().includes("mine"), false);
  const fd = Number(vm.process(1).call("open", 0x2000, 0x201).result);
  vm.process(1).put(0x2100, "\x7fELF");
  vm.process(1).write(fd, 0x2100, 4);
  assertEquals(offered().includes("mine"), true);
});

Deno.test("a program that used up its budget is held: what comes next does not run it on", async () => {
  const lines = ["set budget 5000", "run spin", "set budget off", "run echo hi", "ps"];
  const { text } = await lastOf(lines);
  assertStringIncludes(text.replace(/ +/g, " "), "* 2 1 held spin");
});

Deno.test("an address typed without 0x kills, and says what was likely meant", async () => {
  const slip = await lastOf(["spawn", "sbrk 4096", "store 3000 1"]);
  assertEquals(slip.status, 1);
  assertStringIncludes(slip.text, "3000 is decimal, 0xbb8; did you mean 0x3000?");
  const load = await lastOf(["spawn", "sbrk 4096", "load 8000000"]);
  assertEquals(load.text.includes("did you mean"), false, "nothing is there either");
});
