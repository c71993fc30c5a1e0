/**
 * The machine's one door for accesses that no instruction makes: loads and stores from outside the
 * hart, done as a U-mode instruction of it would do them. They go through the TLBs, the walk and
 * the interpreter's own slow path, so every check, watchpoint, A and D bit and device rule is the
 * same.
 *
 * @module
 */

import { inFrame, PAGE_SIZE } from "./address.ts";
import { ACCESS_LOAD, ACCESS_STORE, TRAPPED } from "./engine/host.ts";
import type { Parts } from "./fetch.ts";
import { ACCESS_VA, RESERVATION } from "./layout.ts";
import type { SlowPath } from "./slow_path.ts";
import { ALLOWED } from "./pmp.ts";
import { type Access, READ, WRITE } from "./sv39.ts";
import type { WatchHit } from "./watch.ts";

/** Which way an access goes. */
export type AccessKind = "load" | "store";

/** One load or store. */
export interface AccessRequest {
  /** Load or store. */
  readonly kind: AccessKind;
  /** Its virtual address, modulo 2^64; any alignment, also across a page end. */
  readonly va: bigint;
  /** Bytes. */
  readonly size: 1 | 2 | 4 | 8;
  /** What to store: the low `size` bytes of it. */
  readonly value?: bigint;
}

/** An access that trapped: nothing was loaded or stored. */
export interface AccessTrap {
  /** Cause, as in scause. */
  readonly trap: number;
  /** As in stval. */
  readonly tval: bigint;
}

/** An access that was done. */
export interface AccessDone<T> {
  /** The value loaded (zero-extended) or stored; of a run of bytes, how many were moved. */
  readonly done: T;
  /** The watchpoint that it hit. */
  readonly watch: WatchHit | undefined;
}

/** Accesses to a machine's memory from outside its hart. */
export class UserAccess {
  readonly #parts: Parts;
  readonly #slow: SlowPath;

  /** Accesses through a machine's parts and the slow path of its interpreter. */
  constructor(parts: Parts, slow: SlowPath) {
    this.#parts = parts;
    this.#slow = slow;
  }

  /** As U-mode under the hart's satp and mstatus; mode, banks and scratch registers stay. */
  #asUser<T>(body: () => T): T {
    const { mmu, hart } = this.#parts;
    const { header } = hart.registers;
    const { dataBank: bank, dataMode: mode } = mmu;
    const scratch = header.slice(ACCESS_VA / 4, RESERVATION / 4);
    mmu.dataBank = mmu.bankFor(0, hart.mstatus);
    mmu.dataMode = 0;
    try {
      return body();
    } finally {
      mmu.dataBank = bank;
      mmu.dataMode = mode;
      header.set(scratch, ACCESS_VA / 4);
    }
  }

  /** One load or store. It counts in the TLB counters as an instruction's access would. */
  access({ kind, va, size, value = 0n }: AccessRequest): AccessDone<bigint> | AccessTrap {
    const { registers } = this.#parts.hart;
    return this.#asUser(() => {
      registers.accessVa = va;
      registers.accessValue = value;
      const answer = this.#slow.outside(kind === "load" ? ACCESS_LOAD : ACCESS_STORE, size);
      if (answer === TRAPPED) return { trap: registers.trapCause, tval: registers.trapValue };
      const done = BigInt.asUintN(8 * size, registers.accessValue);
      return { done, watch: this.#slow.takeHit() };
    });
  }

  /**
   * A run of single bytes from `va` on, stored from `bytes` or loaded into it: as many as lie in
   * one page (in a device: one). The page is translated once and counts as one access. A watchpoint
   * on some of the bytes is told with the first eight of them that it watches.
   */
  run(kind: AccessKind, va: bigint, bytes: Uint8Array): AccessDone<number> | AccessTrap {
    const { mmu, ram, watches } = this.#parts;
    const write = kind === "store";
    const type: Access = write ? WRITE : READ;
    return this.#asUser(() => {
      const frame = mmu.frameAt(mmu.dataBank, type, va);
      if (frame < 0) return { trap: -frame, tval: BigInt.asUintN(64, va) };
      const allowed = mmu.pmp.page(inFrame(frame), type, 0) === ALLOWED;
      if (!mmu.isRam(frame) || !allowed) return this.#oneByte(kind, va, bytes);
      mmu.countHit(mmu.dataBank, type);
      const inPage = Number(va & 0xfffn);
      const pa = inFrame(frame, inPage);
      const length = Math.min(bytes.length, PAGE_SIZE - inPage);
      const move = () => {
        if (write) ram.write(pa, bytes.subarray(0, length));
        else bytes.set(ram.bytes(pa, length));
      };
      const run = { va: Number(BigInt.asIntN(64, va)), pa, length, write };
      return { done: length, watch: watches.around(ram, run, move) };
    });
  }

  #oneByte(kind: AccessKind, va: bigint, bytes: Uint8Array): AccessDone<number> | AccessTrap {
    const answer = this.access({ kind, va, size: 1, value: BigInt(bytes[0]) });
    if ("trap" in answer) return answer;
    bytes[0] = Number(answer.done);
    return { done: 1, watch: answer.watch };
  }
}
