/**
 * Every command there is: one import and one line each, in alphabetical order.
 *
 * @module
 */

import type { Command } from "./command.ts";
import help from "./help.ts";
import history from "./history.ts";
import quit from "./quit.ts";
import set from "./set.ts";
import source from "./source.ts";

/** All commands, by name. */
export const COMMANDS: readonly Command[] = [
  help,
  history,
  quit,
  set,
  source,
];
