import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import fc from "fast-check";
import { parseArguments, usage } from "../../src/framework/arguments.ts";
import { type Command, command } from "../../src/framework/command.ts";
import { CommandError } from "../../src/framework/errors.ts";
import { result } from "../../src/framework/result.ts";
import { split, wholeLines } from "../../src/framework/split.ts";
import { NAMES } from "../repl/fake.ts";

const pte = command({
  name: "pte",
  group: "memory",
  summary: "walks",
  args: [{ name: "va", kind: "va" }, { name: "depth", kind: "count", optional: true }],
  flags: [
    { name: "pid", short: "p", kind: "pid", doc: "whose" },
    { name: "cols", kind: "text", many: true, doc: "columns" },
    { name: "all", short: "a", doc: "all of them" },
  ],
  run: () => result([]),
});
const run = command({
  name: "run",
  group: "process",
  summary: "runs",
  args: [
    { name: "program", kind: "program" },
    { name: "args", kind: "text", rest: true, verbatim: true },
  ],
  flags: [{ name: "policy", kind: "text", choices: ["cow", "eager"], doc: "how" }],
  run: () => result([]),
});
const kinds = command({
  name: "kinds",
  group: "session",
  summary: "the rest of the kinds",
  args: [
    { name: "size", kind: "size" },
    { name: "perm", kind: "perm", optional: true },
    { name: "reg", kind: "register", optional: true },
  ],
  run: () => result([]),
});

function args(c: Command, line: string): Record<string, unknown> {
  return parseArguments(c, split(line).segments[0], NAMES).args;
}
function complaint(c: Command, line: string): CommandError {
  return assertThrows(() => args(c, line), CommandError);
}

Deno.test("positional arguments and flags arrive by name, in any order", () => {
  assertEquals(args(pte, "pte 0x4000"), { va: { va: 0x4000n, pid: undefined } });
  assertEquals(args(pte, "pte -p 3 0x4000 2 -a"), {
    va: { va: 0x4000n, pid: undefined },
    depth: 2,
    pid: 3,
    all: true,
  });
  assertEquals(args(pte, "pte 3:0x4000+8").va, { va: 0x4008n, pid: 3 });
  for (const form of ["-p 3", "-p3", "--pid 3", "--pid=3", "--pid (1+2)"]) {
    assertEquals(args(pte, `pte 1 ${form}`).pid, 3, form);
  }
  assertEquals(args(pte, "pte 1 --cols a,b --cols c").cols, ["a", "b", "c"]);
  assertEquals(args(pte, "pte -1").va, { va: 0xffff_ffff_ffff_ffffn, pid: undefined });
  assertEquals(args(pte, "pte -- -$a0").va, { va: 0xffff_ffff_ffff_fff9n, pid: undefined });
});

Deno.test("a guest program's own flags are left alone", () => {
  assertEquals(args(run, "run --policy cow grep -v x 'a b' \"c\\td\""), {
    program: "grep",
    args: ["-v", "x", "a b", "c\td"],
    policy: "cow",
  });
});

Deno.test("the command's own long flags are its own behind the program, too", () => {
  const cow = { program: "ls", args: ["-a"], policy: "cow" };
  assertEquals(args(run, "run ls -a --policy cow"), cow);
  assertEquals(args(run, "run ls --policy=cow -a"), cow);
  assertEquals(args(run, "run -- ls --policy cow"), {
    program: "ls",
    args: ["--policy", "cow"],
  });
  assertEquals(args(run, "run ls '--policy' --other"), {
    program: "ls",
    args: ["--policy", "--other"],
  });
});

Deno.test("sizes, permissions and registers", () => {
  assertEquals(args(kinds, "kinds 4p rx $SP"), { size: 16384n, perm: "rx", reg: "sp" });
  assertEquals(args(kinds, "kinds '2 pages' wr"), { size: 8192n, perm: "rw" });
  assertEquals(args(kinds, "kinds -4096 none"), { size: -4096n, perm: "none" });
  assertEquals(args(kinds, "kinds 64K r-x"), { size: 65536n, perm: "rx" });
});

Deno.test("each wrong line has one complaint that says what would be right", () => {
  assertMatch(complaint(pte, "pte").message, /pte needs VA: .*usage: pte VA \[DEPTH\]/);
  assertMatch(complaint(pte, "pte 1 2 3").message, /no use for "3"/);
  assertMatch(complaint(pte, "pte 1 + 2").message, /in brackets, like \(0x4000 \+ 8\)/);
  assertMatch(complaint(pte, "pte 1 --pidd 3").message, /no flag --pidd; did you mean --pid\?/);
  assertMatch(complaint(pte, "pte 1 -x").message, /no flag -x/);
  assertMatch(complaint(pte, "pte 1 -p").message, /-p needs a value: a process id/);
  assertMatch(complaint(pte, "pte 1 --all=3").message, /takes no value/);
  assertMatch(complaint(pte, "pte 0x1_0000_0000_0000_0000").message, /does not fit in 64 bits/);
  assertMatch(complaint(pte, "pte 1 -p -2").message, /no good as a process id/);
  assertMatch(complaint(kinds, "kinds 1 rwz").message, /letters out of rwx/);
  assertMatch(complaint(run, "run --policy cwo x").message, /did you mean cow\?/);
  assertEquals(complaint(pte, "pte 1 3ff").at, 6);
  assertEquals(complaint(pte, "pte").exitCode, 2);
});

Deno.test("usage follows from the declaration", () => {
  assertEquals(usage(pte), "pte VA [DEPTH] [-p PID] [--cols COLS] [-a]");
  assertEquals(usage(run), "run PROGRAM [ARGS…] [--policy cow|eager]");
});

Deno.test("words: quotes, brackets, comments, pipes", () => {
  const texts = (line: string) => split(line).segments.map((s) => s.words.map((w) => w.text));
  assertEquals(texts("pte 0x4000 # the walk"), [["pte", "0x4000"]]);
  assertEquals(texts("pte (1 | 2)|count"), [["pte", "(1 | 2)"], ["count"]]);
  assertEquals(texts('a \'b | c # d\' "e\\"f"'), [["a", "b | c # d", 'e"f']]);
  assertEquals(texts("expect a || b"), [["expect", "a", "||", "b"]]);
  assertEquals(texts("run echo :) x#y"), [["run", "echo", ":)", "x#y"]]);
  assertEquals(texts("  # nothing"), [[]]);
  assertEquals(split("pte (1").open, "(");
  assertEquals(split("say 'a").open, "'");
  assertEquals(split("say # '").open, undefined);
});

/** A text as one word that `split` reads back unchanged. */
function quote(text: string): string {
  if (text !== "" && !/[\s#|'"()[\]{}]/.test(text)) return text;
  if (!text.includes("'")) return `'${text}'`;
  return `"${text.replace(/[\\"]/g, "\\$&")}"`;
}

Deno.test("any words quoted and joined are read back as they were", () => {
  fc.assert(fc.property(fc.array(fc.string()), (words) => {
    const { segments, open } = split(words.map(quote).join(" "));
    assertEquals(open, undefined);
    assertEquals(segments.length, 1);
    assertEquals(segments[0].words.map((w) => w.text), words);
  }));
});

Deno.test("any text splits into words at their places, and whole lines cover it", () => {
  fc.assert(fc.property(fc.string(), (line) => {
    for (const segment of split(line).segments) {
      for (const word of segment.words) assert(word.end > word.at && word.end <= line.length);
    }
    let last = 0;
    for (const whole of wholeLines(line)) {
      assert(whole.at >= last);
      assert(line.startsWith(whole.text, whole.at));
      last = whole.at + whole.text.length;
    }
  }));
});

Deno.test("a whole line ends where nothing is open, as a look at each prefix says", () => {
  const soup = fc.array(
    fc.constantFrom("(", ")", "[", "]", "'", '"', "\\", "#", "|", "||", " ", "\n", "\r\n", "a"),
  );
  fc.assert(fc.property(soup, (parts) => {
    const text = parts.join("");
    let at = 0;
    const ends: number[] = [];
    for (const { index } of [...text.matchAll(/\n/g), { index: text.length }]) {
      if (index < at || (split(text.slice(at, index)).open !== undefined && index < text.length)) {
        continue;
      }
      if (text.slice(at, index).trim() !== "") ends.push(index);
      at = index + 1;
    }
    const found = [...wholeLines(text)];
    assertEquals(
      found.map((l) => text.slice(l.at + l.text.length).search(/\n|$/) + l.at + l.text.length),
      ends,
    );
    for (const l of found) assertEquals(l.number, text.slice(0, l.at).split("\n").length);
  }));
});

Deno.test("a hundred thousand lines behind an open quote are looked at once", () => {
  assertEquals([...wholeLines("'" + "a (\n".repeat(100_000))].length, 1);
  assertEquals([...wholeLines("(" + "a '\n".repeat(100_000))].length, 1);
});

Deno.test("open brackets and quotes join lines, and lines keep their numbers", () => {
  const lines = [...wholeLines("ps\n\npte (1 +\n 2)\nsay 'a\nb'\nfree (")];
  assertEquals(lines.map((l) => [l.number, l.text, l.open]), [
    [1, "ps", undefined],
    [3, "pte (1 +\n 2)", undefined],
    [5, "say 'a\nb'", undefined],
    [7, "free (", "("],
  ]);
});
