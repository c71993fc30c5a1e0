import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { KeyDecoder } from "../../src/repl/editor/keys.ts";
import { press, type Surroundings } from "../../src/repl/editor/press.ts";
import { edges, type EditorState, emptyLine } from "../../src/repl/editor/state.ts";
import { needsMore } from "../../src/repl/interact.ts";

const WORDS = ["fork", "free", "frames", "refcount"];
const env: Surroundings = {
  complete(text, cursor) {
    const start = text.slice(0, cursor).search(/\S*$/);
    const word = text.slice(start, cursor);
    return { start, candidates: WORDS.filter((w) => w.startsWith(word)).map((w) => ({ text: w })) };
  },
  needsMore,
  suggest: (text) => text === "pte" ? " 0x4000" : "",
};

/** The state after some keys, as bytes of a terminal. */
function type(bytes: string, history: string[] = [], from = emptyLine(history)) {
  const decoder = new KeyDecoder();
  const effects: unknown[] = [];
  let state = from;
  for (const key of [...decoder.feed(new TextEncoder().encode(bytes)), ...decoder.flush()]) {
    const pressed = press(state, key, env);
    state = pressed.state;
    if (pressed.effect) effects.push(pressed.effect);
  }
  return { state, effects };
}

/** The text with the cursor shown as a bar. */
function shown(bytes: string, history: string[] = []): string {
  const { text, cursor } = type(bytes, history).state;
  return `${text.slice(0, cursor)}|${text.slice(cursor)}`;
}

const [UP, DOWN, RIGHT, LEFT] = ["\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D"];

Deno.test("moving and inserting", () => {
  assertEquals(shown("abc"), "abc|");
  assertEquals(shown(`ac${LEFT}b`), "ab|c");
  assertEquals(shown("abc\x01x"), "x|abc");
  assertEquals(shown("abc\x01\x05x"), "abcx|");
  assertEquals(shown("pte 0x4000\x1bb"), "pte |0x4000");
  assertEquals(shown("pte 0x4000\x1bb\x1bb\x1b[1;5C"), "pte| 0x4000");
  assertEquals(shown("abc\x02\x02\x06"), "ab|c");
  assertEquals(shown(`${LEFT}${LEFT}x${RIGHT}`), "x|");
});

Deno.test("killing and putting back; kills gather", () => {
  assertEquals(shown("pte 0x4000\x17"), "pte |");
  assertEquals(shown("a b c\x17\x17\x19"), "a b c|");
  assertEquals(shown("abc def\x01\x0b\x19\x19"), "abc defabc def|");
  assertEquals(shown("abc def\x1bb\x15"), "|def");
  assertEquals(shown("ab\x14"), "ba|");
  assertEquals(shown("abc\x02\x02\x14"), "ba|c");
  assertEquals(shown("abc\x7f\x1f"), "abc|");
  assertEquals(shown("abc\x01\x04\x1b[3~"), "|c");
});

Deno.test("characters as people see them move and go as one", () => {
  assertEquals(shown(`記憶${LEFT}x`), "記x|憶");
  assertEquals(shown("e\u0301\x7f"), "|");
  assertEquals(shown("👩‍👩‍👧x\x02\x02y"), "y|👩‍👩‍👧x");
  assertEquals(shown("🇩🇪\x7f"), "|");
});

Deno.test("history up and down keeps the line being typed", () => {
  const history = ["ps", "pte (1\n+ 2)", "fork"];
  assertEquals(shown(UP, history), "fork|");
  assertEquals(shown(`dra${UP}${UP}`, history), "pte (1\n+ 2)|");
  assertEquals(shown(`dra${UP}${UP}${UP}`, history), "pte |(1\n+ 2)");
  assertEquals(shown(`dra${UP}${UP}${UP}${UP}`, history), "ps|");
  assertEquals(shown(`dra${UP}${DOWN}ft`, history), "draft|");
  assertEquals(type(UP.repeat(9), history).effects.length > 0, true);
});

Deno.test("Ctrl-R finds as one types, again for older, Escape gives back", () => {
  const history = ["pte 0x1000", "ps", "pte 0x2000", "fork", "fork"];
  assertEquals(shown("\x12pte", history), "pte 0x2000|");
  assertEquals(shown("\x12pte\x12", history), "pte 0x1000|");
  assertEquals(shown("\x12pte\x12\x13", history), "pte 0x2000|");
  assertEquals(shown("\x12\x12", history), "fork|");
  assertEquals(shown("\x12fork\x12", history), "fork|");
  assertEquals(shown("old\x12pte\x07", history), "old|");
  assertEquals(shown("\x12ptx\x7fe 0x1", history), "pte 0x1000|");
  assertEquals(type("\x12zz", history).state.search?.at, -1);
  assertEquals(type("\x12pte\r", history).effects, ["submit"]);
  assertEquals(type("\x12pte\r", history).state.text, "pte 0x2000");
  assertEquals(shown("\x12pte\x01", history), "|pte 0x2000");
});

Deno.test("Tab completes one, the common beginning of several, then steps through a menu", () => {
  assertEquals(shown("ref\t"), "refcount |");
  assertEquals(shown("f\t"), "f|");
  assertEquals(type("f\t").state.menu?.candidates.length, 3);
  assertEquals(shown("f\t\t"), "fork|");
  assertEquals(shown("f\t\t\t"), "free|");
  assertEquals(shown("f\t\x1b[Z"), "frames|");
  assertEquals(shown("f\t\t\t\r"), "free |");
  assertEquals(shown("f\t\t\x1b"), "f|");
  assertEquals(shown("f\t\tx"), "forkx|");
  assertEquals(type("zz\t").effects, ["bell"]);
  assertEquals(shown(`x y${LEFT}${LEFT}\x15ref\t`), "refcount |y");
});

Deno.test("Right and End at the end take the suggestion", () => {
  assertEquals(shown(`pte${RIGHT}`), "pte 0x4000|");
  assertEquals(shown("pte\x05"), "pte 0x4000|");
  assertEquals(shown(`pte${LEFT}${RIGHT}`), "pte|");
});

Deno.test("Enter runs a whole line and opens another in a bracket; the rest is for the shell", () => {
  assertEquals(type("ps\r").effects, ["submit"]);
  assertEquals(type("pte (1\r+2)\r").effects, ["submit"]);
  assertEquals(type("pte (1\r+2)\r").state.text, "pte (1\n+2)");
  assertEquals(type("\x03\x04").effects, ["cancel", "end"]);
  assertEquals(type("a\x04\x0c\x1a").effects, ["bell", "clear", "suspend"]);
});

Deno.test("a paste is inserted whole and runs nothing by itself", () => {
  const { state, effects } = type("\x1b[200~ps\nfork\t\x07\x1b[201~");
  assertEquals([state.text, effects], ["ps\nfork  ", []]);
});

const bytes = fc.oneof(
  fc.constantFrom(..."\x01\x02\x04\x05\x06\x07\x0b\x0c\r\t\x12\x13\x14\x15\x17\x19\x1a\x1f\x7f"),
  fc.constantFrom(UP, DOWN, LEFT, RIGHT, "\x1b[H", "\x1b[F", "\x1b[3~", "\x1bb", "\x1bf", "\x1bd"),
  fc.constantFrom("\x1b[Z", "\x1b\x7f", "\x1b<", "\x1b>", "\x1b[200~a\nb\x1b[201~", "(", ")"),
  fc.constantFrom("f", "re", " ", "記", "e\u0301", "\u0301", "🐄", "👩‍👩‍👧", "🇩", "'"),
);

function sound(s: EditorState): void {
  assert(edges(s.text).includes(s.cursor), `cursor ${s.cursor} inside a character of ${s.text}`);
  assert(s.at >= 0 && s.at <= s.history.length);
  assert(!/(?!\n)\p{Cc}/u.test(s.text), "a control character got in");
}

Deno.test("no keys whatever make the editor unsound, and the state is never changed in place", () => {
  const history = ["ps", "pte (1\n+ 2)", "refcount 0x87f3d000", "記憶"];
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 40 }), (keys) => {
      const decoder = new KeyDecoder();
      let state = emptyLine(history);
      for (const key of decoder.feed(new TextEncoder().encode(keys.join("")))) {
        const before = structuredClone(state);
        const { state: next } = press(state, key, env);
        assertEquals(state, before);
        sound(next);
        state = next;
      }
      assertEquals(state.history, history);
    }),
    { numRuns: 300 },
  );
});

Deno.test("words end where characters do", () => {
  for (const text of ["e\u0301", "a e\u0301b", "👩‍👩‍👧 x", "\u0301", " \u0301x"]) {
    const { state } = type(text);
    for (const keys of ["\x1b[H\x1bf", "\x1bb", "\x17", "\x1b[H\x1bd"]) {
      sound(type(text + keys).state);
    }
    assertEquals(state.cursor, text.length);
  }
  assertEquals(type("e\u0301a b\x1b[H\x1bf").state.cursor, 3);
});

Deno.test("undo goes all the way back", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom("a", "b ", "\x17", "\x02", "\x7f", "\x14")), (keys) => {
      let { state } = type(keys.join(""));
      for (let i = 0; i <= keys.length * 2 && state.undo.length > 0; i++) {
        state = type("\x1f", [], state).state;
      }
      assertEquals(state.text, "");
    }),
  );
});
