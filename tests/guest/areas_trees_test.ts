/**
 * Areas of processes of real xv6 kernels of the mmap lab, as their students keep them: `XV6_TREES` is a folder with one
 * built tree in each of its folders, those of that lab named `…-mmap`.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { attach } from "../../mod.ts";
import { parseElf } from "../../src/vm/machine/elf.ts";
import { newTyped } from "../commands/typist.ts";
import { TREES, treesIn } from "../trees.ts";

const folder = TREES;

/** Trees of the lab whose kernel has the call. */
function* trees(folder: string): Generator<string> {
  for (const name of treesIn(folder)) {
    if (!name.endsWith("-mmap")) continue;
    const kernel = Deno.readFileSync(`${folder}/${name}/kernel/kernel`);
    if (parseElf(kernel).symbol("sys_mmap") !== undefined) yield name;
  }
}

if (folder === undefined) {
  console.log("areas of xv6 kernels: skipped, XV6_TREES is not set to a folder of built trees");
} else {
  for (const name of [...trees(folder)].sort()) {
    Deno.test(`${name}: what mmap made, by the records of its kernel`, async () => {
      const vm = attach({
        kernel: `${folder}/${name}/kernel/kernel`,
        disk: `${folder}/${name}/fs.img`,
      });
      const typist = await newTyped([], { vm });
      const tell = async (line: string) => {
        const { text, status } = await typist.type(line);
        assertEquals(status, 0, `${line}: ${text}`);
        return text;
      };
      // deno-lint-ignore no-explicit-any -- what JSON.parse gives
      const json = async (line: string): Promise<any> => JSON.parse(await tell(`${line} --json`));
      const area = async (start: string) =>
        (await json("vmmap")).areas.find((a: { start: string }) => a.start === start);
      const fact = async () => {
        const { facts } = await json("facts");
        return facts.find((one: { name: string }) => one.name === "areas");
      };

      await tell("spawn");
      const before = await fact();
      assertMatch(before.value, /^exec's and sbrk's, proc\[\]\.\w+/);
      assertEquals(before.sure, "likely", "nobody has mapped anything");
      assertEquals(
        (await json("vmmap")).areas.map(({ kind }: { kind: string }) => kind).join(" "),
        `${name < "2022" ? "text+data" : "text"} guard stack trapframe trampoline`,
      );

      await tell("call open README 0");
      const { start, perm, kind } = await json("mmap 8192 r --fd 3");
      assertEquals([perm, kind], ["r--p", "file"]);
      const { file, size, rss } = await area(start);
      const readme = vm.disk.list("README")[0].inode!.ino;
      assertEquals([file, size, rss], [readme, 8192, 0]);
      assertMatch(
        await tell(`pte ${start}`),
        /read → load fault \(13\), in the area \S+ of README, not mapped yet · write → store fault/,
      );
      await tell("audit");
      assertMatch(
        await tell(`load ${start}`),
        /0x6120736920367678.*\nload page fault \(13\) at 0x/,
      );
      assertEquals((await area(start)).rss, 4096);
      const seen = await fact();
      assertMatch(seen.evidence, /1 area in use with 1 page mapped/);
      assert(
        seen.sure === "sure" || /1 with more rights/.test(seen.evidence),
        JSON.stringify(seen),
      );
      await tell("audit");
      await tell(`munmap ${start} 8192`);
      assertEquals((await area(start))?.kind === "file", false);
    });

    Deno.test(`${name}: a fault in a page that mmap has not mapped yet`, async () => {
      const vm = attach({
        kernel: `${folder}/${name}/kernel/kernel`,
        disk: `${folder}/${name}/fs.img`,
      });
      const typist = await newTyped([], { vm });
      vm.type("mmaptest\n");
      const { text } = await typist.type("until fault");
      assertMatch(
        text,
        /load page fault \(13\) at 0x\w+, by .*: in the area 0x\S+ of mmap\.dur, not/,
      );
    });
  }
}
