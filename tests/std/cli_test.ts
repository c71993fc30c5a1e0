import { assertEquals } from "@std/assert";
import { parseArgs } from "@std/cli/parse-args";
import { unicodeWidth } from "@std/cli/unicode-width";
import fc from "fast-check";

Deno.test("long options take a value after = or after a space", () => {
  assertEquals(parseArgs(["--mem=64M", "--policy", "cow", "--json"]), {
    mem: "64M",
    policy: "cow",
    json: true,
    _: [],
  });
  assertEquals(parseArgs(["--expr=a=b"]), { expr: "a=b", _: [] });
});

Deno.test("declared strings stay strings, declared booleans take no value", () => {
  const args = parseArgs(["--json", "demo.cow", "--mem", "64", "-c", "3"], {
    boolean: ["json"],
    string: ["mem", "c"],
  });
  assertEquals(args, { json: true, mem: "64", c: "3", _: ["demo.cow"] });
  const typed: [boolean, string | undefined] = [args.json, args.mem];
  assertEquals(typed, [true, "64"]);
});

Deno.test("collected options gather, others keep the last", () => {
  const args = parseArgs(["-c", "ps", "-c", "free", "--mem", "1", "--mem", "2"], {
    string: ["c"],
    collect: ["c"],
  });
  const commands: string[] = args.c;
  assertEquals(commands, ["ps", "free"]);
  assertEquals(args.mem, 2);
  assertEquals(parseArgs([], { string: ["c"], collect: ["c"] }).c, []);
});

Deno.test("short options run together, and carry their value with them", () => {
  assertEquals(parseArgs(["-ab", "-n5", "-p=cow", "-k", "x"]), {
    a: true,
    b: true,
    n: 5,
    p: "cow",
    k: "x",
    _: [],
  });
});

Deno.test("aliases, defaults and negation", () => {
  const args = parseArgs(["-p", "eager", "--no-color"], {
    string: ["policy"],
    boolean: ["color"],
    negatable: ["color"],
    alias: { policy: "p" },
    default: { color: true, mem: "128M" },
  });
  assertEquals(args, { policy: "eager", p: "eager", color: false, mem: "128M", _: [] });
});

Deno.test("what follows -- is not parsed", () => {
  assertEquals(parseArgs(["run", "--", "--json", "7"]), { _: ["run", "--json", "7"] });
  assertEquals(parseArgs(["run", "--", "--json"], { "--": true }), {
    _: ["run"],
    "--": ["--json"],
  });
});

Deno.test("unknown options are reported and can be dropped", () => {
  const seen: unknown[] = [];
  const args = parseArgs(["--jsno", "--mem=1", "file"], {
    string: ["mem"],
    unknown: (arg, key, value) => {
      seen.push([arg, key, value]);
      return key === undefined;
    },
  });
  assertEquals(args, { mem: "1", _: ["file"] });
  // an option of unknown type takes the word after it, unless that is an option too
  assertEquals(seen, [["--jsno", "jsno", true], ["file", undefined, undefined]]);
});

Deno.test("no name reaches a prototype", () => {
  parseArgs(["--__proto__.polluted", "1", "--__proto__", "1", "--constructor", "1"]);
  assertEquals(({} as Record<string, unknown>).polluted, undefined);
  assertEquals(({}).constructor, Object);
});

Deno.test("no arguments make it throw, and positional strings come through in order", () => {
  const word = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(..."-=_.ab1") }));
  fc.assert(fc.property(fc.array(word), (words) => {
    parseArgs(words, { string: ["a"], collect: ["a"], alias: { b: "a" } });
    const { _ } = parseArgs(["--", ...words]);
    assertEquals(_, words);
  }));
});

Deno.test("widths of what a terminal shows", () => {
  const widths: [string, number][] = [
    ["0x4000", 6],
    ["", 0],
    ["\n\t\0", 0],
    ["記憶", 4],
    ["ｆｕｌｌ", 8],
    ["한글", 4],
    ["a\u0301", 1],
    ["\u200b", 0],
    ["🐄", 2],
    ["👩‍🔬", 4],
    ["🇳🇱", 2],
    ["│┼─●→", 5],
    ["\ufeff", 0],
    ["\u00ad", 1],
  ];
  for (const [text, width] of widths) assertEquals(unicodeWidth(text), width, JSON.stringify(text));
});
