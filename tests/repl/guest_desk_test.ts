/** A guest's console and the shell on one terminal, where the session is the shell's. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { breathe, clock } from "../../src/repl/deno_host.ts";
import { GuestDesk } from "../../src/repl/guest_desk.ts";
import { type DeskWord, Mux } from "../../src/repl/guest_mux.ts";
import { shellOf } from "../../src/repl/guest_shell.ts";
import { LabGuest } from "../guest/lab.ts";

const KEYS = [["c", "shell", "the shell, and back"], ["x", "exit", "leaves"]] as const;

/** Types pieces at a desk that begins with the shell, each when the one before was dealt with. */
async function typed(...pieces: string[]): Promise<{ code: number; drawn: string }> {
  const g = new LabGuest();
  g.runToMode(0);
  let drawn = "";
  const shell = shellOf(g.guest);
  shell.settings = { ends: true };
  const desk: GuestDesk<DeskWord> = new GuestDesk<DeskWord>({
    guest: g.guest,
    mux: new Mux<DeskWord>(KEYS, 1),
    shell: () => Promise.resolve(shell),
    ends: () => undefined,
    greeting: "(the shell)\n",
    farewell: "(left)\n",
    said: "",
  }, {
    read: async () => {
      for (let i = 0; i < 4; i++) await breathe();
      return new TextEncoder().encode(pieces.shift() ?? "\x01x");
    },
    out: (bytes) => {
      drawn += new TextDecoder().decode(bytes);
      return Promise.resolve();
    },
    breathe,
    clock,
    person: true,
    watched: true,
    tty: { write: (text) => void (drawn += text), size: () => ({ columns: 80, rows: 24 }) },
    color: false,
    setRaw: () => {},
  });
  return { code: await desk.run("shell", "(begins)\n"), drawn };
}

Deno.test("the key that opens the shell leaves it for the console, and opens it again", async () => {
  const { code, drawn } = await typed("\x01c", "\x01c", "quit 5\r");
  assertEquals(code, 5);
  assertStringIncludes(drawn, "(the shell)");
});

Deno.test("Ctrl-D and the exit key end all of it", async () => {
  assertEquals((await typed("\x04", "\x01c", "quit 5\r")).code, 0);
  assertEquals((await typed("\x01x", "\x01c", "quit 5\r")).code, 0);
});
