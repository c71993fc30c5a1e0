/** `tlb`: what the TLBs hold, and how often they helped. */

import { command } from "../framework/command.ts";
import { type ColumnOf, note, result, type Section, tableOf } from "../framework/result.ts";
import { refusing } from "../session/target.ts";
import { flagText } from "../vm/machine/flags.ts";

const ACCESS = ["read", "write", "execute"] as const;
const SIZES = ["4K", "2M", "1G"] as const;

export default command({
  name: "tlb",
  group: "inspect",
  summary: "TLB entries, hits and misses by page size",
  flags: [
    { name: "counters", short: "c", doc: "only the counters" },
    { name: "hart", kind: "count", doc: "those of this hart of a guest" },
  ],
  examples: [{
    say: "one page was read and written",
    lines: ["spawn", "sbrk 4096", "store 0x3000 1", "tlb"],
    shows: ["write", "0x3000"],
  }],
  run(ctx, { counters, hart }) {
    const tlb = hart === undefined ? ctx.vm.tlb : refusing(() => ctx.vm.tlbOf(hart));
    const c = tlb.counters();
    const countsHits = c.read.hits !== undefined;
    const sections: Section[] = [];
    if (!counters) {
      const entries = tlb.entries();
      sections.push(
        entries.length === 0
          ? note("no entries: a switch of address space drops them all")
          : tableOf(entries, "entries", [
            ["ACCESS", "text", (e) => ACCESS[e.access]],
            ["VA", "va", (e) => e.va],
            ["PA", "pa", (e) => e.pa],
            ["SIZE", "size", (e) => e.size],
            ["FLAGS", "text", (e) => flagText(e.flags)],
            ["ASID", "number", (e) => e.asid],
            ["MODE", "text", (e) => e.user ? "user" : "kernel"],
          ]),
      );
    }
    sections.push(tableOf(ACCESS, "counters", [
      ["ACCESS", "text", (name) => name],
      ...SIZES.flatMap((size, level): ColumnOf<typeof ACCESS[number]>[] => [
        ...(countsHits
          ? [
            [`${size}-HITS`, "number", (name) => c[name].hits![level]] as ColumnOf<
              typeof ACCESS[number]
            >,
          ]
          : []),
        [`${size}-MISSES`, "number", (name) => c[name].misses[level]],
      ]),
      ["FAULTS", "number", (name) => c[name].faults],
    ]));
    const idle = c.idleFlushes > 0 ? ` (${c.idleFlushes} with nothing to drop)` : "";
    const flushes = `${c.flushes} full flushes${idle}, ${c.pageFlushes} by address`;
    sections.push(note(`${c.walks} walks, ${flushes}`));
    if (!countsHits) {
      sections.push(note(
        "hits are not counted for a guest's kernel, whose loads and stores that would slow down",
        "dim",
      ));
    }
    return result(sections);
  },
});
