/** A real guest with a gdb server, for tests. */

import { Guest, type GuestOptions } from "../../src/vm/guest.ts";
import { type Drive, type Served, serving } from "./lab.ts";

/** What is typed on the guest's console: a line each time it shows a prompt. */
export interface Typing {
  readonly lines?: readonly string[];
}

/** Drives a guest that is recorded; what it said on its console. */
export async function debugging(
  file: Uint8Array,
  options: GuestOptions & Typing & Drive,
  use: (served: Served, guest: Guest) => Promise<void>,
): Promise<{ said: string; end: string }> {
  const { lines = [], slice = 200_000, after, command, held, port, changed, ...machine } = options;
  const guest = new Guest(file, machine);
  guest.record();
  const left = [...lines];
  const text = new TextDecoder();
  let said = "";
  const end = await serving(guest.debug, (served) => use(served, guest), {
    slice,
    ...(command === undefined ? {} : { command }),
    ...(held === undefined ? {} : { held }),
    ...(port === undefined ? {} : { port }),
    ...(changed === undefined ? {} : { changed }),
    after: () => {
      after?.();
      for (const bytes of guest.take()) said += text.decode(bytes, { stream: true });
      if (!said.endsWith("$ ") || left.length === 0) return;
      said += "\n";
      guest.type(new TextEncoder().encode(`${left.shift()}\n`));
    },
  });
  return { said, end };
}
