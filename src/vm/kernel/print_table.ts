/**
 * A page table as text, as the pgtbl lab's vmprint prints it.
 *
 * @module
 */

import { type PaNum, paNum } from "../machine/address.ts";
import type { Ram } from "../machine/memory.ts";
import { frameOf, leafSize, PTE_R, PTE_V, PTE_W, PTE_X } from "../machine/sv39.ts";

const word = (value: number) => "0x" + value.toString(16).padStart(16, "0");

/** One line a valid PTE, indented by depth: its first address, the PTE, the frame. */
export function printTable(ram: Ram, table: PaNum, level = 2, base = 0): string {
  let text = "";
  for (let index = 0; index < 512; index++) {
    const pte = ram.readPte(paNum(table + 8 * index));
    if ((pte & PTE_V) === 0) continue;
    const va = base + index * leafSize(level);
    const pa = frameOf(pte);
    text += `${" ..".repeat(3 - level)}${word(va)}: pte ${word(pte)} pa ${word(pa)}\n`;
    const pointer = (pte & (PTE_R | PTE_W | PTE_X)) === 0;
    if (pointer && level > 0) text += printTable(ram, pa, level - 1, va);
  }
  return text;
}
