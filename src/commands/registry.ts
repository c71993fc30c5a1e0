/** Every command there is: those of `all.ts`. */

import type { Command } from "../framework/command.ts";
import * as all from "./all.ts";

/** All commands, by name. */
export const COMMANDS: readonly Command[] = Object.values(all)
  .sort((a, b) => a.name < b.name ? -1 : 1);
