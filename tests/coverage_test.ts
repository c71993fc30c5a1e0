/**
 * Imports every module under src/, so that coverage counts those no other test reaches, and so that
 * each of them is seen to load by itself, without a permission it did not ask for.
 */
import { assert } from "@std/assert";

/** The modules of a folder, as file URLs in a fixed order. */
function modules(folder: URL): URL[] {
  const entries = [...Deno.readDirSync(folder)].sort((a, b) => a.name < b.name ? -1 : 1);
  return entries.flatMap((entry) => {
    if (entry.isDirectory) return modules(new URL(`${entry.name}/`, folder));
    const isModule = entry.name.endsWith(".ts") && !entry.name.endsWith(".d.ts");
    return isModule ? [new URL(entry.name, folder)] : [];
  });
}

Deno.test("every module under src loads", async (t) => {
  const src = new URL("../src/", import.meta.url);
  const all = modules(src);
  assert(all.length > 10, "src/ was not found");
  for (const url of all) {
    await t.step(`src/${url.href.slice(src.href.length)}`, async () => {
      assert(await import(url.href));
    });
  }
});
