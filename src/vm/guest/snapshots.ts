/**
 * States of a guest that are kept on its way, so that any moment is the state before it and a run.
 * They share what did not change between them. Together they take no more than a limit: beyond it
 * the past is thinned out, the more the older it is.
 */

import type { Machine } from "../machine/machine.ts";
import type { MachineState } from "../machine/machine_state.ts";
import { type Pieces, piecesSince } from "../machine/pieces.ts";
import { stateBytes } from "../machine/state_bytes.ts";

/** What V8 keeps beside the contents of a piece, and of a node of the tree of pieces, about. */
const PIECE_OVERHEAD = 200;
const NODE_BYTES = 64 * 8 + 32;

/** A state on the way. */
export interface Snapshot {
  /** Instructions retired before it. */
  readonly instret: number;
  /** How many of the record's inputs had been given. */
  readonly inputs: number;
  /** Which harts ran; all, when undefined. */
  readonly only: readonly number[] | undefined;
  /** Nothing has happened since that instruction: no interrupt was taken, no time has jumped. */
  readonly settled: boolean;
  readonly state: MachineState;
  /** It cannot be reached from the one before: somebody changed the guest here. */
  readonly pinned: boolean;
  /** What went along with the machine then; undefined: nothing. */
  followed: object | undefined;
}

interface Kept extends Snapshot {
  /** Bytes that it does not share with the one before. */
  bytes: number;
}

/** The kept states of one record, by their moments. There is always a first one. */
export class Snapshots {
  readonly #kept: Kept[] = [];
  readonly #most: number;
  /** Bytes of all of them, about. */
  bytes = 0;

  /** Nothing but the first state. `most`: bytes that all may take. */
  constructor(first: Snapshot, most: number) {
    this.#most = most;
    this.add(first);
  }

  /** The moment at which the record begins. */
  get start(): number {
    return this.#kept[0].instret;
  }

  /** How many there are. */
  get count(): number {
    return this.#kept.length;
  }

  /** The last one. */
  get last(): Snapshot {
    return this.#kept[this.#kept.length - 1];
  }

  /** Those behind a moment, up to another one. */
  between(after: number, to: number): Snapshot[] {
    return this.#kept.filter(({ instret }) => instret > after && instret <= to);
  }

  /** One more, behind all others. */
  add(one: Snapshot): void {
    const before = this.#kept.at(-1);
    const bytes = changedBytes(one.state, before?.state);
    this.#kept.push({ ...one, bytes });
    this.bytes += bytes;
    while (this.bytes > this.#most && this.#kept.length > 2) this.#thin();
  }

  /** The last one at or before a moment; undefined: the record begins later. */
  before(instret: number): Snapshot | undefined {
    let low = 0, high = this.#kept.length;
    while (low < high) {
      const mid = (low + high) >>> 1;
      if (this.#kept[mid].instret <= instret) low = mid + 1;
      else high = mid;
    }
    return this.#kept[low - 1];
  }

  /** Forgets those behind a moment at which so many inputs had been given. */
  forgetAfter(instret: number, inputs: number): void {
    while (this.#kept.length > 1) {
      const { last } = this;
      if (last.instret < instret || (last.instret === instret && last.inputs <= inputs)) return;
      this.bytes -= this.#kept.pop()!.bytes;
    }
  }

  /**
   * Forgets the state whose neighbours are closest for their age. What had to be kept, since nothing
   * leads to it, is forgotten last: together with all before it, so that the record begins later.
   */
  #thin(): void {
    const kept = this.#kept, now = this.last.instret;
    let best = 0, least = Infinity;
    for (let i = 1; i < kept.length - 1; i++) {
      if (kept[i].pinned) continue;
      const gap = kept[i + 1].instret - kept[i - 1].instret;
      const cost = gap / (now - kept[i].instret + 1);
      if (cost >= least) continue;
      least = cost;
      best = i;
    }
    if (best === 0) {
      // The second one becomes the first, and has all for itself.
      this.bytes -= kept[0].bytes + kept[1].bytes;
      kept.shift();
      kept[0].bytes = changedBytes(kept[0].state, undefined);
      this.bytes += kept[0].bytes;
      return;
    }
    const next = kept[best + 1];
    this.bytes -= kept[best].bytes + next.bytes;
    next.bytes = changedBytes(next.state, kept[best - 1].state);
    this.bytes += next.bytes;
    kept.splice(best, 1);
  }
}

/** Bytes of a state that are not shared with another one, about. */
function changedBytes(now: MachineState, before: MachineState | undefined): number {
  const seen = new Set<object>();
  if (before !== undefined) stateBytes([small(before)], seen);
  const image = now.virtio?.image;
  return stateBytes([small(now)], seen) + pieceBytes(now.ram, before?.ram) +
    (image === undefined ? 0 : pieceBytes(image, before?.virtio?.image));
}

/** A state without RAM and the disk's contents, which are too much to look at all of. */
function small({ ram: _, virtio, ...rest }: MachineState): object {
  return { ...rest, fields: virtio?.fields };
}

function pieceBytes(now: Pieces, before: Pieces | undefined): number {
  let bytes = 0, group = -1;
  for (const [n, piece] of piecesSince(now, before)) {
    if (piece !== undefined) bytes += PIECE_OVERHEAD + piece.byteLength;
    if (n >>> 6 === group) continue;
    group = n >>> 6;
    bytes += NODE_BYTES;
  }
  return bytes;
}

/** How many frames of RAM may have changed since the last state: what the next one costs. */
export function framesWritten({ ram }: Machine): number {
  let frames = 0;
  for (const one of ram.dirty) frames += one;
  return frames;
}
