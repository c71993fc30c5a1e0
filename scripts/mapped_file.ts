/**
 * One file, mapped shared and private: stores to a shared map are everybody's and reach the file,
 * stores to a private one are copies that nobody else sees.
 *
 *     deno run scripts/mapped_file.ts
 *
 * @module
 */

import { expect, PAGE_SIZE, scenario } from "@cowsh/cowsh";

await scenario("a mapped file, shared and private", {
  policy: "cow",
  mem: "64M",
}, async ({ vm, step, say, shell }) => {
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  const writer = vm.spawn();
  const buffer = writer.sbrk("2 pages");
  writer.put(buffer, "the first line of the file");
  const fd = writer.open("notes", "rw+");
  expect(writer.write(fd, buffer, 6000)).toBe(6000);
  say("A file of 6000 bytes: one page and a half.");

  const mark = vm.mark();
  const map = await step("mmap shared makes an area: nothing is read, no frame is taken", () => {
    return writer.mmap("2 pages", { shared: true, fd });
  });
  expect(vm.since(mark).allocated).toBe(0);
  expect(writer.pte(map)).not.toBeMapped();

  await step("the first touch of a page reads it; behind the file's end it is zeros", () => {
    expect(writer.access(map)).toFault(13, "file fill");
    expect(text(writer.bytes(map, 9))).toBe("the first");
    expect(writer.load(map + 6008n)).toBe(0n);
  });
  await shell(`vmmap ${writer.pid}`);

  const reader = vm.spawn();
  const readerFd = reader.open("notes", "rw");
  const other = await step("another process maps the same file: the same frame", () => {
    const other = reader.mmap("2 pages", { shared: true, fd: readerFd });
    expect(reader.access(other)).toFault(13, "cache hit");
    return other;
  });
  expect(reader.frame(other)).toBe(writer.frame(map));

  await step("a store by one is seen by the other", () => {
    writer.put(map, "THE FIRST");
    expect(text(reader.bytes(other, 9))).toBe("THE FIRST");
  });

  const copy = await step("a private map of it: the store is copied, the file's page stays", () => {
    const copy = reader.mmap("2 pages", { fd: readerFd });
    expect(text(reader.bytes(copy, 9))).toBe("THE FIRST");
    reader.put(copy, "my own");
    return copy;
  });
  expect(reader.frame(copy)).not.toBe(reader.frame(other));
  expect(text(writer.bytes(map, 9))).toBe("THE FIRST");

  await step("a descriptor that is closed does not matter to the map", () => {
    writer.close(fd);
    expect(text(writer.bytes(map, 9))).toBe("THE FIRST");
  });

  const unmapped = vm.mark();
  await step("munmap and exit: dirty shared pages go back to the file", () => {
    writer.munmap(map, "2 pages");
    reader.munmap(other, "2 pages");
    reader.munmap(copy, "2 pages");
  });
  expect(vm.since(unmapped).files.out).toBeGreaterThan(0);

  await step("read() finds the shared store, not the private one, and the old length", () => {
    const again = reader.open("notes");
    const to = reader.sbrk("2 pages");
    expect(reader.read(again, to, 2 * PAGE_SIZE)).toBe(6000);
    expect(text(reader.bytes(to, 9))).toBe("THE FIRST");
  });
  const cat = await step("and so does cat", () => vm.run("cat", ["notes"]));
  expect(cat).toPrint("THE FIRST line");
  expect(vm).toPassAudit();
});
