/** `print`: the value of an expression. */

import { within64 } from "../framework/convert.ts";
import { command } from "../framework/command.ts";
import { hex } from "../vm/machine/address.ts";
import { note, result } from "../framework/result.ts";
import { size } from "../vm/numbers.ts";
import { evaluate } from "../framework/evaluate.ts";
import { namedPlace } from "../format/source.ts";

export default command({
  name: "print",
  aliases: ["p"],
  group: "inspect",
  summary: "the value of an expression, in hexadecimal and decimal",
  details:
    "Numbers, registers, symbols and functions as in every address: print pa(0x3000), print $sp " +
    "- 8, print u64($sp). A virtual address of a program is shown with its symbol.",
  args: [{ name: "expr", kind: "line", doc: "like u64(0x3000) or main+8" }],
  examples: [
    {
      say: "what stands in memory",
      lines: ["spawn", "sbrk 4096", "store 0x3000 42", "print u64(0x3000)"],
      shows: ["0x2a 42"],
    },
    {
      say: "a symbol",
      lines: ["spawn echo hi", "print main+2"],
      shows: ["<main+0x2 at echo.c:5>"],
    },
  ],
  run(ctx, { expr }) {
    const { value, pid = ctx.session.pid, space } = evaluate(expr, ctx.names);
    const bits = BigInt.asUintN(64, within64(value, expr));
    const symbol = space === "va" ? namedPlace(ctx.vm, pid, bits) : "";
    const parts = space === undefined
      ? [`${value}`, ...(size(value) === `${value}` ? [] : [size(value)])]
      : [space === "va" ? "virtual" : "physical", ...(symbol === "" ? [] : [`<${symbol}>`])];
    return result([note([hex(bits), ...parts].join("  "))], {
      json: { expression: expr, value: hex(bits), space: space ?? null },
      value,
      ...(space === undefined ? {} : { place: { space, address: bits } }),
    });
  },
});
