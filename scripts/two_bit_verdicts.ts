/**
 * Copy-on-write with two software bits: SHARE says that fork shared the page, READONLY that it was
 * read-only before. A store then meets one of three verdicts.
 *
 *     deno run scripts/two_bit_verdicts.ts
 *
 * @module
 */

import { expect, hex, scenario } from "@cowsh/cowsh";

await scenario("two bits, three verdicts", {
  policy: "share-readonly",
  mem: "64M",
}, async ({ vm, step, say, shell }) => {
  const parent = vm.spawn();
  const heap = parent.sbrk("2 pages");
  parent.store(heap, 1n);
  const stack = parent.vmmap().find((area) => area.kind === "stack")!.start;
  const text = 0n;

  await step("before any fork, a store to text: write a readonly page", () => {
    const victim = vm.spawn();
    expect(victim.access(text, 8, 1n)).toKill("write a readonly page");
  });

  const before = vm.mark();
  const child = await step("fork shares the heap and the text, and copies the stack", () => {
    return parent.fork();
  });
  expect(vm.since(before).copied.pages).toBe(1);
  expect(child.frame(stack)).not.toBe(parent.frame(stack));
  expect(child.pte(stack)).toBeWritable();
  say(`The heap page at ${hex(heap)} is SHARE: S. The text page is SHARE and READONLY: OS.`);
  await shell(`pte ${child.pid}:${hex(heap)}`);
  await shell(`pte ${child.pid}:${hex(text)}`);
  expect(child.pte(heap)).toBeCow();
  expect(child.pte(text)).toKillOn("write");

  await step("SHARE without READONLY: the store copies", () => {
    expect(child.store(heap, 2n)).toCopy(1);
  });
  expect(parent.load(heap)).toBe(1n);

  await step("the last owner copies, too: this design has no reuse", () => {
    const was = parent.frame(heap)!;
    expect(parent.store(heap, 3n)).toCopy(1);
    expect(parent.frame(heap)).not.toBe(was);
    expect(was).toBeFree();
  });

  await step("SHARE with READONLY: write a readonly shared page, and the process dies", () => {
    expect(child.access(text, 8, 1n)).toKill("write a readonly shared page");
  });
  expect(child).not.toBeAlive();
  expect(parent).toBeAlive();
  expect(parent.wait()).toBe(child.pid);
  expect(vm).toPassAudit();
});
