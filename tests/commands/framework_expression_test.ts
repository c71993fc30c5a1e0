import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import fc from "fast-check";
import { CommandError } from "../../src/commands/errors.ts";
import { evaluate, parseExpression, parseNumber } from "../../src/commands/expression.ts";
import { editDistance, nearest } from "../../src/commands/nearest.ts";
import { NAMES } from "../repl/fake.ts";

const value = (source: string) => evaluate(source, NAMES).value;

function complaint(source: string): CommandError {
  return assertThrows(() => evaluate(source, NAMES), CommandError);
}

Deno.test("numbers are decimal, hexadecimal, binary, or with a unit", () => {
  assertEquals(value("42"), 42n);
  assertEquals(value("0x3ff"), 0x3ffn);
  assertEquals(value("0xFFFF_0000"), 0xffff0000n);
  assertEquals(value("0b1010"), 10n);
  assertEquals(value("4K"), 4096n);
  assertEquals(value("2m"), 2n << 20n);
  assertEquals(value("1G"), 1n << 30n);
  assertEquals(value("010"), 10n);
  for (const bad of ["0x", "0b2", "1T", "", "x1", "0x1g", "1.5"]) {
    assertEquals(parseNumber(bad), undefined, bad);
  }
});

Deno.test("operators have C's precedence", () => {
  assertEquals(value("1 + 2 * 3"), 7n);
  assertEquals(value("(1 + 2) * 3"), 9n);
  assertEquals(value("1 << 2 + 1"), 8n);
  assertEquals(value("6 & 3 == 3"), 6n & 1n);
  assertEquals(value("1 | 2 ^ 3 & 2"), 1n | (2n ^ (3n & 2n)));
  assertEquals(value("10 - 3 - 2"), 5n);
  assertEquals(value("-7 / 2"), -3n);
  assertEquals(value("-7 % 2"), -1n);
  assertEquals(value("~0"), -1n);
  assertEquals(value("!3 || 1 && 2"), 1n);
  assertEquals(value("0x10>=16"), 1n);
});

Deno.test("expressions agree with BigInt's own operators", () => {
  const number = fc.bigInt({ min: -(1n << 63n), max: (1n << 64n) - 1n });
  const operators = {
    "+": (a: bigint, b: bigint) => a + b,
    "-": (a: bigint, b: bigint) => a - b,
    "*": (a: bigint, b: bigint) => a * b,
    "&": (a: bigint, b: bigint) => a & b,
    "|": (a: bigint, b: bigint) => a | b,
    "^": (a: bigint, b: bigint) => a ^ b,
  };
  const sign = fc.constantFrom(...Object.keys(operators) as (keyof typeof operators)[]);
  fc.assert(fc.property(number, sign, number, (a, op, b) => {
    assertEquals(value(`(${a}) ${op} (${b})`), operators[op](a, b));
  }));
});

Deno.test("names: registers, symbols, functions, the last value, a process in front", () => {
  assertEquals(value("$a0 + 1"), 8n);
  assertEquals(value("$SATP"), 0x8000000000087f6en);
  assertEquals(value("main+8"), 0x1008n);
  assertEquals(evaluate("3:main+8", NAMES), { value: 0x3008n, pid: 3 });
  assertEquals(evaluate("(3:main)", NAMES).pid, 3);
  assertEquals(value("pa(0x4000)"), 0x80004000n);
  assertEquals(value("pa(3:0x4000)"), 0x80004003n);
  assertEquals(value("3:pa(0x4000)"), 0x80004003n);
  assertEquals(value("u64(u64(4))"), 16n);
  assertEquals(evaluate("$_ * 2", { ...NAMES, last: 21n }).value, 42n);
});

Deno.test("a complaint names the place and what was likely meant", () => {
  assertEquals(complaint("3ff").message, "3ff is not a number; did you mean 0x3ff?");
  assertEquals(complaint("1 + 3ff").at, 4);
  assertMatch(complaint("12T").message, /did you mean 12\?/);
  assertMatch(complaint("0x3fg").message, /not a number$/);
  assertMatch(complaint("ff").message, /no symbol ff; did you mean 0xff\?/);
  assertMatch(complaint("mian").message, /did you mean main\?/);
  assertMatch(complaint("$sapt").message, /no register \$sapt; did you mean satp\?/);
  assertMatch(complaint("po(1)").message, /no function po/);
  assertMatch(complaint("1 +").message, /stops too early/);
  assertMatch(complaint("(1").message, /stops too early/);
  assertMatch(complaint("1 2").message, /2 is out of place/);
  assertEquals(complaint("4 / (2-2)").message, "division by zero");
  assertMatch(complaint("1 << 64").message, /shifts by 0 to 63/);
  assertMatch(complaint("1 @ 2").message, /"@" has no place/);
});

Deno.test("deep nesting is refused, not a stack overflow", () => {
  assertMatch(complaint("(".repeat(100_000)).message, /levels of brackets/);
  assertMatch(complaint("-".repeat(100_000) + "1").message, /levels of brackets/);
});

Deno.test("no text whatever makes the parser throw anything but a CommandError", () => {
  const soup = fc.stringMatching(/^[0-9a-fxKMG$_():,+\-*/%&|^~!<>= .]{0,30}$/);
  fc.assert(fc.property(fc.oneof(soup, fc.string()), (source) => {
    try {
      parseExpression(source);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
    }
  }));
});

Deno.test("edit distance is a metric that counts swaps, and nearest is choosy", () => {
  fc.assert(fc.property(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), (a, b) => {
    assertEquals(editDistance(a, b), editDistance(b, a));
    assertEquals(editDistance(a, b) === 0, a === b);
  }));
  assertEquals(editDistance("refcuont", "refcount"), 1);
  assertEquals(editDistance("kitten", "sitting"), 3);
  assertEquals(nearest("refcont", ["fork", "refcount"]), "refcount");
  assertEquals(nearest("vm", ["vmmap", "ps"]), "vmmap");
  assertEquals(nearest("zzz", ["fork", "refcount"]), undefined);
});
