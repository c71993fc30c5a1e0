/**
 * Stores that a guest's kernel makes, by its own map, to a page that several processes map and none
 * may write. Watched are the pages that the arguments of a call point to, while it is made.
 */

import { PAGE_SIZE, type PaNum, vaNum } from "../machine/address.ts";
import type { Hart } from "../machine/hart/hart.ts";
import type { Machine } from "../machine/machine.ts";
import type { Remove } from "../machine/probes.ts";
import { walk } from "../machine/sv39.ts";
import type { Mapped } from "./mapped.ts";
import { TRAPFRAME } from "./xv6.ts";

/** A store of the kernel's to a shared page. */
export interface SharedWrite {
  readonly frame: PaNum;
  readonly hart: number;
  readonly pc: bigint;
}

/** The first of the registers with a call's arguments, how many, and the pages behind each. */
const A0 = 10, ARGUMENTS = 6, PAGES = 4;
/** U-mode. */
const USER = 0;

/** Watches one kernel's stores. */
export class SharedWrites {
  readonly #machine: Machine;
  readonly #isShared: (i: number) => boolean;
  readonly #seen: (one: SharedWrite) => void;
  /** By root table of who makes the call, by the number of the frame. */
  readonly #watched = new Map<PaNum, Map<number, Remove>>();

  /**
   * Tells `seen` of each. `isShared`: whether, at this very moment, several map a frame, none may
   * write it, and nobody is about to give it back.
   */
  constructor(
    machine: Machine,
    isShared: (i: number) => boolean,
    seen: (one: SharedWrite) => void,
  ) {
    this.#machine = machine;
    this.#isShared = isShared;
    this.#seen = seen;
  }

  /** A process has made a call; `mapped`: who maps what now. */
  call(hart: Hart, { counts, writers }: Mapped): void {
    const { ram } = this.#machine;
    const { root } = hart.mmu;
    this.left(root);
    const watched = new Map<number, Remove>();
    for (let x = A0; x < A0 + ARGUMENTS; x++) {
      const at = hart.x(x);
      for (let page = 0; page < PAGES; page++) {
        const va = at + BigInt(page * PAGE_SIZE);
        if (va < BigInt(PAGE_SIZE) || va >= BigInt(TRAPFRAME)) break;
        const { leaf } = walk(ram, root, vaNum(Number(va)));
        if (leaf === undefined) break;
        const i = Math.floor((leaf.pa - ram.base) / PAGE_SIZE);
        if (!(counts[i] > 1) || writers[i] > 0 || watched.has(i)) continue;
        watched.set(i, this.#watch(i, watched));
      }
    }
    if (watched.size > 0) this.#watched.set(root, watched);
  }

  /** The process of a root table has come out of the kernel. */
  left(root: PaNum): void {
    for (const remove of this.#watched.get(root)?.values() ?? []) remove();
    this.#watched.delete(root);
  }

  /** Nothing is watched any more. */
  clear(): void {
    for (const root of [...this.#watched.keys()]) this.left(root);
  }

  #watch(i: number, watched: Map<number, Remove>): Remove {
    const { ram, probes } = this.#machine;
    const frame = (ram.base + i * PAGE_SIZE) as PaNum;
    const remove = probes.stores(frame, PAGE_SIZE, ({ by, before, after }) => {
      const { hart } = this.#machine;
      if (by !== "instruction" || hart.mode === USER || before === after) return;
      // Once is enough: it is somebody's alone by now, or told.
      watched.get(i)?.();
      if (this.#isShared(i)) this.#seen({ frame, hart: hart.hartid, pc: hart.pc });
    });
    return remove;
  }
}
