/** The page of the pgtbl lab that user code may read: `struct usyscall { int pid; }`. */

import type { Kernel } from "../kernel.ts";
import { mapArea } from "../memory/areas/populate.ts";
import { type AddressSpace, newArea, PERM_R, TRAPFRAME, USYSCALL } from "../memory/areas/space.ts";
import { intBytes, loadBytes } from "../memory/faults/copyin.ts";
import type { Proc } from "./proc.ts";
import { spaceOf } from "./table.ts";

/** Maps it, when this kernel's ABI has it. False: out of memory. */
export function mapUsyscall(k: Kernel, space: AddressSpace): boolean {
  return !k.abi.usyscall || mapArea(k, space, newArea("usyscall", USYSCALL, TRAPFRAME, PERM_R));
}

/** Puts the pid where ugetpid() reads it. */
export function writeUsyscall(k: Kernel, p: Proc): void {
  if (!k.abi.usyscall) return;
  loadBytes(k, spaceOf(k, p), USYSCALL, intBytes(p.pid));
}
