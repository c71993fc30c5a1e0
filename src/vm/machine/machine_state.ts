/**
 * What goes into a machine and what comes out of it, as plain data: options, states, and why runs
 * end.
 *
 * @module
 */

import type { ClockState } from "./clock.ts";
import type { ClintState } from "./devices/clint.ts";
import type { Finish } from "./devices/finisher.ts";
import type { PlicState } from "./devices/plic.ts";
import type { UartState } from "./devices/uart.ts";
import type { VirtioState } from "./devices/virtio_blk.ts";
import type { HartState } from "./hart/hart.ts";
import type { MmuState } from "./mmu_state.ts";
import type { RamImage } from "./ram_image.ts";
import type { Saved } from "./saver.ts";
import type { TurnsState } from "./turns_state.ts";
import type { WatchHit } from "./watch.ts";

/**
 * Which guest code is translated to WebAssembly of its own (tier 1): `hot`, what sampling finds to
 * run often; `always`, the region at every place where a run or a slice of the engine ends, so that
 * nearly all is, for tests; `never`, none, the interpreter runs everything. What a guest or who
 * looks on can see does not depend on it.
 */
export type Compile = "hot" | "always" | "never";

/** How a machine is built. */
export interface MachineOptions {
  /** Bytes of RAM: 16 MiB to 2 GiB; 128 MiB when absent. */
  readonly memBytes?: number;
  /**
   * Who handles a trap from U-mode: `guest` delivers it to M or S as hardware does; `host` ends the
   * run with it, for a kernel written in TypeScript. `guest` when absent.
   */
  readonly traps?: "guest" | "host";
  /** How many harts, 1 to 8; 1 when absent. */
  readonly harts?: number;
  /** Instructions of a hart's turn on average, where there are several; 10,000 when absent. */
  readonly quantum?: number;
  /** Chooses the interleaving of several harts: 32 bits; 0 when absent. */
  readonly seed?: number;
  /** Retired instructions in one tick of mtime; 10 when absent. */
  readonly instructionsPerTick?: number;
  /** A disk image behind virtio, written in place; no such device when absent. */
  readonly disk?: Uint8Array;
  /**
   * Registers of that device: 1 for kernels written for legacy virtio-mmio, 2 for others. When
   * absent, the run stops before the guest asks ({@link Stop}).
   */
  readonly virtioVersion?: 1 | 2;
  /** Which code is translated to WebAssembly; `hot` when absent. */
  readonly compile?: Compile;
  /**
   * Whether hits of the TLB are counted, which makes each load and store slower; misses and walks
   * always are. True when absent.
   */
  readonly countHits?: boolean;
}

/** A hart's state with its MMU's. */
export interface HartParts {
  /** x registers, pc, reservation and mstatus as they stand in linear memory. */
  readonly registers: Uint32Array;
  /** Mode, the other CSRs, WFI. */
  readonly hart: HartState;
  /** satp, TLB entries, counters. */
  readonly mmu: MmuState;
}

/** A machine's state as plain data: to be kept, copied, compared, restored any number of times. */
export interface MachineState {
  /** RAM; frames that did not change are shared with the states before. */
  readonly ram: RamImage;
  /** The harts, by number. */
  readonly harts: readonly HartParts[];
  /** Whose turn it is, and who spins. */
  readonly turns: TurnsState;
  /** Retired instructions and mtime. */
  readonly clock: ClockState;
  /** The CLINT's registers. */
  readonly clint: ClintState;
  /** The PLIC's registers. */
  readonly plic: Saved<PlicState>;
  /** The UART's registers and queues. */
  readonly uart: Saved<UartState>;
  /** How the guest ended the machine, if it did. */
  readonly finish: Finish | undefined;
  /** The disk and its registers, if there is one. */
  readonly virtio: VirtioState | undefined;
}

/** Why a run ended. */
export type Stop =
  /** The budget is used up. */
  | { readonly kind: "budget" }
  /** A trap from U-mode for the host: as in scause and stval, and pc of the instruction. */
  | {
    readonly kind: "trap";
    readonly cause: number;
    readonly tval: bigint;
    readonly epc: bigint;
  }
  /** All harts wait and no timer will wake one: only input from outside can. */
  | { readonly kind: "wfi" }
  /** All harts wait, one of them for a tick of mtime; see {@link Machine.stopsIdle}. */
  | { readonly kind: "idle"; readonly due: number }
  /** A hart has taken a trap; see {@link Machine.stopsAtTrapOf}, and {@link Probes.halt}. */
  | { readonly kind: "trapped" }
  /** The trap handler's first instruction traps: the hart will never execute another one. */
  | {
    readonly kind: "stuck";
    readonly cause: number;
    readonly tval: bigint;
    readonly pc: bigint;
  }
  /** The guest is about to read the version of its disk's registers: set `virtio.version`. */
  | { readonly kind: "version" }
  /** The guest ended the machine, with a code of 0 for success; or asked for a reset. */
  | { readonly kind: "finisher"; readonly code: number; readonly reset: boolean }
  /** An access hit a watchpoint; it has been done. */
  | ({ readonly kind: "watch" } & WatchHit)
  /** Who looks on wanted it, right behind an instruction: {@link Probes.halt}. */
  | { readonly kind: "probed" }
  /** Who looks on wanted it, right before an instruction: {@link Probes.hold}. */
  | { readonly kind: "held" }
  /** The instruction at pc, which has a breakpoint, is next. */
  | { readonly kind: "break"; readonly pc: bigint };
