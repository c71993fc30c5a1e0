/** `load`: reads user memory as the process would. */

import { atVa, note, result } from "../framework/result.ts";
import { command } from "../framework/command.ts";
import { EXIT } from "../framework/errors.ts";
import { hex } from "../vm/machine/address.ts";
import { accessJson, accessSections } from "../format/views.ts";
import { placeOf, refusing } from "../session/target.ts";
import { asHex, killedSections, widthOf } from "../session/access.ts";

export default command({
  name: "load",
  group: "memory",
  summary: "load from user memory through TLB, page table and fault path",
  details: "A bad address kills the process, as it would kill a program. x only looks.",
  args: [{ name: "va", kind: "va" }],
  flags: [
    { name: "size", short: "s", kind: "count", doc: "bytes: 1, 2, 4 or 8 (8 unless given)" },
    { name: "pid", short: "p", kind: "pid", doc: "as this process" },
  ],
  examples: [{
    say: "what was stored",
    lines: ["spawn", "sbrk 4096", "store 0x3000 42", "load 0x3000"],
    shows: ["0x3000: 0x2a (42)"],
  }],
  run(ctx, args) {
    const { p, va } = placeOf(ctx, args.va, args.pid);
    const width = widthOf(args.size);
    const meant = asHex(p, va, "read");
    const report = refusing(() => p.access(va, width));
    const sections = accessSections(ctx.vm, report);
    if (report.killed !== undefined) sections.push(...killedSections(ctx, report, meant));
    else sections.unshift(note(`${hex(va)}: ${hex(report.value)} (${report.value})`));
    return result(sections, {
      json: accessJson(ctx.vm, report),
      place: atVa(va),
      value: report.value,
      status: report.killed === undefined ? EXIT.ok : EXIT.failed,
      api: report.killed === undefined
        ? `p${p.pid}.load(${hex(va)}n${width === 8 ? "" : `, ${width}`});`
        : `p${p.pid}.access(${hex(va)}n, ${width});`,
    });
  },
});
