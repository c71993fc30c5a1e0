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

/**
 * A node's children: nodes, or at the bottom pieces; undefined is a piece of zeros. A piece that
 * ends in the same byte over and over is shorter than the others: its last number stands for all
 * that follow. So a frame that a kernel has filled with junk takes a word.
 */
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

/** A piece by its number, short as it is kept; undefined is one of zeros. */
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

/** The piece of that number, whole; undefined when it is zeros. Not to be changed. */
export function pieceAt<P extends Numbers>(pieces: Pieces<P>, n: number): P | undefined {
  const piece = keptAt(pieces, n);
  const length = Math.min(pieces.each, pieces.length - n * pieces.each);
  if (piece === undefined || piece.length === length) return piece;
  const whole = new BY_NAME[pieces.array](length) as P;
  putPiece(whole, 0, length, piece);
  return whole;
}

/** Puts a piece as it is kept into a part of an array. */
export function putPiece(array: Numbers, from: number, to: number, piece: Numbers | undefined) {
  if (piece === undefined) return void array.fill(0, from, to);
  array.set(piece, from);
  if (from + piece.length < to) array.fill(piece[piece.length - 1], from + piece.length, to);
}

/** The piece of that number as it is kept. */
export function keptAt<P extends Numbers>(pieces: Pieces<P>, n: number): P | undefined {
  let node = pieces.tree;
  for (let span = rootSpan(pieceCount(pieces)); span > 1; span /= WIDTH) {
    node = node[Math.floor(n / span) % WIDTH] as Node<P>;
  }
  return node[n % WIDTH] as P | undefined;
}

/** The number at an index. */
export function numberAt(pieces: Pieces, index: number): number {
  const piece = keptAt(pieces, Math.floor(index / pieces.each));
  return piece === undefined ? 0 : piece[Math.min(index % pieces.each, piece.length - 1)];
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
  if (holds(undefined, array, from, to)) return undefined;
  return array.slice(from, from + keptOf(array, from, to)) as P;
}

/** How many numbers of a part of an array its piece keeps. */
function keptOf(array: Numbers, from: number, to: number): number {
  const all = to - from;
  const words = bits(array, from, to);
  const end = words.length - 1, last = words[end];
  if (words instanceof Uint8Array || last !== Math.imul(last & 0xff, 0x0101_0101)) return all;
  let i = end;
  while (i > 0 && words[i - 1] === last) i--;
  // The words before, and one number of the end.
  const size = array.BYTES_PER_ELEMENT, unit = Math.max(4, size);
  return Math.min(all, (Math.ceil(4 * i / unit) + 1) * unit / size);
}

/** Whether a piece, whole or as it is kept, is what stands in a part of an array. */
export function holds(piece: Numbers | undefined, array: Numbers, from: number, to: number) {
  const now = bits(array, from, to);
  if (piece === undefined) return now instanceof Int32Array ? words(now) : bytes(now);
  return now instanceof Int32Array
    ? words(now, new Int32Array(piece.buffer, piece.byteOffset, piece.byteLength / 4))
    : bytes(now, bytesOf(piece, 0, piece.length));
}

const ZERO_WORD = new Int32Array(1);
const ZERO_BYTE = new Uint8Array(1);

/** Whether an array is another one, whose last number stands for what follows. */
function words(now: Int32Array, then: Int32Array = ZERO_WORD): boolean {
  const { length } = then;
  for (let i = 0; i < length; i++) if (now[i] !== then[i]) return false;
  const last = then[length - 1] | 0;
  for (let i = length; i < now.length; i++) if (now[i] !== last) return false;
  return true;
}

/** The same in bytes: one loop for both would be a fifth as fast. */
function bytes(now: Uint8Array, then: Uint8Array = ZERO_BYTE): boolean {
  const { length } = then;
  for (let i = 0; i < length; i++) if (now[i] !== then[i]) return false;
  const last = then[length - 1] | 0;
  for (let i = length; i < now.length; i++) if (now[i] !== last) return false;
  return true;
}

/** A part of an array as plain bits: as words where it can be, nearly always, which is fast. */
function bits(array: Numbers, from: number, to: number): Int32Array | Uint8Array {
  const size = array.BYTES_PER_ELEMENT;
  const at = array.byteOffset + from * size, length = (to - from) * size;
  return at % 4 === 0 && length % 4 === 0
    ? new Int32Array(array.buffer, at, length / 4)
    : bytesOf(array, from, to);
}

function bytesOf(array: Numbers, from: number, to: number): Uint8Array {
  const size = array.BYTES_PER_ELEMENT;
  return new Uint8Array(array.buffer, array.byteOffset + from * size, (to - from) * size);
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
    if (!holds(keptAt(before, n), array, from, to)) changes.push([n, pieceOf(array, from, to)]);
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
    const from = n * pieces.each;
    putPiece(array, from, Math.min(from + pieces.each, pieces.length), piece);
  }
  return array;
}
