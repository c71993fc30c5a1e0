/**
 * Every command there is: one import and one line each, in alphabetical order.
 *
 * @module
 */

import type { Command } from "./command.ts";

/** All commands, by name. */
export const COMMANDS: readonly Command[] = [];
