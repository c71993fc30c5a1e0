import { assertEquals, assertThrows } from "@std/assert";
import { format } from "@std/fmt/bytes";
import * as colors from "@std/fmt/colors";
import fc from "fast-check";

/** Runs with colours on, whatever the terminal, and puts the setting back. */
function coloured(fn: () => void): void {
  const before = colors.getColorEnabled();
  colors.setColorEnabled(true);
  try {
    if (colors.getColorEnabled()) fn();
  } finally {
    colors.setColorEnabled(before);
  }
}

Deno.test("styles nest", () => {
  coloured(() => {
    assertEquals(colors.red("a"), "\x1b[31ma\x1b[39m");
    assertEquals(
      colors.red(`a ${colors.green("b")} c`),
      "\x1b[31ma \x1b[32mb\x1b[31m c\x1b[39m",
    );
    assertEquals(colors.bold(colors.bgBrightBlue("x")), "\x1b[1m\x1b[104mx\x1b[49m\x1b[22m");
    assertEquals(colors.gray("x"), "\x1b[90mx\x1b[39m");
    assertEquals(colors.rgb8("x", 300), "\x1b[38;5;255mx\x1b[39m");
    assertEquals(colors.rgb24("x", 0x2ea043), "\x1b[38;2;46;160;67mx\x1b[39m");
    assertEquals(colors.bgRgb24("x", { r: 1, g: -2, b: 999 }), "\x1b[48;2;1;0;255mx\x1b[49m");
  });
});

Deno.test("switched off, text stays as it is", () => {
  const before = colors.getColorEnabled();
  colors.setColorEnabled(false);
  try {
    assertEquals(colors.bold(colors.red("a")), "a");
  } finally {
    colors.setColorEnabled(before);
  }
});

Deno.test("stripAnsiCode leaves the text", () => {
  const plain = fc.string().map((text) => text.replace(/\p{Cc}/gu, "."));
  coloured(() => {
    fc.assert(fc.property(plain, (text) => {
      const painted = colors.bold(colors.yellow(colors.bgRgb8(text, 9)));
      assertEquals(colors.stripAnsiCode(painted), text);
    }));
  });
  assertEquals(colors.stripAnsiCode("\x1b]0;title\x07a\x1b[2K\x1b[?25lb\x1b(Bc"), "abc");
});

Deno.test("bytes read as people write them", () => {
  const cases: [number, Parameters<typeof format>[1], string][] = [
    [0, {}, "0 B"],
    [999, {}, "999 B"],
    [1337, {}, "1.34 kB"],
    [-1337, {}, "-1.34 kB"],
    [4096, { binary: true }, "4 kiB"],
    [134217728, { binary: true }, "128 MiB"],
    [1337, { bits: true }, "1.34 kbit"],
    [5, { signed: true }, "+5 B"],
    [0, { signed: true }, " 0 B"],
    [1337, { locale: "de" }, "1,34 kB"],
    [1911, { maximumFractionDigits: 1 }, "1.9 kB"],
    [1900, { minimumFractionDigits: 3 }, "1.900 kB"],
  ];
  for (const [n, options, text] of cases) {
    assertEquals(format(n, options), text);
  }
  assertThrows(() => format(NaN), TypeError);
  assertThrows(() => format(Infinity), TypeError);
});
