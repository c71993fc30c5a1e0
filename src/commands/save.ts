/** `save`: the session so far as a scenario of the scripting API. */

import { counted } from "../vm/machine/counted.ts";
import { command, FORCE } from "../framework/command.ts";
import { CommandError, EXIT } from "../framework/errors.ts";
import { note, result } from "../framework/result.ts";
import { entriesOf, scenarioText } from "../session/scenario.ts";

export default command({
  name: "save",
  group: "session",
  summary: "turn the session into a TypeScript scenario",
  details:
    "Each line that has a call in the scripting API becomes a step, the others comments. A " +
    "store that killed its process is one, too. deno run FILE.ts does it all again; deno test " +
    "FILE.ts, too.",
  args: [{ name: "file", kind: "file", doc: "a .ts file" }],
  flags: [FORCE],
  run(ctx, { file, force }) {
    if (!file.endsWith(".ts")) throw new CommandError(`${file}: a scenario is a .ts file`);
    const kept = entriesOf(ctx.session);
    if (ctx.vm.guest && ctx.vm.attached === undefined) {
      throw new CommandError(
        "save: this kernel is its launcher's; start with --kernel ELF --disk IMAGE",
        EXIT.failed,
      );
    }
    const text = scenarioText(kept, ctx.vm.options, ctx.vm.attached);
    ctx.files.write(file, new TextEncoder().encode(text), force === true);
    const steps = kept.filter((e) => e.api !== undefined).length;
    return result([
      note(`saved ${counted(steps, "step")} in ${file}; deno run ${file} does them again`),
    ], {
      json: { file, steps },
    });
  },
});
