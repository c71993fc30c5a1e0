/** The built-in kernel as inspectors see any kernel, known exactly from its own records. */

import type { EventLogState } from "../events.ts";
import type {
  AreaFacts,
  KernelPage,
  KernelView,
  ProcessState,
  ProcessView,
  RootView,
  SavedView,
  SymbolsView,
} from "../inspect/view.ts";
import { hex, MAXVA, PAGE_SIZE, type PaNum, type Va, vaNum } from "../machine/address.ts";
import { counted } from "../machine/counted.ts";
import type { MachineState } from "../machine/machine_state.ts";
import { numberAt } from "../machine/pieces.ts";
import type { SavedKernel } from "./boot.ts";
import type { Kernel } from "./kernel.ts";
import {
  countOf,
  FRAME_KINDS,
  frameAt,
  frameTotal,
  isFree,
  kindOf,
} from "./memory/frames/frames.ts";
import { findArea } from "./memory/areas/areas.ts";
import { isShm } from "./memory/areas/shm.ts";
import { type AddressSpace, type Area, TRAMPOLINE } from "./memory/areas/space.ts";
import { trampolineFrame } from "./memory/areas/spaces.ts";
import { cachedAt } from "./memory/reclaim/page_cache.ts";
import { isSwapped, PTE_COW, slotOf } from "./memory/tables/pte.ts";
import { describeWait, type Proc } from "./process/proc.ts";
import { findProc, procs, spaceOf } from "./process/table.ts";

/** Nothing about the built-in kernel has to be found out. */
const OWN = { sure: "sure", evidence: "its own records" } as const;

/** What inspectors ask of the built-in kernel. `symbols` are of user programs: it has none. */
export function kernelView(k: Kernel, symbols: SymbolsView): KernelView {
  return {
    here: undefined,
    processes: () => byPid(k).map((p) => processView(k, p)),
    process(pid) {
      const p = findProc(k, pid);
      return p && processView(k, p);
    },
    rootOf(pid) {
      const p = findProc(k, pid);
      return p && rootOf(k, p);
    },
    roots: () => [kernelRoot(k), ...spacesInUse(k).map(({ space, p }) => new Root(k, space, p))],
    frames: {
      first: frameAt(k, 0),
      total: frameTotal(k),
      free: () => k.state.frames.free,
      counted: true,
      stored: (frame) => countOf(k, frame),
      isFree: (frame) => isFree(k, frame),
      kind: (frame) => kindOf(k, frame),
      countsMappings: (frame) => countsMappings(k, frame),
      more: 0,
      // Its own records are held against these by checks of their own.
      lost: () => undefined,
      wrongLinks: () => [],
    },
    cowBit: PTE_COW,
    rsw: k.policy.rsw,
    slotOf: (pte) => isSwapped(pte) ? slotOf(pte) : undefined,
    symbols,
    // Whatever the kernel does is done before anything can be asked.
    unrest: () => undefined,
    facts: () => [
      { name: "processes", value: counted(procs(k).length, "record"), ...OWN },
      { name: "counts", value: "one a frame", ...OWN },
      { name: "cow bit", value: hex(PTE_COW), ...OWN },
      { name: "areas", value: counted(k.state.spaces.size, "address space"), ...OWN },
    ],
  };
}

/** The address spaces in use, each once, with the one of its processes with the lowest pid. */
export function spacesInUse(k: Kernel): { space: AddressSpace; p: Proc }[] {
  const first = new Map<AddressSpace, Proc>();
  for (const p of byPid(k)) {
    const space = k.state.spaces.get(p.space);
    if (space !== undefined && !first.has(space)) first.set(space, p);
  }
  return [...first].map(([space, p]) => ({ space, p }));
}

function byPid(k: Kernel): Proc[] {
  return procs(k).sort((a, b) => a.pid - b.pid);
}

/** A process as inspectors see it. */
function processView(k: Kernel, p: Proc): ProcessView {
  return {
    pid: p.pid,
    name: p.name,
    state: stateOf(k, p),
    waits: p.wait === undefined ? "" : describeWait(p.wait),
    parent: p.parent,
    root: k.state.spaces.get(p.space)?.root,
    hart: k.state.current === p.pid ? 0 : undefined,
    size: k.state.spaces.get(p.space)?.size,
    trapframe: p.trapframe,
    context: undefined,
  };
}

/** What a process does: one that may run does so, or waits for its turn, or for a person. */
function stateOf(k: Kernel, { pid, state, manual, held }: Proc): ProcessState {
  if (state !== "runnable") return state;
  if (manual || held) return manual ? "manual" : "held";
  return k.state.current === pid ? "running" : "runnable";
}

/** The kernel's own table: RAM and devices, for S mode. */
function kernelRoot(k: Kernel): RootView {
  return {
    root: k.kernelRoot,
    pid: 0,
    name: "kernel",
    areas: [],
    allAreas: false,
    kernelPages: [],
  };
}

/** The page table that a process has, in its own name. */
export function rootOf(k: Kernel, p: Proc): RootView {
  return new Root(k, spaceOf(k, p), p);
}

/** The page table of a process; areas are looked up only when asked for. */
class Root implements RootView {
  readonly root: PaNum;
  readonly pid: number;
  readonly name: string;
  readonly allAreas = true;
  readonly #k: Kernel;
  readonly #space: AddressSpace;
  #areas: readonly AreaFacts[] | undefined;
  #pages: readonly KernelPage[] | undefined;

  /** The table of a space, in the name of one of its processes. */
  constructor(k: Kernel, space: AddressSpace, p: Proc) {
    this.#k = k;
    this.#space = space;
    this.root = space.root;
    this.pid = p.pid;
    this.name = p.name;
  }

  /** @inheritdoc */
  get areas(): readonly AreaFacts[] {
    return this.#areas ??= this.#space.areas.map(factsOf);
  }

  /** @inheritdoc */
  get kernelPages(): readonly KernelPage[] {
    return this.#pages ??= [
      { va: TRAMPOLINE, kind: "trampoline", frame: trampolineFrame(this.#k.ram) },
      ...this.#space.trapframes.map(({ va, frame }): KernelPage => ({
        va,
        kind: "trapframe",
        frame,
      })),
    ];
  }
}

/** Shared anonymous memory has no file, although the kernel keeps it as one. */
function factsOf({ start, end, kind, perm, shared, backing }: Area): AreaFacts {
  const inode = backing === undefined || isShm(backing.file) ? undefined : backing.file.inode;
  const offset = inode === undefined ? undefined : backing?.offset;
  return { start, end, kind, perm, shared, file: inode, offset };
}

/** What a process has at an address: its area's kind, `trapframe`, `trampoline` or `none`. */
export function kindAt(k: Kernel, p: Proc, address: Va): string {
  if (address >= BigInt(MAXVA)) return "none";
  const page = vaNum(Number(address - address % BigInt(PAGE_SIZE)));
  const space = spaceOf(k, p);
  const area = findArea(space, page);
  if (area !== undefined) return area.kind;
  if (page === TRAMPOLINE) return "trampoline";
  return space.trapframes.some((t) => t.va === page) ? "trapframe" : "none";
}

/** The frame of the page cache that a first touch of an address would map. */
export function heldFrame(k: Kernel, p: Proc, address: Va): PaNum | undefined {
  if (address >= BigInt(MAXVA)) return undefined;
  const page = vaNum(Number(address - address % BigInt(PAGE_SIZE)));
  const area = findArea(spaceOf(k, p), page);
  return (area && cachedAt(k.state.cache, area, page)?.frame) || undefined;
}

function countsMappings(k: Kernel, frame: PaNum): boolean | undefined {
  const { cache, shm } = k.state;
  const kind = kindOf(k, frame);
  if (kind !== "cache") return kind === "user";
  // A page of shared anonymous memory stays while an area refers to its object, mapped or not.
  const file = cache.byFrame.get(frame)?.file;
  const kept = file !== undefined && isShm(file) && (shm.holders.get(file.inode) ?? 0) > 0;
  return kept && countOf(k, frame) === 0 ? undefined : true;
}

/** What is compared of a saved state of the kernel and its machine. */
export function savedView(
  { machine, kernel, events }: {
    readonly machine: Pick<MachineState, "ram" | "clock">;
    readonly kernel: Pick<SavedKernel, "state">;
    readonly events: Pick<EventLogState, "next">;
  },
): SavedView {
  const { frames, spaces, procs } = kernel.state;
  return {
    ram: machine.ram,
    instret: machine.clock.retired,
    event: { next: events.next },
    processes: new Map(
      procs.filter((p) => p !== undefined).map((p) => {
        const text = `${p.name} ${p.manual && p.state === "runnable" ? "manual" : p.state}`;
        return [p.pid, { text, root: spaces.get(p.space)?.root }];
      }),
    ),
    free: frames.free,
    kind: (i) => FRAME_KINDS[numberAt(frames.kinds, i)],
    stored: (i) => numberAt(frames.counts, i),
  };
}
