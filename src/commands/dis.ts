/** `dis`: a program's instructions. */

import { hex, type Va, va } from "../vm/machine/address.ts";
import { atVa, type Cell, result, table } from "../framework/result.ts";
import { command, type Context, type VaArg } from "../framework/command.ts";
import { CommandError } from "../framework/errors.ts";
import { type CodeLine, instructionAt } from "../format/code.ts";
import { lineText } from "../format/source.ts";
import type { Process } from "../vm/process.ts";
import { placeOf, processFor } from "../session/target.ts";

export default command({
  name: "dis",
  group: "machine",
  summary: "disassemble a process's code, as objdump prints it",
  args: [
    { name: "va", kind: "va", optional: true, doc: "where; the pc unless given" },
    { name: "n", kind: "count", optional: true, doc: "how many instructions; 10 unless given" },
  ],
  flags: [{ name: "pid", short: "p", kind: "pid", doc: "of this process" }],
  examples: [{
    say: "a function",
    lines: ["spawn cowtest", "dis main 4"],
    shows: ["main", "addi sp,sp,-"],
  }],
  run(ctx, args) {
    const { p, va: start } = whereFrom(ctx, args);
    let at = start;
    const lines: CodeLine[] = [];
    for (let i = 0; i < (args.n ?? 10); i++) {
      const line = instructionAt(ctx.vm, p.pid, at);
      if (line === undefined) break;
      lines.push(line);
      at = va(at + BigInt(line.length));
    }
    if (lines.length === 0) throw new CommandError(`${p.pid}:${hex(at)} is not mapped`);
    const rows = lines.map((l): Cell[] => [
      l.va,
      { value: l.encoding, shown: l.encoding.toString(16).padStart(2 * l.length, "0") },
      l.symbol,
      lineText(l.source),
      l.text,
    ]);
    return result([
      table([{ name: "VA", kind: "va" }, { name: "CODE", kind: "hex" }, { name: "SYMBOL" }, {
        name: "LINE",
      }, { name: "INSTRUCTION" }], rows),
    ], { place: atVa(start) });
  },
});

/** The address given, or the next instruction: of the process, or of a guest's hart. */
function whereFrom(
  ctx: Context,
  { va: given, pid }: { va: VaArg | undefined; pid: number | undefined },
): { p: Process; va: Va } {
  if (given !== undefined) return placeOf(ctx, given, pid);
  const { vm, session } = ctx;
  if (vm.guest && (pid ?? session.pid) === 0) {
    const p = vm.mode() === "user" ? vm.here! : vm.process(0);
    return { p, va: va(vm.register("pc")!) };
  }
  const p = processFor(ctx, pid);
  return { p, va: va(p.registers.pc) };
}
