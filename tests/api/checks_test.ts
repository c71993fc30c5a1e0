/** What scripts hand in that cannot be meant: one clear line, and nothing has happened. */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { boot, type BootOptions, scenario, type Vm } from "@cowsh/cowsh";
import { digest, fingerprint } from "../vm/lab.ts";

const NO_NUMBERS: unknown[] = [NaN, -1, 1.5, Infinity, "4", null, {}];

/** Every entry that takes numbers or options, given what is none; the words that its message has. */
const WRONG: readonly [what: RegExp, (vm: Vm, bad: never) => unknown][] = [
  [/^budget .*: want a whole number/, (vm, bad) => vm.run("echo", [], { budget: bad })],
  [/^budget .*: want a whole number/, (vm, bad) => vm.advance(bad)],
  [/^events since .*: want a whole number/, (vm, bad) => vm.events(bad)],
  [/^reclaim .*: want a whole number/, (vm, bad) => vm.reclaim(bad)],
  [/^failAllocation .*: want a whole number/, (vm, bad) => vm.failAllocation(bad)],
  [/^watch size .*: want a whole number, 1 to/, (vm, bad) => vm.watch(0x3000, { size: bad })],
  [/no process/, (vm, bad) => vm.breakAt(0, bad)],
  [/no process/, (vm, bad) => vm.watch(0x3000, { pid: bad })],
  [/no process/, (vm, bad) => vm.process(bad)],
  [/no process/, (vm, bad) => vm.resume(bad)],
  [/^length .*: want a whole number/, (vm, bad) => vm.process(2).bytes(0x3000, bad)],
];

/** What is an address or a size, or text, and these are none. */
const NO_INTEGERS: unknown[] = [NaN, 1.5, Infinity, 2 ** 60, null, {}, "no"];
const WRONG_INTEGERS: readonly [what: RegExp, (vm: Vm, bad: never) => unknown][] = [
  [/^address .*: want a bigint/, (vm, bad) => vm.refcount(bad)],
  [/^address .*: want a bigint/, (vm, bad) => vm.frame(bad)],
  [/^address .*: want a bigint/, (vm, bad) => vm.breakAt(bad)],
  [/^address .*: want a bigint/, (vm, bad) => vm.watch(bad)],
  [/^address .*: want a bigint/, (vm, bad) => vm.process(2).load(bad)],
  [/^address .*: want a bigint/, (vm, bad) => vm.process(2).store(bad, 1)],
  [/^value .*: want a bigint/, (vm, bad) => vm.process(2).store(0x3000, bad)],
  [/^address .*: want a bigint/, (vm, bad) => vm.process(2).fill(bad, 1, 1)],
  [/^byte .*: want a bigint/, (vm, bad) => vm.process(2).fill(0x3000, 1, bad)],
  [/^size /, (vm, bad) => vm.process(2).fill(0x3000, bad, 1)],
  [/^address .*: want a bigint/, (vm, bad) => vm.process(2).bytes(bad, 1)],
  [/^address .*: want a bigint/, (vm, bad) => vm.process(2).pte(bad)],
  [/^size /, (vm, bad) => vm.process(2).sbrk(bad)],
  [/^size /, (vm, bad) => vm.process(2).mmap(bad)],
  [
    /^mmap: argument .*: want a bigint/,
    (vm, bad) => vm.process(2).mmap(4096, { at: bad ?? "no" as never }),
  ],
  [/^munmap: argument .*: want a bigint/, (vm, bad) => vm.process(2).munmap(bad, 4096)],
  [/^size /, (vm, bad) => vm.process(2).munmap(0x3000, bad)],
  [/^write: argument .*: want a bigint/, (vm, bad) => vm.process(2).call("write", 1, bad, 1)],
  [/^exit status .*: want a whole number/, (vm, bad) => vm.process(2).exit(bad)],
];

/** Options that there are not. */
const UNKNOWN: readonly [RegExp, (vm: Vm) => unknown][] = [
  [
    /^run has no option inptu; did you mean input\?$/,
    (vm) => vm.run("echo", [], { inptu: "x" } as never),
  ],
  [
    /^resume has no option untill; did you mean until\?$/,
    (vm) => vm.resume(2, { untill: {} } as never),
  ],
  [
    /^watch has no option sise; did you mean size\?$/,
    (vm) => vm.watch(0x3000, { sise: 1 } as never),
  ],
  [
    /^mmap has no option port; did you mean prot\?$/,
    (vm) => vm.process(2).mmap(4096, { port: "r" } as never),
  ],
  [
    /^clone has no option tread; did you mean thread\?$/,
    (vm) => vm.process(2).clone({ tread: true } as never),
  ],
  [/^watch: neither loads nor stores$/, (vm) => vm.watch(0x3000, { write: false })],
  [/^program 5: want a text$/, (vm) => vm.spawn(5 as never)],
  [/^arguments "hi": want a list of texts$/, (vm) => vm.spawn("echo", "hi" as never)],
  [/^argument 1: want a text$/, (vm) => vm.run("echo", [1] as never)],
  [/^file of x "abc": want its bytes/, (vm) => vm.spawn("x", [], "abc" as never)],
  [/^type 5: want a text$/, (vm) => vm.type(5 as never)],
  [/^open mode "x": want letters out of rw/, (vm) => vm.process(2).open("README", "x")],
  [/^a path of 300 bytes: 255 at most$/, (vm) => vm.process(2).open("x".repeat(300))],
  [/^rights "rq": want letters out of rwx$/, (vm) => vm.process(2).mmap(4096, { prot: "rq" })],
];

function refused(vm: Vm, says: RegExp, call: () => unknown, what: string): void {
  const before = digest(fingerprint(vm));
  const error = assertThrows(call, Error, undefined, what);
  assertMatch(error.message, says, what);
  assert(!error.message.includes("\n"));
  assertEquals(digest(fingerprint(vm)), before, `${what}: nothing has happened`);
}

Deno.test("numbers, sizes and addresses that are none, and unknown options, are refused with one line", () => {
  const vm = boot({ mem: "16M" });
  vm.spawn().sbrk(4096);
  for (const [says, call] of WRONG) {
    for (const bad of NO_NUMBERS) refused(vm, says, () => call(vm, bad as never), `${call} ${bad}`);
  }
  for (const [says, call] of WRONG_INTEGERS) {
    for (const bad of NO_INTEGERS) {
      refused(vm, says, () => call(vm, bad as never), `${call} ${bad}`);
    }
  }
  for (const [says, call] of UNKNOWN) refused(vm, says, () => call(vm), `${call}`);
});

Deno.test("restore and diff take states of such a computer only, and nothing changes otherwise", () => {
  const vm = boot({ mem: "16M" });
  const p = vm.spawn();
  p.sbrk(4096);
  p.store(0x3000, 7);
  const good = vm.save();
  for (const bad of [undefined, null, {}, 5, "state", [], { machine: {} }]) {
    refused(
      vm,
      /^restore: this is no state of a computer; save\(\) makes one$/,
      () => vm.restore(bad as never),
      `${bad}`,
    );
    refused(vm, /^diff: this is no state/, () => vm.diff(bad as never), `${bad}`);
  }
  const others: [BootOptions, RegExp][] = [
    [{ mem: "32M" }, /^restore: the state is of a computer with mem 32M, not 16M$/],
    [{ swap: "1M" }, /with swap 1M, not 0$/],
    [{ policy: "eager" }, /with policy eager, not cow$/],
    [{ quantum: 5 }, /with quantum 5, not 100000$/],
    [{ lazy: true }, /with lazy true, not false$/],
    [{ superpages: true }, /with superpages true, not false$/],
    [{ abi: "xv6-mmap" }, /with another abi$/],
  ];
  for (const [options, says] of others) {
    const state = boot({ mem: "16M", ...options }).save();
    refused(vm, says, () => vm.restore(state), JSON.stringify(options));
  }
  // Cut open, whatever part is gone: all or nothing.
  const parts: ((state: Record<string, Record<string, unknown>>) => void)[] = [
    (s) => delete s.machine.ram,
    (s) => delete s.machine.harts,
    (s) => delete s.machine.turns,
    (s) => delete s.machine.plic,
    (s) => delete (s.kernel.state as Record<string, unknown>).frames,
    (s) => delete s.kernel.files,
    (s) => delete s.kernel.state,
    (s) => delete (s.kernel.state as Record<string, unknown>).procs,
    (s) => delete (s.kernel.state as Record<string, unknown>).spaces,
    (s) => (s.kernel.state as Record<string, unknown>).spaces = new Map(),
    (s) => delete s.events.rows,
    (s) => delete s.events.counters,
  ];
  p.store(0x3000, 8);
  for (const [i, cut] of parts.entries()) {
    const state = structuredClone(good) as unknown as Record<string, Record<string, unknown>>;
    cut(state);
    refused(vm, /^restore: the state is damaged: /, () => vm.restore(state as never), `part ${i}`);
  }
  assertEquals(p.load(0x3000), 8n);
  vm.restore(structuredClone(good));
  assertEquals(p.load(0x3000), 7n);
  boot({ mem: 2 ** 24, seed: 0 }).restore(good);
});

Deno.test("a scenario's unknown option is refused, too", async () => {
  await scenario("told", { mem: "16M" }, () => {});
  let said = "";
  try {
    await scenario("not told", { recrod: "x.cast" } as never, () => {});
  } catch (error) {
    said = (error as Error).message;
  }
  assertEquals(said, "scenario has no option recrod; did you mean record?");
});
