/**
 * The physical memory map: which device answers at which addresses that are not RAM.
 *
 * @module
 */

import { hex, offset, PAGE_SIZE, pageDown, type PaNum } from "./address.ts";
import type { Ram } from "./memory.ts";

/** A memory-mapped device. Its registers are 1, 2 or 4 bytes wide; an 8-byte access is two of 4. */
export interface Device {
  /** The name shown in a memory map. */
  readonly name: string;
  /** Reads a register: an unsigned number of `size` bytes. */
  read(offset: number, size: 1 | 2 | 4): number;
  /** What a register reads is still to be decided: the run stops before the reading instruction. */
  undecided?(offset: number): boolean;
  /** Writes a register. */
  write(offset: number, size: 1 | 2 | 4, value: number): void;
}

/** A device's place. */
export interface Mapping {
  /** First address. */
  readonly base: PaNum;
  /** Bytes. */
  readonly size: number;
  /** What answers there. */
  readonly device: Device;
}

/** The memory map of a machine. */
export class Bus {
  readonly #ram: Ram;
  readonly #mappings: Mapping[] = [];
  /** Frame numbers that hold any device. */
  readonly #pages = new Set<number>();
  /** A bus with RAM alone. */
  constructor(ram: Ram) {
    this.#ram = ram;
  }

  /** The devices, lowest address first. */
  get mappings(): readonly Mapping[] {
    return this.#mappings;
  }

  /** Puts a device on the bus. Throws a RangeError when its place is taken. */
  register({ base, size }: Pick<Mapping, "base" | "size">, device: Device): void {
    const end = base + size;
    const taken = this.#mappings.find((m) => base < m.base + m.size && end > m.base);
    if (taken !== undefined || (base < this.#ram.end && end > this.#ram.base)) {
      throw new RangeError(
        `${device.name} at ${hex(base)} overlaps ${taken?.device.name ?? "RAM"}`,
      );
    }
    this.#mappings.push({ base, size, device });
    this.#mappings.sort((a, b) => a.base - b.base);
    for (let at = pageDown(base); at < end; at = offset(at, PAGE_SIZE)) {
      this.#pages.add(at / PAGE_SIZE);
    }
  }

  /** Whether any device has registers in a frame (pa / 4096). */
  hasPage(frame: number): boolean {
    return this.#pages.has(frame);
  }

  /** The device that holds all bytes of an access, if any. */
  find(pa: PaNum, length: number): Mapping | undefined {
    return this.#mappings.find((m) => pa >= m.base && pa + length <= m.base + m.size);
  }
}
