/**
 * Single loads and stores from outside the hart, as a U-mode instruction would do them: through the TLB and the
 * walk, with every check, to RAM or a device, at any alignment, also across a page end.
 *
 * @module
 */

import { PAGE_SIZE, type PaNum, RAM_BASE, type Va, type VaNum } from "./address.ts";
import type { Bus } from "./bus.ts";
import type { Mmu } from "./mmu.ts";
import type { MemoryFault } from "./mmu_state.ts";
import { type Access, ACCESS_FAULT, READ, WRITE } from "./sv39.ts";

/** Bytes of an access. */
export type Size = 1 | 2 | 4 | 8;

/** The value at a user address, zero-extended, or the fault. */
export function load(
  mmu: Mmu,
  bus: Bus,
  address: Va | VaNum,
  size: Size,
): { value: bigint } | MemoryFault {
  const places = translateBytes(mmu, bus, address, size, READ);
  if (!Array.isArray(places)) return places;
  const width = widthAt(places[0], size);
  let value = 0n;
  for (let i = size - width; i >= 0; i -= width) {
    value = (value << BigInt(8 * width)) | BigInt(bus.read(places[i], width));
  }
  return { value };
}

/** Stores the low bytes of a value; nothing is written when any byte cannot be. */
export function store(
  mmu: Mmu,
  bus: Bus,
  address: Va | VaNum,
  size: Size,
  value: bigint,
): MemoryFault | undefined {
  const places = translateBytes(mmu, bus, address, size, WRITE);
  if (!Array.isArray(places)) return places;
  const width = widthAt(places[0], size);
  for (let i = 0; i < size; i += width) {
    const part = BigInt.asUintN(8 * width, value >> BigInt(8 * i));
    bus.write(places[i], width, Number(part));
  }
  return undefined;
}

/** Bytes moved at once: devices are accessed by whole registers, RAM byte by byte. */
function widthAt(pa: PaNum, size: Size): 1 | 2 | 4 {
  return pa >= RAM_BASE ? 1 : size === 8 ? 4 : size;
}

/** The physical address of each byte, one translation a page. */
function translateBytes(
  mmu: Mmu,
  bus: Bus,
  address: Va | VaNum,
  size: Size,
  access: Access,
): PaNum[] | MemoryFault {
  const start = BigInt.asUintN(64, BigInt(address));
  const places: PaNum[] = [];
  let page = 0;
  for (let i = 0; i < size; i++) {
    const at = BigInt.asUintN(64, start + BigInt(i));
    const inPage = Number(at & 0xfffn);
    if (i === 0 || inPage === 0) {
      const frame = mmu.userFrame(access, Number(at >> 32n) | 0, Number(at & 0xffff_ffffn));
      if (frame < 0) return { cause: -frame, tval: at as Va };
      page = frame * PAGE_SIZE;
    }
    places.push((page + inPage) as PaNum);
  }
  // A device answers aligned accesses to registers that it has.
  if (places.some((pa) => pa < RAM_BASE)) {
    const whole = start % BigInt(size) === 0n && bus.find(places[0], size) !== undefined;
    if (!whole) return { cause: ACCESS_FAULT[access], tval: start as Va };
  }
  return places;
}
