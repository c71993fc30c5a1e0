/**
 * Whole programs on the built-in kernel with hot code translated, beside the same with all of it
 * interpreted: after each slice everything is the same, what is counted and told as well.
 */

import { assert, assertEquals } from "@std/assert";
import { machineOf } from "../../src/vm/parts.ts";
import { type BootOptions, Vm } from "../../src/vm/vm.ts";
import { isMissing, TREES } from "../trees.ts";
import { program, programNames } from "../../user/programs.ts";

/** Instructions between two looks, no multiple of anything. */
const SLICE = 1_000_003;

/** All that there is of a computer, but its RAM and events. */
function seen(vm: Vm): unknown {
  const { mmu, hart, instret } = machineOf(vm);
  return {
    instret,
    registers: [hart.pc, ...hart.registers.xs],
    counters: vm.counters(),
    mmu: mmu.counters(),
    tlb: mmu.entries(),
    output: vm.takeOutput(),
  };
}

function ramOf(vm: Vm): Uint8Array {
  const { ram } = machineOf(vm);
  return ram.bytes(ram.base, ram.size);
}

/** Whether two computers' RAM is the same; 64 bits at a time, since there is much of it. */
function sameRam(one: Vm, other: Vm): boolean {
  const [a, b] = [one, other].map(ramOf).map((bytes) =>
    new BigUint64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8)
  );
  return a.every((word, i) => word === b[i]);
}

/**
 * Runs a program in both tiers, which must say at its end that it passed. How many instructions
 * were executed in translated code.
 */
function sameInBoth(
  name: string,
  args: string[],
  passed: string,
  options: BootOptions = {},
): number {
  const programs = { get: program, list: () => [...programNames] };
  const vms = (["hot", "never"] as const).map((compile) => {
    const fs = options.fs instanceof Uint8Array ? { fs: options.fs.slice() } : {};
    return new Vm({ mem: "128M", programs, ...options, ...fs, compile });
  });
  const [hot, never] = vms;
  const runs = vms.map((vm) => vm.start(name, args));
  let text = "";
  for (let n = 0, told = 0, over = false; !over; n++) {
    const [one, other] = runs.map((run) => run.slice(SLICE));
    assertEquals(one, other, `slice ${n}`);
    over = one;
    const [a, b] = vms.map(seen);
    assertEquals(a, b, `slice ${n}`);
    text += (a as { output: string }).output;
    // The newest ones of each slice, and those at its start as far as they are kept.
    const { event } = hot.counters();
    const last = Math.max(told, event - 2_000);
    told = event;
    assertEquals(hot.events(last), never.events(last), `slice ${n}`);
    if (over || n % 8 === 0) assert(sameRam(hot, never), `RAM after slice ${n}`);
  }
  assert(text.includes(passed), text.slice(-500));
  return machineOf(hot).engine.summary().inside;
}

Deno.test("usertests runs in translated code as it is interpreted", () => {
  assert(sameInBoth("usertests", ["-q"], "ALL TESTS PASSED") > 0);
});

Deno.test("cowtest does, with eager copies and with 2 MiB pages as well", () => {
  assert(sameInBoth("cowtest", [], "ALL COW TESTS PASSED") > 0);
  sameInBoth("forktest", [], "OK", { policy: "eager", mem: "16M" });
  sameInBoth("superpg", [], "succeeded", { superpages: true });
});

Deno.test({
  name: "real usertests of 2025 does",
  ignore: isMissing("2025-xv6"),
  fn() {
    const fs = Deno.readFileSync(`${TREES}/2025-xv6/fs.img`);
    assert(sameInBoth("usertests", ["-q"], "ALL TESTS PASSED", { fs }) > 1e6);
  },
});
