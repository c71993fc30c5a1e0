/**
 * The few types of the computer that the framework itself names.
 *
 * @module
 */

export type { Pa, Va } from "../vm/machine/address.ts";
export type { Vm } from "../vm/vm.ts";
