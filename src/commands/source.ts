/**
 * `source`: runs the lines of a host file.
 *
 * @module
 */

import { command, CommandError, EXIT } from "../framework/command.ts";

export default command({
  name: "source",
  aliases: ["."],
  group: "session",
  summary: "run the lines of a file",
  details:
    "The lines run as if typed, comments and continued lines included. The first error ends the file.",
  args: [{ name: "file", kind: "file" }],
  async run(ctx, { file }) {
    return await ctx.runLines(textOf(await ctx.files.read(file), file), file);
  },
});

/** A file of text. Throws {@linkcode CommandError} for any other, like a disk image or a program. */
export function textOf(bytes: Uint8Array, path: string): string {
  const at = bytes.indexOf(0);
  if (at < 0) return new TextDecoder().decode(bytes);
  throw new CommandError(
    `${path}: no text, byte ${at} is 0; an image goes behind --fs or --fat, a program behind run`,
    EXIT.load,
  );
}
