/** `store`: writes user memory as the process would, and shows what that caused. */

import { counted } from "../vm/machine/counted.ts";
import type { AccessReport } from "../vm/reports.ts";
import { atVa, note, result } from "../framework/result.ts";
import { command } from "../framework/command.ts";
import { CommandError, EXIT } from "../framework/errors.ts";
import { hex } from "../vm/machine/address.ts";
import { asHex, killedSections, widthOf } from "../session/access.ts";
import { placeOf, refusing } from "../session/target.ts";
import { accessJson, accessSections } from "../format/views.ts";

export default command({
  name: "store",
  group: "memory",
  summary: "store to user memory and show the fault, the copy, the PTEs and the counts",
  details: "The store takes the way an sd instruction takes: write TLB, page table, store page " +
    "fault, fork policy. A bad address kills the process, as it would kill a program.",
  args: [
    { name: "va", kind: "va" },
    { name: "value", kind: "expr", doc: "the number to store" },
  ],
  flags: [
    { name: "size", short: "s", kind: "count", doc: "bytes: 1, 2, 4 or 8 (8 unless given)" },
    { name: "pid", short: "p", kind: "pid", doc: "as this process" },
  ],
  examples: [
    {
      say: "the store that copies the page",
      lines: ["spawn", "sbrk 4096", "store 0x3000 42", "fork", "store 0x3000 7"],
      shows: ["store page fault (15) at 0x3000 → cow copy", "count 2 → 1"],
    },
    {
      say: "the last owner takes it over in place",
      lines: ["spawn", "sbrk 4096", "fork", "store 0x3000 7", "store 3:0x3000 8"],
      shows: ["cow reuse", "count 1 → 1"],
    },
  ],
  run(ctx, args) {
    const { p, va } = placeOf(ctx, args.va, args.pid);
    const width = widthOf(args.size);
    const value = BigInt.asUintN(8 * width, args.value);
    if (value !== args.value && BigInt.asIntN(8 * width, args.value) !== args.value) {
      throw new CommandError(`${args.value} does not fit in ${counted(width, "byte")}`);
    }
    const meant = asHex(p, va, "write");
    const report = refusing(() => p.access(va, width, value));
    const sections = accessSections(ctx.vm, report);
    if (report.killed !== undefined) sections.push(...killedSections(ctx, report, meant));
    else sections.unshift(note(`${hex(va)}: ${was(report)}${hex(value)}`));
    return result(sections, {
      json: accessJson(ctx.vm, report),
      place: atVa(va),
      status: report.killed === undefined ? EXIT.ok : EXIT.failed,
      api: report.killed === undefined
        ? `p${p.pid}.store(${hex(va)}n, ${value}n${width === 8 ? "" : `, ${width}`});`
        : `p${p.pid}.access(${hex(va)}n, ${width}, ${value}n);`,
    });
  },
});

function was(report: AccessReport): string {
  return report.old === undefined ? "" : `${hex(report.old)} → `;
}
