/**
 * Copies that a guest's kernel makes on a page fault: when user mode goes on, the page at the
 * faulting address has to hold what the one before it held.
 */

import { PAGE_SIZE, type PaNum, type Va } from "../machine/address.ts";
import { CAUSE } from "../machine/cause.ts";
import type { Hart } from "../machine/hart/hart.ts";
import type { Ram } from "../machine/memory.ts";
import type { TrapSeen } from "../machine/probes.ts";
import { PTE_U, PTE_W, PTE_X, walk } from "../machine/sv39.ts";

/** A copy that is none. */
export interface WrongCopy {
  readonly root: PaNum;
  readonly va: number;
  /** The frame that was copied, and that which stands in its place. */
  readonly from: PaNum;
  readonly to: PaNum;
  /** The first byte that differs. */
  readonly offset: number;
}

/** A page of code that a store has faulted on, and that user mode may write now. */
export interface WritableCode {
  readonly root: PaNum;
  readonly va: number;
  readonly frame: PaNum;
}

/** A page on which somebody has faulted. */
interface Faulted {
  readonly root: PaNum;
  readonly va: bigint;
  readonly frame: PaNum;
  readonly bytes: Uint8Array;
  /** It may be executed. */
  readonly code: boolean;
  /** The instruction that is done again. */
  readonly epc: bigint;
}

/** Watches a kernel's copies. */
export class Copies {
  readonly #ram: Ram;
  /** By root table: whoever faulted goes on by itself, wherever. */
  readonly #faulted = new Map<PaNum, Faulted>();

  /** Those made in some RAM. */
  constructor(ram: Ram) {
    this.#ram = ram;
  }

  /** A trap was taken from user mode. */
  trap({ hart, cause, interrupt, value, epc }: TrapSeen): void {
    const { root } = hart.mmu;
    this.#faulted.delete(root);
    if (interrupt || cause !== CAUSE.storePage) return;
    const leaf = this.#page(root, value);
    if (leaf === undefined || (leaf.flags & PTE_W) !== 0) return;
    const frame = leaf.page;
    if (!this.#ram.contains(frame, PAGE_SIZE)) return;
    const bytes = this.#ram.bytes(frame, PAGE_SIZE).slice();
    const code = (leaf.flags & PTE_X) !== 0;
    this.#faulted.set(root, { root, va: value, frame, bytes, epc, code });
  }

  /** User mode goes on. */
  returned({ mmu: { root }, pc }: Hart): WrongCopy | WritableCode | undefined {
    const one = this.#faulted.get(root);
    if (one === undefined) return undefined;
    this.#faulted.delete(root);
    // Whoever was killed for it does not come back: somebody else may have its table now.
    if (pc !== one.epc) return undefined;
    const leaf = this.#page(root, one.va);
    const now = leaf?.page;
    if (now === undefined || !this.#ram.contains(now, PAGE_SIZE)) return undefined;
    const va = Number(one.va) - Number(one.va) % PAGE_SIZE;
    if (one.code && (leaf!.flags & PTE_W) !== 0) return { root, va, frame: now };
    if (now === one.frame) return undefined;
    const bytes = this.#ram.bytes(now, PAGE_SIZE);
    const offset = bytes.findIndex((byte, i) => byte !== one.bytes[i]);
    if (offset < 0) return undefined;
    return { root, va, from: one.frame, to: now, offset };
  }

  #page(root: PaNum, va: bigint) {
    const { leaf } = walk(this.#ram, root, va as Va);
    return leaf !== undefined && leaf.level === 0 && (leaf.flags & PTE_U) !== 0 ? leaf : undefined;
  }
}
