/**
 * The address spaces that the built-in kernel's processes have.
 *
 * @module
 */

import type { Kernel } from "../../kernel/kernel.ts";
import type { AddressSpace } from "../../kernel/memory/areas/space.ts";
import type { Proc } from "../../kernel/process/proc.ts";
import { procs } from "../../kernel/process/table.ts";

/** The address spaces in use, each once, with the process that stands for it: of several the lowest pid. */
export function spacesInUse(k: Kernel): { space: AddressSpace; process: Proc }[] {
  const seen = new Map<AddressSpace, Proc>();
  for (const p of procs(k).sort((a, b) => a.pid - b.pid)) {
    const space = k.state.spaces.get(p.space);
    if (space !== undefined && !seen.has(space)) seen.set(space, p);
  }
  return [...seen].map(([space, process]) => ({ space, process }));
}
