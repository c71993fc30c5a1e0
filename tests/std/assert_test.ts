import {
  assert,
  assertEquals,
  assertExists,
  AssertionError,
  assertMatch,
  assertNotEquals,
  assertNotMatch,
  assertNotStrictEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  fail,
} from "@std/assert";
import { stripAnsiCode } from "@std/fmt/colors";

/** The message, without colours, of the assertion error that a function throws. */
function messageOf(fn: () => void): string {
  try {
    fn();
  } catch (error) {
    if (!(error instanceof AssertionError)) throw error;
    return stripAnsiCode(error.message);
  }
  throw new Error("the assertion passed");
}

Deno.test("each assertion passes where it should and says why where it fails", async (t) => {
  const cases: [name: string, passes: () => void, fails: () => void, message: string][] = [
    ["assert", () => assert(1), () => assert(0, "no frame"), "no frame"],
    [
      "assertNotEquals",
      () => assertNotEquals([1], [2]),
      () => assertNotEquals(1n, 1n, "same"),
      "Expected actual: 1n not to be: 1n: same",
    ],
    [
      "assertStrictEquals",
      () => assertStrictEquals(NaN, NaN),
      () => assertStrictEquals([1], [1]),
      "Values have the same structure but are not reference-equal.\n\n    [\n      1,\n    ]\n",
    ],
    [
      "assertStrictEquals, unlike values",
      () => assertStrictEquals("a", "a"),
      () => assertStrictEquals(0, -0),
      "Values are not strictly equal.",
    ],
    [
      "assertNotStrictEquals",
      () => assertNotStrictEquals([], []),
      () => assertNotStrictEquals(1, 1),
      'Expected "actual" to not be strictly equal to: 1.',
    ],
    [
      "assertExists",
      () => assertExists(0),
      () => assertExists(null),
      'Expected actual: "null" to not be null or undefined.',
    ],
    [
      "assertStringIncludes",
      () => assertStringIncludes("sepc=0x0", "0x0"),
      () => assertStringIncludes("sepc", "stval", "console"),
      'Expected actual: "sepc" to contain: "stval": console',
    ],
    [
      "assertMatch",
      () => assertMatch("pid 3", /\d/),
      () => assertMatch("pid", /\d/),
      'Expected actual: "pid" to match: "/\\d/".',
    ],
    [
      "assertNotMatch",
      () => assertNotMatch("pid", /\d/),
      () => assertNotMatch("pid 3", /\d/),
      'Expected actual: "pid 3" to not match: "/\\d/".',
    ],
    ["fail", () => {}, () => fail("never"), "Failed assertion: never"],
  ];
  for (const [name, passes, fails, message] of cases) {
    await t.step(name, () => {
      passes();
      assertStringIncludes(messageOf(fails), message);
    });
  }
});

Deno.test("assertEquals shows the lines that differ among those that do not", () => {
  const message = messageOf(() =>
    assertEquals({ va: 1, pa: 2, w: true }, { va: 1, pa: 3, w: true })
  );
  assertEquals(
    message,
    [
      "Values are not equal.",
      "",
      "",
      "    [Diff] Actual / Expected",
      "",
      "",
      "    {",
      "-     pa: 2,",
      "+     pa: 3,",
      "      va: 1,",
      "      w: true,",
      "    }",
      "",
    ].join("\n"),
  );
});

Deno.test("assertEquals shows control characters and line ends of strings", () => {
  const message = messageOf(() => assertEquals("a\tb\nc", "a b\nc"));
  assertStringIncludes(message, "-   a\\tb\\n");
  assertStringIncludes(message, "+   a b\\n");
  assertStringIncludes(message, "    c");
});

Deno.test("assertEquals folds what does not differ in a long value", () => {
  const long = Array.from({ length: 1000 }, (_, i) => i);
  const message = messageOf(() => assertEquals(long, long.with(500, -1)));
  assertMatch(message, /\.\.\. \d+ unchanged lines \.\.\./);
  assertStringIncludes(message, "-     500,\n+     -1,");
  assert(message.split("\n").length < 60);
});

Deno.test("assertEquals answers for texts too long for an exact difference", () => {
  const many = (tag: string) => Array.from({ length: 5000 }, (_, i) => `${tag}${i}`).join("\n");
  const message = messageOf(() => assertEquals(many("a"), many("b")));
  assertStringIncludes(message, "-   a4999");
  assertStringIncludes(message, "+   b4999");
});

Deno.test("assertThrows returns the error and checks its class and message", () => {
  const error = assertThrows(
    () => {
      throw new RangeError("pa outside RAM");
    },
    RangeError,
    "outside",
  );
  assertEquals(error.message, "pa outside RAM");
  assertEquals(messageOf(() => assertThrows(() => {})), "Expected function to throw.");
  assertEquals(messageOf(() => assertThrows(() => {}, "why")), "Expected function to throw: why");
  assertStringIncludes(
    messageOf(() => assertThrows(() => JSON.parse("{"), RangeError)),
    'Expected error to be instance of "RangeError", but was "SyntaxError".',
  );
  assertStringIncludes(
    messageOf(() => assertThrows(() => JSON.parse("{"), SyntaxError, "frame")),
    'Expected error message to include "frame", but got',
  );
  const thrown = messageOf(() =>
    assertThrows(() => {
      throw "text";
    }, Error)
  );
  assertEquals(thrown, "A non-Error object was thrown.");
});

Deno.test("assertRejects tells a rejection from a throw", async () => {
  const error = await assertRejects(() => Promise.reject(new TypeError("bad")), TypeError, "bad");
  assert(error instanceof TypeError);
  const of = async (fn: () => PromiseLike<unknown>) =>
    (await assertRejects(() => assertRejects(fn), AssertionError)).message;
  assertEquals(await of(() => Promise.resolve(1)), "Expected function to reject.");
  const throws = () => {
    throw new Error("at once");
  };
  assertEquals(await of(throws), "Function throws when expected to reject.");
});
