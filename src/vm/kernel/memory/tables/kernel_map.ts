/**
 * The kernel's own page table, as xv6's kvmmake makes it: devices and RAM at their physical
 * addresses, the trampoline at the top. RAM is mapped by 2 MiB leaves, except the first block,
 * where the kernel's own frames differ in rights: the whole map takes a few frames where 4 KiB
 * leaves would take one for every 2 MiB of RAM.
 *
 * It stands in the kernel's own frames. The built-in kernel's code is TypeScript and does not run
 * through it; each trapframe's `kernel_satp` names it, and inspectors walk it.
 */

import {
  offset,
  PAGE_SIZE,
  type PaNum,
  SUPERPAGE_SIZE,
  type VaNum,
  vaNum,
} from "../../../machine/address.ts";
import { frameOf, makePte, PTE_R, PTE_V, PTE_W, PTE_X } from "../../../machine/sv39.ts";
import type { Ram } from "../../../machine/memory.ts";
import { CLINT, FINISHER, PLIC, UART } from "../../../machine/memory_map.ts";
import { KernelPanic } from "../panic.ts";
import { TRAMPOLINE } from "../areas/space.ts";
import { entryAt } from "./entry.ts";

/** What the kernel maps of the devices, in bytes: the PLIC as xv6; virtio follows the UART. */
const DEVICES: readonly { readonly at: PaNum; readonly size: number }[] = [
  { at: FINISHER.base, size: PAGE_SIZE },
  { at: CLINT.base, size: CLINT.size },
  { at: PLIC.base, size: 2 * SUPERPAGE_SIZE },
  { at: UART.base, size: 2 * PAGE_SIZE },
];
/** The first of the kernel's frames hold its text, mapped R-X; all other RAM is RW-. */
const TEXT_FRAMES = 8;
/** The tables are the frames below the trampoline, downwards; so many are set aside. */
const TABLE_FRAMES = 12;

/** A map under construction: `next` goes down through the frames set aside. */
interface Making {
  readonly ram: Ram;
  readonly root: PaNum;
  next: PaNum;
}

/** Makes the map in the frames below `trampoline`, the kernel's last. Its root: the next below. */
export function makeKernelMap(ram: Ram, trampoline: PaNum): PaNum {
  const root = offset(trampoline, -PAGE_SIZE);
  const making: Making = { ram, root, next: root };
  takeTable(making, trampoline);
  for (const { at, size } of DEVICES) mapRange(making, vaNum(at), at, size, PTE_R | PTE_W);
  const text = TEXT_FRAMES * PAGE_SIZE;
  mapRange(making, vaNum(ram.base), ram.base, text, PTE_R | PTE_X);
  const rest = offset(ram.base, text);
  mapRange(making, vaNum(rest), rest, ram.size - text, PTE_R | PTE_W);
  mapRange(making, TRAMPOLINE, trampoline, PAGE_SIZE, PTE_R | PTE_X);
  return root;
}

/** The frame at `next`, zeroed, as a table. */
function takeTable(making: Making, trampoline: PaNum): PaNum {
  const table = making.next;
  if (table <= trampoline - PAGE_SIZE * (TABLE_FRAMES + 1)) {
    throw new KernelPanic("kvmmake: the kernel's own map outgrew its frames");
  }
  making.ram.fillFrame(table, 0);
  making.next = offset(table, -PAGE_SIZE);
  return table;
}

/** Maps a range: 2 MiB leaves where both addresses are aligned and a block is left, else 4 KiB. */
function mapRange(making: Making, from: VaNum, to: PaNum, size: number, rights: number): void {
  const flags = PTE_V | rights;
  for (let done = 0; done < size;) {
    const va = offset(from, done), pa = offset(to, done);
    const at = entryAt(tableAt(making, entryAt(making.root, va, 2)), va, 1);
    const superpage = va % SUPERPAGE_SIZE === 0 && pa % SUPERPAGE_SIZE === 0 &&
      size - done >= SUPERPAGE_SIZE;
    making.ram.writePte(superpage ? at : entryAt(tableAt(making, at), va, 0), makePte(pa, flags));
    done += superpage ? SUPERPAGE_SIZE : PAGE_SIZE;
  }
}

/** The table that the entry at `at` points to, made if need be. */
function tableAt(making: Making, at: PaNum): PaNum {
  const pte = making.ram.readPte(at);
  if ((pte & PTE_V) !== 0) return frameOf(pte);
  const table = takeTable(making, offset(making.root, PAGE_SIZE));
  making.ram.writePte(at, makePte(table, PTE_V));
  return table;
}
