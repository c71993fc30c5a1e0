/**
 * A random guest as bytes for RAM: the fixed code, page tables, data, and a program twice.
 *
 * @module
 */

import type { PaNum } from "../../../src/vm/machine/address.ts";
import type { Machine } from "../../../src/vm/machine/machine.ts";
import { assemble } from "../assemble.ts";
import { INTERVAL, RESTART, STACK_TOP, START } from "./control.ts";
import { fixedCode } from "./handlers.ts";
import {
  CODE,
  CODE_SIZE,
  CONTROL,
  CONTROL_S,
  CONTROL_SIZE,
  COPY,
  DATA,
  EXTENT,
  putTables,
  RAM,
  scramble,
  STACK,
  TROUBLE,
  windowOf,
  type World,
} from "./places.ts";
import { textOf } from "./program.ts";
import type { Program } from "./tree.ts";

/** A guest that was put together. */
export interface Guest {
  /** The first bytes of RAM. */
  readonly image: Uint8Array;
  /** Its program as assembly. */
  readonly text: string;
  /** Bytes of its code. */
  readonly size: number;
  /** Where its labels stand, as the program sees them. */
  readonly labels: ReadonlyMap<string, number>;
}

/** Values at the edges, which data begins with. */
const EDGES = [
  0n,
  1n,
  -1n,
  1n << 63n,
  (1n << 63n) - 1n,
  1n << 31n,
  -(1n << 31n),
  (1n << 31n) - 1n,
  1n << 32n,
  0xffn,
];

/** Most harts of a guest. */
export const MOST_HARTS = 4;

/** Puts a guest together. Throws a RangeError for a program that does not fit. */
export function guestOf(program: Program, world: World): Guest {
  const text = textOf(program, world);
  const { bytes, labels } = assemble(text);
  if (bytes.length > CODE_SIZE) throw new RangeError(`a program of ${bytes.length} bytes`);
  const image = new Uint8Array(EXTENT);
  const view = new DataView(image.buffer);
  image.set(fixedCode(world));
  image.set(bytes, CODE - RAM);
  image.set(bytes, COPY - RAM);
  putTables(view, world);
  for (const area of [DATA, TROUBLE]) {
    for (let at = 0; at < 0x8000; at += 4) {
      view.setUint32(area - RAM + at, scramble(world.seed + at), true);
    }
  }
  EDGES.forEach((value, i) => view.setBigInt64(DATA - RAM + 8 * i, value, true));
  const window = windowOf(world);
  const seen = (label: string) => window + CODE - RAM + labels.get(label)!;
  for (let hart = 0; hart < MOST_HARTS; hart++) {
    for (const block of [0, CONTROL_S]) {
      const put = (at: number, value: number) =>
        view.setBigUint64(CONTROL - RAM + hart * CONTROL_SIZE + block + at, BigInt(value), true);
      put(RESTART, seen("round"));
      put(START, seen("start"));
      put(STACK_TOP, window + STACK - RAM + 4096 * hart + 4096 - 128);
      put(INTERVAL, Math.ceil(world.every / world.tick));
    }
  }
  return {
    image,
    text,
    size: bytes.length,
    labels: new Map([...labels.keys()].map((name) => [name, seen(name)])),
  };
}

/** Puts it into a fresh machine. */
export function load(machine: Machine, { image }: Guest): void {
  machine.ram.write(RAM as PaNum, image);
}
