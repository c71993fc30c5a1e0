/** run, strace, compare and the debugger, where a program ends before its children. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { lastOf, newTyped } from "./typist.ts";

Deno.test("run and strace wait for a child that goes on alone", async () => {
  const ran = await lastOf(['run sh -c "forktest &"']);
  assertMatch(ran.text, /^fork test\nfork test OK\nsh: status 0;/);
  const traced = await lastOf(['strace --only exit,write sh -c "echo hallo &"']);
  assertMatch(traced.text, /\[2 sh\] exit\(0\) = \?\n\[3 echo\] write\(1, "hallo", 5\) = 5\n/);
  assertStringIncludes(traced.text, "[3 echo] exit(0) = ?\n");
});

Deno.test("a daemon is said to be left behind; later commands do not pay, continue goes on with it", async () => {
  const session = await newTyped();
  const { text, status } = await session.type('run sh -c "spin &"');
  assertEquals(status, 0);
  assertStringIncludes(
    text,
    "\npid 3 spin is left behind: it did not end; continue -p 3, kill 3\n",
  );
  assertMatch((await session.type("run echo hi")).text, /echo: status 0; 6\d instructions/);
  await session.type("set budget 1000");
  const on = await session.type("continue -p 3");
  assertEquals(on.status, 4);
  assertMatch(on.text, /spin: not finished: .*; pid 3 is held; .*: 1000 instructions/);
  assertEquals((await session.type("kill 3")).status, 0);
  assertEquals((await session.type("audit")).status, 0);
});

Deno.test("who waits for the console is left so, and gets no input but --input", async () => {
  const { text, status } = await lastOf(['run sh -c "cat &"']);
  assertEquals(status, 0);
  assertStringIncludes(
    text,
    "pid 3 cat is left behind: it waits (console); continue -p 3, kill 3\n",
  );
  const fed = await lastOf(['run --input "one\\ntwo" sh -c "cat &"']);
  assertMatch(fed.text, /^one\none\ntwotwo\nsh: status 0;/);
});

Deno.test("a budget that ends while children run: 4, also for strace and compare", async () => {
  for (const line of ['run sh -c "spin &"', 'strace sh -c "spin &"']) {
    const { text, status } = await lastOf([line], ["--budget", "50000"]);
    assertEquals(status, 4, line);
    assertMatch(text, /pid 3 spin is left behind: the instruction budget is used up/);
  }
  const session = await newTyped(["--budget", "50000"]);
  await session.type("strace spin");
  assertMatch((await session.type("run echo")).text, /echo: status 0; 7 instructions/);
  const compared = await lastOf(["compare --policies cow spin"], ["--budget", "50000"]);
  assertEquals(compared.status, 4);
  assertStringIncludes(compared.text, "cut off, the instruction budget is used up: cow\n");
});

Deno.test("back and goto reach what happened after the program itself had ended", async () => {
  const session = await newTyped();
  await session.type('spawn sh -c "forktest &"');
  const end = await session.type("continue");
  assertStringIncludes(end.text, "fork test OK\nsh: status 0;");
  const back = await session.type("back 500");
  assertEquals(back.status, 0, back.text);
  assertMatch((await session.type("ps")).text, /held +forktest/);
  const again = await session.type("continue -p 3");
  assertStringIncludes(again.text, "fork test OK\n");
});

Deno.test("a stop after the program's end makes who is left the current process", async () => {
  const session = await newTyped();
  await session.type('spawn sh -c "forktest &"');
  const stopped = await session.type("until exit");
  assertStringIncludes(stopped.text, "pid 2 exits with 0");
  const on = await session.type("continue");
  assertStringIncludes(on.text, "fork test OK\nsh: status 0;");
});
