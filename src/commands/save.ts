/**
 * `save`: the session so far as a scenario of the scripting API.
 *
 * @module
 */

import { command, CommandError, type Entry, note, result, type Session, size } from "./command.ts";

/** What is kept of a line. */
type Kept = Pick<Entry, "line" | "status" | "api">;

export default command({
  name: "save",
  group: "session",
  summary: "turn the session into a TypeScript scenario",
  details:
    "Each line that has a call in the scripting API becomes a step, the others comments. Lines that " +
    "failed are left out. deno run FILE.ts does it all again; deno test FILE.ts, too.",
  args: [{ name: "file", kind: "file", doc: "a .ts file" }],
  async run(ctx, { file }) {
    if (!file.endsWith(".ts")) throw new CommandError(`${file}: a scenario is a .ts file`);
    const kept = entriesOf(ctx.session);
    const text = scenarioText(kept, ctx.vm.options);
    await ctx.files.write(file, new TextEncoder().encode(text));
    const steps = kept.filter((e) => e.api !== undefined).length;
    return result([note(`saved ${steps} steps in ${file}; deno run ${file} does them again`)], {
      json: { file, steps },
    });
  },
});

/** Has a session keep its lines for `save`; called when it begins. */
export function keepEntries(session: Session): void {
  const kept: Kept[] = [];
  session.store.set("save", kept);
  session.watchers.add(({ line, status, api }) => void kept.push({ line, status, api }));
}

function entriesOf(session: Session): readonly Kept[] {
  return (session.store.get("save") ?? []) as readonly Kept[];
}

/** The lines as a script. Variables are named after pids, so each is declared once. */
export function scenarioText(
  entries: readonly Kept[],
  options: { readonly policy?: string; readonly mem?: number | bigint | string },
): string {
  const declared = new Set<string>();
  const body: string[] = [];
  for (const { line, status, api } of entries) {
    const title = line.trim().replace(/\s+/g, " ");
    if (/^(source|save|record|\.)(\s|$)/.test(title)) continue;
    if (title.startsWith("#")) body.push(`say(${JSON.stringify(title.replace(/^#\s*/, ""))});`);
    else if (status !== 0) body.push(`// failed: ${title}`);
    else if (api === undefined) body.push(`// ${title}`);
    else body.push(...stepLines(title, api, declared));
  }
  body.push("expect(vm).toPassAudit();");
  const mem = typeof options.mem === "string" ? options.mem : size(options.mem ?? 2 ** 27);
  const boot = [
    ...(options.policy === undefined ? [] : [`policy: ${JSON.stringify(options.policy)}`]),
    `mem: "${mem}"`,
  ];
  return [
    `import { expect, scenario } from "@cowsh/cowsh";`,
    "",
    `await scenario("a saved session", { ${boot.join(", ")} }, async ({ vm, step, say }) => {`,
    ...body.map((text) => `  ${text}`),
    "});",
    "",
  ].join("\n");
}

/** One step: the call, its result in a variable where the call declares one. */
function stepLines(title: string, api: string, declared: Set<string>): string[] {
  const name = JSON.stringify(title);
  const match = /^const (\w+) = (.*);$/s.exec(api);
  if (match === null) return [`await step(${name}, () => void ${api.replace(/;$/, "")});`];
  const [, variable, call] = match;
  if (!declared.has(variable)) {
    declared.add(variable);
    return [`const ${variable} = await step(${name}, () => ${call});`];
  }
  return call.startsWith("vm.process(")
    ? [`// ${title}`]
    : [`await step(${name}, () => void ${call});`];
}
