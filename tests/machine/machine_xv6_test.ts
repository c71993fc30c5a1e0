/**
 * Real xv6 kernels, built outside this repository, booted on the machine: `XV6_TREES` is a folder with one built
 * tree in each of its folders (`kernel/kernel` and `fs.img`).
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { loadPhysical } from "../../src/vm/guest.ts";
import { parseElf } from "../../src/vm/machine/elf.ts";
import { Machine } from "../../src/vm/machine/machine.ts";
import { isMissing, TREES } from "../trees.ts";

const trees = TREES;

/** Boots a tree, types the lines at the shell's prompts, and returns what the console said. */
function session(tree: string, version: 1 | 2, lines: string[]): { said: string; instret: number } {
  const disk = Deno.readFileSync(`${tree}/fs.img`);
  const machine = new Machine({ disk, virtioVersion: version });
  const kernel = parseElf(Deno.readFileSync(`${tree}/kernel/kernel`));
  loadPhysical(machine, kernel);
  machine.hart.pc = kernel.entry;
  const waiting = [...lines];
  let said = "";
  for (let slices = 0; slices < 1500; slices++) {
    const stop = machine.run(1_000_000);
    assert(stop.kind === "budget" || stop.kind === "wfi", stop.kind);
    said += new TextDecoder().decode(machine.uart.take());
    assert(!said.includes("panic"), said);
    if (!said.endsWith("$ ")) continue;
    const line = waiting.shift();
    if (line === undefined) return { said, instret: machine.instret };
    machine.uart.type(new TextEncoder().encode(`${line}\n`));
  }
  throw new Error(`no prompt:\n${said}`);
}

if (trees === undefined) {
  console.log("xv6 kernels: skipped, XV6_TREES is not set to a folder of built trees");
} else {
  // Legacy virtio and the CLINT's timer; virtio 2 and the CLINT; virtio 2 and stimecmp.
  for (const [tree, version] of [["2020-xv6", 1], ["2022-xv6", 2], ["2025-xv6", 2]] as const) {
    Deno.test(`xv6 of ${tree} boots, and its shell works`, { ignore: isMissing(tree) }, () => {
      const lines = [
        "echo one two",
        "cat README | grep xv6 | wc",
        "mkdir d",
        "echo x > d/f",
        "cat d/f",
      ];
      const { said } = session(`${trees}/${tree}`, version, lines);
      assertStringIncludes(said, "xv6 kernel is booting");
      assertStringIncludes(said, "$ echo one two\none two\n$ ");
      assertStringIncludes(said, "$ cat d/f\nx\n$ ");
    });
  }

  const same = "the same session gives the same bytes after the same number of instructions";
  Deno.test(same, { ignore: isMissing("2025-xv6") }, () => {
    const twice = [0, 1].map(() => session(`${trees}/2025-xv6`, 2, ["ls", "forktest"]));
    assertEquals(twice[0], twice[1]);
    assertStringIncludes(twice[0].said, "fork test OK");
  });
}
