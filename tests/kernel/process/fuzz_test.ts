/**
 * Nothing that a guest does throws out of the kernel, damages its state or costs a frame: programs of random
 * words, and programs that make random calls with arguments that are good, bad and nearly good.
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { ABIS, type CallName } from "../../../src/vm/kernel/abi.ts";
import { POLICIES } from "../../../src/vm/kernel/fork/policies.ts";
import type { BootOptions, Vm } from "../../../src/vm/vm.ts";
import { assertAudit, boot, Guest, makeElf, R } from "../../vm/lab.ts";
import { kernelOf } from "../../../src/vm/parts.ts";

const DATA = 0x1000;
/** Boot once for each set of options; each program runs on the restored state. */
const booted = new Map<string, { vm: Vm; state: ReturnType<Vm["save"]>; free: number }>();

function fresh(options: BootOptions): { vm: Vm; free: number } {
  const key = JSON.stringify(options);
  let known = booted.get(key);
  if (known === undefined) {
    const vm = boot(options);
    booted.set(key, known = { vm, state: vm.save(), free: vm.free().free });
  }
  known.vm.restore(known.state);
  return known;
}

/** Runs a program for a while, kills what is left of it, and looks for damage. */
function survive(options: BootOptions, elf: Uint8Array, budget: number): void {
  const { vm, free } = fresh(options);
  vm.type("some text\nand more\n\x04");
  const report = vm.run("fuzz", ["a", "b"], { bytes: elf, budget });
  assert(report.stop.kind !== "panic", JSON.stringify(report.stop));
  assertAudit(vm, "while it is there");
  for (let round = 0; vm.processes().length > 1; round++) {
    for (const p of vm.processes()) if (p.pid !== 1 && p.alive) p.kill();
    vm.advance(100_000);
    assert(round < 100, "somebody cannot be killed");
  }
  assertEquals(kernelOf(vm).state.panicked, undefined);
  // Under pressure init's own pages may have gone to the swap disk.
  assertEquals(vm.free().free - vm.swap().used, free);
  assertEquals(
    kernelOf(vm).state.ftable.filter((f) => f !== undefined).length,
    1,
    "files are left open",
  );
  assertAudit(vm, "afterwards");
}

const options = fc.constantFrom<BootOptions>(
  ...POLICIES.map(({ name }) => ({ policy: name })),
  { quantum: 100, lazy: true },
  { superpages: true, exec: "demand" },
  { swap: "1M", quantum: 5000, seed: 3 },
);

Deno.test("programs of random words", () => {
  const word = fc.oneof(
    fc.nat(0xffff_ffff),
    fc.constant(0x73), // ecall
    fc.constantFrom(0x0005_0513, 0x0005_b583, 0x00b5_3023, 0xfe00_0ee3),
  );
  fc.assert(
    fc.property(options, fc.array(word, { minLength: 1, maxLength: 60 }), (how, words) => {
      const bytes = new Uint8Array(Uint32Array.from(words.map((w) => w >>> 0)).buffer);
      const elf = makeElf([
        { va: 0, flags: 7, bytes },
        { va: DATA, flags: 6, bytes: new Uint8Array(64), memory: 8192 },
      ]);
      survive(how, elf, 30_000);
    }),
    { numRuns: 150 },
  );
});

/** Arguments: descriptors and counts, addresses of data, text, guard, heap, kernel and nowhere, flags, junk. */
const argument = fc.oneof(
  fc.constantFrom(-1, 0, 1, 2, 3, 4, 5, 16, 17, 100),
  fc.constantFrom(
    DATA,
    DATA + 8,
    DATA + 64,
    DATA + 128,
    DATA + 4090,
    DATA + 4096,
    0,
    0x2000,
    0x3000,
  ),
  fc.constantFrom(4096, 8192, 0x10_0000, 0x7fff_f000, 0x20, 0x22, 0x21, 0x32, 0x31, 0x200, 0x202),
  fc.integer({ min: -0x8000, max: 0x8000 }),
);
const names = Object.values(ABIS[0].calls).filter((name) => name !== "exit");
/** Calls that succeed if the state lets them. */
const GOOD: readonly [CallName, number[]][] = [
  ["mmap", [0, 8192, 3, 0x22, -1, 0]],
  ["mmap", [0, 8192, 3, 0x21, -1, 0]],
  ["mmap", [0, 8192, 3, 2, 3, 0]],
  ["mmap", [0, 4096, 1, 1, 3, 0]],
  ["munmap", [0, 4096]],
  ["mprotect", [0, 4096, 1]],
  ["msync", [0, 4096]],
  ["open", [DATA + 64, 0]],
  ["open", [DATA + 128, 0x202]],
  ["mkdir", [DATA + 129]],
  ["write", [3, DATA, 600]],
  ["read", [3, DATA + 300, 600]],
  ["pipe", [DATA + 512]],
  ["clone", [0x100, 0x3ff0]],
  ["fork", []],
  ["wait", [0]],
  ["sbrk", [8192, 2]],
  ["sbrk", [-4096, 1]],
  ["exec", [DATA + 80, DATA]],
];
/** Before the call: the result kept takes the first argument's place; or after it: it is kept, or stored through. */
const then = fc.constantFrom("keep", "use", "store", "nothing");
const one = fc.oneof(
  fc.record({
    name: fc.constantFrom<CallName | number>(...names, 0, 29, 99, -3),
    args: fc.array(argument, { minLength: 0, maxLength: 6 }),
    then,
  }),
  fc.record({ call: fc.constantFrom(...GOOD), then })
    .map(({ call: [name, args], then }) => ({ name: name as CallName | number, args, then })),
);

/** Calls in a row, ending in exit; the data page holds names, pointers and a path that is no program. */
function calls(
  list: readonly { name: CallName | number; args: number[]; then: string }[],
): Uint8Array {
  const guest = new Guest()
    .data(DATA, Uint8Array.from([0x40, 0x10, 0, 0, 0, 0, 0, 0, 0x50, 0x10]))
    .data(DATA + 64, "README\0")
    .data(DATA + 80, "echo\0")
    .data(DATA + 128, "a/b\0")
    .data(DATA + 160, "console\0");
  for (const { name, args, then } of list) {
    args.forEach((value, i) => guest.li(R.a0 + i, value));
    if (then === "use") guest.mv(R.a0, R.s1);
    if (typeof name === "number") guest.li(R.a7, name).put("ecall");
    else guest.call(name);
    if (then === "keep") guest.mv(R.s1, R.a0);
    if (then === "store") guest.put("sd", { rs1: R.s1, rs2: R.s1, imm: 8 });
  }
  return guest.call("exit", 0).elf();
}

Deno.test("programs of random calls", () => {
  fc.assert(
    fc.property(options, fc.array(one, { minLength: 1, maxLength: 14 }), (how, list) => {
      survive(how, calls(list), 60_000);
    }),
    { numRuns: 300 },
  );
});

Deno.test("random calls while allocations fail", () => {
  fc.assert(
    fc.property(
      fc.array(one, { minLength: 1, maxLength: 10 }),
      fc.integer({ min: 1, max: 60 }),
      (list, n) => {
        const elf = calls(list);
        const { vm, free } = fresh({});
        const run = vm.start("fuzz", [], elf);
        vm.failAllocation(n);
        vm.type("line\n\x04");
        run.slice(60_000);
        assertEquals(kernelOf(vm).state.panicked, undefined);
        assertAudit(vm);
        for (let round = 0; vm.processes().length > 1 && round < 100; round++) {
          for (const p of vm.processes()) if (p.pid !== 1 && p.alive) p.kill();
          vm.advance(100_000);
        }
        assertEquals([vm.processes().length, vm.free().free], [1, free]);
        assertAudit(vm);
      },
    ),
    { numRuns: 200 },
  );
});
