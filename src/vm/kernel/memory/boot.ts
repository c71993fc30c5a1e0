/** Memory at boot: all of RAM free but the kernel's own frames, and the kernel's own page table. */

import type { PaNum } from "../../machine/address.ts";
import type { Ram } from "../../machine/memory.ts";
import { cow } from "../fork/cow.ts";
import { KERNEL_FRAMES, newFrames } from "./frames/frames.ts";
import type { MemoryOptions, SettledMemoryOptions } from "./options.ts";
import { defaultWatermarks } from "./reclaim/reclaim.ts";
import { newSwapDisk } from "./reclaim/swap_disk.ts";
import type { MemoryState } from "./state.ts";
import { makeKernelMap } from "./tables/kernel_map.ts";
import { trampolineFrame } from "./areas/spaces.ts";

/** The options with their defaults, for RAM of that many frames. */
export function settledMemory(frames: number, options: MemoryOptions): SettledMemoryOptions {
  return {
    policy: options.policy ?? cow,
    superpages: options.superpages ?? false,
    superpageCow: options.superpageCow ?? "split",
    readAhead: options.readAhead ?? 0,
    watermarks: options.watermarks ?? defaultWatermarks(frames),
  };
}

/** The state at boot. Throws a RangeError when there are too many frames of the kernel's own. */
export function newMemoryState(ram: Ram, options: MemoryOptions): MemoryState {
  return {
    frames: newFrames(ram, options.kernelFrames ?? KERNEL_FRAMES),
    spaces: new Map(),
    nextSpace: 1,
    currentSpace: 0,
    cache: { byKey: new Map(), byFrame: new Map() },
    shm: { next: 1, holders: new Map() },
    swap: newSwapDisk(options.swap ?? 0),
    clock: { hand: 0, turns: 0, emptySearches: 0, pause: 0, wall: 0 },
    heldFiles: 0,
    procs: [],
  };
}

/** Makes the kernel's own page table in its frames; its root. */
export function newKernelMap(ram: Ram): PaNum {
  return makeKernelMap(ram, trampolineFrame(ram));
}
