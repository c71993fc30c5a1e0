import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { formatCast } from "../../src/record/cast.ts";
import { parseCast } from "../../src/record/parse.ts";
import { writeRecording } from "../../src/api/stage.ts";
import { expect, scenario } from "@cowsh/cowsh";

const root = new URL("../../", import.meta.url).pathname;

/** Runs a script's text by `deno run` with these permissions in a fresh directory, standard input empty. */
function runScript(text: string, ...permissions: string[]) {
  return runWith({ env: { NO_COLOR: "1" } }, text, ...permissions);
}

function runWithInput(input: string, text: string, ...permissions: string[]) {
  return runWith({ input, env: { NO_COLOR: "1" } }, text, ...permissions);
}

async function runWith(
  { input = "", env }: { input?: string; env: Record<string, string> },
  text: string,
  ...permissions: string[]
) {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${dir}/script.ts`, text);
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--config", `${root}deno.json`, ...permissions, "script.ts"],
      cwd: dir,
      env: { NO_COLOR: "", ...env },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(input));
    await writer.close();
    const { code, stdout, stderr } = await child.output();
    const files = [...Deno.readDirSync(dir)].map((entry) => entry.name).sort();
    const cast = files.includes("a.cast") ? await Deno.readTextFile(`${dir}/a.cast`) : undefined;
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, out: decode(stdout), err: decode(stderr), cast };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const STORY = `
import { expect, scenario } from "@cowsh/cowsh";
await scenario("a story", { mem: "16M", record: "a.cast" }, async ({ vm, step, say, shell }) => {
  const p = vm.spawn();
  const va = p.sbrk(4096);
  say("A page of heap.");
  const child = await step("fork", () => p.fork());
  await shell("refcount " + p.frame(va));
  await step("the child writes", () => child.store(va, 7n));
  expect(p.frame(va)).toHaveRefcount(RIGHT);
});
`;
const right = STORY.replace("RIGHT", "1");
const wrong = STORY.replace("RIGHT", "2");

Deno.test("deno run prints progress and writes the recording, the same bytes each time", async () => {
  const one = await runScript(right, "--allow-read=.", "--allow-write=.");
  assertEquals(one.err, "");
  assertEquals(one.code, 0);
  for (
    const line of [
      "a story\n",
      "  A page of heap.\n",
      "  · fork\n",
      "PTEs written",
      "  > refcount 0x80",
      "1 store fault · 1 page copied · 1 PTE written · 1 frame allocated",
      "recorded in a.cast",
      "✓ a story",
    ]
  ) assertStringIncludes(one.out, line);
  const cast = parseCast(one.cast!);
  assertEquals([cast.version, cast.title], [2, "a story"]);
  const markers = cast.events.filter((e) => e.code === "m").map((e) => e.data);
  assertEquals(markers, ["fork", "the child writes"]);
  const shown = cast.events.filter((e) => e.code === "o").map((e) => e.data).join("");
  assertStringIncludes(shown, "A page of heap.\r\n");
  assertStringIncludes(shown, "stored 2  counted 2  ok");
  assertEquals((await runScript(right, "--allow-read=.", "--allow-write=.")).cast, one.cast);
});

Deno.test("without a permission the scenario still runs, and says where nothing was written", async () => {
  const { code, out, cast } = await runScript(right);
  assertEquals([code, cast], [0, undefined]);
  assertStringIncludes(
    out,
    "recording not written: deno run --allow-read=. --allow-write=. would write it",
  );
});

Deno.test("a recording takes an older one's place, and no other file's", async () => {
  const dir = await Deno.makeTempDir();
  const path = `${dir}/a.cast`;
  const [one, two] = ["one", "two"].map((title) =>
    formatCast({ version: 2, width: 80, height: 24, title, events: [] })
  );
  try {
    assertEquals(writeRecording(path, one), `recorded in ${path}`);
    writeRecording(path, two);
    assertEquals(await Deno.readTextFile(path), two);
    await Deno.writeTextFile(path, "notes");
    assertThrows(() => writeRecording(path, one), Error, "there already");
    assertEquals(await Deno.readTextFile(path), "notes");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("a difference is in colour where colour is wanted, and never in a pipe otherwise", async () => {
  const script = `
import { expect, scenario } from "@cowsh/cowsh";
await scenario("differs", () => expect({ a: [1, 2] }).toEqual({ a: [1, 3] }));
`;
  for (
    const [env, colored] of [
      [{}, false],
      [{ FORCE_COLOR: "1" }, true],
      [{ NO_COLOR: "1", FORCE_COLOR: "1" }, false],
    ] as const
  ) {
    const { code, out } = await runWith({ env }, script);
    assertEquals([code, out.includes("\x1b[")], [1, colored], out);
    assertStringIncludes(out, "[Diff]");
  }
});

Deno.test("a check that fails: exit code 1, the place in the script, no recording left behind", async () => {
  const { code, out, cast } = await runScript(wrong, "--allow-read=.", "--allow-write=.");
  assertEquals([code, cast], [1, undefined]);
  assertStringIncludes(out, "✗ a story\nexpected frame 0x80");
  assertStringIncludes(out, "to have refcount 2, but its stored count is 1");
  assertStringIncludes(out, "script.ts:10");
});

Deno.test("a step that throws ends the scenario and is named", async () => {
  const { code, out } = await runScript(`
import { scenario } from "@cowsh/cowsh";
await scenario("broken", async ({ vm, step }) => {
  const p = vm.spawn();
  await step("store to text", () => p.store(0, 1n));
  await step("never", () => {});
});`);
  assertEquals(code, 1);
  assertStringIncludes(out, "✗ broken: store to text\n");
  assertStringIncludes(out, "pid 2 was killed: store to 0x0");
  assert(!out.includes("never"));
});

Deno.test("a shell line that fails, fails the scenario", async () => {
  await assertRejects(
    () => scenario("bad line", { mem: "16M" }, async ({ shell }) => void await shell("ptee 0")),
    Error,
    'the line "ptee 0" failed',
  );
});

Deno.test("inside a test a scenario is performed at once, and throws what fails", async () => {
  let told = "";
  await scenario("inside", { mem: "16M" }, async ({ vm, step }) => {
    told = await step("one", () => `${vm.free().total} frames`);
  });
  assertEquals(told, "4096 frames");
  await assertRejects(
    () => scenario("inside", { mem: "16M" }, () => expect(1).toBe(2)),
    Error,
  );
});

Deno.test("a recording that changed is a failure that says where", async () => {
  const path = await Deno.makeTempFile({ suffix: ".cast" });
  const tell = () => scenario("told", { mem: "16M", record: path }, ({ say }) => say("words"));
  try {
    await Deno.writeTextFile(path, "something else\n");
    const error = await assertRejects(tell, Error, "the recording is not the one in");
    assertStringIncludes(error.message, "line 1 was\nsomething else\nand is\n{");
    assertEquals(await Deno.readTextFile(path), "something else\n");
  } finally {
    await Deno.remove(path);
  }
  await tell();
});

Deno.test("interact opens the shell on the script's machine, and the script goes on", async () => {
  const { code, out, err } = await runWithInput(
    "store 2:0x3000 7\nptee\n",
    `
import { boot } from "@cowsh/cowsh";
const vm = boot({ mem: "16M" });
const p = vm.spawn();
p.sbrk(4096);
await vm.interact();
console.log("the script reads", p.load(0x3000));
`,
  );
  assertStringIncludes(out, "0x3000: 0x0 → 0x7\n");
  assertStringIncludes(err, "stdin:2: no command ptee");
  assertStringIncludes(out, "the script reads 7n\n");
  assertEquals(code, 0);
});
