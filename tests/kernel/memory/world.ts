/**
 * Memory of the built-in kernel on a real MMU, without processes: user accesses go through TLB and
 * walk, and each fault goes to the one fault path, as a trap would bring it there.
 *
 * @module
 */

import * as memory from "../../../src/vm/kernel/memory/areas/mmap.ts";
import * as heap from "../../../src/vm/kernel/memory/areas/sbrk.ts";
import { fault } from "../../../src/vm/kernel/memory/faults/fault.ts";
import { activate } from "../../../src/vm/kernel/memory/tables/flush.ts";
import { eachBlock } from "../../../src/vm/kernel/memory/tables/entry.ts";
import { promote } from "../../../src/vm/kernel/memory/tables/promote.ts";
import { reclaim } from "../../../src/vm/kernel/memory/reclaim/reclaim.ts";
import { createSpace } from "../../../src/vm/kernel/memory/areas/spaces.ts";
import type { MapRequest, MemoryOptions } from "../../../src/vm/kernel/memory/options.ts";
import { EventLog } from "../../../src/vm/events.ts";
import type { PaNum, VaNum } from "../../../src/vm/machine/address.ts";
import { Machine } from "../../../src/vm/machine/machine.ts";
import type { Ram } from "../../../src/vm/machine/memory.ts";
import type { Mmu } from "../../../src/vm/machine/mmu.ts";
import type { AccessTrap } from "../../../src/vm/machine/user_access.ts";
import type { FileKey, FilePages } from "../../../src/vm/kernel/memory/areas/backing.ts";
import type { Memory } from "../../../src/vm/kernel/memory/memory.ts";
import type { AddressSpace } from "../../../src/vm/kernel/memory/areas/space.ts";
import { newKernelMap, newMemoryState, settledMemory } from "../../../src/vm/kernel/memory/boot.ts";
import { forkSpace } from "../../../src/vm/kernel/fork/fork.ts";

/** A megabyte in bytes. */
export const MIB = 1024 * 1024;
/** A page. */
export const PAGE = 4096;

/** Files in host memory, with their holders counted. */
export class TestFiles implements FilePages {
  readonly contents = new Map<number, Uint8Array>();
  readonly holders = new Map<number, number>();
  reads = 0;
  writes = 0;
  constructor(readonly ram: Ram) {}

  /** Makes file `inode` of these bytes. */
  make(inode: number, bytes: Uint8Array): FileKey {
    this.contents.set(inode, bytes);
    return { fs: 0, inode };
  }

  size(file: FileKey): number {
    return this.contents.get(file.inode)!.length;
  }

  read(file: FileKey, offset: number, into: PaNum, length: number): number {
    this.reads++;
    const bytes = this.contents.get(file.inode)!.subarray(offset, offset + length);
    this.ram.write(into, bytes);
    return bytes.length;
  }

  write(file: FileKey, offset: number, from: PaNum, length: number): boolean {
    this.writes++;
    const bytes = this.contents.get(file.inode)!;
    if (offset + length > bytes.length) throw new Error("write-back beyond the end of the file");
    bytes.set(this.ram.bytes(from, length), offset);
    return true;
  }

  dup(file: FileKey): void {
    this.holders.set(file.inode, (this.holders.get(file.inode) ?? 0) + 1);
  }

  drop(file: FileKey): void {
    const left = this.holders.get(file.inode)! - 1;
    if (!(left >= 0)) throw new Error(`file ${file.inode} dropped too often`);
    this.holders.set(file.inode, left);
  }
}

/** A user access that the kernel refused. */
export class Killed extends Error {
  constructor(readonly why: string, readonly oom: boolean) {
    super(why);
  }
}

/** Memory, MMU and files of one little machine. */
export class World {
  readonly machine: Machine;
  readonly ram: Ram;
  readonly mmu: Mmu;
  readonly memory: Memory;
  readonly files: TestFiles;
  readonly events: EventLog;

  constructor(options: MemoryOptions & { bytes?: number } = {}) {
    this.machine = new Machine({ memBytes: options.bytes ?? 16 * MIB, traps: "host" });
    this.ram = this.machine.ram;
    this.mmu = this.machine.mmu;
    this.events = new EventLog({ instret: 0 });
    this.mmu.marked = (va, at, old, now) => this.events.walked(va, at, old, now);
    this.files = new TestFiles(this.ram);
    this.memory = {
      ...settledMemory(this.ram.size / PAGE, options),
      ram: this.ram,
      mmu: this.mmu,
      events: this.events,
      kernelRoot: newKernelMap(this.ram),
      files: this.files,
      state: newMemoryState(this.ram, options),
    };
  }

  /** A space with a stack-like page at 0x1000 and an empty heap after it. */
  space(): AddressSpace {
    const space = createSpace(this.memory);
    if (space === undefined) throw new Error("no memory for a space");
    return space;
  }

  /** A space with `pages` of heap from address 0. */
  heap(pages: number, lazy = false): AddressSpace {
    const space = this.space();
    if (!grow(this.memory, space, pages * PAGE, lazy)) throw new Error("no memory for the heap");
    return space;
  }

  /** Loads as the process would; throws {@link Killed} when the kernel refuses. */
  load(space: AddressSpace, va: number, size: 1 | 2 | 4 | 8 = 8): bigint {
    this.#enter(space);
    for (;;) {
      const result = this.machine.user.access({ kind: "load", va: BigInt(va), size });
      if ("done" in result) return result.done;
      this.#fault(space, result);
    }
  }

  /** Stores as the process would; throws {@link Killed} when the kernel refuses. */
  store(space: AddressSpace, va: number, value: bigint, size: 1 | 2 | 4 | 8 = 8): void {
    this.#enter(space);
    for (;;) {
      const result = this.machine.user.access({ kind: "store", va: BigInt(va), size, value });
      if ("done" in result) return;
      this.#fault(space, result);
    }
  }

  /** Why an access is refused; undefined when it succeeds. */
  refusal(access: () => void): string | undefined {
    try {
      access();
      return undefined;
    } catch (error) {
      if (error instanceof Killed) return error.why;
      throw error;
    }
  }

  /** Asks the kernel to make `n` frames free; how many it made. */
  reclaim(n: number): number {
    return reclaim(this.memory, n);
  }

  #enter(space: AddressSpace): void {
    if (this.memory.state.currentSpace !== space.id) activate(this.memory, space);
  }

  #fault(space: AddressSpace, met: AccessTrap): void {
    const result = fault(this.memory, space, met.trap as 12 | 13 | 15, met.tval);
    if (!result.handled) throw new Killed(result.why, result.oom);
  }
}

/** The space of a forked child; undefined when memory does not suffice. */
export function forkedSpace(m: Memory, parent: AddressSpace): AddressSpace | undefined {
  return forkSpace(m, parent)?.space;
}

/** mmap: its address, or -1. */
export function mmap(m: Memory, space: AddressSpace, request: MapRequest): VaNum | -1 {
  const mapped = memory.mmap(m, space, request);
  return mapped.ok ? mapped.value : -1;
}

/** munmap: whether it was done. */
export function munmap(m: Memory, space: AddressSpace, start: VaNum, length: number): boolean {
  return memory.munmap(m, space, start, length).ok;
}

/** mprotect: whether it was done. */
export function mprotect(
  m: Memory,
  space: AddressSpace,
  start: VaNum,
  length: number,
  perm: number,
): boolean {
  return memory.mprotect(m, space, start, length, perm).ok;
}

/** msync: whether it was done. */
export function msync(m: Memory, space: AddressSpace, start: VaNum, length: number): boolean {
  return memory.msync(m, space, start, length).ok;
}

/** sbrk upwards: whether it was done. */
export function grow(m: Memory, space: AddressSpace, n: number, lazy: boolean): boolean {
  return heap.grow(m, space, n, lazy).ok;
}

/** sbrk downwards: whether it was done; more than there is, never. */
export function shrink(m: Memory, space: AddressSpace, n: number): boolean {
  return n <= space.size && heap.shrink(m, space, n).ok;
}

/** Makes 2 MiB leaves of all blocks of the space that are whole; how many. */
export function promoteSpace(m: Memory, space: AddressSpace): number {
  let made = 0;
  for (const area of space.areas) {
    eachBlock(m.ram, space.root, area.start, area.end, (block) => {
      if (promote(m, space, area, block)) made++;
    });
  }
  return made;
}
