/** `wait`: a process waits for a child that has exited. */

import { counted } from "../vm/machine/counted.ts";
import { command } from "../framework/command.ts";
import { EXIT } from "../framework/errors.ts";
import { note, result } from "../framework/result.ts";
import { processFor, refusing } from "../session/target.ts";

export default command({
  name: "wait",
  group: "process",
  summary: "let a process wait for a child that has exited",
  details: "Programs run on while it waits. When no child can ever exit by itself, the call is " +
    "taken back and this says so.",
  flags: [{ name: "pid", short: "p", kind: "pid", doc: "this process waits" }],
  examples: [
    {
      say: "a child exits, the parent reaps it",
      lines: ["spawn", "fork", "exit -p 3", "wait"],
      shows: ["pid 3"],
    },
  ],
  run(ctx, { pid }) {
    const p = processFor(ctx, pid);
    const mark = ctx.vm.mark();
    const report = refusing(() => p.call("wait", 0));
    const { freed } = ctx.vm.since(mark);
    const reaped = report.result === undefined ? undefined : Number(report.result);
    const text = report.blocked !== undefined
      ? `pid ${p.pid} would wait for ever: its children stand still; exit -p CHILD ends one`
      : reaped === undefined || reaped < 0
      ? `pid ${p.pid} has no children: wait returned -1`
      : `pid ${p.pid} reaped pid ${reaped}   ${counted(freed, "frame")} freed`;
    return result([note(text)], {
      json: {
        pid: p.pid,
        reaped: reaped ?? null,
        blocked: report.blocked !== undefined,
        freed,
      },
      status: reaped !== undefined && reaped >= 0 ? EXIT.ok : EXIT.failed,
      api: `p${p.pid}.wait();`,
      ...(reaped === undefined ? {} : { value: BigInt(reaped) }),
    });
  },
});
