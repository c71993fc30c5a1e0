/** `source`: runs the lines of a host file. */

import { command } from "../framework/command.ts";
import { textOf } from "../session/host_files.ts";

export default command({
  name: "source",
  aliases: ["."],
  group: "session",
  summary: "run the lines of a file",
  details:
    "The lines run as if typed, comments and continued lines included. The first error ends the " +
    "file.",
  args: [{ name: "file", kind: "file" }],
  async run(ctx, { file }) {
    return await ctx.runLines(textOf(await ctx.files.read(file), file), file);
  },
});
