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
    // What a guest's kernel does is not counted; what the hardware sees, is.
    const c = ctx.vm.guest ? undefined : ctx.vm.mark().counters;
    const { walks, flushes, read, write, execute } = ctx.vm.tlb.counters();
    const list: [string, number | undefined][] = [
      ["instructions", ctx.vm.instret],
      ["ticks", ctx.vm.ticks],
      ["faults fetch", c?.faults[12] ?? execute.faults],
      ["faults load", c?.faults[13] ?? read.faults],
      ["faults store", c?.faults[15] ?? write.faults],
      ["frames allocated", c?.alloc],
      ["frames freed", c?.free],
      ["frames copied", c && c.copiedBytes / 4096],
      ["bytes copied", c?.copiedBytes],
      ["PTE writes", c?.pte],
      ["A and D marks", c?.mark],
      ["system calls", c?.syscall],
      ["switches", c?.switch],
      ["forks", c?.fork],
      ["execs", c?.exec],
      ["exits", c?.exit],
      ["TLB walks", walks],
      ["TLB flushes", flushes],
      ["swapped in", c?.["swap-in"]],
      ["swapped out", c?.["swap-out"]],
      ["pages read from files", c?.["read-in"]],
      ["pages written back", c?.["write-back"]],
      ["superpages promoted", c?.promote],
      ["superpages demoted", c?.demote],
      ["out of memory", c?.oom],
    ];
    return result([
      {
        ...pairs(
          ...list.map(([n, v]): [string, Value, "number"] => [n, v ?? "unknown", "number"]),
        ),
        tall: true,
      },
    ], {
      json: Object.fromEntries(list.map(([n, v]) => [camel(n), v ?? null])),
      api: "vm.counters();",
    });
  },
});

function camel(name: string): string {
  return name.replace(/ (.)/g, (_, letter: string) => letter.toUpperCase());
}
