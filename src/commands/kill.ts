/** `kill`: ends a process from outside. */

import { command } from "../framework/command.ts";
import { CommandError } from "../framework/errors.ts";
import { note, result } from "../framework/result.ts";
import { processFor, setCurrent } from "../session/target.ts";

export default command({
  name: "kill",
  group: "process",
  summary: "kill a process; its status is -1",
  args: [{ name: "pid", kind: "pid" }],
  examples: [{ say: "a process goes", lines: ["spawn", "kill 2"], shows: ["pid 2"] }],
  run(ctx, { pid }) {
    if (pid === 1) throw new CommandError("pid 1 is init: it adopts orphans and stays");
    const p = processFor(ctx, pid);
    const { name } = p;
    p.kill();
    const dead = !p.alive;
    if (dead && ctx.session.pid === pid) setCurrent(ctx, 0);
    return result([
      note(`pid ${pid} ${name} ${dead ? "is dead" : "dies when it next enters the kernel"}`),
    ], { json: { pid, dead }, api: `vm.process(${pid}).kill();` });
  },
});
