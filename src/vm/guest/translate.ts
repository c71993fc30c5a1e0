/**
 * A guest's memory as a debugger sees it: through a hart's present translation, or physical.
 * Nothing is changed by looking: no A bit, no TLB entry; what no instruction could read for want of
 * rights is read all the same; devices are not touched.
 */

import { PAGE_SIZE, type PaNum, type Va } from "../machine/address.ts";
import { MSTATUS, previousMode } from "../machine/hart/csr_state.ts";
import type { Hart } from "../machine/hart/hart.ts";
import type { Ram } from "../machine/memory.ts";
import { walk } from "../machine/sv39.ts";

/** Which addresses are meant. */
export type Space = "va" | "pa";

/** Where an address of a hart stands in RAM; undefined where there is none. */
export function placeOf(hart: Hart, ram: Ram, space: Space, address: bigint): PaNum | undefined {
  const { mode, mstatus, mmu } = hart;
  // As its loads: "When MPRV=1 … as though the current privilege mode were set to MPP."
  const data = (mstatus & MSTATUS.MPRV) !== 0 ? previousMode(mstatus) : mode;
  const pa = space === "va" && data !== 3 && mmu.paging
    ? walk(ram, mmu.root, address as Va).leaf?.pa
    : Number(address) as PaNum;
  return pa !== undefined && ram.contains(pa) ? pa : undefined;
}

/** The runs of bytes in RAM, a page at most each, up to the first that is not there. */
function* runs(
  hart: Hart,
  ram: Ram,
  space: Space,
  address: bigint,
  length: number,
): Generator<{ pa: PaNum; from: number; bytes: number }> {
  for (let from = 0; from < length;) {
    const at = BigInt.asUintN(64, address + BigInt(from));
    const pa = placeOf(hart, ram, space, at);
    if (pa === undefined) return;
    const bytes = Math.min(length - from, PAGE_SIZE - pa % PAGE_SIZE);
    yield { pa, from, bytes };
    from += bytes;
  }
}

/** Bytes from an address on, as many as there are: a copy. */
export function readMemory(
  hart: Hart,
  ram: Ram,
  space: Space,
  address: bigint,
  length: number,
): Uint8Array {
  const parts = [...runs(hart, ram, space, address, length)];
  const last = parts.at(-1);
  const all = new Uint8Array(last === undefined ? 0 : last.from + last.bytes);
  for (const { pa, from, bytes } of parts) all.set(ram.bytes(pa, bytes), from);
  return all;
}

/** Writes RAM in the same way; how many bytes were written. */
export function writeMemory(
  hart: Hart,
  ram: Ram,
  space: Space,
  address: bigint,
  bytes: Uint8Array,
): number {
  let written = 0;
  for (const { pa, from, bytes: length } of runs(hart, ram, space, address, bytes.length)) {
    ram.write(pa, bytes.subarray(from, from + length));
    written = from + length;
  }
  return written;
}
