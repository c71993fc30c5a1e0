import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { sizeOf } from "../../src/repl/deno_host.ts";
import { KeyDecoder } from "../../src/repl/editor/keys.ts";
import { type Decor, layout } from "../../src/repl/editor/layout.ts";
import { press } from "../../src/repl/editor/press.ts";
import { Screen } from "../../src/repl/editor/screen.ts";
import { type EditorState, emptyLine } from "../../src/repl/editor/state.ts";
import { highlight } from "../../src/repl/highlight.ts";
import { needsMore } from "../../src/repl/interact.ts";
import { paint } from "../../src/repl/paint.ts";
import { ModelTty } from "./terminal.ts";

const colors = paint(true);
const NAMES = ["fork", "free", "frames", "refcount", "run", "ps"];

function decor(tty: ModelTty, hint = ""): Decor {
  const { columns, rows } = tty.size();
  return {
    prompt: "> ",
    continued: "… ",
    hint,
    highlight: (text) => highlight(text, (name) => NAMES.includes(name), colors),
    colors,
    columns,
    rows,
  };
}

function* states(keys: string, history: string[] = []): Generator<EditorState> {
  const decoder = new KeyDecoder();
  let state = emptyLine(history);
  const env = {
    complete: (text: string, cursor: number) => ({
      start: text.slice(0, cursor).search(/\w*$/),
      candidates: NAMES.filter((n) => n.startsWith(/\w*$/.exec(text.slice(0, cursor))![0]))
        .map((text, i) => i % 2 ? { text, doc: `says what ${text} does` } : { text }),
    }),
    needsMore,
    suggest: () => "",
  };
  for (const key of [...decoder.feed(new TextEncoder().encode(keys)), ...decoder.flush()]) {
    state = press(state, key, env).state;
    yield state;
  }
}

/** The terminal after drawing every state in turn. */
async function drawn(keys: string, columns = 20, rows = 6, hint = ""): Promise<ModelTty> {
  const tty = new ModelTty(columns, rows);
  const screen = new Screen();
  tty.write(screen.draw(layout(emptyLine(), decor(tty))));
  for (const state of states(keys)) tty.write(screen.draw(layout(state, decor(tty, hint))));
  await tty.lines();
  return tty;
}

Deno.test("a line longer than the terminal wraps, and the cursor follows", async () => {
  const tty = await drawn("0123456789abcdefgh");
  assertEquals(await tty.lines(), ["> 0123456789abcdefgh"]);
  assertEquals(await tty.cursor(), [1, 0]);
  const longer = await drawn("0123456789abcdefghij\x01");
  assertEquals(await longer.lines(), ["> 0123456789abcdefgh", "ij"]);
  assertEquals(await longer.cursor(), [0, 2]);
});

Deno.test("a wide character does not straddle two rows", async () => {
  const tty = await drawn("0123456789abcdefg記x");
  assertEquals(await tty.lines(), ["> 0123456789abcdefg", "記x"]);
  assertEquals(await tty.cursor(), [1, 3]);
});

Deno.test("a hint stands behind the cursor, grey, and never wraps", async () => {
  const tty = await drawn("pte", 20, 6, " VA [-p PID|all] and much more");
  assertEquals(await tty.lines(), ["> pte VA [-p PID|all"]);
  assertEquals(await tty.cursor(), [0, 5]);
});

Deno.test("the menu opens below and goes away again", async () => {
  assertEquals(await (await drawn("f\t", 30)).lines(), [
    "> f",
    "fork",
    "free    says what free does",
    "frames",
  ]);
  const tty = await drawn("f\t\tx", 30);
  assertEquals(await tty.lines(), ["> forkx"]);
});

Deno.test("several lines, deleted again, leave nothing behind", async () => {
  assertEquals(await (await drawn("run (1\r+ 2")).lines(), ["> run (1", "… + 2"]);
  assertEquals(await (await drawn("run (1\r+ 2\x15\x7f")).lines(), ["> run (1"]);
});

Deno.test("searching shows the query and the line found", async () => {
  const tty = new ModelTty(40, 6);
  const screen = new Screen();
  for (const s of states("\x12ref", ["refcount 1", "ps"])) {
    tty.write(screen.draw(layout(s, decor(tty))));
  }
  assertEquals(await tty.lines(), ["search 'ref': refcount 1"]);
});

Deno.test("one more character costs few bytes", () => {
  const tty = new ModelTty(80, 24);
  const screen = new Screen();
  const sizes = [...states("echo hello world of words")].map((s) =>
    screen.draw(layout(s, decor(tty))).length
  );
  assert(sizes.slice(5).every((size) => size < 80), `${sizes}`);
});

const keys = fc.array(
  fc.constantFrom(
    ..."abfr 0(\x01\x02\x05\x0b\r\t\x14\x15\x17\x19\x1f\x7f#|'",
    "記",
    "0x4000 ",
    "refcount ",
    "\x1b[A",
    "\x1b[D",
    "\x1b[Z",
    "e\u0301",
  ),
  { maxLength: 40 },
);

Deno.test("drawing change by change shows the same as drawing at once, at any size", async () => {
  await fc.assert(
    fc.asyncProperty(
      keys,
      fc.integer({ min: 8, max: 30 }),
      fc.integer({ min: 2, max: 8 }),
      async (list, columns, rows) => {
        const steps = await drawn(list.join(""), columns, rows);
        const once = new ModelTty(columns, rows);
        const last = [...states(list.join(""))].at(-1) ?? emptyLine();
        once.write(new Screen().draw(layout(last, decor(once))));
        const [a, b] = [await steps.lines(), await once.lines()];
        const height = Math.max(a.length, b.length, 1);
        // Taller drawings may have scrolled: what counts is what stands from the cursor's row.
        const [rowA, columnA] = await steps.cursor();
        const [rowB, columnB] = await once.cursor();
        const shift = rowA - rowB;
        for (let r = 0; r < height; r++) assertEquals(a[r + shift] ?? "", b[r] ?? "");
        assertEquals(columnA, columnB);
      },
    ),
    { numRuns: 150 },
  );
});

Deno.test("a terminal that tells no size, or none that can be, has 80 columns and 24 rows", () => {
  assertEquals(sizeOf(() => ({ columns: 0, rows: 0 })), { columns: 80, rows: 24 });
  assertEquals(sizeOf(() => ({ columns: 132, rows: 0 })), { columns: 132, rows: 24 });
  const gone = () => {
    throw new Error("no terminal");
  };
  assertEquals(sizeOf(gone), { columns: 80, rows: 24 });
});
