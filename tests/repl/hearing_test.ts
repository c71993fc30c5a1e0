/** Ctrl-C and signals are heard while JavaScript's event loop stands still. */

import { assertEquals } from "@std/assert";

const hearing = new URL("../../src/repl/hearing.ts", import.meta.url);

/** Reads, and works for at most ten seconds without a turn of the event loop. */
const PROGRAM = `
import { Hearing } from ${JSON.stringify(hearing.href)};
const keys = new Hearing(["SIGUSR1"]);
const first = await keys.read();
const interrupt = keys.watch(true);
const read = keys.read();
function toil(what) {
  console.log(what);
  const begun = performance.now();
  while (!interrupt.requested && performance.now() - begun < 10_000);
  console.log(interrupt.requested);
}
toil("first " + first);
console.log("next", ...await read);
interrupt.requested = false;
console.log(interrupt.requested, await keys.read());
toil("signalled");
keys.end();
console.log("deaf");
await new Promise((resolve) => setTimeout(resolve, 10_000));
`;

Deno.test("a key and a signal are heard in the middle of work, the key is read as any other", async () => {
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
  while (!said.includes("first 1,2")) said += (await lines.read()).value;
  // Now it works.
  await keys.write(Uint8Array.of(7, 3));
  while (!said.includes("next")) said += (await lines.read()).value;
  await keys.close();
  while (!said.includes("signalled")) said += (await lines.read()).value;
  child.kill("SIGUSR1");
  while (!said.includes("deaf")) said += (await lines.read()).value;
  assertEquals(said, "first 1,2\ntrue\nnext 7 3\nfalse null\nsignalled\ntrue\ndeaf\n");
  // As if nobody had listened.
  child.kill("SIGUSR1");
  assertEquals((await child.status).signal, "SIGUSR1");
  await lines.cancel();
  await Deno.remove(file);
});
