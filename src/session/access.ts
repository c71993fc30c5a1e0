/** What `load` and `store` have in common: the width, a slip of the keyboard, a killed process. */

import { hex, type Va } from "../vm/machine/address.ts";
import type { AccessSize } from "../vm/access.ts";
import type { Process } from "../vm/process.ts";
import type { AccessReport } from "../vm/reports.ts";
import { CommandError } from "../framework/errors.ts";
import type { Context } from "../framework/command.ts";
import { consoleText, note, type Section } from "../framework/result.ts";
import { setCurrent } from "./target.ts";

/** What xv6 prints when the access killed the process, and why; no process is current then. */
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
 * The address whose hexadecimal digits are this one's decimal ones, when the access would kill here
 * and not there: somebody typed 3000 for 0x3000.
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
