/** `exit`: the current process ends. */

import { counted } from "../vm/machine/counted.ts";
import { command } from "../framework/command.ts";
import { note, result } from "../framework/result.ts";
import { processFor, setCurrent } from "../session/target.ts";

export default command({
  name: "exit",
  group: "process",
  summary: "let a process exit (to leave the shell: quit)",
  args: [{ name: "status", kind: "expr", optional: true, doc: "0 unless given" }],
  flags: [{ name: "pid", short: "p", kind: "pid", doc: "this process" }],
  examples: [{ say: "the child goes", lines: ["spawn", "fork", "exit -p 3"], shows: ["pid 3"] }],
  run(ctx, { status, pid }) {
    const p = processFor(ctx, pid);
    const mark = ctx.vm.mark();
    const { parent = 0, name } = p;
    const code = Number(BigInt.asIntN(32, status ?? 0n));
    p.exit(code);
    const { freed } = ctx.vm.since(mark);
    const gone = !ctx.vm.hasProcess(p.pid);
    const lines = [
      note(
        `pid ${p.pid} ${name} exited with ${code}${
          freed === 0 ? "" : `   ${counted(freed, "frame")} freed`
        }`,
      ),
      ...(gone ? [] : [note(
        `it keeps its memory, as a zombie, until pid ${parent} waits for it: wait -p ${parent}`,
        "dim",
      )]),
    ];
    if (ctx.session.pid === p.pid) {
      const typed = ctx.vm.hasProcess(parent) && ctx.vm.process(parent).manual;
      setCurrent(ctx, typed && parent !== 1 ? parent : 0);
      if (ctx.session.pid !== 0) lines.push(note(`current process: pid ${ctx.session.pid}`, "dim"));
    }
    return result(lines, {
      json: { pid: p.pid, exitStatus: code, freed, zombie: !gone },
      value: BigInt(freed),
      api: `p${p.pid}.exit(${code});`,
    });
  },
});
