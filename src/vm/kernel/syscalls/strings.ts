/** Strings and argument vectors out of user memory, with xv6's limits. */

import { spaceOf } from "../process/table.ts";
import { copyinAddress, copyinstr } from "../memory/faults/copyin.ts";
import { offset, PAGE_SIZE, type VaNum } from "../../machine/address.ts";
import type { Kernel } from "../kernel.ts";
import type { Proc } from "../process/proc.ts";
import { argAddress } from "./call.ts";

/** Longest path with its end byte (xv6's MAXPATH). */
export const MAXPATH = 128;
/** Most exec arguments, counting the NULL (xv6's MAXARG). */
export const MAXARG = 32;

/** The path that argument `n` points to, in Latin-1; undefined: a bad address or too long. */
export function fetchPath(k: Kernel, p: Proc, n: number): string | undefined {
  const address = argAddress(k, p, n);
  return address === undefined ? undefined : copyinstr(k, spaceOf(k, p), address, MAXPATH);
}

/** The strings of a NULL-ended pointer array; undefined when one is bad or there are too many. */
export function fetchArgv(k: Kernel, p: Proc, argv: VaNum): string[] | undefined {
  const strings: string[] = [];
  for (let i = 0; i < MAXARG; i++) {
    const address = copyinAddress(k, spaceOf(k, p), offset(argv, 8 * i));
    if (address === 0) return strings;
    const text = address < 0 ? undefined : copyinstr(k, spaceOf(k, p), address as VaNum, PAGE_SIZE);
    if (text === undefined) return undefined;
    strings.push(text);
  }
  return undefined;
}
