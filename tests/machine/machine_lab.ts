/**
 * A bench for the machine's tests: page tables built by hand in RAM, and programs put where they run.
 */

import { type PaNum, RAM_BASE, type VaNum } from "../../src/vm/machine/address.ts";
import { Machine, type MachineOptions } from "../../src/vm/machine/machine.ts";
import type { Mmu } from "../../src/vm/machine/mmu.ts";
import { type Access, type Level, makePte, PTE_V } from "../../src/vm/machine/sv39.ts";
import { Assembler } from "./engine_lab.ts";

/** 16 MiB: the smallest machine, quick to make. */
export const SMALL = 16 * 1024 * 1024;

/** A physical address this many bytes into RAM. */
export const at = (bytes: number): PaNum => (RAM_BASE + bytes) as PaNum;

/** Page tables in the upper half of a small machine's RAM, frames handed out one after another. */
export class Tables {
  readonly machine: Machine;
  readonly root: PaNum;
  #next: PaNum;

  /** `first`: the first frame to hand out. */
  constructor(machine: Machine, first: PaNum = at(SMALL / 2)) {
    this.machine = machine;
    this.#next = first;
    this.root = this.frame();
  }

  /** A zeroed frame. */
  frame(): PaNum {
    const frame = this.#next;
    this.#next = (frame + 4096) as PaNum;
    this.machine.ram.fillFrame(frame, 0);
    return frame;
  }

  /** Where the PTE of an address stands at a level, its pointers made on the way. */
  slot(va: number, level: Level = 0): PaNum {
    let table = this.root;
    for (let l = 2; l > level; l--) {
      const slot = (table + (Math.floor(va / 2 ** (12 + 9 * l)) % 512) * 8) as PaNum;
      let low = this.machine.ram.readPte(slot);
      if (low === 0) {
        low = makePte(this.frame(), PTE_V);
        this.machine.ram.writePte(slot, low);
      }
      table = ((low >>> 10) * 4096) as PaNum;
    }
    return (table + (Math.floor(va / 2 ** (12 + 9 * level)) % 512) * 8) as PaNum;
  }

  /** Maps a page (or superpage) and returns its PTE's address. */
  map(va: number, pa: PaNum, flags: number, level: Level = 0): PaNum {
    const slot = this.slot(va, level);
    this.machine.ram.writePte(slot, makePte(pa, flags | PTE_V));
    return slot;
  }

  /** Uses these tables for U-mode. */
  use(asid = 0): void {
    this.machine.mmu.setRoot(this.root, asid);
  }
}

/** A small machine. */
export function machine(options: MachineOptions = {}): Machine {
  return new Machine({ memBytes: SMALL, ...options });
}

/** A small machine with a program at the start of RAM, in M-mode. */
export function program(build: (a: Assembler) => void, options: MachineOptions = {}): Machine {
  const made = machine(options);
  const assembler = new Assembler();
  build(assembler);
  made.ram.write(at(0), assembler.bytes());
  return made;
}

/** Translates as an access of U-mode would; the physical address, or minus the cause of the fault. */
export function translate(mmu: Mmu, address: VaNum, access: Access): number {
  const low = address >>> 0;
  const bank = mmu.bankFor(0, 0);
  const frame = mmu.frameOf(bank, access, (address - low) / 2 ** 32 | 0, low);
  if (frame < 0) return frame;
  mmu.countHit(bank, access);
  return frame * 4096 + (low & 0xfff);
}

/** Puts an entry for U-mode into the TLB, true or not. */
export function plant(
  mmu: Mmu,
  address: VaNum,
  access: Access,
  pa: PaNum,
  flags: number,
  level: Level = 0,
): void {
  const page = Math.floor(address / 4096) & 0x7ff_ffff;
  mmu.tlb.insert(mmu.bankFor(0, 0), access, level, page, pa / 4096, flags);
}

/** A virtual address. */
export const va = (value: number): VaNum => value as VaNum;
