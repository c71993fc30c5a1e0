/**
 * The launcher on a terminal of its own, which the system's `script` makes: its keys, what it draws, and the
 * terminal's settings when it has ended, however that came.
 */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { echoGuest, elf } from "../machine/bare_lab.ts";
import { flags, Launched, LAUNCHER, path } from "./launch.ts";
import { chatter, toiling } from "./programs.ts";

const SCRIPT = path().split(":").map((dir) => `${dir}/script`).find((file) => {
  try {
    return Deno.statSync(file).isFile;
  } catch {
    return false;
  }
});

/**
 * A terminal in which the launcher runs, and after it a line with its code and whether the terminal's settings
 * are what they were.
 */
async function onTerminal(
  kernel: Uint8Array,
  more: string[],
  body: (run: Launched, folder: string) => Promise<void>,
  command = '"$@"',
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "cowsh tty " });
  await Deno.writeFile(`${folder}/kernel`, kernel);
  const args = [LAUNCHER, ...flags("kernel"), ...more].map((word) => `'${word}'`).join(" ");
  const lines = [
    `set -- ${args}`,
    "stty cols 80 rows 24",
    "was=$(stty -g)",
    command,
    'code=$?; [ "$(stty -g)" = "$was" ] && echo "code $code, as it was"',
  ];
  await Deno.writeTextFile(`${folder}/run`, lines.join("\n"));
  const run = new Launched(SCRIPT!, { args: ["-qec", "sh run", "/dev/null"], cwd: folder });
  try {
    await body(run, folder);
  } finally {
    run.kill();
    await run.end();
    await Deno.remove(folder, { recursive: true });
  }
}

/** In the shell: until the test makes the file `go`. */
const WAIT = "until [ -e go ]; do sleep 0.05; done";
const go = (folder: string) => Deno.writeTextFile(`${folder}/go`, "");

/** A text without control sequences. */
// deno-lint-ignore no-control-regex -- control sequences are what is taken out
const plain = (out: string) => out.replace(/\x1b\[[\d;?]*[a-zA-Z]/g, "");

const echo = () => elf(echoGuest());

/** Each test, where there is a `script`; another system's has other flags. */
function test(name: string, body: () => Promise<void>): void {
  Deno.test({ name, ignore: SCRIPT === undefined || Deno.build.os !== "linux", fn: body });
}
if (SCRIPT === undefined) console.log("launcher on a terminal: skipped, there is no script(1)");

test("every key is the guest's, Ctrl-C and Ctrl-Z too; Ctrl-A x leaves the terminal as it was", async () => {
  await onTerminal(echo(), [], async (run) => {
    await run.until("ready\r\n");
    // None of them does anything here; the guest says them back, and what does not draw is left out.
    await run.type("a\x03\x1a\x04\x1c\rb");
    await run.until("ready\r\na\rb");
    await run.type("\x01x");
    await run.until("QEMU: Terminated\r\ncode 0, as it was\r\n");
  });
});

test("what the guest's own end leaves is the terminal as it was, with its code", async () => {
  await onTerminal(echo(), [], async (run) => {
    await run.until("ready\r\n");
    await run.type("q");
    await run.until("code 3, as it was\r\n");
  });
});

test("what draws passes, and nothing else, through tee as well", async () => {
  const typed = "\x1b[1mA\x1b]52;c;cm0=\x07\x1b[6n\x1b[2JcB";
  for (const command of ['"$@"', '"$@" | tee log; true']) {
    await onTerminal(echo(), [], async (run) => {
      await run.until("ready\r\n");
      await run.type(typed);
      await run.until("\x1b[1mA\x1b[2JcB");
      await run.type("\x01x");
      await run.until("\x1b[0m\x1b[?25h");
      await run.until("code 0, as it was\r\n");
    }, command);
  }
});

test("a signal and a reader that goes away leave the terminal as it was", async () => {
  for (const signal of ["TERM", "HUP", "INT"]) {
    // The keys of what runs behind a shell are not its own unless it says so.
    const behind = `"$@" < /dev/tty & ${WAIT}; kill -${signal} $!; wait $!`;
    await onTerminal(echo(), [], async (run, folder) => {
      await run.until("ready\r\n");
      await go(folder);
      await run.until(/terminating on signal \d+\r\n/);
      await run.until("code 0, as it was\r\n");
    }, behind);
  }
  await onTerminal(chatter(), [], async (run) => {
    await run.until(/^x{10}code \d+, as it was\r\n/);
  }, '"$@" | head -c 10');
});

test("a signal in the middle of a guest's past leaves the terminal as it was, too", async () => {
  const behind = `"$@" < /dev/tty & ${WAIT}; kill -TERM $!; wait $!`;
  await onTerminal(toiling(), [], async (run, folder) => {
    await run.type("\x01c");
    await run.until("> ");
    await run.type("set budget 40000000\rcontinue\rprint 1\rwho wrote 0x80000f00 --phys\r");
    await run.until((out) => plain(out).includes("who wrote 0x80000f00 --phys\r"));
    await new Promise((resolve) => setTimeout(resolve, 300));
    await go(folder);
    await run.until(/taken back, nothing has changed[^\n]*\n[^\n]*terminating on signal 15/);
    await run.until("code 0, as it was\r\n");
  }, behind);
});

test("with -serial stdio Ctrl-A is the guest's, and Ctrl-C ends it", async () => {
  await onTerminal(echo(), ["-serial", "stdio"], async (run) => {
    await run.until("ready\r\n");
    await run.type("\x01x");
    await run.until("ready\r\nx");
    await run.type("\x03");
    await run.until("qemu-system-riscv64: terminating on signal 2\r\ncode 0, as it was\r\n");
  }, 'trap : INT; "$@"');
});

test("a shell that stops it finds its own terminal, and it goes on with its keys", async () => {
  const stopped = `"$@" < /dev/tty & ${WAIT}; kill -STOP $!; stty sane; kill -CONT $!; ` +
    'until stty -a | grep -q -e -icanon; do sleep 0.05; done; echo on; wait $!; stty "$was"';
  await onTerminal(echo(), [], async (run, folder) => {
    await run.until("ready\r\n");
    await go(folder);
    // It was sane: keys were shown at once, and came in lines.
    await run.until("on\r\n");
    await run.type("a\x03b");
    await run.until("ab");
    await run.type("\x01x");
    await run.until("code 0, as it was\r\n");
  }, stopped);
});

test("Ctrl-A c opens the shell with its editor, and the same key goes back", async () => {
  await onTerminal(echo(), [], async (run) => {
    await run.until("ready\r\n");
    await run.type("\x01creg p");
    await run.until(/goes on\r\n[^]*> [^]*p/);
    await run.type("c\r");
    await run.until((out) => /pc 0x[0-9a-f]+\r/.test(plain(out)));
    await run.type("\x01c");
    const said = run.out.length;
    await run.type("back");
    await run.until((out) => out.slice(said).includes("back"));
    assertMatch(run.out, /cowsh: the machine stands still/);
    await run.type("\x01x");
    await run.until("code 0, as it was\r\n");
    assertStringIncludes(run.out, "QEMU: Terminated");
  });
});

test("on a terminal that takes no control sequences the shell takes lines", async () => {
  await onTerminal(echo(), [], async (run) => {
    await run.until("ready\r\n");
    await run.type("\x01c");
    await run.until("> ");
    await run.type("reg pc\n");
    await run.until(/> reg pc\r\npc 0x[0-9a-f]+\r\n> /);
    await run.type("console\n");
    await run.until("> console\r\n");
    await run.type("on");
    await run.until(/console\r\non$/);
    await run.type("\x01x");
    await run.until("code 0, as it was\r\n");
    // deno-lint-ignore no-control-regex -- control sequences are what must not be there
    assertEquals(run.out.match(/\x1b/g), null);
  }, 'TERM=dumb "$@"');
});
