/** Plays a recording of ours with the asciinema of the machine, where there is one. */
import { assertEquals } from "@std/assert";
import { CastWriter } from "../../src/record/writer.ts";

async function found(): Promise<boolean> {
  try {
    return (await new Deno.Command("asciinema", { args: ["--version"] }).output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

const there = await found();
if (!there) console.log("skipping the asciinema tests: no asciinema on the PATH");

async function played(cast: string): Promise<string> {
  const file = await Deno.makeTempFile({ suffix: ".cast" });
  try {
    await Deno.writeTextFile(file, cast);
    const { stdout, stderr, code } = await new Deno.Command("asciinema", {
      args: ["play", "-s", "1000", file],
      stdin: "null",
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout);
  } finally {
    await Deno.remove(file);
  }
}

Deno.test({
  name: "asciinema plays a recording to its end",
  ignore: !there,
  fn: async () => {
    const writer = new CastWriter({ width: 60, height: 8, title: "COW" });
    writer.output("> ").type("pte 0x4000").marker("verdict").wait(2);
    writer.output("\x1b[33mCOW\x1b[39m 記憶\n");
    assertEquals(await played(writer.toString()), "> pte 0x4000\r\n\x1b[33mCOW\x1b[39m 記憶\r\n");
  },
});
