/** `print`: the value of an expression. */

import { within64 } from "../framework/convert.ts";
import { command, type Context } from "../framework/command.ts";
import { cJson, cText } from "../format/c_value.ts";
import { type CValue, isScalar, scalarOf } from "../vm/c_values.ts";
import { refusing } from "../session/target.ts";
import { hex } from "../vm/machine/address.ts";
import { atVa, note, type Result, result, text } from "../framework/result.ts";
import { size } from "../vm/numbers.ts";
import { evaluate } from "../framework/evaluate.ts";
import { namedPlace } from "../format/source.ts";

export default command({
  name: "print",
  aliases: ["p"],
  group: "inspect",
  summary: "the value of an expression, in hexadecimal and decimal; of a variable, as C has it",
  details:
    "Numbers, registers, symbols and functions as in every address: print pa(0x3000), print $sp " +
    "- 8, print u64($sp). A virtual address of a program is shown with its symbol. Where there is " +
    "debug information, a guest's kernel's for instance, names are variables of C, those in sight " +
    "of the selected frame first: print proc[3].name, print *p, print &proc[2].lock, print " +
    "p->trapframe->epc, print (uint64)p + 8. A name alone, as in every address, is where a " +
    "structure or array stands: proc+8 is 8 bytes behind it. A guest's kernel's functions can be " +
    "called, print *walk(p->pagetable, 0x4000, 0): what they do is forgotten.",
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
    const { c, ...plain } = refusing(() => evaluate(expr, ctx.names));
    if (c !== undefined) return printC(ctx, expr, c);
    const { value, pid = ctx.session.pid, space } = plain;
    const bits = BigInt.asUintN(64, within64(value, expr));
    const symbol = space === "va" ? namedPlace(ctx.vm, pid, bits) : "";
    const parts = space === undefined
      ? [`${value}`, ...(size(value) === `${value}` ? [] : [size(value)])]
      : [space === "va" ? "virtual" : "physical", ...(symbol === "" ? [] : [`<${symbol}>`])];
    return result([note([hex(bits), ...parts].join("  "))], {
      json: { expression: expr, value: hex(bits), space: space ?? null, type: null, data: null },
      value,
      ...(space === undefined ? {} : { place: { space, address: bits } }),
    });
  },
});

/** A value of C: with its type, and for a number as it is in hexadecimal as well. */
function printC({ vm }: Context, expr: string, c: CValue): Result {
  const { type, address, lost } = c;
  const number = isScalar(c) && lost === undefined ? refusing(() => scalarOf(vm, c)) : undefined;
  const shown = cText(vm, c);
  const bits = number === undefined ? undefined : hex(BigInt.asUintN(64, number));
  const front = bits === undefined || shown.startsWith(bits) ? [] : [bits];
  return result([
    shown.includes("\n")
      ? text(`${type.name} ${shown}`)
      : note([...front, shown, type.name].join("  ")),
  ], {
    json: {
      expression: expr,
      value: bits ?? null,
      space: null,
      type: type.name,
      data: cJson(vm, c),
    },
    ...(number === undefined ? {} : { value: number }),
    ...(address === undefined ? {} : { place: atVa(address) }),
  });
}
