/** `events`: whether a guest's events are recorded. */

import { command } from "../framework/command.ts";
import { CommandError } from "../framework/errors.ts";
import { note, pairs, result, type Section } from "../framework/result.ts";
import { refusing } from "../session/target.ts";

export default command({
  name: "events",
  group: "inspect",
  summary: "whether the events of a guest's kernel are recorded; on and off",
  details:
    "Nobody listens to a guest's kernel before somebody asks, so that it costs nothing. timeline, " +
    "until and back begin to listen by themselves; events on does so from now on, events on --from " +
    "N from an instruction on that is recorded, by running what followed again. events off forgets " +
    "what was told. The built-in kernel always tells.",
  args: [{
    name: "switch",
    kind: "text",
    optional: true,
    choices: ["on", "off"],
    doc: "begins to listen, or ends it",
  }],
  flags: [{ name: "from", kind: "count", doc: "with on: from this instruction on" }],
  examples: [{
    say: "of the built-in kernel",
    lines: ["events"],
    shows: ["all events are recorded"],
  }],
  run({ vm }, args) {
    if (args.from !== undefined && args.switch !== "on") {
      throw new CommandError("events --from N: wants on, as in events on --from 300M");
    }
    if (args.switch === "on") refusing(() => vm.listen(args.from));
    if (args.switch === "off") refusing(() => vm.unlisten());
    if (!vm.guest) {
      const { oldestEvent } = vm;
      const counted = vm.mark().event;
      return result([note("the built-in kernel: all events are recorded")], {
        json: { since: 0, events: counted, oldest: oldestEvent, tables: null, unseen: [] },
      });
    }
    const { listening } = vm;
    if (listening === undefined) {
      return result([note("no events are recorded: events on, or the first timeline, begins it")], {
        json: { since: null, events: null, oldest: null, tables: null, unseen: [] },
      });
    }
    const { since, events, oldest, tables, unseen } = listening;
    const sections: Section[] = [
      pairs(
        ["since", since, "number"],
        ["events", events, "number"],
        ["oldest held", oldest, "number"],
        ["page tables", tables, "number"],
      ),
      ...unseen.map((what) => note(`not seen: ${what}`, "dim")),
    ];
    return result(sections, { json: { since, events, oldest, tables, unseen: [...unseen] } });
  },
});
