/**
 * The one door from the scripting API to the shell. It is opened while a script runs, so that a
 * script that never asks for a shell loads none; the layer rule knows this file by name.
 */

import type { Vm } from "../vm/vm.ts";

/** A shell that runs one line at a time and answers with what it printed and its exit code. */
export interface LineShell {
  /** Runs one line as if typed. */
  run(line: string): Promise<{ readonly output: string; readonly status: number }>;
}

/** A shell on a VM for the lines of a script. */
export async function shellOn(vm: Vm, options: { color?: boolean } = {}): Promise<LineShell> {
  const { ScriptShell } = await import("../repl/script.ts");
  return new ScriptShell(vm, options);
}

/** Opens the shell on a VM for a person; resolves when the person leaves it. */
export async function openShell(vm: Vm): Promise<void> {
  const { interactOn } = await import("../repl/script.ts");
  await interactOn(vm);
}
