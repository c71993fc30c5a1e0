/**
 * What is done by hand on somebody's own kernel: its own system calls and page faults, and undo. `XV6_TREES` is a
 * folder with one built tree in each of its folders; `XV6_LABS`, one with trees of labs, like 2022-cow-solved.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { HAND_CODE, handProgram } from "../../../src/vm/guest/hand_program.ts";
import { GuestBoot } from "../../../src/vm/guest_boot.ts";
import { putHandProgram } from "../../../src/vm/guest_disk.ts";
import { fsck, mkfs } from "../../../src/vm/disk.ts";
import { openXv6fs } from "../../../src/vm/kernel/files/xv6fs/xv6fs.ts";
import { parseElf } from "../../../src/vm/machine/elf.ts";
import { disassemble } from "../../../src/vm/machine/isa/disassemble.ts";
import { KernelError, type Vm } from "../../../src/vm/vm.ts";
import { newTyped } from "../../commands/typist.ts";
import { isMissing, TREES, treesIn } from "../../trees.ts";

Deno.test("the program of manual processes: one segment at 0, and a name for each of its places", () => {
  const elf = parseElf(handProgram());
  const [segment] = elf.segments;
  assertEquals([elf.segments.length, segment.vaddr, segment.bytes], [1, 0n, HAND_CODE]);
  assertEquals([segment.execute, segment.write], [true, false]);
  const code = new DataView(segment.bytes.buffer, segment.bytes.byteOffset);
  const at = (name: string) => {
    const { value } = elf.symbol(name)!;
    return disassemble(code.getUint32(Number(value), true), value).text;
  };
  assertEquals(
    ["main", "syscall", "stand", "load4", "store8"].map(at),
    ["li a0,1", "ecall", "j 0x0", "lwu a1,0(a0)", "sd a1,0(a0)"],
  );
});

Deno.test("it is put on an image that is sound afterwards, under a name that is free; on others not", () => {
  const image = mkfs();
  assertEquals([putHandProgram(image), fsck(image)], ["demo", []]);
  assertEquals([putHandProgram(image), fsck(image)], ["demo0", []]);
  for (const other of [new Uint8Array(512), new Uint8Array(4096), mkfs().subarray(0, 4096)]) {
    const before = other.slice();
    assertEquals([putHandProgram(other), other], [undefined, before]);
  }
  const free = openXv6fs(mkfs({ size: 200 })).freeBlocks();
  // One of an inode's blocks holds the addresses of the others.
  const full = mkfs({
    files: [{ name: "a", bytes: new Uint8Array(1024 * (free - 1)) }],
    size: 200,
  });
  assertEquals(openXv6fs(full.slice()).freeBlocks(), 0);
  const before = full.slice();
  const put = putHandProgram(full);
  assert(put === undefined && full.every((byte, i) => byte === before[i]));
});

function atPrompt(tree: string, harts = 1): Vm {
  const read = (file: string) => Deno.readFileSync(`${tree}/${file}`);
  const boot = new GuestBoot(read("kernel/kernel"), { disk: read("fs.img"), harts });
  for (;;) {
    const came = boot.slice(10_000_000);
    if (came === undefined) continue;
    assertEquals(came.kind, "prompt", came.console);
    return boot.vm;
  }
}

/** Processes as they are: what undo has to bring back. */
const processes = (vm: Vm) => vm.processes().map((p) => [p.pid, p.parent, p.name, p.state]);

const trees = TREES;
if (trees === undefined) {
  console.log("by hand on xv6 kernels: skipped, XV6_TREES is not set to a folder of built trees");
} else {
  for (const [i, name] of treesIn(trees).entries()) {
    const harts = i % 3 === 0 ? 3 : 1;
    // Kernels of labs print when they are told to sleep, allocate later, or do not clear pages.
    const stock = name.endsWith("-xv6");
    Deno.test(`${name} with ${harts} harts does by its own kernel what it is told by hand`, () => {
      const vm = atPrompt(`${trees}/${name}`, harts);
      vm.history.start();
      const p = vm.spawn();
      assertEquals([p.name, p.state, p.manual, p.parent], ["demo", "manual", true, 1]);
      const printed = vm.takeOutput();
      const va = p.sbrk("2 pages");
      assertEquals(va % 4096n, 0n);
      const first = p.access(va, 8, 42n);
      assertEquals([first.killed, first.value], [undefined, 42n]);
      if (stock) assertEquals([printed, va, first.old], ["", 0x3000n, 0n]);
      assertEquals([p.load(va), p.load(va, 1)], [42n, 42n]);

      const fork = p.forkReport();
      const child = vm.process(fork.child);
      assertEquals([child.parent, child.state, fork.shared + fork.copied >= (stock ? 5 : 4)], [
        p.pid,
        "manual",
        true,
      ]);
      child.store(va, 7n);
      assertEquals([p.load(va), child.load(va)], [42n, 7n]);
      assertEquals(child.call("getpid").result, BigInt(child.pid));

      // The child stands still: wait is taken back, and nothing is changed by it.
      const before = processes(vm);
      assertEquals(p.call("wait", 0).blocked, { on: "a child to exit" });
      assertEquals(processes(vm), before);
      child.exit(3);
      const status = p.sbrk(4096);
      assertEquals(p.call("wait", status).result, BigInt(child.pid));
      assertEquals(p.load(status, 4), 3n);

      const fd = p.open("README");
      assertEquals(p.read(fd, va, 4) > 0, true);
      p.close(fd);
      p.put(va, "some bytes, not all equal");
      assertEquals(new TextDecoder().decode(p.bytes(va, 25)), "some bytes, not all equal");
      p.fill(va, 8192, 9);
      assertEquals(p.load(va + 4096n), 0x0909090909090909n);

      const here = processes(vm);
      const killed = p.access(0x7000_0000n, 8);
      assertEquals(killed.killed!.cause, 13);
      assertMatch(killed.killed!.why, stock ? /^by its kernel: usertrap/ : /^by its kernel/);
      assert(!p.alive);
      vm.undo();
      assertEquals([p.alive, processes(vm)], [true, here]);
      assertEquals(p.load(va, 1), 9n);
    });
  }

  Deno.test("undo and redo of calls, with what a person has at the console between them", {
    ignore: isMissing("2022-xv6"),
  }, () => {
    const vm = atPrompt(`${trees}/2022-xv6`);
    vm.history.start();
    const p = vm.spawn();
    const va = p.sbrk(4096);
    const states = [processes(vm)];
    p.store(va, 1n);
    p.fork();
    states.push(processes(vm));
    vm.type("echo hi\n");
    vm.advance(50_000_000);
    assertStringIncludes(vm.takeOutput(), "echo hi\nhi\n$ ");
    const point = vm.breakAt(0x8000_0000n);
    const labels = () =>
      vm.history.entries().map(({ label, undone }) => `${undone ? "-" : ""}${label}`);
    assertEquals(labels().slice(2), [
      `p${p.pid}.store(0x3000n, 1n)`,
      `p${p.pid}.fork()`,
      'vm.type("echo hi\\n")',
      "vm.advance()",
      "vm.breakAt(0x80000000n)",
    ]);
    vm.undo();
    assertEquals(vm.breakpoints(), []);
    vm.redo();
    assertEquals(vm.breakpoints().map(({ n }) => n), [point.n]);
    const now = vm.instret;
    vm.undo(3);
    assertEquals([processes(vm), vm.breakpoints()], [states[1], []]);
    vm.undo(2);
    assertEquals([processes(vm), p.load(va)], [states[0], 0n]);
    // A load goes through the TLB: it is an action, and what was undone is gone.
    assertThrows(() => vm.redo(), RangeError, "nothing to be done again");
    // What was typed then is not typed again.
    vm.advance(50_000_000);
    assertEquals([vm.takeOutput(), vm.instret < now], ["", true]);
  });

  Deno.test("redo is exact: the same instruction, the same memory", {
    ignore: isMissing("2025-xv6"),
  }, () => {
    const vm = atPrompt(`${trees}/2025-xv6`, 3);
    vm.history.start();
    const p = vm.spawn();
    const va = p.sbrk(4096);
    p.fork().store(va, 5n);
    const [at, state] = [vm.instret, vm.save()];
    const n = vm.history.entries().length;
    vm.undo(n);
    assertEquals(vm.processes().length, 2);
    vm.redo(n);
    assertEquals(vm.instret, at);
    const { instructions, ptes, frames } = vm.diff(state);
    assertEquals([instructions, ptes, frames], [0, [], []]);
    // And the way back reaches over what was undone: to the boot.
    vm.goto(100_000_000);
    assertEquals(vm.instret, 100_000_000);
    vm.undo();
    assertEquals(vm.instret, at);
  });

  Deno.test("a breakpoint in the kernel stops what is done by hand, and it can be finished", {
    ignore: isMissing("2023-xv6"),
  }, async () => {
    const vm = atPrompt(`${trees}/2023-xv6`);
    vm.history.start();
    const p = vm.spawn();
    const fork = vm.process(0);
    assert(fork.mapped);
    const at = [...vmSymbols(`${trees}/2023-xv6`)].find(([name]) => name === "uvmcopy")![1];
    vm.breakAt(at);
    assertThrows(() => p.fork(), KernelError, "was stopped on the way by breakpoint 1");
    assertEquals(vm.register("pc"), at);
    // Its stack is the hart's: through the kernel to where it stands.
    const { type } = await newTyped([], { vm });
    await type(`use ${p.pid}`);
    assertMatch((await type("bt")).text, /^0 +0 \S+ uvmcopy [^]* usertrap [^]* stand/m);
    vm.removeBreakpoint(1);
    // The next act lets it come back first: the child is there.
    p.call("getpid");
    assertEquals(vm.processes().filter(({ manual }) => manual).length, 2);
  });

  Deno.test("spawn says why it cannot: no disk of ours, or no sh at the console", {
    ignore: isMissing("2021-xv6"),
  }, () => {
    const vm = atPrompt(`${trees}/2021-xv6`);
    vm.type("cat\n");
    vm.advance(50_000_000);
    assertThrows(
      () => vm.spawn(),
      KernelError,
      "spawn: cat reads the guest's console, and not its sh",
    );
    vm.type("\x04");
    vm.advance(50_000_000);
    assertEquals(vm.spawn().manual, true);
    assertThrows(() => vm.process(2).fork(), KernelError, "pid 2 sh runs a program of its own");
  });
}

function vmSymbols(tree: string): Map<string, bigint> {
  const { symbols } = parseElf(Deno.readFileSync(`${tree}/kernel/kernel`));
  return new Map(symbols.map(({ name, value }) => [name, value]));
}

const labs = Deno.env.get("XV6_LABS") || undefined;
if (labs === undefined) {
  console.log(
    "by hand on COW kernels: skipped, XV6_LABS is not set to a folder of built lab trees",
  );
} else {
  const solved = [...Deno.readDirSync(labs)].map(({ name }) => name)
    .filter((name) => name.endsWith("-cow-solved")).sort();
  for (const name of solved) {
    Deno.test(`${name}: fork shares, the store that copies is its own kernel's`, () => {
      const vm = atPrompt(`${labs}/${name}`);
      const p = vm.spawn();
      const va = p.sbrk(8192);
      p.store(va, 42n);
      const { child: pid, shared, copied } = p.forkReport();
      const child = vm.process(pid);
      assertEquals([shared, copied], [5, 0]);
      const frame = p.frame(va)!;
      assertEquals(frame.owners.map((m) => m.pid), [p.pid, pid]);
      const report = child.access(va, 8, 7n);
      const [mine, other] = report.owners;
      assertEquals([mine.pid, mine.frame.before, other.pid], [pid, frame.pa, p.pid]);
      assert(mine.frame.after !== frame.pa);
      assertEquals([other.frame.after, p.load(va), child.load(va)], [frame.pa, 42n, 7n]);
      // The kernel's own store, by copyout.
      assertEquals(child.call("pipe", va + 4096n).result, 0n);
      assert(child.frame(va + 4096n)!.pa !== p.frame(va + 4096n)!.pa);
    });
  }
}
