import { assert, assertEquals, assertStringIncludes, fail } from "@std/assert";
import { parseCast } from "../../src/record/parse.ts";
import { castText } from "../../src/session/recording.ts";
import { scenarioText } from "../../src/session/scenario.ts";
import { COMMANDS } from "../../src/commands/registry.ts";
import { FORCE } from "../../src/framework/command.ts";
import { FileError } from "../../src/host/file.ts";
import { lastOf, newTyped, typed } from "./typist.ts";

const root = new URL("../../", import.meta.url);

/** The shell with these lines in a fresh directory; what it printed, and the files it left. */
async function shell(lines: readonly string[], files: Record<string, string> = {}) {
  const dir = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${dir}/${name}`, text);
    }
    const main = new URL("main.ts", root).pathname;
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-prompt",
        "--allow-read",
        "--allow-write=.",
        main,
        ...lines.flatMap((line) => ["-c", line]),
      ],
      cwd: dir,
      env: { NO_COLOR: "1" },
    }).output();
    const left: Record<string, string> = {};
    for (const { name } of Deno.readDirSync(dir)) {
      left[name] = await Deno.readTextFile(`${dir}/${name}`);
    }
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, out: decode(stdout), err: decode(stderr), files: left };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const COWTEST = "fork-exec";
const DEMO = ["spawn", "sbrk 4096", "fork", "pte 0x3000"];

Deno.test("record writes a strict asciicast v2, the same bytes each time", async () => {
  const lines = ["record a.cast --title demo", "# a shared page", ...DEMO, "record stop", "ps"];
  const one = await shell(lines);
  assertEquals([one.code, one.err], [0, ""]);
  assertStringIncludes(one.out, "recorded 5 lines in a.cast");
  const cast = parseCast(one.files["a.cast"]);
  assertEquals([cast.version, cast.title], [2, "demo"]);
  assertEquals(cast.events.find((e) => e.code === "m")?.data, "a shared page");
  const text = cast.events.filter((e) => e.code === "o").map((e) => e.data).join("");
  assertStringIncludes(text, "stored 2  counted 2  ok");
  assert(!text.includes("record stop"), "the recording does not show itself");
  assert(!text.includes("PPID"), "nor what comes after it");
  assert(cast.events.at(-1)!.time > 5);
  assertEquals((await shell(lines)).files["a.cast"], one.files["a.cast"]);
});

Deno.test("the session's end writes an open recording; lines of a file are recorded one by one", async () => {
  const { code, out, files } = await shell(["record a.cast", "source demo.cow"], {
    "demo.cow": "spawn\n# words\nsbrk 4096\n",
  });
  assertEquals(code, 0);
  assertStringIncludes(out, "recorded 3 lines in a.cast");
  assert(!files["a.cast"].includes("source"));
});

Deno.test("an expect line that fails leaves no recording behind", async () => {
  const { code, err, files } = await shell(["record a.cast", "spawn", "expect 1 == 2"]);
  assertEquals([code, Object.keys(files)], [1, []]);
  assertStringIncludes(err, 'a.cast not written: "expect 1 == 2" failed');
});

Deno.test("an older recording stays until the new one is whole, and when an expect line fails", async () => {
  const old = { "a.cast": castText([], { title: "old" }) };
  const failed = await shell(["record a.cast --force", "spawn", "expect 1 == 2"], old);
  assertEquals([failed.code, failed.files], [1, old]);
  const { code, files } = await shell(["record a.cast --force", "spawn"], old);
  assertEquals([code, Object.keys(files)], [0, ["a.cast"]]);
  assertStringIncludes(files["a.cast"], "stands still");
});

Deno.test("a session that is killed leaves a recording of its lines so far, which plays", async () => {
  const dir = await Deno.makeTempDir();
  const main = new URL("main.ts", root).pathname;
  try {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "-R", "-W=.", main],
      cwd: dir,
      env: { NO_COLOR: "1" },
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const typist = child.stdin.getWriter();
    await typist.write(new TextEncoder().encode("record a.cast\nspawn\nsbrk 4096\nhistory 1\n"));
    let said = "";
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      if ((said += text).includes("N LINE")) break;
    }
    child.kill("SIGKILL");
    await child.status;
    await typist.abort().catch(() => {});
    const shown = await lastOf([`play ${dir}/a.cast`]);
    assertEquals(shown.status, 0);
    assertStringIncludes(shown.text, "pid 2 demo stands still");
    assertStringIncludes(shown.text, "1 frame allocated");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("a disk that is full ends the recording with the lines that are on it", async () => {
  const session = await newTyped();
  let written = "";
  session.files.grow = (path) => ({
    path,
    append(text) {
      if (written.length > 500) throw new FileError(`${path}: No space left on device`);
      written += text;
    },
    finish: () => fail("it has ended"),
    drop: () => fail("it has ended"),
    leave: () => {},
  });
  const lines = ["record a.cast", "spawn", "ps", "pte 0x3000", "record", "ps"];
  const answers = [];
  for (const line of lines) answers.push(await session.type(line));
  const full = answers.findIndex(({ status }) => status !== 0);
  assertEquals(answers[full].status, 5);
  assertStringIncludes(
    answers[full].text,
    "a.cast: No space left on device; the recording ends here\n",
  );
  assertEquals(answers[4].text, "not recording\n");
  assert(parseCast(written).events.length > 0);
});

Deno.test("commands that write a file refuse one that is there, but for their own", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const cast = castText([{ line: "ps", output: "PID\n", status: 0, api: undefined }]);
    const lines = {
      save: `save ${dir}/x.ts`,
      record: `record ${dir}/x`,
      render: `render ${dir}/in.cast ${dir}/x`,
      mkfs: `mkfs ${dir}/x`,
      sync: `sync ${dir}/x`,
      compare: `compare ${COWTEST} --svg ${dir}/x`,
    };
    const writers = COMMANDS.filter(({ flags }) => flags.some(({ name }) => name === FORCE.name));
    assertEquals(writers.map(({ name }) => name).sort(), Object.keys(lines).sort());
    await Deno.writeTextFile(`${dir}/in.cast`, cast);
    for (const [name, line] of Object.entries(lines)) {
      const path = `${dir}/x${name === "save" ? ".ts" : ""}`;
      await Deno.writeTextFile(path, "somebody's");
      await Deno.symlink(path, `${path}.link`);
      const [refused, forced, own] = await typed([
        line,
        `${line} --force`,
        ...(name === "record" ? ["record stop"] : [line]),
      ]);
      assertEquals(refused.status, 2, name);
      assertEquals(refused.text, `${path}: there already; --force replaces it\n`);
      assertEquals([forced.status, own.status], [0, 0], forced.text + own.text);
      assert(await Deno.readTextFile(path) !== "somebody's", name);
      await Deno.remove(path);
      await Deno.remove(`${path}.link`);
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("version 3 on request", async () => {
  const { files } = await shell(["record a.cast --v3", "spawn"]);
  assertEquals(parseCast(files["a.cast"]).version, 3);
});

Deno.test("two recordings at once, a directory that is not there: one clear line each", async () => {
  const twice = await shell(["record a.cast", "record b.cast"]);
  assertEquals(twice.code, 2);
  assertStringIncludes(twice.err, "already recording to a.cast");
  const nowhere = await shell(["record none/a.cast", "spawn"]);
  assertEquals([nowhere.code, nowhere.out], [5, ""]);
  assertEquals(nowhere.err, "cowsh: none/a.cast: no such directory\n");
});

Deno.test("play prints the text of a recording at once in a pipe", async () => {
  const file = castText([{ line: "ps", output: "PID\n", status: 0, api: undefined }], {
    title: "t",
  });
  const { code, out } = await shell(["play a.cast"], { "a.cast": file });
  assertEquals(code, 0);
  assertStringIncludes(out, "PID");
  assertStringIncludes(out, "a.cast: ");
  const bad = await shell(["play a.cast"], { "a.cast": "{}\n" });
  assertEquals(bad.code, 5);
  assertStringIncludes(bad.err, "a.cast: ");
});

Deno.test("save makes a scenario that compiles, runs and checks", async () => {
  const { code, out, files } = await shell([
    ...DEMO,
    "# the child goes on",
    "use 3",
    "store 0x3000 7",
    "mmap 8K rw --at 0x100000",
    "save a.ts",
  ]);
  assertEquals(code, 0);
  assertStringIncludes(out, "saved 7 steps in a.ts");
  const script = files["a.ts"];
  assertStringIncludes(script, 'const p2 = await step("spawn", () => vm.spawn());');
  assertStringIncludes(script, 'const p3 = await step("fork", () => p2.fork());');
  assertStringIncludes(script, 'say("the child goes on");');
  assertStringIncludes(script, "() => void p3.store(0x3000n, 7n));");
  const dir = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${dir}/a.ts`, script);
    const config = new URL("deno.json", root).pathname;
    const run = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--check", "--no-prompt", "--config", config, "a.ts"],
      cwd: dir,
      env: { NO_COLOR: "1" },
    }).output();
    const printed = new TextDecoder().decode(run.stdout);
    assertEquals(run.code, 0, printed + new TextDecoder().decode(run.stderr));
    assertStringIncludes(printed, "1 store fault · 1 page copied");
    assertStringIncludes(printed, "✓ a saved session");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("save leaves out what failed and declares each process once", () => {
  const text = scenarioText([
    { line: "spawn", status: 0, api: "const p2 = vm.spawn();" },
    { line: "use 2", status: 0, api: "const p2 = vm.process(2);" },
    { line: "ptee", status: 2, api: undefined },
    { line: "history", status: 0, api: undefined },
  ], { policy: "cow", mem: 2 ** 26 });
  assertEquals(text.match(/const p2/g)?.length, 1);
  assertStringIncludes(text, '{ policy: "cow", mem: "64M" }');
  assertStringIncludes(text, "// use 2");
  assertStringIncludes(text, "// failed: ptee");
  assertStringIncludes(text, "// history");
});

Deno.test("save keeps what was known better of a guest's kernel, beside it and at the prompt", () => {
  const attached = {
    files: { elf: "kernel/kernel" },
    harts: 3,
    seed: undefined,
    quantum: undefined,
    compile: undefined,
    memBytes: undefined,
    facts: ["processes=tasks"],
  };
  const api = 'vm.giveFact("cow=0x100");';
  const text = scenarioText([{ line: "facts cow=0x100", status: 0, api }], {}, attached);
  assertStringIncludes(text, '{ kernel: "kernel/kernel", harts: 3, facts: ["processes=tasks"] }');
  assertStringIncludes(text, `\n  ${api}\n`);
});

Deno.test("save keeps the computer's options and the store that killed", async () => {
  const flags = ["--superpages", "--swap", "64M", "--seed", "4", "--abi", "xv6-mmap"];
  const dir = await Deno.makeTempDir();
  try {
    await typed(["spawn", "store 0 1", "run ./user/bin/echo", `save ${dir}/a.ts`], flags);
    const text = await Deno.readTextFile(`${dir}/a.ts`);
    for (const option of ['swap: "64M"', "superpages: true", "seed: 4", 'abi: "xv6-mmap"']) {
      assertStringIncludes(text, option);
    }
    assertStringIncludes(text, "p2.access(0x0n, 8, 1n)");
    assertStringIncludes(text, "// run ./user/bin/echo");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
