/**
 * Every example in every command's help, typed on a freshly booted computer: what the help promises is
 * what the reader sees.
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { KIND_WORDS } from "../../src/framework/convert.ts";
import { GROUPS } from "../../src/framework/command.ts";
import { COMMANDS } from "../../src/commands/registry.ts";
import { counted } from "../../src/vm/machine/counted.ts";
import { typed } from "./typist.ts";

/** What the last of some lines prints, errors included, and how each ended. */
async function session(lines: readonly string[]): Promise<{ last: string; statuses: number[] }> {
  const answers = await typed(lines);
  return { last: answers.at(-1)!.text, statuses: answers.map((answer) => answer.status) };
}

/** One thing in the plural: what `counted` is there against. */
const ONE_OF_MANY =
  /(?<![.\w])1 (?:bytes|calls|events|faults|files|forks|frames|instructions|lines|pages|processes|steps|ticks|times)\b/;

const plain = (text: string) => text.replace(/\s+/g, " ").trim();

for (const command of COMMANDS) {
  Deno.test(`examples of ${command.name}`, async (t) => {
    for (const { say, lines, shows } of command.examples) {
      await t.step(say, async () => {
        const { last, statuses } = await session(lines);
        assertEquals(ONE_OF_MANY.exec(last)?.[0], undefined);
        for (const text of shows) assertStringIncludes(plain(last), plain(text));
        const before = statuses.slice(0, -1);
        assertEquals(
          before,
          before.map(() => 0),
          `${lines.join("; ")}: a line before the last failed`,
        );
        assert(![2, 70].includes(statuses.at(-1)!), last);
      });
    }
  });
}

Deno.test("declarations are whole and names are used once", () => {
  const seen = new Map<string, string>();
  for (const c of COMMANDS) {
    for (const name of [c.name, ...c.aliases]) {
      assertEquals(seen.get(name), undefined, `${name} is ${seen.get(name)} and ${c.name}`);
      seen.set(name, c.name);
    }
    assertMatch(c.name, /^[a-z][a-z0-9-]*$/);
    assert(GROUPS.includes(c.group), c.name);
    assert(!/^[A-Z][a-z]|\.$/.test(c.summary), `${c.name}: ${c.summary}`);
    let optional = false;
    for (const [i, a] of c.args.entries()) {
      assert(a.kind in KIND_WORDS, `${c.name} ${a.name}`);
      assert(!optional || a.optional || a.rest, `${c.name}: ${a.name} behind an optional one`);
      assert(!a.rest || i === c.args.length - 1, `${c.name}: ${a.name} is not last`);
      optional ||= a.optional === true;
    }
    const flags = c.flags.flatMap((f) => [f.name, ...(f.short ? [f.short] : [])]);
    assertEquals(new Set(flags).size, flags.length, c.name);
    assert(!flags.some((f) => ["help", "h", "json", "ts"].includes(f)), c.name);
    const names = [...c.args.map((a) => a.name), ...c.flags.map((f) => f.name)];
    assertEquals(new Set(names).size, names.length, `${c.name}: ${names}`);
    assert(c.examples.length > 0 || c.args.some((a) => a.kind === "file"), `${c.name}: no example`);
  }
  assertEquals(COMMANDS.map((c) => c.name), COMMANDS.map((c) => c.name).toSorted());
});

Deno.test("counts in words: one is one", () => {
  assertEquals([0, 1, 2n].map((n) => counted(n, "step")), ["0 steps", "1 step", "2 steps"]);
  assertEquals(counted(1n, "entry", "entries"), "1 entry");
  assertEquals(counted(3, "entry", "entries"), "3 entries");
});
