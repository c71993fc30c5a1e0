/** `quit`: ends the session. */

import { command } from "../framework/command.ts";
import { CommandError } from "../framework/errors.ts";
import { result } from "../framework/result.ts";

export default command({
  name: "quit",
  aliases: ["q"],
  group: "session",
  summary: "end the session",
  args: [{ name: "code", kind: "count", optional: true, doc: "exit code, 0 when not given" }],
  examples: [{ say: "with an exit code", lines: ["quit 0"], shows: [] }],
  run(ctx, { code = 0 }) {
    if (code > 255) throw new CommandError(`exit code ${code}: 0 to 255`);
    ctx.session.quit = code;
    return result([], { status: code });
  },
});
