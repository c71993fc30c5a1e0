/** `restore`: the computer as it was when a snapshot was taken. */

import { command } from "../framework/command.ts";
import { note, result } from "../framework/result.ts";
import { variable } from "../session/scenario.ts";
import { snapshotNamed } from "../session/snapshots.ts";
import { setCurrent } from "../session/target.ts";

export default command({
  name: "restore",
  group: "run control",
  summary: "make the whole computer what it was at a snapshot",
  details: "Breakpoints and watchpoints stay. The snapshot stays, too: it can be restored again.",
  args: [{ name: "name", kind: "snapshot" }],
  examples: [{
    say: "undo a fork",
    lines: ["spawn", "snap before", "fork", "restore before", "ps"],
    shows: ["1 0", "2 1"],
  }],
  run(ctx, { name }) {
    const { state, instret, pid } = snapshotNamed(ctx, name);
    ctx.vm.restore(state);
    setCurrent(ctx, ctx.vm.hasProcess(pid) ? pid : 0);
    return result([note(`as at snapshot ${name}, instruction ${instret}`)], {
      json: { name, instret, pid: ctx.session.pid },
      api: `vm.restore(${variable(name)});`,
    });
  },
});
