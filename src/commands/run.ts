/** `run`: a program from start to end, with its console. */

import { command } from "../framework/command.ts";
import { EXIT } from "../framework/errors.ts";
import { consoleText, result } from "../framework/result.ts";
import { runTyped } from "../session/guest_program.ts";
import { runInSlices } from "../session/slices.ts";
import { closing, leaveRun, reportJson, statusOf, waiting } from "../session/run_report.ts";
import { loadProgram } from "../session/program.ts";
import { refusing } from "../session/target.ts";

export default command({
  name: "run",
  group: "process",
  summary: "run a guest program to its end and show what it cost",
  details:
    "The program's console appears as it is written. The last line tells its status, the user " +
    "instructions, page faults, frames copied and ticks of virtual time. A status other than 0 " +
    "makes this command fail. Children that outlive the program belong to the run; a daemon is " +
    "held after 100 million instructions, and said to be left behind. -- in front of the " +
    "program leaves it words like --json. On a kernel of your own the line is typed into its sh, " +
    "and it is over when sh reads the next one.",
  args: [
    { name: "program", kind: "program", doc: "a program's name or an ELF file on the host" },
    { name: "args", kind: "text", rest: true, verbatim: true, doc: "its arguments" },
  ],
  flags: [{
    name: "input",
    kind: "text",
    doc: "its console input, \\n for a new line; then the end",
  }],
  examples: [
    { say: "a program", lines: ["run echo hello"], shows: ["hello", "echo: status 0"] },
    { say: "one that is killed", lines: ["run faulttext"], shows: ["scause 0xf", "status -1"] },
  ],
  async run(ctx, { program, args, input }) {
    if (ctx.vm.guest) {
      const { result } = await runTyped(ctx, [program, ...args], input);
      return {
        ...result,
        api: `const report = vm.run(${JSON.stringify(program)}, ${JSON.stringify(args)});`,
      };
    }
    const { name, bytes } = await loadProgram(ctx, program);
    const running = refusing(() => ctx.vm.start(name, args, bytes), EXIT.load);
    const ending = await runInSlices(ctx, running, { typed: input?.replaceAll("\\n", "\n") });
    const report = running.report();
    leaveRun(ctx, running, report);
    const last = ending === "escaped" ? [waiting(report)] : closing(ctx, report);
    return result([consoleText(report.console), ...last], {
      json: reportJson(report),
      status: ending === "escaped" ? EXIT.ok : statusOf(report),
      value: BigInt(report.status ?? -1),
      // A host file's bytes are nothing that a line of a script could say.
      ...(bytes === undefined
        ? { api: `const report = vm.run(${JSON.stringify(program)}, ${JSON.stringify(args)});` }
        : {}),
    });
  },
});
