/** `bin/cowsh`: the program from anywhere, with what it imports found without its configuration. */

import { assertEquals, assertMatch } from "@std/assert";

const root = decodeURIComponent(new URL("../../", import.meta.url).pathname);

async function run(command: string, args: string[], cwd: string, stdin = "") {
  const child = new Deno.Command(command, {
    args,
    cwd,
    env: { PATH: `${Deno.execPath().replace(/\/[^/]*$/, "")}:${Deno.env.get("PATH")}` },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(stdin));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}

Deno.test("bin/cowsh is the shell, from a folder of one's own and through a link", async () => {
  const folder = await Deno.makeTempDir({ prefix: "cowsh bin " });
  try {
    await Deno.symlink(`${root}bin/cowsh`, `${folder}/cow`);
    const version = await run(`${folder}/cow`, ["--version"], "/");
    assertMatch(version.out, /^cowsh \d+\.\d+\.\d+\n$/);
    const usage = await run("./cow", ["--nope"], folder);
    assertEquals([usage.code, usage.out], [2, ""]);
    // What commands import beside the session: pictures, and the width of characters.
    const lines = "record tour.cast\nspawn\nrecord stop\nrender tour.cast tour.svg\n";
    const shell = await run("./cow", [], folder, lines);
    assertEquals([shell.code, shell.err], [0, ""]);
    assertMatch(shell.out, /^recording .*\npid 2 demo stands still; .*\n/);
    assertMatch(await Deno.readTextFile(`${folder}/tour.svg`), /^<svg /);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("what the configuration names for src is named for bin, too", async () => {
  const read = async (path: string) => JSON.parse(await Deno.readTextFile(root + path));
  const { imports } = await read("bin/import_map.json");
  const config = await read("deno.json");
  for (const link of config.links as string[]) {
    const { name, exports } = await read(`${link.slice(2)}/deno.json`);
    const all = typeof exports === "string" ? { ".": exports } : exports;
    for (const [key, file] of Object.entries(all as Record<string, string>)) {
      const path = `.${link.slice(1)}/${file.slice(2)}`;
      assertEquals(imports[`${name}${key.slice(1)}`], `../${path.slice(2)}`);
    }
  }
});
