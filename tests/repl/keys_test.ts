import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { KeyDecoder } from "../../src/repl/editor/keys.ts";

const encode = (text: string) => new TextEncoder().encode(text);

function decode(text: string): string[] {
  const decoder = new KeyDecoder();
  return [...decoder.feed(encode(text)), ...decoder.flush()]
    .map((k) => k.text === "" ? k.name : `${k.name}:${k.text}`);
}

Deno.test("control characters, arrows, modifiers, as terminals send them", () => {
  assertEquals(decode("a\x01\x1f\r\n\t\x7f\b\0"), [
    "text:a",
    "C-a",
    "C-_",
    "enter",
    "enter",
    "tab",
    "backspace",
    "backspace",
    "C-space",
  ]);
  assertEquals(decode("\x1b[A\x1bOB\x1b[1;5C\x1b[1;3D\x1b[H\x1b[4~\x1b[3~\x1b[Z\x1b[3;5~"), [
    "up",
    "down",
    "C-right",
    "M-left",
    "home",
    "end",
    "delete",
    "S-tab",
    "C-delete",
  ]);
  assertEquals(decode("\x1bb\x1b\x7f\x1b\x1b[C"), ["M-b", "M-backspace", "escape", "right"]);
  assertEquals(decode("\x1b"), ["escape"]);
});

Deno.test("unknown sequences are swallowed whole and type nothing", () => {
  assertEquals(decode("\x1b[?1;2c\x1b[<0;1;1Mx\x1b[200y"), ["text:x"]);
  assertEquals(decode("\x1b[99~z"), ["text:z"]);
});

Deno.test("a paste is one key, its line ends made one, whatever is in it", () => {
  assertEquals(decode("\x1b[200~a\r\nb\rc\x1b[A\x03\x1b[201~d"), [
    "paste:a\nb\nc\x1b[A\x03",
    "text:d",
  ]);
});

Deno.test("a lone ESC waits for what may follow it", () => {
  const decoder = new KeyDecoder();
  assertEquals(decoder.feed(encode("\x1b")), []);
  assertEquals(decoder.waiting, true);
  assertEquals(decoder.feed(encode("[A")).map((k) => k.name), ["up"]);
  assertEquals(decoder.waiting, false);
});

Deno.test("bytes cut anywhere give the same keys", () => {
  const piece = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.constantFrom("\x1b[A", "\x1b[1;5C", "\x1b[200~x\ny\x1b[201~", "é", "記", "🐄", "\x01", "\r"),
  );
  fc.assert(fc.property(fc.array(piece), fc.array(fc.nat(7)), (pieces, cuts) => {
    // An ESC of a random string may join what follows: both sides see the same bytes, so they agree.
    const bytes = encode(pieces.join(""));
    const whole = new KeyDecoder();
    const cut = new KeyDecoder();
    const expected = [...whole.feed(bytes), ...whole.flush()];
    const got = [];
    let at = 0;
    for (let i = 0; at < bytes.length; i++) {
      const size = 1 + (cuts[i % Math.max(1, cuts.length)] ?? 0);
      got.push(...cut.feed(bytes.subarray(at, at + size)));
      at += size;
    }
    got.push(...cut.flush());
    assertEquals(got, expected);
  }));
});

Deno.test("any bytes at all give keys, and nothing is held for ever", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    const decoder = new KeyDecoder();
    decoder.feed(bytes);
    decoder.flush();
    assertEquals(decoder.waiting, false);
  }));
});
