/** What people type out of habit gets the hint that helps, and no hint names what there is not. */

import { assert, assertEquals } from "@std/assert";
import { commandHabit, HABITS } from "../../src/framework/habits.ts";
import { COMMANDS } from "../../src/commands/registry.ts";
import { FILTERS } from "../../src/repl/filters.ts";
import { typed } from "./typist.ts";

const NAMES = new Set(COMMANDS.flatMap((c) => [c.name, ...c.aliases]));

Deno.test("common words of gdb, Unix and xv6 each get the most useful hint", async () => {
  const cases: [line: string, says: string][] = [
    ["ls", "no command ls; dir lists the disk, and run ls runs the guest's own ls"],
    ["cat README", "no command cat; run cat FILE prints a file of the disk"],
    ["top", "no command top; ps lists the processes"],
    [
      "ps aux",
      'ps has no use for "aux" (usage: ps); ps lists all processes; ps | where NAME == sh keeps some',
    ],
    ["kill -9 2", "-9 is no good as a process id: 0 to 2^32-1; xv6 has no signals: kill PID"],
    ["free -m", "free has no flag -m (usage: free); free has no flags; its BYTES are in K, M or G"],
    ["clear", "no command clear; Ctrl-L clears the screen"],
    [
      "reboot",
      "no command reboot; boot starts a fresh computer; restore NAME goes back to a snapshot",
    ],
    ["shutdown -h now", "no command shutdown; quit ends the session"],
    ["exit", "no current process; spawn makes one, use PID picks one; quit ends the session"],
    ["man pte", "no command man; help NAME shows a command"],
    ["si", "no command si; step N runs N instructions, next goes by lines of the source"],
    ["ni 3", "no command ni; step N runs N instructions, next goes by lines of the source"],
    ["tbreak main", "no command tbreak; break VA, then continue; of a guest, until PLACE"],
    ["info registers", "info registers: info shows locals and args; reg shows the registers"],
    ["i b", "no command i; break lists the stops"],
    ["x/8gx 0x3000", "no command x/8gx; x VA BYTES shows memory, dis VA N instructions"],
    ["print/x 3", "no command print/x; print EXPR shows a value in every base"],
    ["disas main", "no command disas; dis VA N disassembles"],
    ["cowtest", "no command cowtest; run cowtest runs the program of that name"],
    ["./_usertests -q", "no command ./_usertests; run usertests runs the program of that name"],
    ["grep x README", "no command grep; run grep runs the program of that name"],
    ["frok", "no command frok; did you mean fork?"],
    ["sp", "no command sp; did you mean spawn?"],
    ["zz", "no command zz; help lists the commands"],
    ["help ls", "no command ls; dir lists the disk, and run ls runs the guest's own ls"],
    ["help sp", "no command sp; did you mean spawn?"],
    ["ps | grep demo", "no filter grep; where COL ~ TEXT keeps rows"],
    ["ps | wc -l", "no filter wc; count counts rows"],
    [
      "ps | tail",
      "no filter tail; head N keeps the first rows; timeline N shows the newest events",
    ],
    ["ps | cuont", "no filter cuont; did you mean count?"],
    ["ps | sort PID", "no filter sort; filters are where, cols, head, count, json"],
  ];
  const answers = await typed(cases.map(([line]) => line));
  for (const [i, [line, says]] of cases.entries()) {
    assertEquals([answers[i].text, answers[i].status], [`${says}\n`, 2], line);
  }
});

Deno.test("no habit takes a command's place, and each hint names a command, filter or key", () => {
  const filters = new Set(FILTERS.map((f) => f.name));
  for (const c of NAMES) {
    const hint = commandHabit(c);
    // exit has another meaning here than elsewhere, and says so when it fails.
    assert(hint === undefined || c === "exit", `${c}: ${hint}`);
  }
  for (const [pattern, right] of HABITS) {
    const words = right.split(/[ ,;:|]+/);
    assert(
      words.some((w) => NAMES.has(w) || filters.has(w) || w.startsWith("Ctrl-")) ||
        /on the host/.test(right),
      `${pattern}: ${right}`,
    );
  }
});
