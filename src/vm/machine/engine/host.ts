/**
 * What the interpreter needs from the rest of the machine: the way out of WebAssembly into
 * TypeScript for everything that is not the fast path. The MMU, the bus and the CSRs stand behind
 * it.
 *
 * Before each call the PC slot holds the address of the instruction that asks and the BUDGET slot
 * the instructions left, *including* that one: retired so far = budget given to `run` - BUDGET.
 * After a call the interpreter reads BUDGET and the TLB table slots again, so a host may shorten
 * the run (a nearer timer) or switch banks.
 *
 * @module
 */

import type { PaNum } from "../address.ts";
import type { CodeTables } from "./code_pages.ts";

/** A load: a kind of access, as {@link EngineHost.access} is asked about it. */
export const ACCESS_LOAD = 0;
/** A plain store; its value is in ACCESS_VALUE. */
export const ACCESS_STORE = 1;
/** A read-modify-write access (AMO): needs store permission, faults are store faults. */
export const ACCESS_ATOMIC = 2;
/** A load-reserved: needs load permission and natural alignment. */
export const ACCESS_RESERVE = 3;
/** A store-conditional: as {@link ACCESS_ATOMIC}, whether it is going to store or not. */
export const ACCESS_CONDITIONAL = 4;

/** {@link EngineHost.access}: the TLB was filled, the instruction is tried again. */
export const RETRY = 0;
/** The access (or system instruction) is done; go on after it (system: at the PC slot). */
export const DONE = 1;
/** A trap was raised: TRAP_CAUSE and TRAP_VALUE are set; nothing of the instruction retired. */
export const TRAPPED = 2;
/** As {@link DONE}, and the run stops after this instruction. */
export const DONE_STOP = 3;
/** A trap was raised and taken: nothing of the instruction retired, go on at the PC slot. */
export const TRAP_TAKEN = 4;

/** The part of the machine that the interpreter calls. */
export interface EngineHost extends CodeTables {
  /**
   * The slow path of a memory access at ACCESS_VA: it missed the TLB, is misaligned, or touches a
   * device, a watched page or decoded code.
   *
   * Load and store: {@link DONE} means that TypeScript did it in full (a load's result, extended as
   * `signed` says, is in ACCESS_VALUE). Atomic and reserve: the interpreter performs the operation
   * itself, so {@link DONE} and {@link DONE_STOP} mean "permitted, and ACCESS_VALUE holds the
   * linear-memory offset of the RAM to work on"; this is for pages that may have no write entry
   * (watched, or with decoded code, which the engine then keeps honest). On a device they trap.
   * Only loads and stores are answered with {@link TRAP_TAKEN}.
   */
  access(kind: number, size: number, signed: number): number;
  /**
   * PC's page is not in the execute TLB. Returns the offset of the page's decoded records
   * ({@link CodePages.pageFor} of its frame), having installed the execute TLB entry, or 0: trap
   * raised.
   */
  fetchPage(): number;
  /**
   * A 4-byte instruction at PC straddles a page end. Returns {@link RETRY} (0) with its 32 bits in
   * ACCESS_VALUE, or {@link TRAPPED} (the trap value being the address of the half that faulted).
   */
  fetchStraddle(): number;
  /**
   * A SYSTEM instruction or fence.i, with its (expanded) encoding. Returns 0: done, go on after it;
   * {@link DONE}: done, go on at the PC slot (mode or TLB bank may have changed); {@link TRAPPED};
   * {@link TRAP_TAKEN}; {@link DONE_STOP}: done, stop the run, to be resumed at the PC slot.
   */
  system(word: number): number;
  /**
   * PC is at a record that has been marked, by {@link CodePages.addStop}, perhaps for another
   * address at which the page can be seen, or by {@link CodePages.askAlways}; `pa` is where its
   * instruction stands. Returns 0: go on, the instruction is executed next; or what the run returns
   * (STOP_BREAK, STOP_CHECK or STOP_TRAP of handler.ts), nothing of the instruction having happened.
   It may be asked again before the instruction retires (an access
   * that is tried again, a trap), so the answer must not depend on how often it was asked.
   */
  stopAt(pa: PaNum): number;
  /**
   * A region's load or store at ACCESS_VA missed the TLB: `what` is 1 for a store, 0 for a load, plus
   * twice the size. Returns 1 when the TLB has the page now, as after {@link EngineHost.access} said
   * {@link RETRY}; 0 when more than that is to be done, and nothing has happened.
   */
  refill?(what: number): number;
  /**
   * A region goes on at ACCESS_VA, whose page is not in the execute TLB. Returns the offset of its
   * decoded records, as {@link EngineHost.fetchPage} of that address would; 0 when more than a walk is
   * to be done, and nothing has happened.
   */
  refetch?(): number;
  /**
   * Offset of the decoded records of the page of an address, given as two halves, as a fetch there
   * would find them; 0 when there are none, or a fetch would do more than a walk. Changes nothing.
   */
  locate?(high: number, low: number): number;
  /** An atomic operation that {@link EngineHost.access} permitted has been done, or has failed. */
  wrote?(): void;
}
