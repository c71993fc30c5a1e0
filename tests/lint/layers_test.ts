import { assertEquals, assertStringIncludes } from "@std/assert";
import plugin, { roomOf } from "../../scripts/lint_layers.ts";

/** `rule: message` of every finding in a source planted at a path. */
function findings(path: string, source: string): string[] {
  return Deno.lint.runPlugin(plugin, path, source).map((d) => `${d.id}: ${d.message}`);
}

Deno.test("a file's room is its folder, and single files are rooms of their own", () => {
  assertEquals(roomOf("src/vm/machine/engine/engine.ts"), "src/vm/machine");
  assertEquals(roomOf("src/vm/vm.ts"), "src/vm");
  assertEquals(roomOf("src/vm/inspect/audit.ts"), "src/vm/inspect");
  assertEquals(roomOf("src/vm/inspect/view.ts"), "src/vm/inspect/view.ts");
  assertEquals(roomOf("src/vm/inspect/builtin/audit.ts"), "src/vm/inspect/builtin");
  assertEquals(roomOf("src/vm/events.ts"), "src/vm/events.ts");
  assertEquals(roomOf("src/commands/pte.ts"), "src/commands");
  assertEquals(roomOf("mod.ts"), "mod.ts");
  assertEquals(roomOf("src/api/expect.ts"), "mod.ts");
  assertEquals(roomOf("src/api/shell.ts"), "src/api/shell.ts");
  assertEquals(roomOf("user/programs.ts"), "user/programs.ts");
  assertEquals(roomOf("tests/machine/sv39_test.ts"), undefined);
});

const bad: [path: string, source: string, message: string][] = [
  [
    "src/vm/machine/hart/trap.ts",
    `import { Kernel } from "../../kernel/kernel.ts";`,
    "cowsh/layers: src/vm/machine imports src/vm/kernel/kernel.ts: it may import no other room",
  ],
  ["src/vm/machine/bus.ts", `import type { EventLog } from "../events.ts";`, "no other room"],
  ["src/vm/machine/bus.ts", `import { bold } from "@std/fmt/colors";`, "src/std/package"],
  ["src/vm/events.ts", `export * from "./kernel/kernel.ts";`, "may import src/vm/machine"],
  ["src/vm/kernel/exec.ts", `import { audit } from "../inspect/audit.ts";`, "src/vm/inspect/audit"],
  [
    "src/vm/inspect/audit.ts",
    `import type { Kernel } from "../kernel/kernel.ts";`,
    "cowsh/layers: src/vm/inspect imports src/vm/kernel/kernel.ts",
  ],
  [
    "src/vm/inspect/audit.ts",
    `import { checkBuiltin } from "./builtin/audit.ts";`,
    "builtin/audit",
  ],
  ["src/vm/inspect/view.ts", `import type { Mapping } from "./mappings.ts";`, "mappings.ts"],
  ["src/vm/guest/view.ts", `import type { Proc } from "../kernel/process/proc.ts";`, "proc.ts"],
  ["src/vm/kernel/exec.ts", `export { Vm } from "../vm.ts";`, "imports src/vm/vm.ts"],
  ["src/vm/kernel/exec.ts", `type V = import("../vm.ts").Vm;`, "imports src/vm/vm.ts"],
  ["src/vm/inspect/walk.ts", `const v = await import("../vm.ts");`, "imports src/vm/vm.ts"],
  ["src/vm/vm.ts", `import { boot } from "@cowsh/cowsh";`, "imports mod.ts"],
  ["src/vm/vm.ts", `import { cast } from "../record/cast.ts";`, "imports src/record/cast.ts"],
  ["src/vm/vm.ts", `import { randomBytes } from "node:crypto";`, "imports node:crypto"],
  ["src/std/fmt/colors.ts", `import { Vm } from "../../vm/vm.ts";`, "no other room"],
  ["src/record/cast.ts", `import { pte } from "../commands/pte.ts";`, "src/commands/pte.ts"],
  ["mod.ts", `export * from "./src/commands/registry.ts";`, "src/commands/registry.ts"],
  ["src/api/boot.ts", `await import("../repl/script.ts");`, "imports src/repl/script.ts"],
  ["src/commands/pte.ts", `import { session } from "../repl/session.ts";`, "src/repl/session.ts"],
  ["src/repl/session.ts", `import "../../main.ts";`, "imports main.ts"],
  ["src/toys/x.ts", `export const x = 1;`, "src/toys is not a room"],
  [
    "src/vm/machine/clint.ts",
    `export const t = Date.now();`,
    "Date under src/vm touches the clock",
  ],
  ["src/vm/machine/clint.ts", `export const t = performance.now();`, "performance under src/vm"],
  ["src/vm/kernel/sched.ts", `export const r = Math.random();`, "Math.random under src/vm"],
  ["src/vm/kernel/sched.ts", `export const r = crypto.randomUUID();`, "crypto under src/vm"],
  ["src/vm/kernel/sched.ts", `setTimeout(() => {}, 1);`, "setTimeout under src/vm"],
  ["src/vm/vm.ts", `console.log("x");`, "console under src/vm"],
  ["src/vm/vm.ts", `const { args } = Deno;`, "Deno under src/vm touches the host"],
  ["src/vm/vm.ts", `const d = globalThis["Deno"];`, "globalThis under src/vm"],
  ["src/vm/vm.ts", `fetch("x");`, "fetch under src/vm touches the network"],
  ["src/commands/pte.ts", `console.error("x");`, "cowsh/silent: a command prints nothing"],
  ["src/api/stage.ts", `Deno.writeTextFileSync("x", "");`, "written by src/host/file.ts"],
  ["src/repl/deno_host.ts", `await Deno.open("x", { write: true });`, "cowsh/one-writer"],
  [
    "src/commands/pte.ts",
    `import { audit } from "../vm/inspect/audit.ts";`,
    "cowsh/face: src/vm/inspect/audit.ts is behind the face",
  ],
  ["src/session/past.ts", `import type { Kernel } from "../vm/kernel/kernel.ts";`, "cowsh/face"],
  ["src/format/code.ts", `export * from "../vm/kernel/abi.ts";`, "src/vm/kernel/abi.ts is behind"],
  ["src/repl/bare.ts", `import { Machine } from "../vm/machine/machine.ts";`, "cowsh/face"],
  ["src/record/cast.ts", `type M = import("../vm/machine/mmu.ts").Mmu;`, "cowsh/face"],
  ["src/framework/types.ts", `import { kernelOf } from "../vm/parts.ts";`, "src/vm/parts.ts"],
  ["src/api/boot.ts", `import { walk } from "../vm/machine/sv39.ts";`, "cowsh/face"],
  ["mod.ts", `export { Kernel } from "./src/vm/kernel/kernel.ts";`, "cowsh/face"],
  ["src/commands/ps.ts", `const k = ctx.vm.kernel;`, ".kernel reaches past the face"],
  ["src/commands/ps.ts", `const { machine } = ctx.vm;`, ".machine reaches past the face"],
  ["src/vm/inspect/walk.ts", `vm.machine.ram.write64(pa, 0n);`, "inspect never changes anything"],
  ["src/vm/machine/mmu.ts", `export const pid = 1;`, "the machine never names a process: pid"],
];

for (const [path, source, message] of bad) {
  Deno.test(`found in ${path}: ${source}`, () => {
    const found = findings(path, source);
    assertEquals(found.length, 1, found.join("\n"));
    assertStringIncludes(found[0], message);
  });
}

const good: [path: string, source: string][] = [
  ["src/api/shell.ts", `await import("../repl/script.ts");`],
  ["src/api/boot.ts", `import { openShell } from "./shell.ts";`],
  ["src/commands/pte.ts", `import { Vm } from "../vm/vm.ts"; if (args.kernel) use(Vm);`],
  ["src/commands/pte.ts", `import type { Translation } from "../vm/reports.ts";`],
  ["src/commands/pte.ts", `import { hex } from "../vm/machine/address.ts";`],
  ["src/vm/vm.ts", `import { Kernel } from "./kernel/kernel.ts"; const { kernel } = parts;`],
  ["src/vm/machine/mmu.ts", `import { walk } from "./sv39.ts";`],
  ["src/vm/machine/engine/emit.ts", `import { PAGE_SIZE } from "../address.ts";`],
  ["src/vm/machine/engine/emit.ts", `const fetch = (pc: number) => pc; fetch(4);`],
  ["src/vm/machine/hart.ts", `export class Hart { fetch() { return this.bus.fetch(); } }`],
  ["src/vm/machine/hart.ts", `export const o = { Date: 1 }; export const d = o.Date;`],
  ["src/vm/kernel/memory/faults/fault.ts", `import { Ram } from "../../machine/memory.ts";`],
  ["src/vm/kernel/kernel.ts", `import { EventLog } from "../events.ts";`],
  ["src/vm/inspect/builtin/audit.ts", `import { Kernel } from "../../kernel/kernel.ts";`],
  ["src/vm/kernel/view.ts", `import type { KernelView } from "../inspect/view.ts";`],
  ["src/vm/guest/view.ts", `import type { KernelView } from "../inspect/view.ts";`],
  ["src/vm/inspect/audit.ts", `const seen: number[] = []; seen.fill(0); rows.push(ram.read64(0));`],
  ["src/vm/vm.ts", `import { programs } from "../../user/programs.ts";`],
  [
    "mod.ts",
    `export { Vm } from "./src/vm/vm.ts"; export { CastWriter } from "./src/record/cast.ts";`,
  ],
  ["src/commands/pte.ts", `import type { Va } from "../vm/machine/address.ts";`],
  ["src/repl/session.ts", `import { registry } from "../commands/registry.ts"; console.log(1);`],
  ["main.ts", `import { session } from "./src/repl/session.ts"; Deno.exit(await session());`],
  ["tests/api/x_test.ts", `import { Vm } from "../../src/vm/vm.ts"; console.log(Date.now());`],
];

for (const [path, source] of good) {
  Deno.test(`fine in ${path}: ${source}`, () => assertEquals(findings(path, source), []));
}
