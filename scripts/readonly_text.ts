/**
 * Read-only text stays read-only: fork shares it without making it copy-on-write, and a store to it
 * kills the writer, before and after a fork, from a script and from a real program.
 *
 *     deno run scripts/readonly_text.ts
 *
 * @module
 */

import { expect, hex, scenario } from "@cowsh/cowsh";

await scenario("read-only text stays read-only", {
  policy: "cow",
  mem: "64M",
}, async ({ vm, step, say, shell }) => {
  const parent = vm.spawn("echo", ["hello"]);
  const text = parent.vmmap().find((area) => area.kind === "text")!.start;
  expect(parent.pte(text)).toBeExecutable();
  expect(parent.pte(text)).not.toBeWritable();
  const instruction = parent.load(text, 4);
  say(`The first instruction of echo, at ${hex(text)}, is ${hex(instruction)}.`);

  const child = await step("fork shares the text page", () => parent.fork());
  const frame = parent.frame(text)!;
  expect(frame).toHaveRefcount(2);
  say("No C in the flags: the page is shared, but it is not copy-on-write.");
  expect(parent.pte(text)).not.toBeCow();
  expect(child.pte(text)).not.toBeCow();
  expect(child.pte(text)).toKillOn("write");
  await shell(`pte ${child.pid}:${hex(text)}`);

  await step("the child stores into its text: the kernel kills it", () => {
    const write = child.access(text, 4, 0x13n);
    expect(write).toFault(15);
    expect(write).toKill("read-only");
    expect(write).toCopy(0);
  });
  expect(child).not.toBeAlive();
  expect(parent).toBeAlive();
  expect(parent.load(text, 4)).toBe(instruction);
  say("Killed means a zombie first, as in xv6: its memory goes when the parent waits for it.");
  expect(frame).toHaveRefcount(2);
  expect(parent.wait()).toBe(child.pid);
  expect(frame).toBeMappedBy([parent.at(text)]);

  await step("being the last owner does not make text writable", () => {
    expect(parent.pte(text)).toKillOn("write");
    parent.kill();
  });
  expect(frame).toBeFree();

  const report = await step("a program that does the same is killed, too", () => {
    return vm.run("faulttext");
  });
  expect(report).toExitWith(-1);
  expect(report).toPrint(/usertrap\(\): unexpected scause 0xf pid=\d+/);
  say(report.console.trimEnd());
  expect(vm).toPassAudit();
});
