/** `strace`: a program's system calls. */

import { CALL_NAMES, isSameCall, traceCalls, type TraceRecord } from "../vm/calls.ts";
import { command, type Context } from "../framework/command.ts";
import { EXIT } from "../framework/errors.ts";
import { consoleText, type Json, type Result, result, text } from "../framework/result.ts";
import type { GuestCallMade, GuestRun } from "../vm/guest_run.ts";
import { runTyped } from "../session/guest_program.ts";
import { runInSlices } from "../session/slices.ts";
import { guestCallText } from "../format/event_place.ts";
import { resultJson } from "../format/event_json.ts";
import { loadProgram } from "../session/program.ts";
import { closing, leaveRun, reportJson, statusOf, waiting } from "../session/run_report.ts";
import { refusing } from "../session/target.ts";

export default command({
  name: "strace",
  group: "process",
  summary: "run a program and list its system calls, arguments and results decoded",
  details:
    "Its children's calls as well. The console's text comes first, the calls after it. On a " +
    "kernel of your own arguments are read when the call is made, and buffers that it fills when " +
    "it returns; ? where nobody knows what a call takes.",
  args: [
    { name: "program", kind: "program", doc: "a program's name or an ELF file on the host" },
    { name: "args", kind: "text", rest: true, verbatim: true, doc: "its arguments" },
  ],
  flags: [
    {
      name: "only",
      kind: "text",
      many: true,
      choices: CALL_NAMES,
      doc: "only these calls, like open,read",
    },
    { name: "input", kind: "text", doc: "its console input, \\n for a new line; then the end" },
  ],
  examples: [
    {
      say: "what echo does",
      lines: ["strace echo hi"],
      shows: ['write(1, "hi", 2) = 2', "exit(0)"],
    },
  ],
  async run(ctx, { program, args, only, input }) {
    if (ctx.vm.guest) return await straceGuest(ctx, [program, ...args], only, input);
    const { name, bytes } = await loadProgram(ctx, program);
    const trace = traceCalls(ctx.vm);
    try {
      const running = refusing(() => ctx.vm.start(name, args, bytes), EXIT.load);
      const ending = await runInSlices(ctx, running, { typed: input?.replaceAll("\\n", "\n") });
      const report = running.report();
      leaveRun(ctx, running, report);
      const calls = trace.calls.filter(({ name }) => isMeant(only, name));
      return result([
        consoleText(report.console),
        text(calls.map(line)),
        ...(ending === "escaped" ? [waiting(report)] : closing(ctx, report)),
      ], {
        json: {
          ...reportJson(report),
          calls: calls.map((r): Json => ({
            pid: r.pid,
            name: r.name,
            args: r.args,
            ...resultJson(r.result),
          })),
        },
        status: ending === "escaped" ? EXIT.ok : statusOf(report),
        value: BigInt(calls.length),
      });
    } finally {
      trace.stop();
    }
  },
});

/** A guest's calls, by the events of its kernel. */
async function straceGuest(
  ctx: Context,
  words: readonly string[],
  only: readonly string[] | undefined,
  input: string | undefined,
): Promise<Result> {
  const wanted = (running: GuestRun) => running.calls().filter(({ name }) => isMeant(only, name));
  const { result: ran, running } = await runTyped(ctx, words, input, (running) => [
    text(wanted(running).map(line)),
  ]);
  const calls = wanted(running);
  return {
    ...ran,
    value: BigInt(calls.length),
    json: {
      ...ran.json,
      calls: calls.map(({ pid, name, args, result }): Json => ({
        pid,
        name,
        args: args === undefined ? null : [...args],
        ...resultJson(result),
      })),
    },
  };
}

/** Whether a call is among those that are to be shown. */
function isMeant(only: readonly string[] | undefined, name: string): boolean {
  return only === undefined || only.some((one) => isSameCall(one, name));
}

function line({ pid, program, name, args, result }: TraceRecord | GuestCallMade): string {
  return `[${pid} ${program}] ${guestCallText(name, args)} = ${result ?? "?"}`;
}
