/** The lines of a session as a scenario of the scripting API, for `save`. */

import { visible } from "../host/visible.ts";
import type { Attached } from "../vm/attached.ts";
import type { BootOptions } from "../vm/vm.ts";
import type { Entry, Session } from "../framework/command.ts";
import { size } from "../vm/numbers.ts";

/** What is kept of a line. */
type Kept = Pick<Entry, "line" | "status" | "api">;

/** Has a session keep its lines for `save`; called when it begins. */
export function keepEntries(session: Session): void {
  const kept: Kept[] = [];
  session.store.set("save", kept);
  session.watchers.add(({ line, status, api }) => void kept.push({ line, status, api }));
}

/** The computer is another one: what was typed to the old one is none of its scenario. */
export function forgetEntries(session: Session): void {
  const kept = session.store.get("save");
  if (Array.isArray(kept)) kept.length = 0;
}

/** The lines kept so far. */
export function entriesOf(session: Session): readonly Kept[] {
  return (session.store.get("save") ?? []) as readonly Kept[];
}

/** The lines as a script. Variables are named after pids, so each is declared once. */
export function scenarioText(
  entries: readonly Kept[],
  options: BootOptions,
  attached?: Attached,
): string {
  const declared = new Set<string>();
  const body: string[] = [];
  for (const { line, status, api } of entries) {
    const title = visible(line.trim().replace(/\s+/g, " "));
    if (/^(source|save|record|boot|\.)(\s|$)/.test(title)) continue;
    if (title.startsWith("#")) body.push(`say(${JSON.stringify(title.replace(/^#\s*/, ""))});`);
    else if (api?.startsWith("vm.giveFact(")) body.push(api);
    else if (api === undefined) body.push(`// ${status === 0 ? "" : "failed: "}${title}`);
    else body.push(...stepLines(title, api, declared));
  }
  body.push("expect(vm).toPassAudit();");
  const boot = attached === undefined ? bootText(options) : attachText(attached);
  return [
    `import { expect, scenario } from "@cowsh/cowsh";`,
    "",
    ...imageLines(options),
    `await scenario("a saved session", { ${boot.join(", ")} }, async ({ vm, step, say }) => {`,
    ...body.map((text) => `  ${text}`),
    "});",
    "",
  ].join("\n");
}

/** The options that the computer was booted with, as far as they can be written down. */
function bootText(options: BootOptions): string[] {
  const { policy, mem = 2 ** 27, swap, abi, fs: _fs, fat: _fat, programs: _programs, ...rest } =
    options;
  const plain = Object.entries(rest).filter(([, value]) =>
    ["string", "number", "boolean"].includes(typeof value)
  );
  const sizes = { mem, ...(swap === undefined ? {} : { swap }) };
  return [
    ...(policy === undefined ? [] : [`policy: ${JSON.stringify(policy)}`]),
    ...Object.entries(sizes).map(([name, bytes]) =>
      `${name}: "${typeof bytes === "string" ? bytes : size(bytes)}"`
    ),
    ...(typeof abi === "string" ? [`abi: ${JSON.stringify(abi)}`] : []),
    ...plain.map(([name, value]) => `${name}: ${JSON.stringify(value)}`),
  ];
}

/** The kernel and its computer, as a script attaches them. */
export function attachText(attached: Attached): string[] {
  const { files, harts, seed, quantum, compile, facts, memBytes } = attached;
  const { elf = "KERNEL", disk } = files;
  const numbers = Object.entries({ harts, seed, quantum }).filter(([, n]) => n !== undefined);
  return [
    `kernel: ${JSON.stringify(elf)}`,
    ...(disk === undefined ? [] : [`disk: ${JSON.stringify(disk)}`]),
    ...(memBytes === undefined ? [] : [`mem: "${size(memBytes)}"`]),
    ...numbers.map(([name, value]) => `${name}: ${value}`),
    ...(compile === undefined ? [] : [`compile: "${compile}"`]),
    ...(facts.length === 0 ? [] : [`facts: ${JSON.stringify(facts)}`]),
  ];
}

/** What a script cannot know by itself: the bytes that the session's flags named. */
function imageLines({ fs, fat, abi }: BootOptions): string[] {
  const named = [
    ...(fs === undefined ? [] : ["fs: Deno.readFileSync(IMAGE), its disk"]),
    ...(fat === undefined ? [] : ["fat: Deno.readFileSync(IMAGE), its FAT32 disk"]),
    ...(abi === undefined || typeof abi === "string" ? [] : [`abi, the table ${abi.name}`]),
  ];
  return named.map((what) => `// The session also had ${what}: add it to the options.`);
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

/** A snapshot's name as a variable of a script. */
export function variable(name: string): string {
  return `snap_${name.replace(/\W/g, "_")}`;
}
