/** Strings and argument vectors out of user memory, with xv6's limits. */

import { spaceOf } from "../process/table.ts";
import { copyin, copyinstr } from "../memory/faults/copyin.ts";
import { offset, PAGE_SIZE, type VaNum } from "../../machine/address.ts";
import type { Kernel } from "../kernel.ts";
import type { Proc } from "../process/proc.ts";
import { argAddress, userAddress } from "./call.ts";

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
    const word = copyin(k, spaceOf(k, p), offset(argv, 8 * i), 8);
    if (word === undefined) return undefined;
    const pointer = new DataView(word.buffer, word.byteOffset).getBigUint64(0, true);
    if (pointer === 0n) return strings;
    const address = userAddress(pointer);
    const text = address === undefined
      ? undefined
      : copyinstr(k, spaceOf(k, p), address, PAGE_SIZE);
    if (text === undefined) return undefined;
    strings.push(text);
  }
  return undefined;
}
