/**
 * The kernel stores into user memory, too: a read() into a copy-on-write page must copy it first,
 * page by page, or it would write into everybody's memory.
 *
 *     deno run scripts/copyout_cow.ts
 *
 * @module
 */

import { expect, PAGE_SIZE, scenario } from "@cowsh/cowsh";

await scenario("copyout into a copy-on-write page", {
  policy: "cow",
  mem: "64M",
}, async ({ vm, step, say, shell }) => {
  const parent = vm.spawn();
  const heap = parent.sbrk("4 pages");
  const message = heap;
  const buffer = heap + BigInt(PAGE_SIZE);
  const [readEnd, writeEnd] = parent.pipe(heap + BigInt(3 * PAGE_SIZE));
  parent.put(message, "0123456789abcdef");
  parent.fill(buffer, "2 pages", 0x2e);
  say("A pipe, a page with a message, and two pages full of dots.");

  const child = await step("fork: all pages are shared", () => parent.fork());
  const shared = parent.frame(buffer)!;
  expect(shared).toBeMappedBy([parent.at(buffer), child.at(buffer)]);

  const before = vm.mark();
  await step("the parent writes to the pipe: the kernel only reads its page", () => {
    expect(parent.write(writeEnd, message, 16)).toBe(16);
  });
  expect(vm.since(before).copied.pages).toBe(0);

  const at = buffer + BigInt(PAGE_SIZE - 8);
  await step("the child reads 16 bytes across a page end: the kernel copies both pages", () => {
    expect(child.read(readEnd, at, 16)).toBe(16);
  });
  const done = vm.since(before);
  expect(done.copied.pages).toBe(2);
  say("No instruction of the child faulted; copyout took the same decision as the fault handler.");
  await shell("timeline --since " + before.event + " -k copy,fault");

  expect(new TextDecoder().decode(child.bytes(at, 16))).toBe("0123456789abcdef");
  expect(new TextDecoder().decode(parent.bytes(at, 16))).toBe("................");
  expect(shared).toBeMappedBy([parent.at(buffer)]);
  expect(child.frame(buffer)).toHaveRefcount(1);

  await step("pipe() itself into a copy-on-write page: the descriptors land in a copy", () => {
    child.pipe(buffer - BigInt(PAGE_SIZE));
    expect(parent.load(message, 1)).toBe(0x30n);
  });

  await step("read() into read-only text fails and changes nothing", () => {
    parent.write(writeEnd, message, 4);
    expect(() => child.read(readEnd, 0, 4)).toThrow("failed");
    expect(child).toBeAlive();
    expect(child.load(0)).toBe(parent.load(0));
  });
  expect(vm).toPassAudit();
});
