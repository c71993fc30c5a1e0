/** `help`: the list of commands, one command's page, or all pages as Markdown. */

import { command } from "../framework/command.ts";
import { result, text } from "../framework/result.ts";
import { helpOf, listOfCommands, markdown } from "../format/help.ts";

export default command({
  name: "help",
  aliases: ["?"],
  group: "session",
  summary: "what commands there are, or all about one",
  details:
    "Without a name: every command by group. With one: its usage, arguments, flags and examples.",
  args: [{ name: "command", kind: "command", optional: true }],
  flags: [{ name: "md", doc: "every command's page as Markdown" }],
  examples: [
    { say: "one command's page", lines: ["help help"], shows: ["help [COMMAND]"] },
    { say: "the list", lines: ["help"], shows: ["session", "quit"] },
  ],
  run(ctx, args) {
    if (args.md) return result([text(markdown(ctx.commands))]);
    if (args.command === undefined) return listOfCommands(ctx.commands);
    return helpOf(ctx.commands, args.command);
  },
});
