/** The docs hold what is true: transcripts are run, generated files made anew, links followed, examples executed. */

import { assert, assertEquals } from "@std/assert";
import { committed, DOCUMENTS, made, told, typedIn } from "../../docs/make.ts";

const root = new URL("../../", import.meta.url);

Deno.test("generated docs, recordings and transcripts are as `deno task docs` makes them", async (t) => {
  const paths: string[] = [];
  for await (const [path, text] of made()) {
    paths.push(path);
    await t.step(path, () => {
      const [was, is] = [committed(path).split("\n"), text.split("\n")];
      const at = is.findIndex((line, i) => line !== was[i]);
      if (at < 0 && was.length === is.length) return;
      const line = at < 0 ? is.length : at;
      throw new Error(
        `${path} line ${line + 1} is\n${was[line]}\nand would be\n${is[line]}\n` +
          "If that is right, deno task docs writes it.",
      );
    });
  }
  assert(paths.length >= 8, paths.join(" "));
});

Deno.test("a transcript that is not true is found", async () => {
  const block = (...lines: string[]) => ["```cowsh", ...lines, "```", ""].join("\n");
  const right = await told(block("> spawn"));
  assertEquals(right, block("> spawn", "pid 2 demo stands still; its heap starts at 0x3000"));
  assertEquals(await told(block("> spawn", "pid 7 demo")), right);
  assertEquals(await told("no block here\n"), "no block here\n");
  const shell = await told("```console\n$ echo cow; exit 3\n```\n");
  assertEquals(shell, "```console\n$ echo cow; exit 3\ncow\n(exit code 3)\n```\n");
});

Deno.test("all blocks of a document are one session, and boot begins afresh", async () => {
  const block = (...lines: string[]) => ["```cowsh", ...lines, "```", ""].join("\n");
  const manual = (pid: number) => `pid ${pid} demo stands still; its heap starts at 0x3000`;
  const typed = [block("> spawn"), "and\n", block("> spawn", "> boot", "> spawn")].join("");
  assertEquals(
    (await told(typed)).split("\n").filter((line) => line.startsWith("pid")),
    [manual(2), manual(3), manual(2)],
  );
  assertEquals(typedIn(block("> spawn", manual(2), "> fork")), [
    { line: "spawn", says: `${manual(2)}\n` },
    { line: "fork", says: "" },
  ]);
});

Deno.test("who types along with a document into the real program sees what it says", async () => {
  let lines = 0;
  for (const path of DOCUMENTS) {
    const script = typedIn(committed(path));
    if (script.length === 0) continue;
    lines += script.length;
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-RW",
        "main.ts",
        "--keep-going",
        ...script.flatMap(({ line }) => ["-c", line]),
      ],
      cwd: root,
      env: { NO_COLOR: "1" },
    }).output();
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    assertEquals(decode(stdout), script.map(({ says }) => says).join(""), path);
    assertEquals([decode(stderr), code !== 2 && code !== 70], ["", true], path);
  }
  assert(lines > 60, `${lines} lines were found`);
});

Deno.test("every relative link of the docs leads somewhere", () => {
  for (const path of [...DOCUMENTS, "docs/commands.md"]) {
    for (const [, target] of committed(path).matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const file = new URL(target, new URL(path, root));
      assert(Deno.statSync(file).isFile, `${path}: ${target}`);
    }
  }
});

Deno.test("every file that CONTRIBUTING.md names is there", () => {
  const names = [
    ...committed("CONTRIBUTING.md").matchAll(/`((?:src|tests|user|scripts)\/[^` ]+)`/g),
  ]
    .map(([, name]) => name).filter((name) => !name.includes("NAME"));
  assert(names.length > 15, `${names.length} names were found`);
  for (const name of names) assert(Deno.statSync(new URL(name, root)), name);
});

Deno.test("the TypeScript in the docs compiles and runs", async () => {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "--doc", "--no-prompt", ...DOCUMENTS],
    cwd: root,
    env: { NO_COLOR: "1" },
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assertEquals(code, 0, decode(stdout) + decode(stderr));
  assert(/ok \| [1-9]\d* passed/.test(decode(stdout)), decode(stdout));
});

Deno.test("no host names, machine paths or unfinished marks in the docs", () => {
  for (const path of DOCUMENTS) {
    const found = /\/(?:home|root|work|tmp)\/|TODO|FIXME/.exec(committed(path));
    assertEquals(found?.[0], undefined, path);
  }
});
