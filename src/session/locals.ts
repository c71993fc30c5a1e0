/** The variables of a function, as `locals` and `info locals` show them. */

import type { Context } from "../framework/command.ts";
import { note, type Result, result, tableOf } from "../framework/result.ts";
import { cJson, cText } from "../format/c_value.ts";
import { whereText } from "../format/frames.ts";
import { localsOf } from "../vm/c_values.ts";
import { frameMeant } from "./frames.ts";

/** Which variables: both when undefined. */
export type Which = "locals" | "args" | undefined;

/** Those in sight of the selected frame. */
export function shownLocals(ctx: Context, which: Which): Result {
  const frame = frameMeant(ctx);
  const found = localsOf(frame).filter(({ argument }) =>
    which === undefined || argument === (which === "args")
  );
  const where = whereText(frame);
  if (found.length === 0) {
    const why = ctx.vm.guest ? "" : ": the built-in programs carry lines, and no variables";
    return result([note(`${where} has no variables in sight${why}`)], {
      json: { where, locals: [] },
    });
  }
  return result([
    note(where, "dim"),
    tableOf(found, "locals", [
      ["NAME", "text", ({ name }) => name],
      ["TYPE", "text", ({ value }) => value.type.name],
      ["VALUE", "text", ({ value }) => cText(ctx.vm, value).replace(/\s*\n\s*/g, " ")],
    ]),
  ], {
    json: {
      where,
      locals: found.map(({ name, argument, value }) => ({
        name,
        argument,
        type: value.type.name,
        lost: value.lost ?? null,
        value: cJson(ctx.vm, value),
      })),
    },
  });
}
