/**
 * Lines, stacks and variables of real xv6 kernels of all years, as the shell shows them: `XV6_TREES` is a folder with
 * one built tree in each of its folders.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { Guest } from "../../src/vm/guest.ts";
import { vmOver } from "../../src/vm/guest_computer.ts";
import { newTyped } from "../commands/typist.ts";
import { TREES, treesIn } from "../trees.ts";

const folder = TREES;

async function atPrompt(tree: string) {
  const kernel = Deno.readFileSync(`${tree}/kernel/kernel`);
  const guest = new Guest(kernel, { disk: Deno.readFileSync(`${tree}/fs.img`), harts: 1 });
  let said = "";
  for (let slices = 0; !said.endsWith("$ "); slices++) {
    assert(slices < 3000, said);
    guest.slice();
    for (const bytes of guest.take()) said += new TextDecoder().decode(bytes);
  }
  for (let slices = 0; slices < 5; slices++) guest.slice();
  guest.take();
  const typist = await newTyped([], { vm: vmOver(guest) });
  return {
    type: (line: string) => guest.type(new TextEncoder().encode(`${line}\n`)),
    say: async (line: string) => (await typist.type(line)).text,
    // deno-lint-ignore no-explicit-any -- what JSON.parse gives
    json: async (line: string): Promise<any> => {
      await typist.type("set json on");
      const { text } = await typist.type(line);
      await typist.type("set json off");
      return JSON.parse(text.split("\n")[0]);
    },
  };
}

/** The functions of a stack, outermost last. */
function names(answer: { frames: { function: string }[] }): string[] {
  return answer.frames.map((frame) => frame.function);
}

if (folder === undefined) {
  console.log("sources of xv6 kernels: skipped, XV6_TREES is not set to a folder of built trees");
} else {
  for (const name of treesIn(folder).filter((name) => /^\d+-(xv6|cow)$/.test(name))) {
    Deno.test(`${name}: stacks, lines and variables`, async () => {
      const { type, say, json } = await atPrompt(`${folder}/${name}`);
      // Who sleeps in the kernel, down to the program.
      const sleeper = await json("bt -p 2");
      const own = names(sleeper);
      assertEquals(own[0], "sched");
      for (
        const one of ["sleep", "consoleread", "sys_read", "syscall", "usertrap", "gets", "main"]
      ) {
        assert(own.includes(one), `${one} is not in ${own}`);
      }
      assertEquals(sleeper.frames.at(-1).pid, 2);
      assertMatch(sleeper.frames.at(-1).line, /^sh\.c:\d+$/);
      assertMatch(
        await say("list consoleread"),
        /^kernel\/console\.c\n[^]*>\d+ {2}.*consoleread\(/,
      );
      // A call, stopped in the kernel.
      await say("break sys_write");
      type("echo hi");
      assertMatch(await say("continue"), /<sys_write at sysfile\.c:\d+>/);
      assertEquals(names(await json("bt")), ["sys_write", "syscall", "usertrap", "write", "main"]);
      assertMatch(await say("finish"), /sys_write has returned 2 {2}uint64/);
      assertMatch(
        await say("next"),
        /next: hart 0, the kernel for pid 3 echo .* <\w+\+0x\w+ at \w+\.c:\d+>/,
      );
      assertMatch(await say("frame 0"), /^frame 0: usertrap at trap\.c:\d+/);
      const { locals } = await json("locals");
      const p = locals.find((one: { name: string }) => one.name === "p");
      assertEquals([p.type, p.lost], ["struct proc *", null]);
      // C, from a local variable, a global one, and where an address is wanted.
      assertEquals((await json("print p->name")).data, "echo");
      assertEquals((await json("print proc[2].pid")).data, 3);
      assertEquals((await json("print proc[2].state")).data, "RUNNING");
      assertEquals((await json("print p->parent == &proc[1]")).value, "0x1");
      assertEquals((await json("print *p")).data.pid, 3);
      assertEquals(
        (await json("print proc + sizeof(struct proc)")).value,
        (await json("print &proc[1]")).value,
      );
      assertMatch(await say("refcount kmem.freelist"), /on the free list/);
      assertMatch(await say("print proc[64]"), /there is no element 64: the array has 64/);
      assertMatch(await say("print p->nosuch"), /struct proc has no field nosuch/);
      // On into the program.
      await say("delete");
      assertMatch(await say("finish"), /next: hart 0, pid 3 echo /);
      assertMatch(await say("next"), /<main\+0x\w+ at echo\.c:\d+>/);
      assertMatch(await say("continue"), /waits for input/);
    });

    Deno.test(`${name}: interrupted in the kernel`, async () => {
      const { type, say, json } = await atPrompt(`${folder}/${name}`);
      await say("break kerneltrap");
      type("grep xv6 README");
      await say("continue");
      const found = names(await json("bt"));
      assertEquals(found.slice(0, 2), ["kerneltrap", "kernelvec"]);
      assert(
        found.length > 2 && (found.at(-1) === "main" || found.includes("usertrap")),
        `${found}`,
      );
    });
  }
}
