import { assertEquals } from "@std/assert";
import { boot, expect, KernelError } from "@cowsh/cowsh";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

function manual() {
  const vm = boot({ mem: "16M" });
  const p = vm.spawn();
  return { vm, p, heap: p.sbrk("4 pages") };
}

Deno.test("files through the real calls: create, write, read back, truncate, and what is not there", () => {
  const { vm, p, heap } = manual();
  p.put(heap, "sixteen bytes ok");
  const out = p.open("made", "rw+");
  assertEquals(out, 3);
  assertEquals(p.write(out, heap, 16), 16);
  p.close(out);
  const back = p.open("made");
  assertEquals(p.read(back, heap + 100n, 100), 16);
  assertEquals(text(p.bytes(heap + 100n, 16)), "sixteen bytes ok");
  assertEquals(p.read(back, heap, 1), 0);
  assertEquals(p.read(p.open("made", "rw0"), heap, 1), 0);
  expect(() => p.open("nowhere")).toThrow(KernelError);
  expect(() => p.open("nowhere")).toThrow('open("nowhere") of pid 2 failed');
  expect(() => p.write(back, heap, 1)).toThrow("write(3)");
  expect(() => p.close(9)).toThrow("no descriptor 9");
  expect(vm).toPassAudit();
});

Deno.test("a pipe between processes, and its end", () => {
  const { vm, p, heap } = manual();
  const [reading, writing] = p.pipe(heap);
  assertEquals([reading, writing], [3, 4]);
  const child = p.fork();
  child.put(heap + 64n, "from the child");
  child.write(writing, heap + 64n, 14);
  assertEquals(p.read(reading, heap + 64n, 100), 14);
  assertEquals(text(p.bytes(heap + 64n, 14)), "from the child");
  const waits = p.call("read", reading, heap, 1);
  assertEquals(waits.result, undefined);
  assertEquals(waits.blocked !== undefined, true);
  child.exit();
  p.close(writing);
  assertEquals(p.read(reading, heap, 1), 0);
  expect(vm).toPassAudit();
});

Deno.test("bytes cross pages and keep their values", () => {
  const { p, heap } = manual();
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  p.put(heap + 4000n, all);
  assertEquals(p.bytes(heap + 4000n, 256), all);
  assertEquals(p.load(heap + 4093n, 8), 0x64636261605f5e5dn);
  assertEquals(p.bytes(heap, 0), new Uint8Array());
});

Deno.test("clone shares memory with vm, and forks without", () => {
  const { vm, p, heap } = manual();
  const thread = p.clone({ vm: true, thread: true, stack: heap + 0x3000n });
  const child = p.clone();
  thread.store(heap, 1n);
  assertEquals([p.load(heap), child.load(heap)], [1n, 0n]);
  expect(p.frame(heap)).toBe(thread.frame(heap));
  expect(p.frame(heap)).not.toBe(child.frame(heap));
  expect(vm).toPassAudit();
});

Deno.test("reclaim without a swap disk takes nothing that is in use; with one it does, and nothing is lost", () => {
  const plain = manual();
  plain.p.store(plain.heap, 5n);
  assertEquals(plain.vm.reclaim(10), 0);
  const vm = boot({ mem: "16M", swap: "1M" });
  const p = vm.spawn();
  const heap = p.sbrk("8 pages");
  for (let i = 0n; i < 8n; i++) p.store(heap + i * 4096n, i + 100n);
  const mark = vm.mark();
  expect(vm.reclaim(12)).toBeGreaterThan(11);
  expect(vm.since(mark).swapped.out).toBeGreaterThan(11);
  for (let i = 0n; i < 8n; i++) assertEquals(p.load(heap + i * 4096n), i + 100n);
  expect(vm.since(mark).swapped.in).toBeGreaterThan(0);
  expect(vm).toPassAudit();
});

Deno.test("an allocation made to fail is felt once", () => {
  const { vm, p, heap } = manual();
  const { free } = vm.free();
  vm.failAllocation(1);
  expect(() => p.fork()).toThrow("out of memory");
  expect(vm).toHaveFree(free);
  vm.failAllocation(2);
  vm.failAllocation(0);
  const child = p.fork();
  child.store(heap, 1n);
  expect(vm).toPassAudit();
});
