import { assertEquals, assertStringIncludes } from "@std/assert";
import { parseCast } from "../../src/record/parse.ts";

const root = new URL("../../", import.meta.url);
const casts = [...Deno.readDirSync(new URL("docs/casts/", root))]
  .map((entry) => `docs/casts/${entry.name}`)
  .filter((name) => name.endsWith(".cast"))
  .sort();

async function hasAsciinema(): Promise<boolean> {
  try {
    return (await new Deno.Command("asciinema", { args: ["--version"] }).output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

const there = await hasAsciinema();
if (!there) console.log("skipped: asciinema is not installed, so it plays no recording here");

Deno.test({
  name: "Debian's asciinema shows the committed recordings",
  ignore: !there,
  async fn(t) {
    assertEquals(casts.length >= 2, true);
    for (const path of casts) {
      await t.step(path, async () => {
        const { success, stdout, stderr } = await new Deno.Command("asciinema", {
          args: ["play", "-s", "1000", "-i", "0.01", path],
          stdin: "null",
          cwd: root,
          env: { LC_ALL: "C.UTF-8" },
        }).output();
        const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
        assertEquals(success, true, decode(stderr));
        const cast = parseCast(Deno.readTextFileSync(new URL(path, root)));
        const text = cast.events.filter((e) => e.code === "o").map((e) => e.data).join("");
        assertStringIncludes(decode(stdout), text);
      });
    }
  },
});
