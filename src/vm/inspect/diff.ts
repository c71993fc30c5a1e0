/** Two saved states of a VM held against each other; neither has to be put back. */

import { type Pa, pa, PAGE_SIZE, paNum, RAM_BASE, type Va, va } from "../machine/address.ts";
import { keptAt, pieceAt, pieceCount } from "../machine/pieces.ts";
import type { TableMemory } from "../machine/sv39.ts";
import { copiedTables, eachLeaf } from "./mappings.ts";
import type { SavedView } from "./view.ts";

/** Something before and after. */
export interface Change<T> {
  /** As it was. */
  readonly before: T;
  /** As it is. */
  readonly after: T;
}

/** A process's name and what it does (`manual`, `sleeping` …); undefined: it is not there. */
export interface ProcessDiff extends Change<string | undefined> {
  /** Its pid. */
  readonly pid: number;
}

/** A leaf PTE that differs; undefined where there is none. */
export interface PteDiff extends Change<bigint | undefined> {
  /** The process that has it. */
  readonly pid: number;
  /** First address that it maps. */
  readonly va: Va;
}

/** A frame whose kind, count or content differs. */
export interface FrameDiff {
  /** Its first byte. */
  readonly pa: Pa;
  /** What it was and is for; see `FrameReport.kind`. */
  readonly kind: readonly [before: string, after: string];
  /** The stored count; undefined: unknown. */
  readonly count: readonly [before: number | undefined, after: number | undefined];
  /** Bytes that differ. */
  readonly bytes: number;
}

/** Everything that differs between two states of one VM. */
export interface StateDiff {
  /** Instructions retired from the first to the second; negative when the second is earlier. */
  readonly instructions: number;
  /** Events from the first to the second; undefined: they were not recorded all the time. */
  readonly events: number | undefined;
  /** Frames that were free and are not, less those that became free; undefined: unknown. */
  readonly framesTaken: number | undefined;
  /** Processes, by pid. */
  readonly processes: readonly ProcessDiff[];
  /** Leaf PTEs, by process and address. */
  readonly ptes: readonly PteDiff[];
  /** Frames, by address. */
  readonly frames: readonly FrameDiff[];
}

/** What differs. Throws a RangeError unless both states have RAM of the same size. */
export function diffStates(before: SavedView, after: SavedView): StateDiff {
  if (before.ram.length !== after.ram.length) {
    throw new RangeError("the two states have RAM of different sizes");
  }
  const taken = before.free !== undefined && after.free !== undefined;
  return {
    instructions: after.instret - before.instret,
    events: eventsBetween(before, after),
    framesTaken: taken ? before.free - after.free : undefined,
    processes: changes(textsOf(before), textsOf(after))
      .map(([pid, b, a]) => ({ pid, before: b, after: a })),
    ptes: pteDiffs(before, after),
    frames: frameDiffs(before, after),
  };
}

function eventsBetween({ event: a }: SavedView, { event: b }: SavedView): number | undefined {
  return a === undefined || b === undefined || a.log !== b.log ? undefined : b.next - a.next;
}

/** Keys whose values differ, in the order of the keys. */
function changes<V>(
  before: Map<number, V>,
  after: Map<number, V>,
): [number, V | undefined, V | undefined][] {
  const keys = [...new Set([...before.keys(), ...after.keys()])].sort((a, b) => a - b);
  return keys.filter((key) => before.get(key) !== after.get(key))
    .map((key) => [key, before.get(key), after.get(key)]);
}

function textsOf({ processes }: SavedView): Map<number, string> {
  return new Map([...processes].map(([pid, { text }]) => [pid, text]));
}

function pteDiffs(before: SavedView, after: SavedView): PteDiff[] {
  const pids = new Set([...before.processes.keys(), ...after.processes.keys()]);
  return [...pids].sort((a, b) => a - b).flatMap((pid) =>
    changes(leavesOf(before, pid), leavesOf(after, pid)).map(([address, b, a]) => ({
      pid,
      va: va(address),
      before: b === undefined ? undefined : BigInt(b),
      after: a === undefined ? undefined : BigInt(a),
    }))
  );
}

/** The tables in a saved RAM. */
export function savedTables(ram: SavedView["ram"]): TableMemory {
  return copiedTables((frame) => {
    const at = frame - RAM_BASE / PAGE_SIZE;
    const bytes = at >= 0 && at < pieceCount(ram) ? pieceAt(ram, at) : undefined;
    return bytes && new Uint32Array(bytes.buffer, bytes.byteOffset, PAGE_SIZE / 4);
  });
}

/** The leaf PTEs of a process by address, in a saved state; none when it is not there. */
function leavesOf({ ram, processes }: SavedView, pid: number): Map<number, number> {
  const leaves = new Map<number, number>();
  const root = processes.get(pid)?.root;
  const tables = savedTables(ram);
  const leaf = (address: number, pte: number) => void leaves.set(address, pte);
  if (root !== undefined) eachLeaf(tables, paNum(root), { leaf, away: leaf });
  return leaves;
}

function frameDiffs(before: SavedView, after: SavedView): FrameDiff[] {
  const diffs: FrameDiff[] = [];
  for (let i = 0; i < pieceCount(before.ram); i++) {
    // States share the frames that nobody wrote between them.
    const same = keptAt(before.ram, i) === keptAt(after.ram, i);
    const bytes = same ? 0 : bytesThatDiffer(pieceAt(before.ram, i), pieceAt(after.ram, i));
    const kinds = [before.kind(i), after.kind(i)];
    const counts = [before.stored(i), after.stored(i)] as const;
    if (bytes === 0 && kinds[0] === kinds[1] && counts[0] === counts[1]) continue;
    diffs.push({
      pa: pa(RAM_BASE + i * PAGE_SIZE),
      kind: [kinds[0] ?? "unknown", kinds[1] ?? "unknown"],
      count: counts,
      bytes,
    });
  }
  return diffs;
}

function bytesThatDiffer(one: Uint8Array | undefined, two: Uint8Array | undefined): number {
  let count = 0;
  for (let i = 0; i < PAGE_SIZE; i++) if ((one?.[i] ?? 0) !== (two?.[i] ?? 0)) count++;
  return count;
}
