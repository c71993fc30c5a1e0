/**
 * A computer as the shell would boot it.
 *
 * @module
 */

import { type BootOptions, Vm } from "../src/vm/vm.ts";
import { program, programNames } from "../user/programs.ts";

/** Boots with the built-in programs. */
export function bootedVm(policy: string, mem: string, more: Partial<BootOptions> = {}): Vm {
  const programs = { get: program, list: () => [...programNames] };
  return new Vm({ policy, mem, programs, ...more });
}
