/** Mapped files against read(), write(), truncation and exec: one content, whichever way it is looked at. */

import { takeOutput } from "../../src/vm/kernel/console.ts";
import { assertEquals, assertMatch } from "@std/assert";
import { formatFat32 } from "../files/format.ts";
import { mkfs } from "../../src/vm/kernel/files/xv6fs/mkfs.ts";
import type { Process } from "../../src/vm/process.ts";
import type { BootOptions, Vm } from "../../src/vm/vm.ts";
import { assertAudit, boot, Guest } from "./lab.ts";
import { kernelOf } from "../../src/vm/parts.ts";

const PAGE = 4096;
const HEAP = 0x3000;

/** A file on each of the file systems. */
const FILES = ["data", "fat/data"];

/** A process with a file of `bytes` bytes of 0x41, open for reading and writing, and three pages of heap. */
function withFile(bytes: number, options: BootOptions = {}, path = "data") {
  const fat = path.startsWith("fat") ? { fat: formatFat32(34 * 2 ** 20) } : {};
  const vm = boot({ ...options, ...fat });
  const p = vm.spawn();
  p.sbrk(3 * PAGE);
  p.fill(HEAP, 3 * PAGE, 0x41);
  const fd = p.open(path, "rw+");
  write(p, fd, bytes);
  return { vm, p, fd };
}

/** As many bytes of the heap, at the descriptor's offset. */
function write(p: Process, fd: number, bytes: number): void {
  for (let done = 0; done < bytes; done += 3 * PAGE) {
    p.write(fd, HEAP, Math.min(3 * PAGE, bytes - done));
  }
}

function killedBy(p: Process, address: bigint | number, value?: bigint): string | undefined {
  return p.access(address, 1, value).killed?.why;
}

const BEYOND = "page beyond the end of the mapped file";

/** The sizes of the ways to see the file: shared and private, by two processes. */
function family(vm: Vm, p: Process, fd: number, pages: number) {
  const shared = p.mmap(pages * PAGE, { shared: true, fd });
  const own = p.mmap(pages * PAGE, { fd });
  return { vm, shared, own, child: p.fork() };
}

Deno.test("a mapping that ends exactly at the file's end has no page beyond it", () => {
  for (const [bytes, whole] of [[PAGE, 1], [2 * PAGE, 2], [PAGE + 1, 2], [PAGE - 1, 1]]) {
    const { vm, p, fd } = withFile(bytes);
    const map = p.mmap((whole + 1) * PAGE, { shared: true, fd });
    const last = map + BigInt(bytes - 1);
    assertEquals(p.load(last, 1), 0x41n);
    p.store(last, 0x42n, 1);
    const end = map + BigInt(whole * PAGE);
    if (bytes % PAGE !== 0) assertEquals(p.load(end - 1n, 1), 0n, "the tail is zero");
    assertEquals(killedBy(p.fork(), end), BEYOND);
    p.munmap(map, (whole + 1) * PAGE);
    p.call("close", fd);
    const again = p.open("data");
    assertEquals(p.read(again, HEAP, bytes + 10 > 3 * PAGE ? 3 * PAGE : bytes + 10), bytes);
    assertEquals(p.load(HEAP + bytes - 1, 1), 0x42n);
    assertAudit(vm);
  }
});

for (const path of FILES) {
  Deno.test(`a truncated file: all its mapped pages are gone, private copies too: ${path}`, () => {
    const { vm, p, fd } = withFile(2 * PAGE, {}, path);
    const { shared, own, child } = family(vm, p, fd, 2);
    for (const at of [shared, own]) p.store(at, 7n);
    child.store(own, 8n);
    const free = vm.free().free;
    const cutter = p.fork();
    cutter.open(path, "w0");
    cutter.exit(0);
    p.wait();
    assertAudit(vm);
    assertEquals(vm.free().free > free, true, "the pages are free");
    const one = vm.save();
    for (const q of [p, child]) {
      for (const at of [shared, own, shared + 4096n, own + 4096n]) {
        for (const value of [undefined, 1n]) {
          assertEquals(killedBy(vm.process(q.pid), at, value), BEYOND);
          assertAudit(vm);
          vm.restore(one);
        }
      }
    }
    // It grows again: what was stored before is not there any more.
    const again = vm.process(p.pid);
    write(again, again.open(path, "w"), PAGE + 100);
    for (const q of [again, vm.process(child.pid)]) {
      for (const at of [shared, own]) {
        assertEquals(q.load(at), 0x4141_4141_4141_4141n);
        assertEquals([q.load(at + 4195n, 1), q.load(at + 4196n, 1)], [0x41n, 0n]);
      }
    }
    assertAudit(vm);
  });
}

Deno.test("pages of a truncated file that are on the swap disk lose their slots", () => {
  const { vm, p, fd } = withFile(2 * PAGE, { swap: "1M" });
  const { own, child } = family(vm, p, fd, 2);
  p.store(own, 7n);
  child.store(own, 8n);
  for (let i = 0; i < 8; i++) vm.reclaim(100);
  const used = kernelOf(vm).state.swap.pages.size;
  p.open("data", "w0");
  assertAudit(vm);
  assertEquals(kernelOf(vm).state.swap.pages.size < used, true);
  assertEquals(killedBy(child, own), BEYOND);
  assertEquals(killedBy(p, own, 1n), BEYOND);
});

Deno.test("read() sees a store, a mapping sees a write(), before and after an eviction", () => {
  for (const [evict, path] of [false, true].flatMap((e) => FILES.map((f) => [e, f] as const))) {
    const { vm, p, fd } = withFile(2 * PAGE, {}, path);
    const shared = p.mmap(2 * PAGE, { shared: true, fd });
    const own = p.mmap(2 * PAGE, { fd });
    const settle = () => {
      if (evict) { for (let i = 0; i < 4; i++) vm.reclaim(100); }
    };
    p.load(own);
    p.store(shared + 5n, 0x99n, 1);
    settle();
    const reader = p.open(path);
    p.read(reader, HEAP, 16);
    assertEquals([p.load(HEAP + 5, 1), p.load(HEAP + 6, 1)], [0x99n, 0x41n]);
    assertEquals(p.load(own + 5n, 1), 0x99n, "a private page that nobody stored to is the file's");
    p.store(own, 1n, 1);
    settle();
    const writer = p.open(path, "w");
    p.store(HEAP, 0x77n, 1);
    p.write(writer, HEAP, 1);
    assertEquals([p.load(shared, 1), p.load(own, 1)], [0x77n, 1n]);
    settle();
    p.store(shared + 1n, 0x66n, 1);
    assertEquals(p.load(shared, 2), 0x6677n);
    assertAudit(vm);
  }
});

Deno.test("write() from a mapping of the file it writes to, page after page", () => {
  const { vm, p, fd } = withFile(3 * PAGE);
  const shared = p.mmap(3 * PAGE, { shared: true, fd });
  for (let i = 0; i < 3; i++) p.store(shared + BigInt(i * PAGE), BigInt(i + 1), 1);
  // Pages 1 and 2 go over pages 0 and 1.
  const to = p.open("data", "w");
  p.write(to, shared + 4096n, 2 * PAGE);
  assertEquals([0, 1, 2].map((i) => p.load(shared + BigInt(i * PAGE), 1)), [2n, 3n, 3n]);
  for (let i = 0; i < 4; i++) vm.reclaim(100);
  assertEquals([0, 1, 2].map((i) => p.load(shared + BigInt(i * PAGE), 1)), [2n, 3n, 3n]);
  assertAudit(vm);
});

Deno.test("exec runs what was stored into the mapped program, not what the disk still has", () => {
  for (const exec of ["eager", "demand"] as const) {
    const vm = boot({ exec });
    const p = vm.spawn();
    p.sbrk(2 * PAGE);
    const elf = new Guest().call("exit", 3).elf();
    p.put(HEAP, elf);
    const fd = p.open("prog", "rw+");
    p.write(fd, HEAP, elf.length);
    const map = p.mmap(elf.length, { shared: true, fd });
    // The immediate of `addi a0, zero, 3` becomes 5.
    const at = elf.findIndex((_, i) =>
      elf[i] === 0x13 && elf[i + 1] === 0x05 && elf[i + 2] === 0x30
    );
    p.store(map + BigInt(at + 2), 0x50n, 1);
    assertEquals(vm.run("prog").status, 5, exec);
    assertAudit(vm);
  }
});

Deno.test("a file whose program is still read page by page cannot be opened for writing", () => {
  const { vm, p } = withFile(1, { exec: "demand" });
  const run = vm.start("spin");
  run.slice(1000);
  for (const mode of ["w", "rw", "w0"]) {
    p.put(0x2000, "/spin\0");
    const flags = { w: 1, rw: 2, w0: 0x401 }[mode]!;
    assertEquals(p.call("open", 0x2000, flags).result, -1n, mode);
  }
  assertEquals(p.open("/spin") > 0, true);
  run.interrupt();
  assertEquals(p.open("/spin", "rw") > 0, true);
  assertAudit(vm);
});

Deno.test("a bad address: -1 at the first byte, a count after some, and nothing is lost", () => {
  const vm = boot();
  const p = vm.spawn();
  p.sbrk(PAGE);
  const map = p.mmap(3 * PAGE);
  p.fill(map, 3 * PAGE, 0x42);
  p.mprotect(map + 4096n, PAGE, "");
  const [end, none] = [map + 4096n - 8n, map + 4096n];
  const [reader, writer] = p.pipe(HEAP);
  const result = (name: "read" | "write", fd: number, at: bigint, n: number) =>
    p.call(name, fd, at, n).result;
  assertEquals(result("write", writer, none, 16), -1n);
  assertEquals(result("write", writer, none, 0), 0n);
  assertEquals(result("write", writer, end, 16), 8n);
  assertEquals(result("write", 1, none, 16), -1n);
  assertEquals(result("write", 1, end, 16), 8n);
  assertEquals(result("write", 1, 1n << 40n, 16), -1n);
  assertEquals(new TextDecoder().decode(takeOutput(kernelOf(vm))), "BBBBBBBB");
  // What cannot be delivered stays in the pipe.
  assertEquals(result("read", reader, none, 8), -1n);
  assertEquals(result("read", reader, end + 4n, 8), 4n);
  assertEquals(result("read", reader, BigInt(HEAP), 8), 4n);
  vm.type("hello\n");
  assertEquals(result("read", 0, none, 6), -1n);
  assertEquals(result("read", 0, end + 5n, 6), 3n);
  assertEquals(result("read", 0, BigInt(HEAP), 6), 3n);
  assertMatch(new TextDecoder().decode(p.bytes(HEAP, 3)), /lo\n/);
  // A file's read and write are whole or nothing, as xv6's.
  const fd = p.open("data", "rw+");
  assertEquals(result("write", fd, none, 16), -1n);
  assertEquals(result("write", fd, map, 4096), 4096n);
  const again = p.open("data");
  assertEquals(result("read", again, none, 8), -1n);
  assertEquals(result("read", again, end, 4096), -1n);
  assertEquals(result("read", again, map, 4096), 4096n);
  assertAudit(vm);
});

Deno.test("what a full disk had no room for is not seen through a mapping either", () => {
  const vm = boot({ fs: mkfs({ size: 100 }) });
  const p = vm.spawn();
  p.sbrk(2 * PAGE);
  p.fill(HEAP, 2 * PAGE, 0x41);
  const fd = p.open("data", "rw+");
  p.write(fd, HEAP, 100);
  const rest = p.open("rest", "rw+");
  while (p.call("write", rest, HEAP, 1024).result === 1024n);
  const map = p.mmap(PAGE, { shared: true, fd });
  assertEquals(p.load(map + 99n, 1), 0x41n);
  assertEquals(p.call("write", fd, HEAP, PAGE).result, -1n);
  // The file's one block was filled to its end, and nothing is behind it.
  assertEquals([p.load(map + 1023n, 1), p.load(map + 1024n, 8)], [0x41n, 0n]);
  assertAudit(vm);
});
