/**
 * Scripts on somebody's own kernel. `XV6_LABS` is a folder with built trees of labs, like 2022-cow-solved.
 *
 * @module
 */

import { assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { attach, AttachError, expect, KernelError, scenario } from "../../mod.ts";
import { echoGuest, elf, li, say } from "../machine/bare_lab.ts";
import { Assembler } from "../machine/engine_lab.ts";

const echo = () => elf(echoGuest());

/** A kernel that says that it panics, and stands still. */
function panicking(): Uint8Array {
  const a = li(say(new Assembler(), "panic: no\n"), 7, 0x8000_0f00);
  a.put("addi", { rd: 6, imm: 1 }).put("sw", { rs1: 7, rs2: 6, imm: 0 });
  const code = a.label("here").put("jal", { rd: 0 }, "here").bytes();
  return elf(code, { symbols: [{ name: "panicked", value: 0x8000_0f00n, size: 4 }] });
}

Deno.test("what is known better of a kernel is given with it", () => {
  const vm = attach({ kernel: echo(), mem: "16M", facts: ["cow=0x100", "counts=none"] });
  const fact = (name: string) => vm.facts().find((one) => one.name === name)!;
  assertEquals([fact("cow bit").value, fact("cow bit").sure], ["0x100", "given"]);
  assertEquals(fact("counts").value, "none");
});

/** What an attempt throws. */
function thrown(options: Parameters<typeof attach>[0]): AttachError {
  return assertThrows(() => attach(options), AttachError) as AttachError;
}

Deno.test("a kernel of bytes or of a path has the face of any computer, at its prompt", async () => {
  const path = await Deno.makeTempFile();
  await Deno.writeFile(path, echo());
  for (const kernel of [echo(), path]) {
    const vm = attach({ kernel, mem: "16M", harts: 2, seed: 1 });
    assertEquals([vm.guest, vm.ram.size, vm.harts], [true, 2 ** 24, 2]);
    assertEquals(vm.attached?.files.elf, kernel === path ? path : undefined);
    vm.type("hello");
    vm.advance(1_000_000);
    assertEquals(vm.takeOutput(), "hello");
    // Its disk has no program of ours: it has none.
    assertThrows(
      () => vm.spawn(),
      KernelError,
      "spawn: the program for it is not on the guest's disk",
    );
  }
  await Deno.remove(path);
});

Deno.test("what cannot be attached says why, as a type and in one line", () => {
  const none = thrown({ kernel: "no/such/kernel" });
  assertEquals([none.reason, none.message, none.vm], [
    "kernel",
    "no/such/kernel: no such file",
    undefined,
  ]);
  const bad = thrown({ kernel: new Uint8Array(10) });
  assertEquals(bad.reason, "kernel");
  assertMatch(bad.message, /^the kernel: not an ELF file/);
  const disk = thrown({ kernel: echo(), disk: new Uint8Array(513) });
  assertEquals(disk.reason, "disk");
  assertMatch(disk.message, /^the disk: 513 bytes are no disk/);
  const panic = thrown({ kernel: panicking(), mem: "16M" });
  assertEquals([panic.reason, panic.console], ["panic", "panic: no\n"]);
  assertEquals(panic.message, "the kernel did not come to its prompt: it panicked");
  // There to be looked at.
  assertEquals(panic.vm!.process(0).load === undefined, false);
  assertEquals(panic.vm!.ram.size, 2 ** 24);
  const here = new Assembler().label("here").put("jal", { rd: 0 }, "here").bytes();
  assertEquals(thrown({ kernel: elf(here), mem: "16M", budget: 1000 }).reason, "budget");
  assertThrows(() => attach({ kernel: echo(), harts: 9 }), RangeError, "9");
  // @ts-expect-error what a script in JavaScript may write
  assertThrows(() => attach({ kernel: echo(), hart: 1 }), RangeError, "hart");
  assertThrows(
    () => attach({ kernel: echo(), mem: "16M", facts: ["freed=1"] }),
    RangeError,
    "fact freed=1: there is no fact freed; want processes=…",
  );
  assertThrows(
    // @ts-expect-error what a script in JavaScript may write
    () => attach({ kernel: echo(), mem: "16M", facts: "cow=none" }),
    RangeError,
    "attach: facts: want a list of texts",
  );
});

const labs = Deno.env.get("XV6_LABS") || undefined;
if (labs === undefined) {
  console.log(
    "scripts on xv6 kernels: skipped, XV6_LABS is not set to a folder of built lab trees",
  );
} else {
  const options = {
    kernel: `${labs}/2022-cow-solved/kernel/kernel`,
    disk: `${labs}/2022-cow-solved/fs.img`,
  };

  await scenario("a story told to a student's kernel", options, async ({ vm, step, shell }) => {
    const parent = await step("a process", () => vm.spawn());
    const va = parent.sbrk("2 pages");
    parent.store(va, 42n);
    const child = await step("fork", () => parent.fork());
    expect(parent.frame(va)!).toBeMappedBy([parent.at(va), child.at(va)]);
    await step("child writes", () => child.store(va, 7n));
    expect(parent.frame(va)!).toBeMappedBy([parent.at(va)]);
    expect(parent.load(va)).toBe(42n);
    assertStringIncludes(await shell("ps"), "manual");
    expect(vm).toPassAudit();
  });
}
