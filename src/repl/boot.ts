/**
 * From flags to a session on a booted computer.
 *
 * @module
 */

import type { Session, Vm } from "../commands/command.ts";
import type { Options } from "./flags.ts";

/** A session that begins now. */
export function newSession(
  vm: Vm,
  options: Pick<Options, "json" | "keepGoing" | "budget">,
  surroundings: { color: boolean; interactive: boolean; history: () => readonly string[] },
): Session {
  return {
    vm,
    pid: 0,
    last: 0n,
    settings: {
      json: options.json,
      color: surroundings.color,
      keepGoing: options.keepGoing,
      budget: options.budget,
      ts: false,
    },
    get history() {
      return surroundings.history();
    },
    interactive: surroundings.interactive,
    quit: undefined,
    store: new Map(),
    watchers: new Set(),
  };
}
