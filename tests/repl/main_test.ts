import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { formatFat32 } from "../files/format.ts";
import { mkfs } from "../../src/vm/kernel/files/xv6fs/mkfs.ts";

const root = new URL("../../", import.meta.url);

/** What Deno itself needs of the environment. */
const HOME = Object.fromEntries(
  ["HOME", "PATH", "DENO_DIR"].flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  }),
);

/** `main.ts` with arguments, as `deno task start` runs it. */
async function cowsh(args: string[], stdin?: string) {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-read", "--allow-write", "main.ts", ...args],
    cwd: root,
    stdin: stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
  if (stdin !== undefined) {
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(stdin));
    await writer.close();
  }
  const { code, stdout, stderr } = await child.output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}

Deno.test("-c runs lines in order and stops at the first error", async () => {
  const r = await cowsh(["-c", "set budget", "-c", "nonsense", "-c", "set json"]);
  assertEquals(r, {
    code: 2,
    out: "budget  off\n",
    err: "cowsh: no command nonsense; help lists the commands\n",
  });
  const on = await cowsh(["--keep-going", "-c", "nonsense", "-c", "set json"]);
  assertEquals([on.code, on.out], [2, "json  off\n"]);
});

Deno.test("piped stdin: no banner, no prompt, no echo; places in diagnostics", async () => {
  const r = await cowsh([], "# a comment\n\nset ts\nset (\n1 )\n");
  assertEquals(r.out, "ts  off\n");
  assertMatch(r.err, /^stdin:4: /);
  assertEquals(r.code, 2);
  assertEquals(await cowsh([], ""), { code: 0, out: "", err: "" });
});

Deno.test("a command file, and one that is not there", async () => {
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, "set color\nquit 7\nset json\n");
  assertEquals(await cowsh([file]), { code: 7, out: "color  off\n", err: "" });
  await Deno.remove(file);
  assertEquals(await cowsh([file]), { code: 5, out: "", err: `cowsh: ${file}: no such file\n` });
});

Deno.test("bad flags are one clear line and exit code 2", async () => {
  const cases: [string[], RegExp][] = [
    [["--mem", "1"], /^cowsh: --mem 1: want 16M to 2G in steps of 64K\n$/],
    [["--mem", "16777217"], /--mem 16777217: want 16M to 2G in steps of 64K/],
    [["--mem"], /--mem needs a value: --mem SIZE/],
    [["--polcy", "cow"], /no flag --polcy; did you mean --policy\?/],
    [["--swap", "-1"], /-1 is no flag; as the value of one it is written --FLAG=-1/],
    [["--policy", "x", "-c", "help"], /--policy x: want cow, eager(, [a-z-]+)* or [a-z-]+\n$/],
    [["--exec", "lazily", "-c", "help"], /--exec lazily: want eager or demand\n$/],
    [["--mem", "16388K"], /--mem 16388K: want 16M to 2G in steps of 64K\n$/],
    [["--policy", "cwo"], /--policy cwo: want .*; did you mean cow\?\n$/],
    [["--sbrk", "lazily"], /--sbrk lazily: want lazy or eager; did you mean lazy\?\n$/],
    [
      ["--superpage-cow", "wole"],
      /--superpage-cow wole: want split or whole; did you mean whole\?\n$/,
    ],
    [["--abi", "linux"], /--abi linux: want xv6, xv6-mmap, or a file\n$/],
    [["--quantum", "0"], /--quantum 0: want a whole number from 1 to 4294967295\n$/],
    [["--seed", "0x100000000"], /--seed 0x100000000: want a whole number from 0 to 4294967295\n$/],
    [["--swap", "5000"], /--swap 5000: want 0 to 16G in steps of 4K\n$/],
    [["--swap", "17G"], /--swap 17G: want 0 to 16G/],
    [["--read-ahead", "513"], /--read-ahead 513: want a whole number from 0 to 512\n$/],
    [["--budget", "many"], /--budget many: not a number/],
    [["-c"], /-c needs a line/],
  ];
  for (const [args, message] of cases) {
    const r = await cowsh(args);
    assertMatch(r.err, message);
    assertEquals([r.code, r.out, r.err.split("\n").length], [2, "", 2], args.join(" "));
  }
});

Deno.test("--help, --version, --json, --color", async () => {
  assertStringIncludes((await cowsh(["--help"])).out, "--no-color");
  assertMatch((await cowsh(["--version"])).out, /^cowsh \d+\.\d+\.\d+\n$/);
  const json = await cowsh(["--json", "-c", "set", "-c", "peple"]);
  const lines = json.out.trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(lines.map((o) => [o.command, o.status]), [["set", 0], ["peple", 2]]);
  assertStringIncludes((await cowsh(["--color", "-c", "help set"])).out, "\x1b[1mset");
});

Deno.test("--color over NO_COLOR over FORCE_COLOR over a pipe, by the task and by deno run -RW", async () => {
  const starts = [["task", "-q", "start"], ["run", "--no-prompt", "-RW", "main.ts"]];
  const cases: [env: Record<string, string>, flags: string[], colored: boolean][] = [
    [{}, [], false],
    [{ FORCE_COLOR: "1" }, [], true],
    [{ FORCE_COLOR: "0" }, [], false],
    [{ NO_COLOR: "1", FORCE_COLOR: "1" }, [], false],
    [{ NO_COLOR: "1", FORCE_COLOR: "1" }, ["--color"], true],
    [{ NO_COLOR: "1" }, ["--color"], true],
    [{ FORCE_COLOR: "1" }, ["--no-color"], false],
  ];
  for (const start of starts) {
    for (const [env, flags, colored] of cases) {
      const { stdout } = await new Deno.Command(Deno.execPath(), {
        args: [...start, ...flags, "-c", "help set"],
        cwd: root,
        clearEnv: true,
        env: { ...env, ...HOME },
      }).output();
      const said = new TextDecoder().decode(stdout);
      assertStringIncludes(said, "set");
      const what = JSON.stringify([start, env, flags]);
      assertEquals(said.includes("\x1b["), colored, what);
    }
  }
});

Deno.test("images and programs that are no good exit with 5", async () => {
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, "not an image");
  const image = await cowsh(["--fs", file, "-c", "help"]);
  const elf = await cowsh(["--bare", file]);
  await Deno.remove(file);
  for (const r of [image, elf]) {
    assertEquals([r.code, r.out, r.err.split("\n").length], [5, "", 2], r.err);
    assertStringIncludes(r.err, file);
  }
});

Deno.test("a disk image that is cut: one line that says what is missing, exit code 5", async () => {
  const folder = await Deno.makeTempDir();
  const xv6 = `${folder}/fs.img`, fat = `${folder}/fat.img`;
  await Deno.writeFile(xv6, mkfs().subarray(0, 1_000_000));
  await Deno.writeFile(fat, formatFat32(34 << 20).subarray(0, 1_000_000));
  const promised = {
    "--fs": "its super block says 2000 blocks (2048000 bytes), the image has 1000000 bytes",
    "--fat": "69632 sectors of 512 bytes are promised, 1000000 bytes are there",
  };
  for (const [flag, file] of [["--fs", xv6], ["--fat", fat]] as const) {
    const r = await cowsh([flag, file, "-c", "ps"]);
    assertEquals([r.code, r.out, r.err.split("\n").length], [5, "", 2], r.err);
    assertStringIncludes(r.err, `${file}: `);
    assertStringIncludes(r.err, promised[flag]);
  }
  // With two images the line names the one that it is about.
  const whole = `${folder}/whole.img`;
  await Deno.writeFile(whole, mkfs());
  const both = await cowsh(["--fs", whole, "--fat", fat, "-c", "ps"]);
  assert(both.err.startsWith(`cowsh: ${fat}: `), both.err);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a reader that goes away ends it quietly", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "main.ts"],
    cwd: root,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  await child.stdout.cancel();
  const writer = child.stdin.getWriter();
  const write = async () => {
    try {
      await writer.write(new TextEncoder().encode("help\n".repeat(5000)));
      await writer.close();
    } catch {
      // It has gone already, which is what is wanted.
    }
  };
  const [{ code, stderr }] = await Promise.all([
    (async () => {
      const stderr = await new Response(child.stderr).text();
      return { code: (await child.status).code, stderr };
    })(),
    write(),
  ]);
  assertEquals([code, stderr], [141, ""]);
});

Deno.test("a full disk behind standard output is one line", async () => {
  const sh = new Deno.Command("sh", {
    args: [
      "-c",
      `exec "$0" run --no-prompt --allow-read main.ts -c ps > /dev/full`,
      Deno.execPath(),
    ],
    cwd: root,
    stderr: "piped",
  });
  const { code, stderr } = await sh.output();
  assertEquals(code, 5);
  assertMatch(new TextDecoder().decode(stderr), /^cowsh: cannot write: No space left.*\n$/);
});
