/**
 * Every scenario in `scripts/` twice: as tests with their steps and their recordings, and as the program that a
 * person starts, which needs no permission at all.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";

const root = new URL("../../", import.meta.url);
const scripts = [...Deno.readDirSync(new URL("scripts/", root))]
  .map((entry) => entry.name)
  .filter((name) => name.endsWith(".ts") && name !== "lint_layers.ts")
  .sort();

for (const name of scripts) await import(new URL(`scripts/${name}`, root).href);

Deno.test("deno run scripts/NAME.ts: each scenario without permissions", async (t) => {
  assert(scripts.length >= 4, "scripts/ holds the scenarios");
  for (const name of scripts) {
    await t.step(name, async () => {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--no-prompt", `scripts/${name}`],
        cwd: root,
        env: { NO_COLOR: "1" },
      }).output();
      const out = new TextDecoder().decode(stdout);
      assertEquals(new TextDecoder().decode(stderr), "");
      assertEquals(code, 0, out);
      assertStringIncludes(out, "✓");
      assert(!out.includes("✗"), out);
    });
  }
});

Deno.test("each script says at its top what it shows and how it is run", () => {
  for (const name of scripts) {
    const text = Deno.readTextFileSync(new URL(`scripts/${name}`, root));
    assertStringIncludes(text, `deno run scripts/${name}`);
  }
});
