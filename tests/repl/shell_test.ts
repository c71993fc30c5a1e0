import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { linesOf, runLines } from "../../src/repl/batch.ts";
import { pairs, result, table, text } from "../../src/framework/result.ts";
import { render } from "../../src/repl/render.ts";
import { captured } from "./fake.ts";

const run = async (line: string, options = {}) => {
  const c = captured(options);
  const outcome = await c.shell.run(line);
  return { ...outcome, out: c.out, err: c.err, shell: c.shell };
};

Deno.test("tables have fixed width, numbers right, nothing as -", async () => {
  assertEquals(
    (await run("people")).out,
    "count 3\n" +
      "PID NAME SIZE PTE-ADDR\n" +
      "  1 init   4K 0x87f00000\n" +
      "  2 sh    64K 0x87f01000\n" +
      "  3 demo   12 -\n",
  );
});

Deno.test("filters work on values", async () => {
  assertEquals(
    (await run("people | where SIZE >= 4K | cols name,pid")).out,
    "NAME PID\ninit   1\nsh     2\n",
  );
  assertEquals((await run("people | where NAME ~ E | count")).out, "count 1\n");
  assertEquals((await run("people | where pte-addr == - | cols PID")).out, "PID\n  3\n");
  assertEquals((await run("people|where pid!=2|head 1|cols pid")).out, "PID\n  1\n");
  assertEquals((await run("people | where NAME = 'sh' | cols PID")).out, "PID\n  2\n");
});

Deno.test("a flag behind a filter is the line's, and filters come in any order", async () => {
  const rows = [{ pid: 1, name: "init" }];
  for (
    const line of [
      "people | cols PID,NAME | head 1 --json",
      "people | cols PID,NAME --json | head 1",
      "people | cols --json PID,NAME | head 1",
      "people | json | cols PID,NAME | head 1",
      "people --json | head 1 | cols PID,NAME",
      "people | where PID == 1 --json | cols PID,NAME",
    ]
  ) assertEquals(JSON.parse((await run(line)).out).rows, rows, line);
  assertMatch((await run("people | head 1 --ts")).out, /vm\.people\(\)/);
  const quoted = JSON.parse((await run("people | where NAME == '--json' --json")).out);
  assertEquals(quoted.rows, []);
});

Deno.test("a wrong filter is refused before the command runs", async () => {
  const c = captured();
  await c.shell.run("echo hi | cuont");
  assertEquals([c.out, c.err], ["", "no filter cuont; did you mean count?\n"]);
});

Deno.test("JSON is one object a line, addresses as text", async () => {
  const whole = JSON.parse((await run("people --json")).out);
  assertEquals(whole.rows[0], { pid: 1, name: "init", size: 4096, pteAddr: "0x87f00000" });
  assertEquals([whole.command, whole.count, whole.status], ["people --json", 3, 0]);
  const filtered = JSON.parse((await run("people | where PID == 3 | json")).out);
  assertEquals(filtered.rows, [{ pid: 3, name: "demo", size: 12, pteAddr: null }]);
  const count = JSON.parse((await run("people | count", { json: true })).out);
  assertEquals([count.count, count.rows], [3, undefined]);
  const failed = await run("people | where AGE > 3", { json: true });
  assertEquals(JSON.parse(failed.out).status, 2);
  assertStringIncludes(failed.err, "no column AGE");
  assertEquals(JSON.parse((await run("echo hi", { json: true })).out).console, "hi\n");
});

Deno.test("wrong lines are one line on stderr and a status", async () => {
  const cases: [string, RegExp, number][] = [
    ["peple", /^no command peple; did you mean people\?\n$/, 2],
    ["xyzzy", /^no command xyzzy; help lists the commands\n$/, 2],
    ["peek 3ff", /^3ff is not a number; did you mean 0x3ff\?\n$/, 2],
    ["people | wher PID == 1", /did you mean where\?/, 2],
    ["people | where PID", /usage: \| where COL OP V/, 2],
    ["people | cols PIDD", /no column PIDD; there are PID, NAME/, 2],
    ["people | head x", /usage: \| head N: keep the first N rows/, 2],
    ["people | head --help", /usage: \| head N: /, 2],
    ["people | json x", /usage: \| json: /, 2],
    [
      "people | head 1 --jsno",
      /^\| head has no flag --jsno; --json and --ts are for every line/,
      2,
    ],
    ["people |", /nothing behind \|/, 2],
    ["| count", /no command in front of \|/, 2],
    ["echo x | count", /no table here for \| count/, 2],
    ["peek (1", /^\( is never closed\n$/, 2],
    ["wreck error", /^no such frame\n$/, 3],
    ["wreck bug", /^this is a bug in cowsh: TypeError: planted\n/, 70],
  ];
  for (const [line, message, status] of cases) {
    const r = await run(line);
    assertMatch(r.err, message);
    assertEquals([r.out, r.status], ["", status], line);
  }
  assertEquals((await run("people | where PIDD == 1")).at, 15);
  assertEquals((await run("wreck status")).status, 1);
});

Deno.test("$_ is the last address, and the line's address may name a process", async () => {
  const c = captured();
  await c.shell.run("peek 3:main+8");
  await c.shell.run("peek $_");
  assertEquals(c.out, "va 0x3008  pid 3  n -  all no\nva 0x3008  pid -  n -  all no\n");
});

Deno.test("guest console text streams once, and not at all under a filter", async () => {
  assertEquals((await run("echo a b")).out, "a b\n");
  assertEquals(
    (await run("echo a | json")).out,
    '{"command":"echo a | json","console":"a\\n","status":0}\n',
  );
});

Deno.test("long work runs in slices until done or interrupted", async () => {
  assertEquals((await run("spin 5")).out, "done\n");
  const c = captured();
  let breaths = 0;
  c.host.breathe = () => {
    if (++breaths === 3) c.shell.interrupt.requested = true;
    return Promise.resolve();
  };
  assertEquals((await c.shell.run("spin")).status, 130);
  assertEquals([c.out, breaths], ["interrupted\n", 3]);
  // It is for all lines till the next entry at a prompt.
  assertEquals((await c.shell.run("spin 1")).status, 130);
  await c.shell.runEntry("spin 1");
  assertEquals(c.out, "interrupted\ndone\ndone\n");
});

Deno.test("every command has --help, --json and --ts", async () => {
  assertStringIncludes((await run("peek --help")).out, "peek VA [N] [-p PID] [--all]\n");
  assertStringIncludes((await run("people --ts")).out, "vm.people()\n");
  assertStringIncludes((await run("echo")).out, "\n");
  assertStringIncludes((await run("peek 1 --ts")).out, "// no single call");
});

Deno.test("help lists every command and shows one with its examples", async () => {
  const c = captured();
  await c.shell.run("help");
  for (const command of c.shell.commands) {
    assertMatch(c.out, new RegExp(`^  ${command.name} `, "m"));
  }
  assertStringIncludes((await run("help q")).out, "quit [CODE]");
  assertStringIncludes((await run("help pepole")).err, "did you mean people?");
  const md = (await run("help --md")).out;
  assertStringIncludes(md, "### peek\n\n    peek VA [N] [-p PID] [--all]\n");
});

Deno.test("help knows filters, numbers and $_ by their words", async () => {
  for (const word of ["where", "filters", "json"]) {
    assertMatch((await run(`help ${word}`)).out, /^Filters: \| where COL OP V/);
  }
  assertMatch((await run("help $_")).out, /^Last: \$_ the last address shown/);
  assertMatch((await run("help pa")).out, /^Functions: pa\(VA\)/);
});

Deno.test("set shows and changes settings, and refuses what is none", async () => {
  const c = captured();
  await c.shell.run("set budget 2M");
  await c.shell.run("set json on");
  assertEquals([c.shell.session.settings.budget, c.shell.session.settings.json], [2n << 20n, true]);
  await c.shell.run("set json off");
  assertStringIncludes((await run("set jsn on")).err, "did you mean json?");
  assertStringIncludes((await run("set color blue")).err, "color is on or off, not blue");
  assertStringIncludes((await run("set budget 0")).err, "positive");
});

Deno.test("source runs a file's lines and says where it stops", async () => {
  const c = captured();
  c.files.set("a", "echo one # comment\n\necho (two\nthree)\nsource b\n");
  c.files.set("b", "echo deep\npeple\necho never\n");
  const { status } = await c.shell.run("source a");
  assertEquals(c.out, "one\n(two\nthree)\ndeep\n");
  assertEquals([c.err, status], ["a:5: b:2: no command peple; did you mean people?\n", 2]);
  c.files.set("loop", "source loop\n");
  c.err = "";
  assertEquals((await c.shell.run("source loop")).status, 2);
  assertStringIncludes(c.err, "more than 16 files deep");
  assertEquals((await c.shell.run("source none")).status, 5);
});

Deno.test("lines stop at the first failure, or go on and remember it", async () => {
  const lines = "echo a\nwreck error\necho b\nwreck status\nquit\necho c";
  const stopped = captured();
  assertEquals(await runLines(stopped.shell, linesOf(lines, "f"), () => {}), 3);
  assertEquals(stopped.out, "a\n");
  const going = captured();
  going.shell.session.settings.keepGoing = true;
  const places: (string | undefined)[] = [];
  assertEquals(
    await runLines(
      going.shell,
      linesOf(lines.replace("quit\n", ""), "f"),
      (line) => places.push(line.place),
    ),
    3,
  );
  assertEquals(going.out, "a\nb\nguest says no\nc\n");
  assertEquals(places, ["f:1", "f:2", "f:3", "f:4", "f:5"]);
  const quit = captured();
  assertEquals(await runLines(quit.shell, linesOf("quit 9\necho no", "f"), () => {}), 9);
  assertEquals(quit.out, "");
});

Deno.test("watchers hear of every line, its output and its status", async () => {
  const c = captured({ color: true });
  const seen: unknown[] = [];
  c.shell.session.watchers.add((e) => seen.push([e.line, e.output, e.status, e.api]));
  await c.shell.run("echo hi");
  await c.shell.run("wreck error");
  assertEquals(seen, [["echo hi", "hi\n", 0, undefined], [
    "wreck error",
    "no such frame\n",
    3,
    undefined,
  ]]);
});

Deno.test("on a terminal the last column wraps, in colour if asked for; piped nothing does", async () => {
  const narrow = await run("history", { width: 30 });
  assertEquals(narrow.out, "N LINE\n1 ps\n2 pte 0x4000\n");
  const color = await run("people | cols PTE-ADDR", { color: true });
  assertStringIncludes(color.out, "\x1b[94m0x87f00000\x1b[39m");
});

Deno.test("a table wider than the terminal goes on below, its first column again; piped it is never cut", () => {
  const number = (name: string) => ({ name, kind: "number" as const });
  const wide = result([table(
    [{ name: "DESIGN" }, number("FAULTS"), number("COPIED"), number("TABLES")],
    [["eager", 0, 4100, 13], ["cow", 412, 411, 13]],
  )]);
  const at = (width: number | undefined) => render(wide, { color: false, width, streamed: false });
  const whole =
    "DESIGN FAULTS COPIED TABLES\neager       0   4100     13\ncow       412    411     13\n";
  assertEquals([at(undefined), at(80), at(27)], [whole, whole, whole]);
  assertEquals(
    at(26),
    "DESIGN FAULTS COPIED\neager       0   4100\ncow       412    411\n" +
      "DESIGN TABLES\neager      13\ncow        13\n",
  );
  assertEquals(at(8).split("\n").length, 3 * 3 + 1);
  const none = render(result([table([], [])]), { color: false, width: 80, streamed: false });
  assertEquals(none, "\n");
});

Deno.test("help's lines are broken at blanks, below the text behind the name", () => {
  const help = result([
    { ...text(["  run (r)  run a program to its end"]), fold: true },
    pairs(["a", 1]),
  ]);
  assertEquals(
    render(help, { color: false, width: 24, streamed: false }),
    "  run (r)  run a program\n           to its end\na 1\n",
  );
});
