/** Who reads a guest's console: what is typed there is for its sh, or for nobody. */

import type { Guest } from "./guest.ts";
import { CONSOLE } from "./guest/proc_table.ts";
import type { GuestView } from "./guest/view.ts";

/** Who reads the console of a guest that has read all that was typed; undefined: nobody. */
export function readerOf(
  guest: Guest,
  view: GuestView,
): { readonly pid: number; readonly name: string } | undefined {
  if (!guest.read) return undefined;
  return view.processes().find(({ waits }) => waits === CONSOLE);
}

/** The line for what has to be typed into a sh, and there is none to be typed into. */
export function notAtPrompt(what: string, reader: string | undefined): string {
  return reader === undefined
    ? `${what}: no sh reads the guest's console: continue until it does`
    : `${what}: ${reader} reads the guest's console, and not its sh`;
}
