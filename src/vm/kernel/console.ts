/** The kernel at its console: what it prints, what is typed, what Ctrl-P lists. */

import { consoleType, consoleWrite } from "./files/console.ts";
import * as screen from "./files/console.ts";
import type { Kernel } from "./kernel.ts";
import type { Proc } from "./process/proc.ts";
import { wake } from "./process/sleep.ts";
import { procs } from "./process/table.ts";

/** Text to the console, from the kernel itself. */
export function print(k: Kernel, text: string): void {
  consoleWrite(k.state.console, new TextEncoder().encode(text));
}

/** Keys typed at the console. */
export function type(k: Kernel, bytes: Uint8Array): void {
  const typed = consoleType(k.state.console, bytes);
  for (let i = 0; i < typed.listings; i++) {
    // As xv6's procdump prints it, after an empty line.
    print(k, "\n" + procs(k).map((p) => `${p.pid} ${xv6State(k, p)} ${p.name}\n`).join(""));
  }
  if (typed.entered) wake(k, (_, wait) => wait.on === "console");
}

/** Whether anything was printed since it was last taken. */
export function hasOutput(k: Kernel): boolean {
  return k.state.console.outputLength > 0;
}

/** What was printed since the last time this was called. */
export function takeOutput(k: Kernel): Uint8Array {
  return screen.takeOutput(k.state.console);
}

/** The state in xv6's words, padded as there. */
function xv6State(k: Kernel, p: Proc): string {
  if (p.state === "zombie") return "zombie";
  if (p.state === "sleeping" || p.manual || p.held) return "sleep ";
  return p.pid === k.state.current ? "run   " : "runble";
}
