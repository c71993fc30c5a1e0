import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import fc from "fast-check";
import { CommandError } from "../../src/framework/errors.ts";
import { evaluate } from "../../src/framework/evaluate.ts";
import { parseExpression } from "../../src/framework/expression.ts";
import { parseNumber, size } from "../../src/vm/numbers.ts";
import { editDistance, nearest } from "../../src/vm/nearest.ts";
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
  assertEquals(value("3T"), 3n << 40n);
  assertEquals(value("010"), 10n);
  for (const bad of ["0x", "0b2", "1P", "4p", "4KB", "", "x1", "0x1g", "1.5"]) {
    assertEquals(parseNumber(bad), undefined, bad);
  }
});

Deno.test("a size is read back as it is printed", () => {
  assertEquals([0n, 1n, 4095n, 4096n, 3n << 40n].map(size), ["0", "1", "4095", "4K", "3T"]);
  const shifted = fc.tuple(fc.bigInt({ min: 0n, max: 1n << 20n }), fc.integer({ min: 0, max: 43 }));
  fc.assert(fc.property(shifted, ([n, by]) => {
    assertEquals(parseNumber(size(n << BigInt(by))), n << BigInt(by));
  }));
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
  assertEquals(evaluate("3:main+8", NAMES), { value: 0x3008n, pid: 3, space: "va" });
  assertEquals(evaluate("(3:main)", NAMES).pid, 3);
  assertEquals(value("pa(0x4000)"), 0x80004000n);
  assertEquals(value("pa(3:0x4000)"), 0x80004003n);
  assertEquals(value("3:pa(0x4000)"), 0x80004003n);
  assertEquals(value("u64(u64(4))"), 16n);
  const after = { ...NAMES, place: { space: "pa" as const, address: 0x80004000n }, last: 21n };
  assertEquals(evaluate("$_ + 8", after), { value: 0x80004008n, pid: undefined, space: "pa" });
  assertEquals(evaluate("$__ * 2", after), { value: 42n, pid: undefined, space: undefined });
  assertEquals(complaint("$_").message, "$_ is the last address shown, and none has been yet");
});

Deno.test("an expression knows whether its value is a virtual or a physical address", () => {
  const names = { ...NAMES, place: { space: "pa" as const, address: 0x80004000n } };
  const space = (source: string) => evaluate(source, names).space;
  for (const source of ["$_", "$_ + 8", "8 + $_", "$_ & ~0xfff", "($_)", "+$_", "3:$_"]) {
    assertEquals(space(source), "pa", source);
  }
  for (const source of ["$_ - $_", "$_ >> 12", "-$_", "~$_", "$_ == 1", "0x3000", "$sp"]) {
    if (source !== "$sp") assertEquals(space(source), undefined, source);
  }
  assertEquals([space("main"), space("main + 4"), space("main - $_")], ["va", "va", undefined]);
});

Deno.test("a complaint names the place and what was likely meant", () => {
  assertEquals(complaint("3ff").message, "3ff is not a number; did you mean 0x3ff?");
  assertEquals(complaint("1 + 3ff").at, 4);
  for (
    const [typed, says] of [
      ["12Q", "units are K, M, G and T"],
      ["4KB", "did you mean 4K?"],
      ["16GiB", "did you mean 16G?"],
      ["4p", "did you mean 16K?"],
      ["1P", "did you mean 4K?"],
      ["1.5G", "numbers are whole, like 1536M"],
      ["0x3fg", "hexadecimal digits are 0 to 9 and a to f"],
      ["0b12", "binary digits are 0 and 1"],
      ["0x", "hexadecimal digits are 0 to 9 and a to f"],
    ]
  ) assertEquals(complaint(typed).message, `${typed} is not a number; ${says}`);
  assertMatch(complaint("ff").message, /no symbol ff; did you mean 0xff\?/);
  assertMatch(complaint("mian").message, /did you mean main\?/);
  assertMatch(complaint("$sapt").message, /no register \$sapt; did you mean \$satp\?/);
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
