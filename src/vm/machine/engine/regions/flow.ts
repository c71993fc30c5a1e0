/**
 * The order of a region's blocks, so that they can be written with WebAssembly's blocks and loops:
 * a reverse postorder, the tree of dominators, which blocks begin loops and where paths meet (after
 * N. Ramsey, "Beyond Relooper", ICFP 2022; dominators after Cooper, Harvey and Kennedy, 2001).
 *
 * Blocks are numbers. Above all of them stands the root's dispatch, which leads to each *top*: to
 * those that execution enters from outside, and to loops that have several ways in.
 *
 * @module
 */

/** What is above all blocks. */
const ROOT = -1;
const UNSEEN = -2;

/** The blocks' order. */
export interface Flow {
  /** Blocks that the dispatch leads to, in the order of {@link Flow.rank}. */
  readonly tops: readonly number[];
  /** Position in reverse postorder; -1: never reached. */
  readonly rank: Int32Array;
  /** Blocks that each one dominates at once and that are written on their own, later ones last. */
  readonly inner: readonly (readonly number[])[];
  /** Whether a block is written on its own: paths meet there, or it is a top. */
  readonly merges: Uint8Array;
  /** Whether a block is a loop's first. */
  readonly loops: Uint8Array;
}

/**
 * Orders blocks.
 *
 * @param next The blocks that each may lead to; twice the same, when its code has two ways there.
 * @param entries Those entered from outside.
 */
export function order(next: readonly (readonly number[])[], entries: readonly number[]): Flow {
  const tops = new Set(entries);
  for (;;) {
    const { sequence, rank } = reversePostorder(next, tops);
    const idom = dominators(next, tops, sequence, rank);
    const dominates = (a: number, b: number) => {
      while (b !== ROOT && rank[b]! > rank[a]!) b = idom[b]!;
      return a === b;
    };
    // A loop with several ways in is entered through the dispatch.
    let again = false;
    for (const block of sequence) {
      for (const to of next[block]!) {
        if (rank[to]! > rank[block]! || dominates(to, block) || tops.has(to)) continue;
        tops.add(to);
        again = true;
      }
    }
    if (!again) return flow(next, tops, sequence, rank, idom);
  }
}

function reversePostorder(next: readonly (readonly number[])[], tops: ReadonlySet<number>) {
  const seen = new Uint8Array(next.length);
  const sequence: number[] = [];
  const path: { block: number; at: number }[] = [];
  for (const top of tops) {
    if (seen[top] !== 0) continue;
    seen[top] = 1;
    path.push({ block: top, at: 0 });
    for (let last = path.at(-1); last !== undefined; last = path.at(-1)) {
      const to = next[last.block]![last.at++];
      if (to === undefined) {
        sequence.push(last.block);
        path.pop();
      } else if (seen[to] === 0) {
        seen[to] = 1;
        path.push({ block: to, at: 0 });
      }
    }
  }
  sequence.reverse();
  const rank = new Int32Array(next.length).fill(-1);
  for (const [i, block] of sequence.entries()) rank[block] = i;
  return { sequence, rank };
}

/** Each block's immediate dominator. */
function dominators(
  next: readonly (readonly number[])[],
  tops: ReadonlySet<number>,
  sequence: readonly number[],
  rank: Int32Array,
): Int32Array {
  const before: number[][] = next.map(() => []);
  for (const block of sequence) for (const to of next[block]!) before[to]!.push(block);
  const idom = new Int32Array(next.length).fill(UNSEEN);
  const meet = (a: number, b: number) => {
    while (a !== b) {
      if (a === ROOT || b === ROOT) return ROOT;
      if (rank[a]! > rank[b]!) a = idom[a]!;
      else b = idom[b]!;
    }
    return a;
  };
  for (let changed = true; changed;) {
    changed = false;
    for (const block of sequence) {
      let found = tops.has(block) ? ROOT : UNSEEN;
      for (const from of before[block]!) {
        if (idom[from] === UNSEEN) continue;
        found = found === UNSEEN ? from : meet(found, from);
      }
      if (idom[block] === found) continue;
      idom[block] = found;
      changed = true;
    }
  }
  return idom;
}

function flow(
  next: readonly (readonly number[])[],
  entered: ReadonlySet<number>,
  sequence: readonly number[],
  rank: Int32Array,
  idom: Int32Array,
): Flow {
  const forward = new Uint16Array(next.length);
  const loops = new Uint8Array(next.length), merges = new Uint8Array(next.length);
  for (const block of sequence) {
    for (const to of next[block]!) {
      if (rank[to]! > rank[block]!) forward[to]!++;
      // Backwards to a top it may also go through the dispatch.
      else if (isAbove(to, block, rank, idom)) loops[to] = 1;
    }
  }
  const inner: number[][] = next.map(() => []);
  const tops: number[] = [];
  // In their order already, as the sequence is.
  for (const block of sequence) {
    merges[block] = Number(entered.has(block) || forward[block]! > 1);
    if (idom[block] === ROOT) {
      merges[block] = 1;
      tops.push(block);
    } else if (merges[block] !== 0) inner[idom[block]!]!.push(block);
  }
  return { tops, rank, inner, merges, loops };
}

/** Whether a block dominates another. */
function isAbove(a: number, b: number, rank: Int32Array, idom: Int32Array): boolean {
  while (b !== ROOT && rank[b]! > rank[a]!) b = idom[b]!;
  return a === b;
}
