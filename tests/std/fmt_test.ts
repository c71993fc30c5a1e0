import { assertEquals } from "@std/assert";
import { bold, gray, green, red, setColorEnabled, stripAnsiCode } from "@std/fmt/colors";
import fc from "fast-check";

/** Runs with colours on, whatever the terminal, and switches them off again. */
function coloured(fn: () => void): void {
  if (Deno.noColor) return; // then they cannot be switched on
  setColorEnabled(true);
  try {
    fn();
  } finally {
    setColorEnabled(false);
  }
}

Deno.test("styles nest", () => {
  coloured(() => {
    assertEquals(red("a"), "\x1b[31ma\x1b[39m");
    assertEquals(red(`a ${green("b")} c`), "\x1b[31ma \x1b[32mb\x1b[31m c\x1b[39m");
    assertEquals(bold(gray("x")), "\x1b[1m\x1b[90mx\x1b[39m\x1b[22m");
  });
});

Deno.test("switched off, text stays as it is", () => {
  setColorEnabled(false);
  assertEquals(bold(red("a")), "a");
});

Deno.test("stripAnsiCode leaves the text", () => {
  const plain = fc.string().map((text) => text.replace(/\p{Cc}/gu, "."));
  coloured(() => {
    fc.assert(fc.property(plain, (text) => {
      assertEquals(stripAnsiCode(bold(green(gray(text)))), text);
    }));
  });
  assertEquals(stripAnsiCode("\x1b]0;title\x07a\x1b[2K\x1b[?25lb\x1b(Bc"), "abc");
});
