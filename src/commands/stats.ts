/** `stats`: counters since boot. */

import { command } from "../framework/command.ts";
import { pairs, result, type Value } from "../framework/result.ts";

export default command({
  name: "stats",
  group: "inspect",
  summary: "counters since boot: instructions, faults, copies, allocations, calls",
  examples: [{
    say: "after a fork",
    lines: ["spawn", "fork", "stats"],
    shows: ["forks", "PTE writes"],
  }],
  run(ctx) {
    const { counters: c } = ctx.vm.mark();
    const { walks, flushes } = ctx.vm.tlb.counters();
    const list: [string, Value][] = [
      ["instructions", ctx.vm.instret],
      ["ticks", ctx.vm.ticks],
      ["faults fetch", c.faults[12]],
      ["faults load", c.faults[13]],
      ["faults store", c.faults[15]],
      ["frames allocated", c.alloc],
      ["frames freed", c.free],
      ["frames copied", c.copiedBytes / 4096],
      ["bytes copied", c.copiedBytes],
      ["PTE writes", c.pte],
      ["A and D marks", c.mark],
      ["system calls", c.syscall],
      ["switches", c.switch],
      ["forks", c.fork],
      ["execs", c.exec],
      ["exits", c.exit],
      ["TLB walks", walks],
      ["TLB flushes", flushes],
      ["swapped in", c["swap-in"]],
      ["swapped out", c["swap-out"]],
      ["pages read from files", c["read-in"]],
      ["pages written back", c["write-back"]],
      ["superpages promoted", c.promote],
      ["superpages demoted", c.demote],
      ["out of memory", c.oom],
    ];
    return result([
      {
        ...pairs(...list.map(([n, v]): [string, Value, "number"] => [n, v, "number"])),
        tall: true,
      },
    ], {
      json: Object.fromEntries(list.map(([n, v]) => [camel(n), v as number])),
      api: "vm.counters();",
    });
  },
});

function camel(name: string): string {
  return name.replace(/ (.)/g, (_, letter: string) => letter.toUpperCase());
}
