/**
 * Faults that a guest's kernel answers by doing nothing: the process goes on at the instruction that
 * faulted, and it faults again.
 */

import { isPageFault } from "../machine/cause.ts";
import type { PaNum } from "../machine/address.ts";
import type { TrapSeen } from "../machine/probes.ts";

/** A fault that comes again and again. */
export interface Endless {
  readonly root: PaNum;
  readonly va: bigint;
  readonly epc: bigint;
  readonly times: number;
}

/**
 * How often one instruction may fault at one address: a page may be filled first, and be copied
 * then, and a kernel that is out of memory may try again later.
 */
const MOST = 8;

/** Counts the faults of each process in a row. */
export class Faults {
  /** By root table, since other processes run in between. */
  readonly #last = new Map<PaNum, Endless & { readonly cause: number }>();

  /** A trap was taken from user mode. Returns the fault when it has come too often. */
  trap({ hart, cause, interrupt, value, epc }: TrapSeen): Endless | undefined {
    // An interrupt says nothing: the instruction has not been tried again.
    if (interrupt) return undefined;
    const { root } = hart.mmu;
    if (!isPageFault(cause)) {
      this.#last.delete(root);
      return undefined;
    }
    const before = this.#last.get(root);
    const again = before !== undefined && before.epc === epc && before.va === value &&
      before.cause === cause;
    const times = again ? before.times + 1 : 1;
    this.#last.set(root, { root, va: value, epc, cause, times });
    return times > MOST ? { root, va: value, epc, times } : undefined;
  }
}
