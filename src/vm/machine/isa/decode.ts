/**
 * From encodings to instructions, by the rows.
 *
 * @module
 */

import { extractAll, matches, type Pattern } from "./pattern.ts";
import type { CompressedRow, Instruction, Row } from "./row.ts";
import { COMPRESSED_ROWS, rowNamed, ROWS } from "./rows.ts";

/** Whether an instruction that begins with this halfword has 4 bytes (its two low bits are set). */
export function isLong(halfword: number): boolean {
  return (halfword & 3) === 3;
}

/** Candidates by opcode (bits 6:2) and funct3 (bits 14:12), so that few masks are tried. */
const long = bucket(ROWS, 256, (word) => ((word >>> 7) & 0xe0) | ((word >>> 2) & 0x1f));
/** Candidates by quadrant (bits 1:0) and funct3 (bits 15:13). */
const short = bucket(COMPRESSED_ROWS, 32, (word) => ((word >>> 11) & 0x1c) | (word & 3));

/**
 * Decodes one instruction: a halfword when its two low bits are not both set, otherwise a word.
 * `undefined` when it is illegal here (reserved, or of an extension this hart lacks).
 */
export function decode(word: number): Instruction | undefined {
  if (isLong(word)) {
    const row = long(word)?.find((row) => matches(row.pattern, word));
    return row && {
      row,
      compressed: undefined,
      length: 4,
      word: word >>> 0,
      ...extractAll(row.pattern, word),
    };
  }
  const halfword = word & 0xffff;
  const compressed = short(halfword)?.find((row) => matches(row.pattern, halfword));
  return compressed && expand(compressed, halfword);
}

function expand(compressed: CompressedRow, word: number): Instruction {
  const operands = extractAll(compressed.pattern, word);
  const { rd } = operands;
  for (const [name, value] of Object.entries(compressed.fixed)) {
    operands[name as "rd"] = value === "rd" ? rd : value;
  }
  return { row: rowNamed(compressed.base), compressed, length: 2, word, ...operands };
}

/**
 * Looks rows up by a key of the encoding; a row whose key bits are not all fixed stands under
 * several keys. The table is made at the first look.
 */
function bucket<R extends Row | CompressedRow>(
  rows: readonly R[],
  keys: number,
  key: (word: number) => number,
): (word: number) => readonly R[] | undefined {
  let buckets: R[][] | undefined;
  return (word) => {
    if (buckets === undefined) {
      buckets = Array.from({ length: keys }, () => []);
      for (const row of rows) {
        for (const index of keysOf(row.pattern, key)) buckets[index]!.push(row);
      }
    }
    return buckets[key(word)];
  };
}

function keysOf(pattern: Pattern, key: (word: number) => number): Set<number> {
  const indices = new Set<number>();
  // Opcode and quadrant are fixed in every format; of the key bits only 15:12 may be operands.
  for (let bits = 0; bits < 16; bits++) {
    indices.add(key(pattern.match | ((bits << 12) & ~pattern.mask)));
  }
  return indices;
}
