/**
 * `store`: writes user memory as the process would, and shows what that caused.
 *
 * @module
 */

import { counted } from "../vm/machine/counted.ts";
import type { AccessSize } from "../vm/actions.ts";
import type { Process } from "../vm/process.ts";
import type { AccessReport } from "../vm/reports.ts";
import type { Va } from "../framework/types.ts";
import { atVa, consoleText, note, result, type Section } from "../framework/result.ts";
import { command, CommandError, type Context, EXIT, hex } from "../framework/command.ts";
import { placeOf, refusing, setCurrent } from "../session/target.ts";
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

/** What xv6 prints when the access killed the process, and why; it is then not the current one any more. */
export function killedSections(
  ctx: Context,
  report: AccessReport,
  meant: bigint | undefined,
): Section[] {
  if (ctx.session.pid === report.pid) setCurrent(ctx, 0);
  const { cause, stval, why } = report.killed!;
  return [
    consoleText(ctx.vm.takeOutput()),
    note(
      `pid ${report.pid} was killed: ${why} (scause ${cause}, stval ${hex(stval)})`,
      "bad",
    ),
    ...(meant === undefined
      ? []
      : [note(`${report.va} is decimal, ${hex(report.va)}; did you mean ${hex(meant)}?`, "warn")]),
  ];
}

/**
 * The address whose hexadecimal digits are this one's decimal ones, when the access would kill here and not there:
 * somebody typed 3000 for 0x3000.
 */
export function asHex(p: Process, address: Va, access: "read" | "write"): bigint | undefined {
  const survives = (at: bigint) => p.pte(at).verdicts.find((v) => v.access === access)!.survives;
  const other = BigInt(`0x${address}`);
  return other < 1n << 64n && !survives(address) && survives(other) ? other : undefined;
}

/** A width in bytes. Throws {@linkcode CommandError} for another number. */
export function widthOf(size: number | undefined): AccessSize {
  const width = size ?? 8;
  if (width !== 1 && width !== 2 && width !== 4 && width !== 8) {
    throw new CommandError(`an access has 1, 2, 4 or 8 bytes, not ${width}`);
  }
  return width;
}
