/** `expect`: an assertion on the line. */

import { command } from "../framework/command.ts";
import { EXIT } from "../framework/errors.ts";
import { hex } from "../vm/machine/address.ts";
import { note, result } from "../framework/result.ts";
import { evaluateTree } from "../framework/evaluate.ts";
import { parseExpression, sidesOf } from "../framework/expression.ts";

export default command({
  name: "expect",
  group: "inspect",
  summary: "fail when an expression is zero, and say what its two sides are",
  details:
    "Besides numbers, registers and symbols an expression may ask: refcount(PA), mappings(PA), " +
    "pa(VA), va(PA), u8(VA) to u64(VA), free(). A script of such lines exits with 1 when one " +
    "fails.",
  args: [{ name: "expr", kind: "line", doc: "like refcount(pa(0x3000)) == 2" }],
  examples: [
    {
      say: "after fork both share the page",
      lines: ["spawn", "sbrk 4096", "fork", "expect pa(2:0x3000) == pa(3:0x3000)"],
      shows: ["ok"],
    },
    {
      say: "a failed one",
      lines: ["spawn", "sbrk 4096", "expect refcount(pa(0x3000)) == 2"],
      shows: ["failed: 1 == 2"],
    },
  ],
  run(ctx, { expr }) {
    const tree = parseExpression(expr);
    const sides = sidesOf(tree);
    const value = evaluateTree(tree, ctx.names).value;
    // A long number is more likely an address than a count.
    const show = (n: bigint) => n > 0xffffn ? hex(n) : `${n}`;
    const found = sides
      ? `${show(evaluateTree(sides.left, ctx.names).value)} ${sides.sign} ` +
        show(evaluateTree(sides.right, ctx.names).value)
      : show(value);
    const ok = value !== 0n;
    return result([
      note(ok ? `ok: ${expr}` : `failed: ${found}   (${expr})`, ok ? "good" : "bad"),
    ], { json: { ok, expression: expr, found }, status: ok ? EXIT.ok : EXIT.failed });
  },
});
