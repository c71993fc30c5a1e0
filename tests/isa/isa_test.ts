/**
 * The assembly tests on our machine; with `QEMU=1` on QEMU as well, and with `RISCV_TESTS` set to a folder
 * of built public riscv-tests, those too.
 */
import { assertEquals } from "@std/assert";
import { runHere, runOnQemu, runToHost } from "./programs.ts";

const here = new URL(".", import.meta.url);
const bin = new URL("bin/", here);
const names = [...Deno.readDirSync(bin)].map((entry) => entry.name.replace(/\.elf$/, "")).sort();

/** The failing check as a place in the source. */
function place(name: string, line: number): string {
  if (line === 0) return "";
  const source = Deno.readTextFileSync(new URL(`${name}.S`, here)).split("\n");
  return `${name}.S:${line}: ${source[line - 1]?.trim() ?? ""}`;
}

for (const name of names) {
  const file = new URL(`${name}.elf`, bin);
  Deno.test(`isa: ${name}`, () => {
    assertEquals(place(name, runHere(Deno.readFileSync(file)).code), "");
  });
  Deno.test({
    name: `isa on QEMU: ${name}`,
    // strict.S and strict_pmp.S hold what QEMU 7.2 does otherwise.
    ignore: Deno.env.get("QEMU") === undefined || name.startsWith("strict"),
    fn: async () => assertEquals(place(name, (await runOnQemu(file.pathname)).code), ""),
  });
}

Deno.test("isa: every source has its program and every program its source", () => {
  const sources = [...Deno.readDirSync(here)].map((entry) => entry.name)
    .filter((name) => name.endsWith(".S")).map((name) => name.replace(/\.S$/, "")).sort();
  assertEquals(names, sources);
});

const suite = Deno.env.get("RISCV_TESTS");
if (suite === undefined) {
  console.log("riscv-tests: skipped, RISCV_TESTS is not set to a folder of built rv64* programs");
} else {
  for (const { name } of [...Deno.readDirSync(suite)].sort((a, b) => a.name < b.name ? -1 : 1)) {
    Deno.test(`riscv-tests: ${name}`, () => {
      assertEquals(runToHost(Deno.readFileSync(`${suite}/${name}`)), 0);
    });
  }
}
