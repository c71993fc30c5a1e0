/** Ctrl-C is seen while JavaScript's event loop stands still. */

import { assertEquals } from "@std/assert";

const keyboard = new URL("../../src/repl/keyboard.ts", import.meta.url);

/** Reads, and works for at most ten seconds without a turn of the event loop. */
const PROGRAM = `
import { TerminalKeys } from ${JSON.stringify(keyboard.href)};
const keys = new TerminalKeys();
const first = await keys.read();
const interrupt = keys.watch();
const read = keys.read();
console.log("first", ...first);
const begun = performance.now();
while (!interrupt.requested && performance.now() - begun < 10_000);
console.log(interrupt.requested);
console.log("next", ...await read);
interrupt.requested = false;
console.log(interrupt.requested, await keys.read());
Deno.exit(0);
`;

Deno.test("a key that interrupts is heard in the middle of work, and read as any other", async () => {
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(file, PROGRAM);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", file],
    cwd: new URL("../..", import.meta.url),
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const keys = child.stdin.getWriter();
  await keys.write(Uint8Array.of(1, 2));
  let said = "";
  while (!said.includes("first 1 2")) said += (await lines.read()).value;
  // Now it works.
  await keys.write(Uint8Array.of(7, 3));
  while (!said.includes("next")) said += (await lines.read()).value;
  await keys.close();
  for (let more = await lines.read(); !more.done; more = await lines.read()) said += more.value;
  assertEquals(said, "first 1 2\ntrue\nnext 7 3\nfalse null\n");
  assertEquals((await child.status).code, 0);
  await Deno.remove(file);
});
