import { frameIndex } from "../../src/vm/kernel/memory/frames/frames.ts";
import { assert, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { AssertionError } from "@std/assert";
import { boot, expect } from "@cowsh/cowsh";
import { kernelOf } from "../../src/vm/parts.ts";

/** The message of a check that must fail. */
function message(check: () => void): string {
  const error = assertThrows(check, AssertionError);
  return error.message;
}

function family() {
  const vm = boot({ mem: "16M" });
  const parent = vm.spawn();
  const va = parent.sbrk("2 pages");
  parent.store(va, 42n);
  const child = parent.fork();
  return { vm, parent, child, va };
}

Deno.test("a frame's count and owners, and what the messages name", () => {
  const { parent, child, va } = family();
  const frame = parent.frame(va);
  expect(frame).toHaveRefcount(2);
  expect(frame).toBeShared();
  expect(frame).not.toBeFree();
  expect(frame).toBeMappedBy([parent.at(va), child.at(va + 8n)]);
  expect(frame).not.toBeMappedBy([parent.at(va)]);

  const count = message(() => expect(frame).toHaveRefcount(3));
  assertMatch(count, /^expected frame 0x[0-9a-f]+ to have refcount 3, but its stored count is 2; /);
  assertStringIncludes(count, "pid 2 demo at 0x3000 (heap, PTE 0x");
  assertStringIncludes(count, "pid 3 demo at 0x3000");

  const owners = message(() => expect(frame).toBeMappedBy([parent.at(va), parent.at(0x9000)]));
  assertStringIncludes(owners, "pid 2 at 0x9000 does not map it");
  assertStringIncludes(owners, "pid 3 at 0x3000 maps it, too");

  const none = message(() => expect(parent.frame(0x9000)).toHaveRefcount(1));
  assertStringIncludes(none, "not mapped");
});

Deno.test("a frame is one live object, wherever it is asked for", () => {
  const { vm, parent, child, va } = family();
  const frame = parent.pte(va).frame!;
  expect(frame).toBe(child.frame(va));
  expect(frame).toBe(vm.frame(frame.pa + 0xfffn));
  expect(frame.bytes()[0]).toBe(42);
  child.store(va, 1n);
  expect(frame.counted).toBe(1);
  expect(frame).not.toBe(child.frame(va));
  expect(`${frame}`).toMatch(/^0x8[0-9a-f]+$/);
  expect(JSON.stringify({ frame })).toBe(`{"frame":"${frame}"}`);
  expect(() => vm.frame(0x1000)).toThrow(RangeError);
});

Deno.test("translations: what the hardware allows and what the kernel would do", () => {
  const { parent, child, va } = family();
  expect(parent.pte(va)).toBeMapped();
  expect(parent.pte(va)).toBeReadable();
  expect(parent.pte(va)).not.toBeWritable();
  expect(parent.pte(va)).not.toBeExecutable();
  expect(parent.pte(va)).toBeCow();
  expect(parent.pte(va)).toHaveSize(4096);
  expect(parent.pte(va)).toKillOn("execute");
  expect(parent.pte(0)).not.toBeCow();
  expect(parent.pte(0)).toKillOn("write");
  expect(parent.pte(0x7000)).not.toBeMapped();
  child.store(va, 1n);
  expect(child.pte(va)).toBeWritable();

  const writable = message(() => expect(parent.pte(va)).toBeWritable());
  assertMatch(writable, /^expected address 0x3000 of pid 2 demo to be writable, but its PTE is 0x/);
  assertStringIncludes(writable, "-C ");
  assertStringIncludes(writable, "write: last owner: reuse in place");
  const mapped = message(() => expect(parent.pte(0x7000)).toBeMapped());
  assertStringIncludes(mapped, "no area");
  assertStringIncludes(message(() => expect(child.pte(va)).toBeCow()), "write: ok");
});

Deno.test("accesses: faults, copies, deaths", () => {
  const { parent, child, va } = family();
  expect(parent.access(va)).not.toFault();
  const write = child.store(va, 7n);
  expect(write).toFault();
  expect(write).toFault(15, "cow copy");
  expect(write).not.toFault(13);
  expect(write).toCopy(1);
  expect(write).not.toKill();
  const again = child.store(va, 8n);
  expect(again).not.toFault();
  const text = child.access(0, 8, 1n);
  expect(text).toKill("read-only");
  expect(child).not.toBeAlive();
  expect(parent).toBeAlive();

  assertStringIncludes(
    message(() => expect(again).toFault(15)),
    "pid 3's store to 0x3000 to fault with cause 15, but it went through without a fault",
  );
  assertStringIncludes(message(() => expect(text).not.toKill()), "it was killed: store to a");
  assertStringIncludes(message(() => expect(child).toBeAlive()), "pid 3");
});

Deno.test("the audit names what does not fit, with its owners", () => {
  const { vm, parent, va } = family();
  expect(vm).toPassAudit();
  const frame = parent.frame(va)!;
  const { counts } = kernelOf(vm).state.frames;
  const index = frameIndex(kernelOf(vm), Number(frame.pa) as never);
  counts[index] = 1;
  const text = message(() => expect(vm).toPassAudit());
  assertStringIncludes(text, `count too low: frame ${frame}`);
  assertStringIncludes(text, "pid 2 at 0x3000");
  assertStringIncludes(text, "pid 3 at 0x3000");
  counts[index] = 2;
  expect(vm).toPassAudit();
  const { free } = vm.free();
  expect(vm).toHaveFree(free);
  assertStringIncludes(message(() => expect(vm).toHaveFree(free + 2)), "2 fewer");
});

Deno.test("runs: status and console", () => {
  const vm = boot({ mem: "16M" });
  const hello = vm.run("echo", ["hello", "cow"]);
  expect(hello).toSucceed();
  expect(hello).toExitWith(0);
  expect(hello).toPrint("hello cow\n");
  expect(hello).toPrint(/^hello/);
  const killed = vm.run("faulttext");
  expect(killed).not.toSucceed();
  expect(killed).toExitWith(-1);
  assertStringIncludes(message(() => expect(killed).toSucceed()), "its status is -1: killed");
  assertStringIncludes(message(() => expect(hello).toPrint("bye")), "hello cow");
});

Deno.test("any value", () => {
  expect(2n).toBe(2n);
  expect(2n).not.toBe(3n);
  expect({ a: [1n] }).toEqual({ a: [1n] });
  expect({ a: 1 }).not.toEqual({ a: 2 });
  expect(null).not.toBeDefined();
  expect(1).toBeTruthy();
  expect("").toBeFalsy();
  expect(3).toBeGreaterThan(2n);
  expect(3).toBeGreaterThanOrEqual(3);
  expect(2).toBeLessThan(3);
  expect(3).toBeLessThanOrEqual(3);
  expect("a frame").toContain("fra");
  expect([{ a: 1 }]).toContain({ a: 1 });
  expect([1, 2]).not.toContain(3);
  expect([1, 2]).toHaveLength(2);
  expect("0x10").toMatch(/^0x/);
  expect("10").not.toMatch(/^0x/);
  expect(() => {
    throw new RangeError("no frame");
  }).toThrow(RangeError);
  expect(() => 1).not.toThrow();
  expect(undefined).toBeUndefined();

  assertStringIncludes(message(() => expect(1).toBe(2)), "1");
  assertStringIncludes(message(() => expect(1).not.toBe(1)), "1");
  assertStringIncludes(message(() => expect(1).toBeGreaterThan(2)), "it is 1");
  assertStringIncludes(message(() => expect("a").toBeGreaterThan(2)), "expected a number");
  assertStringIncludes(message(() => expect([1]).toContain(2)), "contain 2");
  assertStringIncludes(message(() => expect(() => 1).toThrow("x")), "it returned");
  assertStringIncludes(
    message(() =>
      expect(() => {
        throw new Error("other");
      }).toThrow(/some/)
    ),
    "it threw Error: other",
  );
  assert(message(() => expect({ a: 1 }).toEqual({ a: 2 })).length > 0);
});
