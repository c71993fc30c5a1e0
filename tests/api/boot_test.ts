import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { symbolsOf } from "../../src/vm/symbols.ts";
import { boot, expect, hex, type Pa, pa, type Va, va } from "@cowsh/cowsh";

Deno.test("boot options: sizes as people write them, and one clear line for what there is not", () => {
  assertEquals(boot({ mem: "16M" }).free().total, 4096);
  assertEquals(boot({ mem: 32 * 2 ** 20 }).free().total, 8192);
  expect(() => boot({ policy: "cwo" })).toThrow(
    /^policy "cwo": want cow, eager(, [a-z-]+)* or [a-z-]+; did you mean cow\?$/,
  );
  expect(() => boot({ mem: "lots" })).toThrow('mem "lots": want 16M to 2G');
  expect(() => boot({ abi: "linux" })).toThrow(/^abi "linux": want xv6/);
});

Deno.test("the same calls give the same machine", () => {
  const story = () => {
    const vm = boot({ mem: "16M" });
    const p = vm.spawn();
    const at = p.sbrk("8 pages");
    const child = p.fork();
    child.store(at, 1n);
    const report = vm.run("forktest");
    return { events: vm.events(), report, counters: vm.counters() };
  };
  assertEquals(story(), story());
});

Deno.test("what a script does through the API", () => {
  const vm = boot({ mem: "16M" });
  const p = vm.spawn();
  const heap = p.sbrk(0);
  assertEquals(p.break, heap);
  const at = p.mmap("2 pages", { prot: "rw" });
  p.store(at, 0x1122334455667788n);
  assertEquals(p.load(at, 4), 0x55667788n);
  p.munmap(at, "2 pages");
  expect(p.pte(at)).not.toBeMapped();
  expect(p.vmmap().map((area) => area.kind)).toContain("stack");
  const child = p.fork();
  child.exit(3);
  assertEquals(p.wait(), child.pid);
  assertEquals(p.wait(), undefined);
  expect(() => child.fork()).toThrow("gone");
  assertThrows(() => vm.process(99), Error, "no process 99");
});

Deno.test("save and restore bring a moment back", () => {
  const vm = boot({ mem: "16M" });
  const p = vm.spawn();
  const at = p.sbrk(4096);
  p.store(at, 1n);
  const state = vm.save();
  const child = p.fork();
  child.store(at, 2n);
  p.store(at, 3n);
  vm.restore(state);
  assertEquals(p.load(at), 1n);
  expect(child).not.toBeAlive();
  expect(p.frame(at)).toHaveRefcount(1);
  expect(vm).toPassAudit();
});

Deno.test("a VM made without the API has no shell to open", async () => {
  const { Vm } = await import("@cowsh/cowsh");
  const bare = new Vm({ mem: "16M" });
  await assertRejects(() => bare.interact(), Error, "without a shell");
});

Deno.test("virtual and physical addresses do not mix", () => {
  const virtual: Va = va(0x3000);
  const physical: Pa = pa(0x8000_0000);
  // @ts-expect-error: a physical address is no virtual one
  const wrong: Va = physical;
  // @ts-expect-error: nor the other way round
  const swapped: Pa = virtual;
  assertEquals([hex(virtual), hex(physical)], ["0x3000", "0x80000000"]);
  assertEquals<bigint[]>([wrong, swapped], [physical, virtual]);
});

Deno.test("a program is named by its path on the host as in the shell: its file's name without the _", async () => {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.copyFile("user/bin/echo", `${dir}/_speak`);
    const vm = boot();
    const report = vm.run(`${dir}/_speak`, ["a", "b"]);
    expect(report).toPrint("a b\n");
    expect(report.name).toBe("speak");
    const p = vm.spawn("user/bin/cat");
    expect(p.name).toBe("cat");
    expect(symbolsOf(vm, p.pid).has("gets")).toBe(false);
    await Deno.copyFile("user/bin/sh", `${dir}/_cat`);
    const q = vm.spawn(`${dir}/_cat`);
    expect(symbolsOf(vm, q.pid).has("gets")).toBe(true);
    expect(symbolsOf(vm, vm.spawn("cat").pid).has("gets")).toBe(false);
    expect(() => vm.run(`${dir}/_none`)).toThrow(/no program .*_none: there are/);
    expect(() => vm.run("_speak")).toThrow(/no program _speak/);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
