/** The build of the guest programs, as a person calls it. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";

const build = new URL("../../user/build.ts", import.meta.url).pathname;

async function run(script: string, args: string[], env: Record<string, string> = {}) {
  const output = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-config", "--allow-read", "--allow-write", "--allow-run", script, ...args],
    env: { NO_COLOR: "1", ...env },
  }).output();
  const text = new TextDecoder();
  return { code: output.code, out: text.decode(output.stdout), err: text.decode(output.stderr) };
}

/** Why the compiler cannot be used for a comparison byte by byte, or undefined. */
async function noCompiler(): Promise<string | undefined> {
  const recorded = Deno.readTextFileSync(new URL("../../user/bin/COMPILER", import.meta.url));
  try {
    const { stdout } = await new Deno.Command("riscv64-unknown-elf-gcc", { args: ["--version"] })
      .output();
    const line = new TextDecoder().decode(stdout).split("\n")[0] + "\n";
    return line === recorded ? undefined : `built with ${recorded.trim()}, this is ${line.trim()}`;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return "riscv64-unknown-elf-gcc is not installed";
  }
}

Deno.test("without the compiler: one line, exit code 2", async () => {
  const { code, out, err } = await run(build, ["--check"], { PATH: "/nonexistent" });
  assertEquals([code, out], [2, ""]);
  assertMatch(err, /^user: riscv64-unknown-elf-gcc not found: install \S+\n$/);
});

Deno.test("an unknown argument: one line, exit code 2", async () => {
  const { code, err } = await run(build, ["--chek"]);
  assertEquals([code, err], [2, "user: unknown argument --chek\n"]);
});

Deno.test("the committed programs are what their sources make", async () => {
  const why = await noCompiler();
  if (why !== undefined) {
    console.log(`skipped: ${why}`);
    return;
  }
  const { code, out, err } = await run(build, ["--check"]);
  assertEquals(err, "");
  assertMatch(out, /^\d+ files are as their sources make them\n$/);
  assertEquals(code, 0);
});

Deno.test("a changed source, a stray file and a mistake are each named", async () => {
  const why = await noCompiler();
  if (why !== undefined) {
    console.log(`skipped: ${why}`);
    return;
  }
  const dir = Deno.makeTempDirSync();
  const write = (path: string, text: string) => Deno.writeTextFileSync(`${dir}/${path}`, text);
  try {
    Deno.mkdirSync(`${dir}/lib`);
    const user = new URL("../../user/", import.meta.url).pathname;
    for (const entry of Deno.readDirSync(`${user}lib`)) {
      Deno.copyFileSync(`${user}lib/${entry.name}`, `${dir}/lib/${entry.name}`);
    }
    for (const file of ["build.ts", "echo.c"]) Deno.copyFileSync(user + file, `${dir}/${file}`);
    const script = `${dir}/build.ts`;

    const first = await run(script, []);
    assertEquals([first.code, first.out], [0, "built 1 programs\n"]);
    assertEquals((await run(script, ["--check"])).code, 0);
    // The same bytes from another directory: nothing of the place gets in.
    assertEquals(
      Deno.readFileSync(`${dir}/bin/echo`),
      Deno.readFileSync(`${user}bin/echo`),
    );

    write("echo.c", "int main(void) { return 3; }\n");
    write("bin/stray", "");
    const second = await run(script, ["--check"]);
    assertEquals(second.code, 1);
    assertEquals(second.out.trim().split("\n"), [
      "user/bin/echo: differs from its sources",
      "user/programs.ts: differs from its sources",
      "user/bin/stray: has no source",
    ]);

    write("echo.c", "int main(void) { return missing; }\n");
    const third = await run(script, ["--check"]);
    assertEquals(third.code, 1);
    assertStringIncludes(third.err, "user: riscv64-unknown-elf-gcc echo.c: failed");
    assertStringIncludes(third.err, "missing");
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
});
