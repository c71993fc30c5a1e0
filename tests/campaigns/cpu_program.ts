/**
 * Random programs for `campaign cpu`: blocks of instructions (cpu_block.ts) that the harness (cpu_harness.ts) runs many
 * times over in M, S and U mode, with and without Sv39.
 *
 * @module
 */

import { encodePattern } from "../../src/vm/machine/isa/pattern.ts";
import { assemble } from "../machine/assemble.ts";
import { elf } from "../machine/bare_lab.ts";
import type { Random } from "./campaign.ts";
import {
  A,
  Block,
  computations,
  D,
  G,
  operandsOf,
  R,
  shortComputations,
  U,
  V,
  W,
  X,
} from "./cpu_block.ts";
import {
  type BlockEntry,
  BLOCKS,
  CONTROL,
  DATA,
  DATA_SIZE,
  ENTRY,
  FACTOR,
  HARNESS,
  HASH,
  LEAVES,
  MEGA,
  PAGES,
  POOL,
  ROOT,
  STOP,
  TABLE,
  U_ALIAS,
} from "./cpu_harness.ts";

const RAM = 0x8000_0000;

/** A program, and what is needed to read its output. */
export interface Program {
  readonly file: Uint8Array;
  /** The blocks in their order: what they run in, and where. */
  readonly blocks: readonly { mode: string; start: number; bytes: Uint8Array }[];
}

/** A program of so many blocks; `stop` is the fold at which it prints everything, 0 for none. */
export function makeProgram(random: Random, blocks: number, rounds: number, stop = 0): Program {
  const image = new Uint8Array(BLOCKS - RAM + blocks * 4096);
  const view = new DataView(image.buffer);
  const put = (at: number, value: bigint) =>
    view.setBigUint64(at - RAM, BigInt.asUintN(64, value), true);
  image.set(assemble(HARNESS).bytes);
  put(CONTROL + HASH, random.bits());
  put(CONTROL + FACTOR, 0x9e37_79b9_7f4a_7c15n);
  put(CONTROL + STOP, BigInt(stop));
  for (let i = 0; i < DATA_SIZE; i += 8) put(DATA + i, random.bits());
  pool(random, image);
  tables(put);
  const list: Program["blocks"][number][] = [];
  let at = BLOCKS;
  for (let n = 0; n < blocks; n++) {
    const mode = random.pick(["M", "S", "U"] as const), paged = mode !== "M" && !random.oneIn(3);
    const block = new Block(random, mode, paged, at);
    const bytes = block.bytes();
    image.set(bytes, at - RAM);
    const alias = BigInt(paged && mode === "U" ? U_ALIAS : 0);
    const bare = BigInt(DATA);
    const entry: BlockEntry = {
      entry: BigInt(at) + alias,
      end: BigInt(at + bytes.length - 4) + alias,
      satp: paged ? (8n << 60n) | (BigInt(random.below(4)) << 44n) | BigInt(ROOT / 4096) : 0n,
      mpp: BigInt({ M: 3, S: 1, U: 0 }[mode] << 11),
      // Any but ecall from S, by which the harness speaks to itself, and from M.
      medeleg: random.bits() & 0xb1ffn,
      rounds: BigInt(rounds),
      good: !paged ? bare : BigInt(PAGES + (mode === "U" ? 0 : 0x4000)),
      other: !paged ? bare - 0x2000n : BigInt(random.oneIn(4) ? MEGA : PAGES + 0x8000),
    };
    Object.values(entry).forEach((value, i) => put(TABLE + ENTRY * n + 8 * i, value as bigint));
    list.push({ mode: mode + (paged ? " Sv39" : ""), start: at, bytes });
    // Any halfword may be the first, so that instructions stand across page ends.
    at += bytes.length + 2 * random.below(8);
  }
  return { file: elf(image), blocks: list };
}

/** Instructions to be written over others: 32 long ones, and 32 short ones behind them. */
function pool(random: Random, image: Uint8Array): void {
  const view = new DataView(image.buffer);
  for (let i = 0; i < 32; i++) {
    const long = random.pick(computations).pattern, short = random.pick(shortComputations).pattern;
    view.setUint32(POOL - RAM + 4 * i, encodePattern(long, operandsOf(random, long)), true);
    view.setUint16(
      POOL - RAM + 0x80 + 2 * i,
      encodePattern(short, operandsOf(random, short)),
      true,
    );
  }
}

/** Good pages for U, then for S, over the same frames; then the others; RAM for S, and once more for U. */
function tables(put: (at: number, value: bigint) => void): void {
  const pte = (pa: number, flags: number) => BigInt(pa / 4096) << 10n | BigInt(flags);
  put(ROOT + 8, pte(ROOT + 0x1000, V));
  put(ROOT + 16, pte(RAM, V | R | W | X | A | D | G));
  put(ROOT + 32, pte(RAM, V | R | W | X | A | D | U));
  put(ROOT + 0x1000, pte(LEAVES, V));
  put(ROOT + 0x1008, pte(RAM + 0x20_0000, V | R | W | U));
  const frame = (i: number) => DATA + 4096 * i;
  const leaves: [number, number][] = [
    ...[0, 1, 2, 3].map((i): [number, number] => [frame(i), V | R | W | U | A | D]),
    ...[2, 1, 3, 0].map((i): [number, number] => [frame(i), V | R | W | A | D]),
    [frame(2), V | R | U],
    [frame(3), V | R],
    [frame(0), V | X | U],
    [frame(1), V | R | X],
    [frame(1), R | W | U],
    [frame(2), V | W | U],
    [frame(3), V | R | W | U | A],
    [frame(2), V | R | W | U | X],
  ];
  leaves.forEach(([pa, flags], i) => put(LEAVES + 8 * i, pte(pa, flags)));
}
