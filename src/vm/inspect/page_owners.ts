/** Who has a page: in a frame, on the swap disk or in the page cache, as tables are or were. */

import { type Pa, pa, PAGE_SIZE, type PaNum, paNum, type Va, va } from "../machine/address.ts";
import { frameOf, type TableMemory, walk } from "../machine/sv39.ts";
import type { Change } from "./diff.ts";
import { eachLeaf, findFrame } from "./mappings.ts";
import type { KernelView, RootView } from "./view.ts";

/** One process's entry for a page. */
export interface PageEntry {
  readonly pid: number;
  readonly name: string;
  /** The page's address there. */
  readonly va: Va;
  /** The leaf PTE, or the entry of a page on the swap disk; undefined when there is neither. */
  readonly pte: bigint | undefined;
  /** The frame that the page is in. */
  readonly frame: Pa | undefined;
}

/** The entry of an address in a page table. */
export function entryAt(
  view: KernelView,
  tables: TableMemory,
  root: PaNum,
  address: Va,
): Pick<PageEntry, "pte" | "frame"> {
  const { leaf, steps } = walk(tables, root, address);
  if (leaf !== undefined) return { pte: leaf.pte, frame: pa(leaf.pa - leaf.pa % PAGE_SIZE) };
  const pte = steps.at(-1)?.pte ?? 0n;
  return { pte: slotIn(view, pte) === undefined ? undefined : pte, frame: undefined };
}

/** The swap slot that an entry names; undefined for any other entry. */
export function slotIn(view: KernelView, pte: bigint): number | undefined {
  return view.slotOf(Number(pte & 0xffff_ffffn));
}

/** A process and its page table. */
export type Resident = Pick<RootView, "pid" | "name" | "root">;

/**
 * All entries, of some processes, for the page that an entry is of; `held`: the frame that would be
 * found there, where there is nothing yet. Of processes that share a table, the lowest pid stands
 * for all.
 */
export function pageOwners(
  view: KernelView,
  tables: TableMemory,
  residents: readonly Resident[],
  { pte, frame }: Pick<PageEntry, "pte" | "frame">,
  held: PaNum | undefined,
): PageEntry[] {
  const list: PageEntry[] = [];
  const found = frame ?? (held && pa(held));
  const slot = pte === undefined ? undefined : slotIn(view, pte);
  const done = new Set<PaNum>();
  for (const { pid, name, root } of residents.toSorted((a, b) => a.pid - b.pid)) {
    if (done.has(root)) continue;
    done.add(root);
    if (found !== undefined) {
      const leaf = (address: number, pte: number) => {
        const page = va(BigInt(address) + found - pa(frameOf(pte)));
        list.push({ pid, name, va: page, pte: BigInt(pte), frame: found });
      };
      findFrame(tables, root, paNum(Number(found)), { leaf });
    } else if (slot !== undefined) {
      const away = (address: number, pte: number) => {
        if (view.slotOf(pte) !== slot) return;
        list.push({ pid, name, va: va(address), pte: BigInt(pte), frame: undefined });
      };
      eachLeaf(tables, root, { away });
    }
  }
  return list;
}

/** What an access did to one owner of the page. */
export interface OwnerChange {
  /** The owner. */
  readonly pid: number;
  /** Its name. */
  readonly name: string;
  /** Where it has the page; for the process itself, the address accessed. */
  readonly va: Va;
  /** The leaf PTE, or the entry (V clear) of a page on the swap disk; undefined: neither. */
  readonly pte: Change<bigint | undefined>;
  /** The frame it maps; undefined while there is none. */
  readonly frame: Change<Pa | undefined>;
}

/** Who had page tables at a moment, and these as they were then. */
export interface TablesThen {
  readonly residents: readonly Resident[];
  readonly tables: TableMemory;
}

/**
 * What an access did to the owners of a page between two moments: to the process itself, then to
 * all others that had the page before. `held`: as for {@link pageOwners}.
 */
export function ownerChanges(
  view: KernelView,
  before: TablesThen,
  after: TablesThen,
  { pid, name, va: address, root }: Resident & { readonly va: Va },
  held?: PaNum,
): OwnerChange[] {
  const own = entryAt(view, before.tables, root, address);
  const page = va(address - address % BigInt(PAGE_SIZE));
  const others = pageOwners(view, before.tables, before.residents, own, held)
    .filter((one) => one.pid !== pid || one.va !== page);
  return [{ pid, name, va: address, ...own }, ...others].map((was): OwnerChange => {
    const there = after.residents.find((one) => one.pid === was.pid);
    const now = there && entryAt(view, after.tables, there.root, was.va);
    return {
      pid: was.pid,
      name: was.name,
      va: was.va,
      pte: { before: was.pte, after: now?.pte },
      frame: { before: was.frame, after: now?.frame },
    };
  });
}
