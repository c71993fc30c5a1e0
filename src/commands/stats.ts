/** `stats`: counters since boot. */

import { command } from "../framework/command.ts";
import { note, pairs, result, type Value } from "../framework/result.ts";

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
    // Of a guest's kernel since somebody listens; what the hardware sees, since the start.
    const { guest, listening } = ctx.vm;
    const all = guest && listening === undefined ? undefined : ctx.vm.mark().counters;
    const c = all && (guest ? { ...all, ...NOT_OF_GUESTS } : all);
    const { walks, flushes, read, write, execute } = ctx.vm.tlb.counters();
    const list: [string, number | undefined][] = [
      ["instructions", ctx.vm.instret],
      ["ticks", ctx.vm.ticks],
      ["faults fetch", guest ? execute.faults : c?.faults[12]],
      ["faults load", guest ? read.faults : c?.faults[13]],
      ["faults store", guest ? write.faults : c?.faults[15]],
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
      ...(!guest ? [] : [note(
        listening === undefined
          ? "what the kernel does is not counted before somebody listens: events on"
          : `what the kernel does is counted since instruction ${listening.since}`,
        "dim",
      )]),
    ], {
      json: Object.fromEntries(list.map(([n, v]) => [camel(n), v ?? null])),
      api: "vm.counters();",
    });
  },
});

/** What no probe shows. */
const NOT_OF_GUESTS = {
  "swap-in": undefined,
  "swap-out": undefined,
  "read-in": undefined,
  "write-back": undefined,
  promote: undefined,
  demote: undefined,
} as const;

function camel(name: string): string {
  return name.replace(/ (.)/g, (_, letter: string) => letter.toUpperCase());
}
