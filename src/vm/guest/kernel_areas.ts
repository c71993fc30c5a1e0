/**
 * What a guest's kernel has in its own address space, as every xv6 lays it out (memlayout.h): the
 * devices and all of RAM at their own addresses, a stack for each process record, the trampoline.
 * Only what is mapped there is told of.
 */

import type { AreaFacts } from "../inspect/view.ts";
import { PAGE_SIZE, pageUp, type PaNum, vaNum } from "../machine/address.ts";
import { CLINT, PLIC, UART, VIRTIO } from "../machine/memory_map.ts";
import { walk } from "../machine/sv39.ts";
import type { Facts } from "./facts.ts";
import { TRAMPOLINE } from "./xv6.ts";

/** Where devices have their registers, from the lowest address on. */
const DEVICES = [
  ["clint", CLINT],
  ["plic", PLIC],
  ["uart", UART],
  ["virtio", VIRTIO],
] as const;

/** The areas of the kernel's own page table, ascending. */
export function kernelAreas(facts: Facts, root: PaNum): AreaFacts[] {
  const { place: { words, base, total }, known: { symbols } } = facts;
  const end = base + total * PAGE_SIZE;
  const etext = Number(symbols.table.get("etext") ?? 0n);
  const behind = pageUp(vaNum(symbols.end));
  const image = etext > symbols.start && etext < symbols.end
    ? [[symbols.start, pageUp(vaNum(etext)), "text"], [
      pageUp(vaNum(etext)),
      behind,
      "data",
    ]] as const
    : [];
  const isMapped = (at: number) => walk(words.tables, root, vaNum(at)).leaf !== undefined;
  const devices = DEVICES.map(([kind, { base, size }]) => {
    const behind = pageUp(vaNum(base + size));
    // xv6 maps the PLIC's registers for more harts than there can be, up to the UART's.
    return [base, kind === "plic" && isMapped(behind) ? UART.base : behind, kind] as const;
  });
  const stacks = facts.kernelStacks.filter((at) => at >= end)
    .map((at) => [at, at + PAGE_SIZE, "kstack"] as const);
  const all = [
    ...devices,
    ...image,
    [behind, end, "memory"] as const,
    ...stacks,
    [TRAMPOLINE, TRAMPOLINE + PAGE_SIZE, "trampoline"] as const,
  ];
  return all.flatMap(([start, end, kind]): AreaFacts[] => {
    const { leaf } = walk(words.tables, root, vaNum(start));
    if (leaf === undefined || end <= start) return [];
    const perm = (leaf.flags >> 1) & 7;
    return [{ start, end, kind, perm, shared: false, file: undefined, offset: undefined }];
  }).sort((a, b) => a.start - b.start);
}
