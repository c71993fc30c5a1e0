import { assertEquals } from "@std/assert";
import xterm from "@xterm/headless";
import fc from "fast-check";
import { Screen } from "../../src/record/screen.ts";

const WIDTH = 12, HEIGHT = 5;

/** What the terminal model of xterm.js shows after some output: rows, cursor, colours. */
async function reference(chunks: string[]) {
  const terminal = new xterm.Terminal({ cols: WIDTH, rows: HEIGHT, allowProposedApi: true });
  for (const chunk of chunks) await new Promise<void>((done) => terminal.write(chunk, done));
  const buffer = terminal.buffer.active;
  const rows = Array.from({ length: HEIGHT }, (_, y) => {
    const line = buffer.getLine(buffer.baseY + y);
    return Array.from({ length: WIDTH }, (_, x) => {
      const cell = line?.getCell(x);
      if (!cell) throw new Error("no cell");
      const text = cell.getWidth() === 0 ? "" : cell.getChars() || " ";
      const color = (is: boolean, value: number) => is ? undefined : value;
      return {
        text,
        fg: color(cell.isFgDefault(), cell.getFgColor()),
        bg: color(cell.isBgDefault(), cell.getBgColor()),
        bold: cell.isBold() !== 0,
        inverse: cell.isInverse() !== 0,
      };
    });
  });
  const cursor = { x: buffer.cursorX, y: buffer.cursorY };
  terminal.dispose();
  return { rows, cursor };
}

function ours(chunks: string[]) {
  const screen = new Screen(WIDTH, HEIGHT);
  for (const chunk of chunks) screen.write(chunk);
  const rows = screen.rows.map((row) =>
    row.map(({ text, style: { fg, bg, bold, inverse } }) => ({ text, fg, bg, bold, inverse }))
  );
  return { rows, cursor: { x: screen.x, y: screen.y } };
}

const number = fc.constantFrom("", "0", "1", "2", "3", "7", "40");
const piece = fc.oneof(
  { weight: 6, arbitrary: fc.string({ unit: fc.constantFrom(..."ab 0x│─"), maxLength: 9 }) },
  { weight: 2, arbitrary: fc.constantFrom("\r\n", "\n", "\r", "\b", "\t", "\x07") },
  {
    weight: 4,
    arbitrary: fc.tuple(number, fc.constantFrom(..."ABCDEFGdXJKP@LM")).map(([n, final]) =>
      `\x1b[${final === "J" && n === "3" ? "" : n}${final}`
    ),
  },
  // xterm.js scrolls in rows of the default colour, other terminals in the current one: reset it first
  { weight: 1, arbitrary: fc.constantFrom("\x1b[m\x1b[2S", "\x1b[m\x1b[T") },
  { weight: 1, arbitrary: fc.tuple(number, number).map(([y, x]) => `\x1b[${y};${x}H`) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ...["0", "", "1", "7", "27", "22", "31", "39", "44", "49", "97", "104", "1;33", "38;5;208"],
    ).map((sgr) => `\x1b[${sgr}m`),
  },
  { weight: 1, arbitrary: fc.constantFrom("\x1b7", "\x1b8", "\x1b[s", "\x1b[u", "\x1b[?25l") },
  { weight: 1, arbitrary: fc.constantFrom("\x1b]0;title\x07", "\x1b(B", "\x1b[?2004h", "\x1bM") },
);

Deno.test("shows what xterm.js shows, for any mix of text and control sequences", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 40 }), async (pieces) => {
      assertEquals(ours(pieces), await reference(pieces));
    }),
    { numRuns: 150 },
  );
});

Deno.test("wide characters and marks sit as in xterm.js", async () => {
  const wide = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom("記憶", "한", "a", "e\u0301", "字", "xyz") },
    { weight: 1, arbitrary: fc.constantFrom("\r\n", "\r", "\b", "\x1b[3D", "\x1b[2C", "\x1b[K") },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(wide, { maxLength: 30 }), async (pieces) => {
      assertEquals(ours(pieces), await reference(pieces));
    }),
    { numRuns: 200 },
  );
});

Deno.test("a sequence may come in pieces", () => {
  fc.assert(fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
    const whole = pieces.join("");
    assertEquals(ours([...whole].map((unit) => unit)), ours([whole]));
  }));
});

Deno.test("text() gives a row without its trailing spaces", () => {
  const screen = new Screen(10, 2);
  screen.write("> pte  \r\nok");
  assertEquals([screen.text(0), screen.text(1)], ["> pte", "ok"]);
});

Deno.test("a sequence whose parameters are no numbers changes nothing", () => {
  const screen = new Screen(5, 2);
  for (const sequence of ["2=a", "1?H", "=5C", "3<d", "2>m"]) screen.write(`\x1b[${sequence}`);
  assertEquals([screen.x, screen.y], [0, 0]);
  screen.write("ok");
  assertEquals(screen.text(0), "ok");
});
