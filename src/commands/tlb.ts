/**
 * `tlb`: what the TLBs hold, and how often they helped.
 *
 * @module
 */

import { type Cell, command } from "../framework/command.ts";
import { note, result, type Section, table } from "../framework/result.ts";
import { flagText } from "../vm/machine/flags.ts";

const ACCESS = ["read", "write", "execute"] as const;
const SIZES = ["4K", "2M", "1G"] as const;

export default command({
  name: "tlb",
  group: "inspect",
  summary: "TLB entries, hits and misses by page size",
  flags: [{ name: "counters", short: "c", doc: "only the counters" }],
  examples: [{
    say: "one page was read and written",
    lines: ["spawn", "sbrk 4096", "store 0x3000 1", "tlb"],
    shows: ["write", "0x3000"],
  }],
  run(ctx, { counters }) {
    const { tlb } = ctx.vm;
    const c = tlb.counters();
    const sections: Section[] = [];
    if (!counters) {
      const rows = tlb.entries().map((e): Cell[] => [
        ACCESS[e.access],
        e.va,
        e.pa,
        e.size,
        flagText(e.flags),
        e.asid,
        e.user ? "user" : "kernel",
      ]);
      sections.push(
        rows.length === 0 ? note("no entries: a switch of address space drops them all") : table(
          [
            { name: "ACCESS" },
            { name: "VA", kind: "va" },
            { name: "PA", kind: "pa" },
            { name: "SIZE", kind: "size" },
            { name: "FLAGS" },
            { name: "ASID", kind: "number" },
            { name: "MODE" },
          ],
          rows,
          "entries",
        ),
      );
    }
    sections.push(table(
      [
        { name: "ACCESS" },
        ...SIZES.flatMap((size) => [
          { name: `${size}-HITS`, kind: "number" as const },
          { name: `${size}-MISSES`, kind: "number" as const },
        ]),
        { name: "FAULTS", kind: "number" },
      ],
      ACCESS.map((name): Cell[] => [
        name,
        ...SIZES.flatMap((_, level) => [c[name].hits[level], c[name].misses[level]]),
        c[name].faults,
      ]),
      "counters",
    ));
    sections.push(note(`${c.walks} walks, ${c.flushes} full flushes, ${c.pageFlushes} by address`));
    return result(sections);
  },
});
