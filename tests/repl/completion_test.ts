import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { complete, historySuggestion, usageHint } from "../../src/repl/completion.ts";
import { FAKES } from "./fake.ts";

const sources = {
  candidates: (kind: string) =>
    ({
      va: [{ text: "0x4000" }, { text: "0x5000" }, { text: "main" }],
      pid: [{ text: "1" }, { text: "12" }],
      register: [{ text: "a0" }, { text: "satp" }],
    })[kind] ?? [],
};
const offered = (text: string, cursor = text.length) => {
  const { start, candidates } = complete(text, cursor, FAKES, sources);
  return [start, candidates.map((c) => c.text).join(" ")];
};

Deno.test("commands first, then arguments by kind, flags behind a dash", () => {
  assertEquals(offered("pe"), [0, "people peek"]);
  assertEquals(offered("  hel"), [2, "help"]);
  assertEquals(offered("help pe"), [5, "people peek"]);
  assertEquals(offered("peek "), [5, "0x4000 0x5000 main"]);
  assertEquals(offered("peek 0x5"), [5, "0x5000"]);
  assertEquals(offered("peek 3:0x4"), [7, "0x4000"]);
  assertEquals(offered("peek pa(ma"), [8, "main"]);
  assertEquals(offered("peek 8+$s"), [7, "$satp"]);
  assertEquals(offered("peek -p 1"), [8, "1 12"]);
  assertEquals(offered("peek 1 --a"), [7, "--all"]);
  assertEquals(offered("wreck s"), [6, "status"]);
  assertEquals(offered("set "), [4, "json color keep-going budget ts"]);
});

Deno.test("filters behind a pipe, commands on a fresh line, nothing in comments or unknown ones", () => {
  assertEquals(offered("people | c"), [9, "cols count"]);
  assertEquals(offered("people | where "), [15, ""]);
  assertEquals(offered("people\npee"), [7, "peek"]);
  assertEquals(offered("peek # pe"), [9, ""]);
  assertEquals(offered("nonsense a"), [10, ""]);
  assertEquals(offered("pek 1", 2), [0, "people peek"]);
});

Deno.test("the hint is what is still to come", () => {
  const hint = (text: string) => usageHint(text, FAKES);
  assertEquals(hint("peek"), " VA [N] [-p PID] [--all]");
  assertEquals(hint("peek "), "VA [N] [-p PID] [--all]");
  assertEquals(hint("peek 1 "), "[N] [-p PID] [--all]");
  assertEquals(hint("peek 1 -p "), "PID");
  assertEquals(hint("peek 1 --all "), "[N] [-p PID]");
  assertEquals(hint("pee"), "");
  assertEquals(hint("people | "), "");
  assertEquals(historySuggestion("pte 0", ["ps", "pte 0x1", "pte 0x2", "fork"]), "x2");
  assertEquals(historySuggestion("", ["ps"]), "");
});

Deno.test("completion and hints stand any text", () => {
  const soup = fc.stringMatching(/^[a-z0-9 |#$:()'"\n-]{0,30}$/);
  fc.assert(fc.property(soup, fc.nat(30), (text, at) => {
    const cursor = Math.min(at, text.length);
    const { start } = complete(text, cursor, FAKES, sources);
    if (start < 0 || start > cursor) throw new Error(`start ${start} of ${cursor}`);
    usageHint(text, FAKES);
  }));
});
