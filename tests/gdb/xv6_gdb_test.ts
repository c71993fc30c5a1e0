/**
 * The real gdb on real xv6 kernels, built outside this repository: `XV6_TREES` is a folder with a built tree in each
 * of its folders. Each is debugged with its own `.gdbinit`, as `make qemu-gdb` would make it.
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { debugging } from "./guest_lab.ts";
import { noGdb, realGdb } from "./lab.ts";
import { DebugInfo } from "../../src/vm/dwarf/debug_info.ts";
import { parseElf } from "../../src/vm/machine/elf.ts";
import { TREES, treesIn } from "../trees.ts";

const trees = TREES;

/** Names of the trees that are there, and can be debugged by lines. */
function built(folder: string): string[] {
  return treesIn(folder).filter((name) => {
    try {
      const kernel = parseElf(Deno.readFileSync(`${folder}/${name}/kernel/kernel`));
      return Deno.statSync(`${folder}/${name}/.gdbinit.tmpl-riscv`).isFile &&
        DebugInfo.of(kernel) !== undefined;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  });
}

/**
 * What gdb says in a tree, to commands after the tree's `.gdbinit`, and how the guest ended; `ls` is typed at xv6's
 * first prompt.
 */
async function inTree(tree: string, harts: number, commands: string[]): Promise<string> {
  const kernel = await Deno.readFile(`${tree}/kernel/kernel`);
  const disk = await Deno.readFile(`${tree}/fs.img`);
  const init = await Deno.readTextFile(`${tree}/.gdbinit.tmpl-riscv`);
  let text = "";
  const { end } = await debugging(kernel, { disk, harts, lines: ["ls"] }, async ({ gdb }) => {
    const start = init.replace(/:\d+$/m, `:${gdb.port}`).trim().split("\n");
    assertMatch(start.join("\n"), new RegExp(`^target remote 127.0.0.1:${gdb.port}$`, "m"));
    text = await realGdb(undefined, [...start, "set pagination off", ...commands], { cwd: tree });
  });
  return `${text.trimEnd()}\nended: ${end}`;
}

if (trees === undefined) {
  console.log("gdb on xv6 kernels: skipped, XV6_TREES is not set to a folder of built trees");
} else if (noGdb === undefined) {
  for (const tree of built(trees)) {
    Deno.test(`gdb on xv6 of ${tree}: what a student does, forwards and backwards`, async () => {
      const text = await inTree(`${trees}/${tree}`, 3, [
        "tbreak main",
        "continue",
        "break usertrap",
        "continue",
        "info registers satp",
        "print $priv",
        "x/4i $pc",
        "tbreak syscall",
        "continue",
        "backtrace",
        "up",
        "print p->name",
        "down",
        "print myproc()->pid",
        "finish",
        "info threads",
        "thread 2",
        "stepi",
        "reverse-stepi",
        "thread 3",
        "monitor hello",
        "delete",
        "rwatch ticks",
        "continue",
        "delete",
        "watch ticks",
        "continue",
        "print/x $pc == 0",
        "reverse-continue",
        "delete",
        "awatch ticks",
        "continue",
        "delete",
        "reverse-finish",
        // A program of the guest, whose file says that it wants floating point. Other programs
        // have something else at that address.
        "file user/_ls",
        "tbreak main if argc == 1",
        "continue",
        "print $priv",
        "info registers fa0",
        'print fmtname("abc")',
        "reverse-stepi",
        "detach",
      ]);
      const wants = [
        /hit Temporary breakpoint 1, (_)?main \(\)/,
        /hit Breakpoint 2, usertrap \(\)/,
        /satp +0x8000000000087fff/,
        /\$1 = 1$/m,
        /=> 0x[0-9a-f]+ <usertrap(\+\d+)?>:/,
        /#0 +syscall \(\)[^]*#1 .* in usertrap \(\)/,
        /\$2 = "(initcode|init)["\\]/,
        /\$3 = 1$/m,
        /Run till exit from #0 +syscall|usertrap \(\)/,
        /\d +Thread 3 \(hart 2, \w+ mode\)/,
        /\[Switching to thread 2 \(Thread 2\)\]/,
        /^hello\?$/m,
        /Hardware read watchpoint 4: ticks\n\nValue = \d+/,
        /Hardware watchpoint 5: ticks\n\nOld value = (\d+)\nNew value = (\d+)\n/,
        /Hardware access \(read\/write\) watchpoint 6: ticks/,
        /hit Temporary breakpoint 7, main \(argc=1, argv=0x[0-9a-f]+\)/,
        /\$5 = 0$/m,
        /fa0 +.*<unavailable>/,
        /\$6 = 0x[0-9a-f]+ .*"abc/,
        /\[Inferior 1 \(Remote target\) detached\]/,
      ];
      for (const want of wants) assertMatch(text, want, text);
      // Once forwards, and the same store backwards.
      const counts = [
        ...text.matchAll(/watchpoint 5: ticks\n\nOld value = (\d+)\nNew value = (\d+)/g),
      ];
      const [[, from, to], [, backFrom, backTo]] = counts;
      assertEquals([backFrom, backTo], [to, from]);
      assertEquals(Number(to), Number(from) + 1);
    });
  }

  for (const tree of built(trees).filter((name) => name.endsWith("-cow"))) {
    const solved = /cow/i.test(await Deno.readTextFile(`${trees}/${tree}/kernel/vm.c`));
    if (!solved) console.log(`${tree} shares no pages: gdb does not look there who cleared W`);
    if (!solved) continue;
    Deno.test(`gdb on ${tree}: back from a fault to the store that cleared W`, async () => {
      const text = await inTree(`${trees}/${tree}`, 3, [
        "break usertrap if $scause == 15",
        "continue",
        "set $p = cpus[$tp].proc",
        "print $p->name",
        "set $l2 = $p->parent->pagetable",
        "set $l1 = (pagetable_t)($l2[$stval >> 30 & 511] >> 10 << 12)",
        "set $l0 = (pagetable_t)($l1[$stval >> 21 & 511] >> 10 << 12)",
        "set $pte = &$l0[$stval >> 12 & 511]",
        "print *$pte & 5",
        "watch *$pte if *$pte & 4",
        "reverse-continue",
        "print *$pte & 5",
        "x/i $pc",
        "backtrace",
        "delete",
        "stepi",
        "print *$pte & 5",
        "monitor pte",
        "until",
        "advance syscall",
        "kill",
      ]);
      assertMatch(text, /hit Breakpoint 1, usertrap/, text);
      assertMatch(text, /\$1 = "sh"/, text);
      assertMatch(text, /\$2 = 1$/m, "the parent's page is mapped, and has no W");
      assertMatch(text, /\$3 = 5$/m, "before the store it has");
      assertMatch(text, /=> 0x[0-9a-f]+ <\w+\+\d+>:\s+(sd|c\.sd)\s/, text);
      assertMatch(text, /\$4 = 1$/m, "after the store it has not");
      const trace = text.slice(text.indexOf("#0"));
      assertMatch(trace, /(uvmcopy|cow\w*|fork)[^]*in (sys_fork|syscall|usertrap) \(\)/, text);
      assertStringIncludes(text, "pte?");
      // advance ends where the function returns, too: here its caller.
      assertMatch(text, /^0x[0-9a-f]+ in (sys_)?k?fork \(\) at kernel\//m, text);
      assertMatch(text, /\[Inferior 1 \(.*\) killed\][^]*\nended: killed$/, text);
    });
  }

  const documented = `${trees}/2025-cow`;
  if (!built(trees).includes("2025-cow")) {
    console.log("docs/gdb.md is not typed: XV6_TREES has no 2025-cow");
  } else {
    Deno.test("the session of docs/gdb.md is what gdb says", async () => {
      const page = await Deno.readTextFile(new URL("../../docs/gdb.md", import.meta.url));
      const shown = [...page.matchAll(/^```gdb\n([^]*?)^```$/gm)].map(([, block]) => block).join(
        "",
      );
      const commands = [...shown.matchAll(/^\(gdb\) (.*)$/gm)].map(([, command]) => command);
      assert(commands.length > 10, shown);
      const echoed = commands.flatMap((line) => [
        `echo (gdb) ${line.replaceAll("\\", "\\\\")}\\n`,
        line,
      ]);
      const text = await inTree(documented, 3, echoed);
      const said = text.slice(text.indexOf("(gdb) "), text.indexOf("Detaching from"));
      // Another compiler lays the kernel out otherwise.
      const plain = (text: string) => text.replace(/0x[0-9a-f]+|\d{2,}/g, "N").replace(/\s+/g, " ");
      assertEquals(plain(said), plain(shown));
    });
  }
}
