/**
 * Long arrays as saved states hold them: cut into pieces in a tree, so that two states share every
 * piece, and every part of the tree, that did not change between them. A saved array is plain data
 * and is never changed.
 *
 * @module
 */

/** The arrays that state is kept in. */
export type Numbers =
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | Int32Array
  | Float64Array;

/** A node's children: nodes, or at the bottom pieces; undefined is a piece of zeros. */
type Node<P> = readonly (Node<P> | P | undefined)[];

/** An array cut into pieces. */
export interface Pieces<P extends Numbers = Numbers> {
  /** What kind of array it is. */
  readonly array: string;
  /** How many numbers it holds. */
  readonly length: number;
  /** Numbers in a piece; the last one is cut off at `length`. */
  readonly each: number;
  /** The root of the tree. */
  readonly tree: Node<P>;
}

/** A piece by its number; undefined is one of zeros. */
export type Change<P extends Numbers> = readonly [number: number, piece: P | undefined];

/** Children of a node. */
const WIDTH = 64;
const BY_NAME: Readonly<Record<string, new (length: number) => Numbers>> = {
  Uint8Array,
  Uint16Array,
  Uint32Array,
  Int32Array,
  Float64Array,
};

/** How many pieces there are. */
export function pieceCount({ length, each }: Pieces): number {
  return Math.ceil(length / each);
}

/** Pieces under each child of the root. */
function rootSpan(pieces: number): number {
  let span = 1;
  while (span * WIDTH < pieces) span *= WIDTH;
  return span;
}

/** An array of zeros. All its nodes are one. */
export function zeros<P extends Numbers>(array: string, length: number, each: number): Pieces<P> {
  const count = Math.ceil(length / each);
  const span = rootSpan(count);
  let node: Node<P> = new Array(WIDTH).fill(undefined);
  for (let below = 1; below < span; below *= WIDTH) node = new Array(WIDTH).fill(node);
  return { array, length, each, tree: node.slice(0, Math.ceil(count / span)) };
}

/** The piece of that number. */
export function pieceAt<P extends Numbers>(pieces: Pieces<P>, n: number): P | undefined {
  let node = pieces.tree;
  for (let span = rootSpan(pieceCount(pieces)); span > 1; span /= WIDTH) {
    node = node[Math.floor(n / span) % WIDTH] as Node<P>;
  }
  return node[n % WIDTH] as P | undefined;
}

/** The number at an index. */
export function numberAt(pieces: Pieces, index: number): number {
  return pieceAt(pieces, Math.floor(index / pieces.each))?.[index % pieces.each] ?? 0;
}

/** The array with other pieces in some places; it shares the rest, and is itself without any. */
export function withPieces<P extends Numbers>(
  pieces: Pieces<P>,
  changes: Iterable<Change<P>>,
): Pieces<P> {
  const fresh = new Set<Node<P>>();
  const own = (node: Node<P>) => {
    if (fresh.has(node)) return node as (Node<P> | P | undefined)[];
    const copy = node.slice();
    fresh.add(copy);
    return copy;
  };
  let { tree } = pieces;
  const top = rootSpan(pieceCount(pieces));
  for (const [n, piece] of changes) {
    let node = own(tree);
    tree = node;
    for (let span = top; span > 1; span /= WIDTH) {
      const at = Math.floor(n / span) % WIDTH;
      const child = own(node[at] as Node<P>);
      node[at] = child;
      node = child;
    }
    node[n % WIDTH] = piece;
  }
  return tree === pieces.tree ? pieces : { ...pieces, tree };
}

/** The pieces not shared with an array of the same length; without one, those not all zeros. */
export function* piecesSince<P extends Numbers>(
  now: Pieces<P>,
  before: Pieces<P> = zeros(now.array, now.length, now.each),
): Generator<Change<P>> {
  function* visit(
    node: Node<P>,
    other: Node<P>,
    span: number,
    from: number,
  ): Generator<Change<P>> {
    for (let i = 0; i < node.length; i++) {
      if (node[i] === other[i]) continue;
      const first = from + i * span;
      if (span === 1) yield [first, node[i] as P | undefined];
      else yield* visit(node[i] as Node<P>, other[i] as Node<P>, span / WIDTH, first);
    }
  }
  yield* visit(now.tree, before.tree, rootSpan(pieceCount(now)), 0);
}

/** A part of an array as a piece: a copy, or undefined when it is all zeros. */
export function pieceOf<P extends Numbers>(array: P, from: number, to: number): P | undefined {
  return holds(undefined, array, from, to) ? undefined : array.slice(from, to) as P;
}

/** Whether a piece is what stands in an array from one index to another. */
export function holds(piece: Numbers | undefined, array: Numbers, from: number, to: number) {
  const now = bits(array, from, to), then = piece && bits(piece, 0, to - from);
  if (then === undefined) {
    for (let i = 0; i < now.length; i++) if (now[i] !== 0) return false;
  } else {
    for (let i = 0; i < now.length; i++) if (now[i] !== then[i]) return false;
  }
  return true;
}

/** A part of an array as plain bits: as words where it can be, nearly always, which is fast. */
function bits(array: Numbers, from: number, to: number): Int32Array | Uint8Array {
  const size = array.BYTES_PER_ELEMENT;
  const at = array.byteOffset + from * size, bytes = (to - from) * size;
  return at % 4 === 0 && bytes % 4 === 0
    ? new Int32Array(array.buffer, at, bytes / 4)
    : new Uint8Array(array.buffer, at, bytes);
}

/**
 * The array as it is now, sharing with `before` what did not change. Only the pieces of the given
 * numbers can have; all of them, where none are given.
 */
export function cut<P extends Numbers>(
  array: P,
  before: Pieces<P>,
  numbers?: Iterable<number>,
): Pieces<P> {
  const { each, length } = before;
  const changes: Change<P>[] = [];
  const look = (n: number) => {
    const from = n * each, to = Math.min(from + each, length);
    if (!holds(pieceAt(before, n), array, from, to)) changes.push([n, pieceOf(array, from, to)]);
  };
  if (numbers === undefined) {
    for (let n = 0; n * each < length; n++) look(n);
  } else {
    for (const n of numbers) look(n);
  }
  return withPieces(before, changes);
}

/** The array itself, a copy. */
export function joined<P extends Numbers>(pieces: Pieces<P>): P {
  const array = new BY_NAME[pieces.array](pieces.length) as P;
  for (const [n, piece] of piecesSince(pieces)) {
    if (piece !== undefined) array.set(piece, n * pieces.each);
  }
  return array;
}
