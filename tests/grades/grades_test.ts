/**
 * The labs' grading scripts with cowsh in QEMU's place. `XV6_LABS` is a folder of built lab trees
 * whose grades under QEMU are known: `XV6_LABS=DIR deno task grades --only qemu` finds them out.
 */

import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { QEMU } from "../../bench/qemu.ts";
import { BIN, gradeTree, installedQemu, labOf, parseGrade, putQemu, treesIn } from "./grade.ts";
import { differences, known, remember } from "./known.ts";

const SAID = `make: 'kernel/kernel' is up to date.
== Test running cowtest == $ make qemu-gdb
(3.1s)
== Test   simple ==
  simple: OK
== Test   three (a.b) ==
  three (a.b): FAIL
    got:
      1
    expected:
      3
== Test usertests == Timeout! usertests: FAIL (300.4s)
    ...
         $ usertests
    MISSING '^ALL TESTS PASSED$'
== Test time ==
time: OK
Score: 31/100
`.replaceAll(" ==\n", " == \n");

Deno.test("a grading script's output: points, verdicts, timeouts", () => {
  assertEquals(parseGrade(SAID, 12.5), {
    points: 31,
    possible: 100,
    seconds: 12.5,
    verdicts: { "simple": true, "three (a.b)": false, "usertests": false, "time": true },
    timeouts: 1,
  });
});

Deno.test("a script that gave up has no score, and its last lines tell why", () => {
  const grade = parseGrade("== Test a == a: OK\n== Test b == Failed to connect\n", 1);
  assertEquals(grade.points, undefined);
  assertEquals(grade.verdicts, { a: true });
  assertStringIncludes(grade.instead!, "Failed to connect");
});

Deno.test("grades of one tree are compared test by test", () => {
  const expected = parseGrade(SAID, 100);
  assertEquals(differences(expected, { ...expected, seconds: 1, timeouts: 0 }), []);
  const seen = parseGrade(SAID.replace("  simple: OK", "  simple: FAIL").replace("31/", "1/"), 1);
  assertEquals(differences(expected, seen), [
    "simple: FAIL, under QEMU OK",
    "score: 1/100, under QEMU 31/100",
  ]);
  const cut = parseGrade(SAID.slice(0, SAID.indexOf("== Test time")), 1);
  assertEquals(differences(expected, cut), [
    "time: not graded, under QEMU OK",
    "score: none, under QEMU 31/100",
  ]);
});

/** A tree whose grading script asks the emulator's version; nothing else is in it. */
async function smallTree(folder: string, start: string): Promise<string> {
  const tree = `${folder}/small`;
  await Deno.mkdir(`${tree}/conf`, { recursive: true });
  await Deno.mkdir(`${tree}/kernel`);
  await Deno.writeTextFile(`${tree}/conf/lab.mk`, "LAB=small\n");
  await Deno.writeTextFile(`${tree}/kernel/start.c`, start);
  const script = [
    "#!/bin/sh",
    "echo written > left",
    `printf '== Test version == '`,
    `${QEMU} --version | grep -q '^ours' && echo version: OK || echo version: FAIL`,
    `${QEMU} --version > said; echo "Score: $(wc -l < said)/$(wc -w < said)"`,
  ];
  await Deno.writeTextFile(`${tree}/grade-lab-small`, script.join("\n"), { mode: 0o755 });
  return tree;
}

Deno.test("a tree is graded in a copy, with the emulator of the folder that is given", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const tree = await smallTree(folder, "");
    assertEquals(labOf(tree), "small");
    assertEquals(treesIn(folder), ["small"]);
    await Deno.mkdir(`${folder}/bin`);
    const emulator = `${folder}/bin/${QEMU}`;
    await Deno.writeTextFile(emulator, "#!/bin/sh\necho ours $@\n", { mode: 0o755 });
    const grade = await gradeTree(tree, `${folder}/bin`);
    assertEquals(grade.verdicts, { version: true });
    assertEquals([grade.points, grade.possible], [1, 2]);
    assertEquals([...Deno.readDirSync(tree)].some(({ name }) => name === "left"), false);
    remember(folder, "small", "qemu", grade);
    assertEquals(known(folder), { small: { qemu: grade } });
    await Deno.writeTextFile(`${tree}/conf/lab.mk`, "nothing\n");
    assertThrows(() => labOf(tree), Error, 'no line "LAB=name"');
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test({
  name: "a kernel that sets no pmpaddr0 gets a QEMU without that unit, others get it as it is",
  ignore: installedQemu() === undefined,
  fn: async () => {
    const folder = await Deno.makeTempDir();
    try {
      const bare = await smallTree(folder, "w_mepc((uint64)main);");
      assert(await putQemu(bare, folder));
      assertStringIncludes(await Deno.readTextFile(`${folder}/${QEMU}`), "pmp=false");
      await Deno.writeTextFile(`${bare}/kernel/start.c`, "w_pmpaddr0(0x3fffffffffffffull);");
      await putQemu(bare, folder);
      const script = await Deno.readTextFile(`${folder}/${QEMU}`);
      assert(!script.includes("pmp=false"), script);
      const { success, stdout } = await new Deno.Command(`${folder}/${QEMU}`, {
        args: ["--version"],
      }).output();
      assert(success);
      assertStringIncludes(new TextDecoder().decode(stdout), "QEMU emulator version");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

const labs = Deno.env.get("XV6_LABS") || undefined;

if (labs === undefined) {
  console.log("grading scripts: skipped, XV6_LABS is not set to a folder of built lab trees");
} else {
  const expected = known(labs);
  for (const name of treesIn(labs)) {
    const qemu = expected[name]?.qemu;
    if (qemu === undefined) {
      console.log(`${name}: skipped, its grade under QEMU is not known (deno task grades)`);
      continue;
    }
    Deno.test(`${name} gets from its grading script what it gets under QEMU`, async () => {
      const seen = await gradeTree(`${labs}/${name}`, BIN);
      assertEquals(differences(qemu, seen), [], seen.instead);
    });
  }
}
