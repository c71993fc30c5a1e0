/**
 * The shell on a terminal that takes no control sequences (`TERM=dumb`): a prompt, and lines as the
 * terminal itself lets one type them.
 */

import type { History } from "./history.ts";
import type { PipedInput } from "./input.ts";
import { needsMore } from "./interact.ts";
import type { Shell } from "./shell.ts";
import { PROMPT } from "./terminal_host.ts";

/** In front of the lines that belong to the one before. */
const CONTINUED = ". ";

/** Reads, runs and prints until `quit` or the end of the input; the session's exit code. */
export async function interactPlain(
  shell: Shell,
  input: PipedInput,
  write: (text: string) => void,
  history: History,
): Promise<number> {
  while (shell.session.quit === undefined) {
    write(PROMPT);
    let entry = await input.line();
    while (entry !== undefined && needsMore(entry)) {
      write(CONTINUED);
      const more = await input.line();
      if (more === undefined) break;
      entry += `\n${more}`;
    }
    if (entry === undefined) {
      write("\n");
      break;
    }
    await shell.runEntry(entry);
    history.add(entry);
  }
  return shell.session.quit ?? 0;
}
