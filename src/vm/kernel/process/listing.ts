/**
 * The list that Ctrl-P prints on the console, as xv6's procdump does.
 *
 * @module
 */

import { procs } from "./table.ts";
import type { Kernel } from "../kernel.ts";
import type { Proc } from "./proc.ts";

/** One line a process: pid, state, name; after an empty line, as xv6 prints it. */
export function listing(k: Kernel): string {
  return "\n" + procs(k).map((p) => `${p.pid} ${xv6State(k, p)} ${p.name}\n`).join("");
}

/** The state in xv6's words, padded as there. */
function xv6State(k: Kernel, p: Proc): string {
  if (p.state === "zombie") return "zombie";
  if (p.state === "sleeping" || p.manual || p.held) return "sleep ";
  return p.pid === k.state.current ? "run   " : "runble";
}
