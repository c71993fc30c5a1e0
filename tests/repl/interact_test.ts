import { assertEquals, assertStringIncludes } from "@std/assert";
import { newSession } from "../../src/repl/boot.ts";
import { History } from "../../src/repl/history.ts";
import { TerminalInput } from "../../src/repl/input.ts";
import { interact } from "../../src/repl/interact.ts";
import { Shell } from "../../src/repl/shell.ts";
import { TerminalHost } from "../../src/repl/terminal_host.ts";
import { captured, computer, FAKES, NAMES } from "./fake.ts";
import { ModelTty } from "./terminal.ts";

/** A person at a terminal: types, and looks. */
class Person {
  readonly tty = new ModelTty(60, 16);
  readonly history: History;
  readonly session: Promise<number>;
  exitCode: number | undefined;
  #deliver: ((bytes: Uint8Array) => void) | undefined;
  #typed: Uint8Array[] = [];

  constructor(history = new History(), color = false) {
    this.history = history;
    const input = new TerminalInput(() =>
      new Promise((resolve) => {
        const next = this.#typed.shift();
        if (next !== undefined) resolve(next);
        else this.#deliver = resolve;
      })
    );
    const interrupt = { requested: false };
    const shellSession = newSession(
      computer,
      { json: false, keepGoing: false, budget: undefined },
      { color, interactive: true, history: () => history.entries },
    );
    const host = new TerminalHost(this.tty, input, {
      files: captured().host.files,
      breathe: () => new Promise((resolve) => setTimeout(resolve, 0)),
      clock: () => performance.now(),
    }, { interrupt, color: () => color });
    const names = () => ({ ...NAMES, last: shellSession.last });
    const shell = new Shell(shellSession, host, interrupt, FAKES, names);
    const sources = { candidates: () => [{ text: "init" }, { text: "0x4000", doc: "heap" }] };
    this.session = interact(shell, host, history, sources).then((code) => this.exitCode = code);
  }

  #send(bytes: Uint8Array): void {
    const deliver = this.#deliver;
    this.#deliver = undefined;
    if (deliver) deliver(bytes);
    else this.#typed.push(bytes);
  }

  /** The window becomes so many columns wide. */
  resize(columns: number): void {
    this.tty.terminal.resize(columns, 16);
  }

  /** Types, and waits until the shell shows what is asked for. */
  async type(text: string, until?: string): Promise<void> {
    this.#send(new TextEncoder().encode(text));
    if (until !== undefined) await this.sees(until);
  }

  /** Waits for a text on the terminal: on events, however long they take. */
  async sees(text: string): Promise<void> {
    while (!(await this.tty.lines()).join("\n").includes(text)) {
      if (this.exitCode !== undefined) throw new Error(`ended without showing ${text}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** Ends the session by Ctrl-D; what stands on the terminal then. */
  async leave(): Promise<string[]> {
    this.#send(new TextEncoder().encode("\x04"));
    await this.session;
    return await this.tty.lines();
  }
}

Deno.test("a line typed runs, the prompt comes back, Ctrl-D ends", async () => {
  const p = new Person();
  await p.type("echo hi\r");
  assertEquals(await p.leave(), ["> echo hi", "hi", ">"]);
  assertEquals(p.exitCode, 0);
});

Deno.test("an error points at its place and the session goes on", async () => {
  const p = new Person();
  await p.type("peek 1 3ff\recho still here\r");
  assertEquals(await p.leave(), [
    "> peek 1 3ff",
    "         ^",
    "3ff is not a number; did you mean 0x3ff?",
    "> echo still here",
    "still here",
    ">",
  ]);
});

Deno.test("Enter on nothing does nothing; quit gives the exit code", async () => {
  const p = new Person();
  await p.type("\r  \rquit 7\r");
  assertEquals(await p.session, 7);
  assertEquals(await p.tty.lines(), [">", ">", "> quit 7"]);
});

Deno.test("Ctrl-C clears a line, and stops a running guest but not the session", async () => {
  const p = new Person();
  await p.type("garbage\x03spin\r", "> spin");
  while (p.tty.written.split("\x1b[?2004l").length < 2) await new Promise((r) => setTimeout(r, 1));
  await p.type("\x03", "interrupted");
  await p.type("echo alive\r", "\nalive");
  assertEquals(await p.leave(), [
    "> garbage^C",
    "> spin",
    "interrupted",
    "> echo alive",
    "alive",
    ">",
  ]);
});

Deno.test("the guest gets the keys while it reads; type-ahead is kept", async () => {
  const p = new Person();
  await p.type("listen\rhello guest\recho back\r", "\nback");
  const lines = await p.leave();
  assertEquals(lines, [
    "> listen",
    'heard "hello guest\\r"',
    "> echo back",
    "back",
    ">",
  ]);
});

Deno.test("Ctrl-] takes the terminal back from the guest, Ctrl-C too", async () => {
  const p = new Person();
  await p.type("listen\r", "> listen");
  await p.type("ab\x1d", 'heard "ab"');
  await p.type("listen\r");
  while (p.tty.written.split("\x1b[?2004l").length < 3) await new Promise((r) => setTimeout(r, 1));
  await p.type("\x03", "interrupted");
  await p.leave();
});

Deno.test("history lasts from one session to the next", async () => {
  const kept = new Map<string, string>();
  const store = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };
  const first = new Person(new History(store));
  await first.type("echo one\recho (two\rthree)\recho (two\rthree)\r");
  await first.leave();
  const second = new Person(new History(store));
  assertEquals(second.history.entries, ["echo one", "echo (two\nthree)"]);
  await second.type("\x1b[A\r", "three)\n(two\nthree)");
  await second.leave();
  kept.set("cowsh.history", "{not json");
  assertEquals(new History(store).entries, []);
  const broken = new History({
    getItem: () => {
      throw new Error("no store");
    },
    setItem: () => {
      throw new Error("full");
    },
  });
  broken.add("ps");
  assertEquals(broken.entries, ["ps"]);
});

Deno.test("several lines pasted run one by one, stop at an error, and are one entry", async () => {
  const p = new Person();
  await p.type("\x1b[200~echo a\npeple\necho b\n\x1b[201~\r", "no command");
  const lines = await p.leave();
  assertEquals(lines.slice(-3), ["a", "no command peple; did you mean people?", ">"]);
  assertEquals(p.history.entries, ["echo a\npeple\necho b\n"]);
});

Deno.test("Ctrl-Z is safe, Ctrl-L clears, Tab completes from the declarations", async () => {
  const p = new Person();
  await p.type("\x1a", "Ctrl-Z does not stop cowsh");
  await p.type("\x0cpee\t3:0x\t\r", "va 0x4000  pid 3");
  const lines = await p.leave();
  assertStringIncludes(lines.join("\n"), "> peek 3:0x4000\nva 0x4000  pid 3");
});

Deno.test("in colour there is a grey hint of what is to come, and none is left behind", async () => {
  const p = new Person(new History(), true);
  await p.type("peek ", "> peek VA [N] [-p PID] [--all]");
  await p.type("1\r");
  const lines = await p.leave();
  assertEquals(lines[0], "> peek 1");
  assertStringIncludes(p.tty.written, "\x1b[90m");
});

Deno.test("a window of another size shows the line once", async () => {
  const p = new Person();
  const line = "echo 0123456789 0123456789 0123456789 0123456789";
  await p.type(line, line);
  p.resize(30);
  await p.type("x", "x");
  assertEquals((await p.tty.lines()).slice(0, 2), [`> ${line.slice(0, 28)}`, `${line.slice(28)}x`]);
  p.resize(60);
  await p.type("\r", `\n${line.slice(5)}x`);
  assertEquals((await p.leave()).slice(0, 3), [`> ${line}x`, `${line.slice(5)}x`, ">"]);
});
