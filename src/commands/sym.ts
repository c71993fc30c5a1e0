/** `sym`: the symbols of a program. */

import { atVa, type Cell, note, result, table } from "../framework/result.ts";
import { command } from "../framework/command.ts";
import { CommandError, EXIT } from "../framework/errors.ts";
import { hex } from "../vm/machine/address.ts";
import { didYouMean } from "../vm/nearest.ts";
import { nearestSymbol, sourceAt, symbolsOf } from "../vm/symbols.ts";
import { lineJson, lineText } from "../format/source.ts";
import { processFor } from "../session/target.ts";

export default command({
  name: "sym",
  group: "machine",
  summary: "functions and variables of a program; of an address, the symbol it lies behind",
  details:
    "From the symbol table of the program's ELF file: ours, one on the disk, or the host file " +
    "that it was loaded from.",
  args: [{ name: "name", kind: "symbol", optional: true, doc: "part of a name, or an address" }],
  flags: [{ name: "pid", short: "p", kind: "pid", doc: "of this process" }],
  examples: [
    {
      say: "by part of the name",
      lines: ["spawn echo hi", "sym mai"],
      shows: ["VALUE NAME", "main"],
    },
    { say: "an address", lines: ["spawn echo hi", "sym main+2"], shows: ["main+0x2"] },
  ],
  run(ctx, { name, pid }) {
    const p = processFor(ctx, pid);
    const symbols = symbolsOf(ctx.vm, p.pid);
    if (symbols.size === 0) {
      throw new CommandError(`pid ${p.pid} ${p.name} has no symbols`, EXIT.failed);
    }
    if (name !== undefined && !/^[A-Za-z_.][\w.]*$/.test(name)) {
      const at = BigInt.asUintN(64, ctx.evaluate(name));
      const near = nearestSymbol(ctx.vm, p.pid, at);
      if (near === "") throw new CommandError(`${hex(at)} is below every symbol`, EXIT.failed);
      const source = sourceAt(ctx.vm, p.pid, at);
      const line = source === undefined ? "" : ` at ${lineText(source)}`;
      return result([note(`${hex(at)} is ${near}${line}`)], {
        json: { va: hex(at), symbol: near, source: lineJson(source) },
        place: atVa(at),
      });
    }
    const part = name?.toLowerCase() ?? "";
    const found = [...symbols].filter(([one]) => one.toLowerCase().includes(part))
      .sort(([a, x], [b, y]) => x === y ? (a < b ? -1 : 1) : x < y ? -1 : 1);
    if (found.length === 0) {
      const hint = didYouMean(name!, symbols.keys());
      throw new CommandError(`no symbol of ${p.name} has ${name} in it${hint}`, EXIT.failed);
    }
    return result([table(
      [{ name: "VALUE", kind: "va" }, { name: "NAME" }, { name: "LINE" }],
      found.map(([one, at]): Cell[] => [at, one, lineText(sourceAt(ctx.vm, p.pid, at))]),
      "symbols",
    )], { place: atVa(found[0][1]) });
  },
});
