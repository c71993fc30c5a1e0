import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { formatEntry, parseList } from "./list.ts";
import { keyOf, lineOf, type Mutant, MutateError, plant } from "./mutant.ts";
import { mutantsOf } from "./operators.ts";
import { copyOf, type Project } from "./project.ts";
import { functionAround, ran, ReachCache } from "./reach.ts";
import { judge, table } from "./report.ts";
import { sample } from "./rooms.ts";
import { Trial } from "./trial.ts";
import { TypeChecker } from "./types.ts";

/** What the operators make of some lines, as `operator: line`. */
function made(source: string): string[] {
  return mutantsOf("a.ts", source).map((m) => `${m.name}: ${m.after.join(" ")}`);
}

Deno.test("every operator has its mutants", () => {
  assertEquals(made("const a = b < c;"), ["comparison: const a = b <= c;"]);
  assertEquals(made("const a = b !== c;"), ["comparison: const a = b === c;"]);
  assertEquals(made("const a = b && c;"), ["logic: const a = b || c;"]);
  assertEquals(made("const a = b - c;"), ["arithmetic: const a = b + c;"]);
  assertEquals(made("const a = b >>> c;"), ["shift: const a = b >> c;"]);
  assertEquals(made("const a = b | c;"), ["mask: const a = b & c;", "dropped: const a = b;"]);
  assertEquals(made("const a = 0x10n;"), [
    "constant: const a = 0x11n;",
    "constant: const a = 0xfn;",
  ]);
  assertEquals(made("const a = 0;"), ["constant: const a = 1;"]);
  assertEquals(made("const a = !b;"), ["condition: const a = b;"]);
  assertEquals(made("const a = true;"), ["boolean: const a = false;"]);
  assertEquals(made("a.b(c);"), ["statement: ;"]);
  assertEquals(made("a += b;"), ["statement: ;", "assignment: a -= b;"]);
  assertEquals(made("a++;"), ["statement: ;", "step: a--;"]);
  assertEquals(made("const a = Math.min(b, c);"), ["bound: const a = Math.max(b, c);"]);
  assertEquals(made("if (a) b(); else c();"), [
    "condition: if (!(a)) b(); else c();",
    "else: if (a) b();",
    "statement: if (a) ; else c();",
    "statement: if (a) b(); else ;",
  ]);
  assertEquals(made("function f() { a(); }"), [
    "return: function f() { return; a(); }",
    "statement: function f() { ; }",
  ]);
});

Deno.test("types, imports, text and the wording of errors are left alone", () => {
  assertEquals(made(`import { a } from "b";`), []);
  assertEquals(made(`type A = 1 | 2; interface B { c: 3 }`), []);
  assertEquals(made("const a = `${b + 1}`;"), []);
  assertEquals(made(`const a = "b" + c;`), []);
  assertEquals(made(`throw new Error(a + 1);`), []);
  assertEquals(made(`/** 1 < 2 */ const a = b; // 3 + 4`), []);
});

Deno.test("a mutant is the same wherever its lines stand, and goes where it is said", () => {
  const [one] = mutantsOf("a.ts", "f(a < b);\n").slice(1);
  const [moved] = mutantsOf("a.ts", "const first = x;\n  f(a < b);\n").slice(1);
  assertEquals(keyOf(one), keyOf(moved));
  const twice = "f(a < b);\ng();\nf(a < b);\n";
  const second = mutantsOf("a.ts", twice).findLast((m) => m.name === "comparison")!;
  assertEquals(second.nth, 2);
  assertEquals(plant(twice, second), "f(a < b);\ng();\nf(a <= b);\n");
  assertThrows(
    () => lineOf("f(c);\n", one),
    MutateError,
    "comparison: a.ts has no lines\n  f(a < b);",
  );
  assertThrows(
    () => lineOf(twice, one),
    MutateError,
    `has these lines 2 times: say which, as "a.ts #1"`,
  );
});

Deno.test("lists say what they mean, or which line does not", () => {
  const text = "For the reader.\n\n== off-by-one src/a.ts #2\nOne too far.\n- a < b\n+ a <= b\n";
  const [entry] = parseList(text, "list.txt");
  assertEquals(entry, {
    name: "off-by-one",
    path: "src/a.ts",
    nth: 2,
    before: ["a < b"],
    after: ["a <= b"],
    why: "One too far.",
  });
  assertStringIncludes(text, formatEntry(entry));
  assertThrows(() => parseList("x\n== a\n", "l.txt"), MutateError, `l.txt:2: "== name path"`);
  assertThrows(
    () => parseList("== a b.ts\n- c\n", "l.txt"),
    MutateError,
    "a says nothing about itself",
  );
  assertThrows(() => parseList("== a b.ts\nd\n+ c\n", "l.txt"), MutateError, `no line with "-"`);
  assertThrows(() => parseList("== a b.ts\nd\n- c\ne\n", "l.txt"), MutateError, "not e");
});

Deno.test("a sample reaches every room, has one mutant a line, and does not move with other code", () => {
  const of = (path: string, n: number): Mutant[] =>
    Array.from({ length: n }, (_, i) =>
      [0, 1].map((k) => ({
        name: `operator${k}`,
        path,
        before: [`line ${i}`],
        after: [`wrong ${k}`],
      }))).flat();
  const all = [...of("src/vm/machine/mmu.ts", 90), ...of("src/vm/kernel/fork/cow.ts", 10)];
  const chosen = sample(all, 1).slice(0, 20).map(keyOf);
  assertEquals(chosen, sample(all, 1).slice(0, 20).map(keyOf));
  assert(chosen.join() !== sample(all, 2).slice(0, 20).map(keyOf).join());
  assertEquals(new Set(chosen.map((key) => key.split("\n").slice(0, 3).join())).size, 20);
  // √90 and √10 are as 3 and 1.
  assertEquals(chosen.filter((key) => key.includes("fork")).length, 5);
  const gone = all.find((m) =>
    !chosen.some((key) => key.includes(`${m.path}\n1\n${m.before[0]}\n`))
  )!;
  const fewer = sample(
    all.filter((m) => m.before[0] !== gone.before[0] || m.path !== gone.path),
    1,
  );
  assertEquals(
    new Set(fewer.slice(0, 20).map(keyOf)).symmetricDifference(new Set(chosen)).size <= 2,
    true,
  );
});

Deno.test("a line that ran in part has run", () => {
  const record =
    "SF:a.ts\nBRDA:3,1,0,0\nBRDA:3,1,1,7\nBRDA:4,1,0,0\nDA:2,5\nDA:3,0\nDA:4,0\nDA:5,0\n";
  assertEquals(ran(record), [2, 3]);
  const source = "const a = 1;\nfunction f() {\n  if (a) return;\n  b.map((x) => x + 1);\n}\n";
  assertEquals([1, 3, 4].map((line) => functionAround(source, line, line)), [
    [1, Infinity],
    [3, 5],
    [3, 5],
  ]);
});

Deno.test("mutants are planted, killed by the test that reaches them, or survive", async () => {
  const root = await Deno.makeTempDir();
  const write = (path: string, text: string) => {
    Deno.mkdirSync(`${root}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
    Deno.writeTextFileSync(`${root}/${path}`, text);
  };
  write(
    "src/vm/machine/sum.ts",
    [
      "export function sum(a: number, b: number): number {",
      "  for (let i = 0; i < b; i++) a++;",
      "  return a;",
      "}",
      "export function other(a: number): number {",
      "  return a + 7;",
      "}",
      "",
    ].join("\n"),
  );
  write(
    "tests/sum_test.ts",
    `import { sum } from "../src/vm/machine/sum.ts";
Deno.test("2 + 3", () => { if (sum(2, 3) !== 5) throw new Error("wrong"); });\n`,
  );
  write(
    "tests/idle_test.ts",
    `import "../src/vm/machine/sum.ts";\nDeno.test("nothing", () => {});\n`,
  );
  await new Deno.Command("git", { args: ["init", "-q", root] }).output();
  const project: Project = { root, source: "src/vm", tests: "tests", flags: ["--no-prompt"] };
  const copy = await copyOf(root);
  try {
    const cache = new ReachCache(project, `${root}/.mutate`);
    assertEquals(cache.files(), ["tests/idle_test.ts", "tests/sum_test.ts"]);
    for (const file of cache.files()) await cache.measure(copy, file);
    const reaches = cache.files().map((file) => cache.known(file)!);
    const trial = new Trial(project, reaches, { least: 1 });

    const source = Deno.readTextFileSync(`${root}/src/vm/machine/sum.ts`);
    const mutants = mutantsOf("src/vm/machine/sum.ts", source);
    const named = (after: string) => mutants.find((m) => m.after.join().includes(after))!;
    const further = await trial.run(copy, named("i <= b"));
    assertEquals([further.killer, further.line, further.tried], ["tests/sum_test.ts", 2, 1]);
    const endless = await trial.run(copy, named("i--"));
    assertEquals([endless.killer, endless.late], ["tests/sum_test.ts", true]);
    const unseen = await trial.run(copy, named("a - 7"));
    assertEquals([unseen.killer, unseen.tried, unseen.room], [undefined, 0, "machine"]);
    assertEquals(Deno.readTextFileSync(`${copy}/src/vm/machine/sum.ts`), source);

    const why = { ...unseen.mutant, name: "why" };
    const verdicts = [further, endless, unseen];
    assertEquals(judge(verdicts, []), { explained: [], unexplained: [unseen], outdated: [] });
    assertEquals(judge(verdicts, [why]), { explained: [unseen], unexplained: [], outdated: [] });
    assertEquals(judge(verdicts, [further.mutant]).outdated, [further]);
    assertStringIncludes(table(verdicts), "machine            3         2         1      66.7");

    const types = new TypeChecker(root, ["src/vm/machine/sum.ts"]);
    const path = "src/vm/machine/sum.ts";
    assertEquals(types.errorIn(path, plant(source, named("i <= b"))), undefined);
    assertStringIncludes(
      types.errorIn(path, source.replace("return a;", "return `a`;"))!,
      "not assignable",
    );
    write("tests/sum_test.ts", `Deno.test("broken", () => { throw new Error("as it is"); });\n`);
    const later = new ReachCache(project, `${root}/.mutate`);
    assertEquals(later.known("tests/sum_test.ts"), undefined, "what was measured is out of date");
    assert(later.known("tests/idle_test.ts") !== undefined, "the other test is as it was");
  } finally {
    for (const folder of [copy, root]) Deno.removeSync(folder, { recursive: true });
  }
});
