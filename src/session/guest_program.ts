/** A program of a guest, typed into its sh: `run` and `strace` where the kernel is not the built-in one. */

import { typeProgram } from "../vm/guest_computer.ts";
import type { GuestRun } from "../vm/guest_run.ts";
import { EXIT } from "../framework/errors.ts";
import type { Context } from "../framework/command.ts";
import { consoleText, note, type Result, result, type Section } from "../framework/result.ts";
import { closing, reportJson, statusOf } from "./run_report.ts";
import { runInSlices } from "./slices.ts";
import { refusing } from "./target.ts";

/**
 * Types it and runs until sh reads again; Ctrl-C stops it where it is.
 *
 * @param more What stands in front of the closing line, once it has run.
 */
export async function runTyped(
  ctx: Context,
  words: readonly string[],
  input: string | undefined,
  more: (running: GuestRun) => Section[] = () => [],
): Promise<{ readonly result: Result; readonly running: GuestRun }> {
  const running = refusing(() => typeProgram(ctx.vm, words), EXIT.failed);
  const ending = await runInSlices(ctx, running, {
    typed: input?.replaceAll("\\n", "\n"),
    keep: true,
  });
  if (ending === "interrupted") running.interrupt();
  const report = running.report();
  const last = ending === "over" ? closing(ctx, report) : [note(
    ending === "escaped"
      ? `${words[0]} waits for input; console goes to it`
      : `${words[0]} was stopped where it is; continue or console goes on, undo takes it back`,
    "warn",
  )];
  const sections = [consoleText(report.console), ...more(running), ...last];
  return {
    running,
    result: result(sections, {
      json: reportJson(report),
      status: ending === "escaped" ? EXIT.ok : statusOf(report),
      ...(report.status === undefined ? {} : { value: BigInt(report.status) }),
    }),
  };
}
