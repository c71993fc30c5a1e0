/** `use`: which process the next commands act on. */

import { command } from "../framework/command.ts";
import { note, result } from "../framework/result.ts";
import { processFor, setCurrent } from "../session/target.ts";

export default command({
  name: "use",
  group: "process",
  summary: "make a process the current one",
  details: "Of a guest, use 0 goes back to whichever process the hart is in.",
  args: [{ name: "pid", kind: "pid" }],
  examples: [{
    say: "go on as the child",
    lines: ["spawn", "fork", "use 3"],
    shows: ["pid 3 demo"],
  }],
  run(ctx, { pid }) {
    if (ctx.vm.guest && pid === 0) {
      setCurrent(ctx, 0);
      return result([note("whichever process the hart is in")], { json: { pid: 0, name: null } });
    }
    const p = processFor(ctx, pid);
    setCurrent(ctx, p.pid);
    return result([note(`pid ${p.pid} ${p.name}`)], {
      json: { pid: p.pid, name: p.name },
      value: BigInt(p.pid),
      api: `const p${pid} = vm.process(${pid});`,
    });
  },
});
