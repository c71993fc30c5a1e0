/**
 * Changes of a guest's counts by a hart that holds no spinlock at all, while a page has two owners or
 * more: two harts that do so at once lose one of them. Atomic instructions need no lock.
 */

import type { PaNum } from "../machine/address.ts";
import type { Hart } from "../machine/hart/hart.ts";
import type { Machine } from "../machine/machine.ts";
import type { StoreSeen } from "../machine/probes.ts";
import type { CountPlace } from "./learner.ts";
import type { Known } from "./known.ts";
import { Locks } from "./locks.ts";
import { originIn } from "./count_array.ts";
import { placeOf } from "./translate.ts";
import { Words } from "./words.ts";

/** A change of a count without a lock. */
export interface Unlocked {
  readonly frame: PaNum;
  readonly before: bigint;
  readonly after: bigint;
  readonly hart: number;
  readonly pc: bigint;
}

/** Opcode of atomic memory operations. */
const AMO = 0x2f;

/**
 * Looks at all changes of counts, until what it returns is called; undefined: it cannot be told who
 * holds a lock. `seen` is told of those that are made for a process without one.
 */
export function watchUnlocked(
  machine: Machine,
  known: Known,
  { array, bytes }: CountPlace,
  seen: (one: Unlocked) => void,
): (() => void) | undefined {
  const { ram, probes } = machine;
  const words = new Words(ram);
  const locks = new Locks(words, known);
  const origin = originIn(array, words);
  if (!locks.known || origin === undefined) return undefined;
  const moved = array.pointer === undefined ? 0 : words.long(array.pointer) ?? 0;
  const [from, to] = [bytes[0] + moved, bytes[1] + moved];
  const look = ({ pa, size, by, before, after }: StoreSeen) => {
    if (by !== "instruction" || size !== Math.min(array.width, array.stride) || before === after) {
      return;
    }
    const i = Math.floor((pa - origin) / array.stride);
    if ((pa - origin) % array.stride !== 0 || i < 0) return;
    const { hart } = machine;
    // Before there are processes, one hart sets things up alone.
    if (!locks.works(hart.hartid) || locks.depth(hart.hartid) > 0) return;
    if (isAtomic(hart, machine)) return;
    // Whose page it is alone changes its count alone: kalloc's caller, the last owner.
    if (BigInt.asIntN(8 * size, before) - BigInt(array.more) < 2n) return;
    const frame = (ram.base + i * 4096) as PaNum;
    seen({ frame, before, after, hart: hart.hartid, pc: hart.pc });
  };
  return probes.stores(from as PaNum, to - from, look);
}

function isAtomic(hart: Hart, { ram }: Machine): boolean {
  const at = placeOf(hart, ram, "va", hart.pc);
  return at !== undefined && at % 2 === 0 && (ram.read16(at) & 0x7f) === AMO;
}
