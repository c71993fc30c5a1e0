/**
 * The few types of the computer that the framework itself names.
 *
 * @module
 */

export type { Pa, Va } from "../vm/machine/address.ts";

/** The computer. Widened until `src/vm/vm.ts` lands, then its `Vm`. */
// deno-lint-ignore no-explicit-any
export type Vm = any;
