/** On a terminal of 80 columns, nothing that a command answers is cut or wrapped by the terminal itself. */

import { assert, assertEquals } from "@std/assert";
import { unicodeWidth } from "@std/cli/unicode-width";
import { COMMANDS } from "../../src/commands/registry.ts";
import { typed } from "./typist.ts";

const LINES = [
  ...[
    "spawn",
    "sbrk 8192",
    "store 0x3000 7",
    "mmap 64K rw --shared",
    "store $_ 1",
    "snap a",
    "fork",
  ],
  ...[
    "store 0x3000 8",
    "pte 0x3000",
    "pte 0x3fffdf0000",
    "refcount pa(0x3000)",
    "mappings pa(0x3000)",
  ],
  ...[
    "vmmap",
    "share",
    "share --frames",
    "ps",
    "audit",
    "timeline",
    "timeline 90",
    "free",
    "stats",
  ],
  ...[
    "swap",
    "tlb",
    "decode 0x21ffadd3",
    "x 0x3000",
    "x 0x3fffdf0000",
    "xp pa(0x3000)",
    "reg",
    "reg sp",
  ],
  ...["find 0x07", "find --ram 0x0700", "diff a", "snap", "dir", "fsck", "set", "help", "history"],
  ...[
    "fill 0x3000 2p 3",
    "load 0x9000",
    "use 3",
    "load 0x3000",
    "call mmap 0 4096 3 34 0 0",
    "reclaim 1",
  ],
  ...[
    "spawn forkexec",
    "break main",
    "break",
    "watch $sp-8",
    "step 20",
    "dis main 12",
    "sym ma",
    "continue",
  ],
  ...[
    "delete",
    "back 2",
    "goto 10",
    "until fork",
    "run echo hi",
    "strace echo hi",
    "compare forkexec",
    "engine",
    "engine regions",
  ],
  ...["boot --swap 1M", "print main", "kill 99", "munmap 0x3000 1T", "mmap 4096 --at 1"],
];

Deno.test("every answer fits 80 columns", async () => {
  const answers = await typed(LINES, ["--budget", "300K"], { width: 80 });
  for (const { line, text } of answers) {
    for (const one of text.split("\n")) {
      // The shell in front of a person folds errors itself.
      if (/^(no|there)/.test(one)) continue;
      assert(unicodeWidth(one) <= 80, `${line}: ${one}`);
    }
  }
});

Deno.test("every command's page fits 80 columns, but for what is to be typed", async () => {
  for (
    const { line, text } of await typed(COMMANDS.map((c) => `help ${c.name}`), [], { width: 80 })
  ) {
    for (const one of text.split("\n").filter((one) => !one.startsWith("  >"))) {
      assert(unicodeWidth(one) <= 80, `${line}: ${one}`);
    }
    assertEquals(text.includes("undefined"), false, line);
  }
});
