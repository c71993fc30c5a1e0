import { assert, assertEquals } from "@std/assert";
import { History } from "../../src/repl/history.ts";
import { PipedInput } from "../../src/repl/input.ts";
import { interactPlain } from "../../src/repl/plain.ts";
import { captured } from "./fake.ts";

/** A session whose lines come as the terminal hands them over; what it shows, and how it ends. */
async function session(...lines: string[]) {
  const c = captured();
  const history = new History();
  const typed = lines.map((line) => new TextEncoder().encode(line));
  const input = new PipedInput(() => Promise.resolve(typed.shift() ?? null));
  const write = (text: string) => void (c.out += text);
  c.host.output.err = (message) => write(`${message}\n`);
  const code = await interactPlain(c.shell, input, write, history);
  return { code, shown: c.out, history: history.entries };
}

Deno.test("without control sequences: a prompt, lines, their results, errors, and on", async () => {
  const { code, shown, history } = await session("echo hi\n", "peple\n", "\n", "echo on\n");
  assertEquals(code, 0);
  assertEquals(shown, "> hi\n> no command peple; did you mean people?\n> > on\n> \n");
  assertEquals(history, ["echo hi", "peple", "echo on"]);
  assert(!shown.includes("\x1b"));
});

Deno.test("a line that is not closed goes on; quit ends it with its code", async () => {
  const { code, shown, history } = await session("sum (1 +\n", "2)\n", "quit 7\n", "echo no\n");
  assertEquals([code, shown], [7, "> . value 3\n> "]);
  assertEquals(history[0], "sum (1 +\n2)");
});
