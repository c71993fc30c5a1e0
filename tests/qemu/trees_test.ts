/**
 * `make qemu` in trees of every year with the launcher first in PATH, as a student types it: `XV6_TREES` is a
 * folder with one built tree in each of its folders.
 */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { BIN, Launched } from "./launch.ts";
import { TREES, treesIn } from "../trees.ts";

const trees = TREES;

/** The trees that are there; the lab's of 2019 stands for that year. */
const built = trees === undefined ? [] : treesIn(trees).filter((name) => /^20\d\d-/.test(name));
if (trees === undefined) {
  console.log("make qemu: skipped, XV6_TREES is not set to a folder of built trees");
}

/** A copy of a tree, with the times of its files, so that make builds nothing again. */
async function withTree(tree: string, body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "cowsh tree" });
  try {
    const args = ["-a", `${trees}/${tree}/.`, folder];
    const { success } = await new Deno.Command("cp", { args }).output();
    assertEquals(success, true);
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const tree of built) {
  Deno.test(`make qemu in ${tree} boots to a shell that keeps what it writes`, async () => {
    await withTree(tree, async (folder) => {
      const make = (target: string) =>
        new Launched("make", { args: ["CPUS=3", target], cwd: folder });
      const run = make("qemu");
      await run.until("$ ");
      assertStringIncludes(run.out, "hart 1 starting");
      await run.type("ls\n");
      await run.until(/\ncat +2 \d+ \d+\n[^]*console +3 \d+ 0\n\$ $/);
      await run.type("echo kept > file\n");
      await run.until(/> file\n\$ $/);
      await run.type("\x01x");
      const { code, err } = await run.end();
      assertEquals(code, 0, err);
      assertMatch(run.out, /QEMU: Terminated\n$/);

      // The same image again, in the same words.
      const word = run.out.split("\n").find((line) => line.startsWith("qemu-system-riscv64 "))!;
      const again = new Launched("sh", { args: ["-c", word], cwd: folder });
      await again.until("$ ");
      await again.type("cat file\n");
      await again.until("cat file\nkept\n$ ");
      await again.type("\x01x");
      assertEquals((await again.end()).code, 0);
    });
  });
}

if (built.length > 0) {
  Deno.test("the launcher is what make finds", async () => {
    const which = new Launched("sh", { args: ["-c", "command -v qemu-system-riscv64"] });
    await which.end();
    assertEquals(which.out, `${BIN}/qemu-system-riscv64\n`);
  });
}
