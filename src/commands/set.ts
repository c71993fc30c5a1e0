/** `set`: shows and changes the session's settings. */

import { command, type Settings } from "../framework/command.ts";
import { CommandError } from "../framework/errors.ts";
import { pairs, result } from "../framework/result.ts";

const NAMES = ["json", "color", "keep-going", "budget", "ts"] as const;
const SWITCHES: Record<string, keyof Settings & ("json" | "color" | "keepGoing" | "ts")> = {
  json: "json",
  color: "color",
  "keep-going": "keepGoing",
  ts: "ts",
};

export default command({
  name: "set",
  group: "session",
  summary: "show or change settings",
  details: [
    "json        one JSON object a command in place of text",
    "color       colour in text",
    "keep-going  go on after an error when not interactive",
    "budget      instructions that one command may run the guest for, or off",
    "ts          also print each command's call in the scripting API",
  ].join("\n"),
  args: [
    { name: "name", kind: "text", optional: true, choices: NAMES },
    { name: "value", kind: "text", optional: true, doc: "on, off, or a number of instructions" },
  ],
  examples: [
    { say: "all settings", lines: ["set"], shows: ["budget off"] },
    { say: "stop runaway guests", lines: ["set budget 50M"], shows: ["budget 52428800"] },
  ],
  run(ctx, { name, value }) {
    const { settings } = ctx.session;
    if (name !== undefined && value !== undefined) change(settings, name, value, ctx.evaluate);
    const all = pairs(
      ["json", settings.json ? "on" : "off"],
      ["color", settings.color ? "on" : "off"],
      ["keep-going", settings.keepGoing ? "on" : "off"],
      ["budget", settings.budget ?? "off", "number"],
      ["ts", settings.ts ? "on" : "off"],
    );
    const shown = name === undefined ? all.pairs : all.pairs.filter((p) => p.name === name);
    const { budget, ...switches } = settings;
    const json = { ...switches, budget: budget === undefined ? null : Number(budget) };
    return result([{ ...all, pairs: shown, tall: true }], { json });
  },
});

function change(
  settings: Settings,
  name: string,
  value: string,
  evaluate: (source: string) => bigint,
): void {
  if (name === "budget") {
    if (value === "off") settings.budget = undefined;
    else {
      const budget = evaluate(value);
      if (budget <= 0n) throw new CommandError("budget is a positive number, or off");
      settings.budget = budget;
    }
    return;
  }
  if (value !== "on" && value !== "off") {
    throw new CommandError(`${name} is on or off, not ${value}`);
  }
  settings[SWITCHES[name]] = value === "on";
}
