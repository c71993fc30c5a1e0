/** `dis`: a program's instructions. */

import { hex, va } from "../vm/machine/address.ts";
import { atVa, type Cell, result, table } from "../framework/result.ts";
import { command } from "../framework/command.ts";
import { CommandError } from "../framework/errors.ts";
import { type CodeLine, instructionAt } from "../format/code.ts";
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
    const p = args.va === undefined ? processFor(ctx, args.pid) : placeOf(ctx, args.va, args.pid).p;
    const start = args.va?.va ?? va(p.registers.pc);
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
      l.text,
    ]);
    return result([
      table([{ name: "VA", kind: "va" }, { name: "CODE", kind: "hex" }, { name: "SYMBOL" }, {
        name: "INSTRUCTION",
      }], rows),
    ], { place: atVa(start) });
  },
});
