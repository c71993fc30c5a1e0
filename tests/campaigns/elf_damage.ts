/**
 * Damaged ELF files: good ones with fields, bytes and lengths changed, and a few that are made to be expensive.
 */

import { program } from "../../user/programs.ts";
import { Assembler } from "../machine/engine_lab.ts";
import { elf } from "../machine/bare_lab.ts";
import type { Random } from "./campaign.ts";

/** Bytes of the headers and of an entry of each table (System V ABI, "Object Files"). */
const HEADER = 64, SEGMENT = 56, SECTION = 64, SYMBOL = 24;

const kernel = elf(new Assembler().label("here").put("jal", { rd: 0 }, "here").bytes(), {
  symbols: ["proc", "cons", "ticks", "cpus", "panicked", "tohost"].map((name, i) => ({
    name,
    value: BigInt(0x8000_0100 + 64 * i),
    size: 64,
  })),
});
const suite = Deno.readFileSync(new URL("../isa/bin/alu.elf", import.meta.url));
const good = [
  ...["cowtest", "echo", "sh", "mmaptest"].map((name) => program(name)!),
  kernel,
  suite,
];

/** A damaged file. */
export function damaged(random: Random): Uint8Array {
  if (random.oneIn(200)) return hostile(random);
  let file = random.pick(good).slice();
  for (let n = 1 + random.below(6); n > 0; n--) {
    switch (random.below(10)) {
      case 0:
        file = file.slice(
          0,
          random.oneIn(4) ? random.below(HEADER + 2) : random.below(file.length + 1),
        );
        break;
      case 1: {
        const longer = new Uint8Array(file.length + random.below(5000));
        longer.fill(random.below(256)).set(file);
        file = longer;
        break;
      }
      case 2:
        if (file.length > 0) file[random.below(file.length)]! ^= 1 << random.below(8);
        break;
      default:
        field(file, random);
    }
  }
  return file;
}

/** Changes a field of a header or a table to a number that is likely to hurt. */
function field(file: Uint8Array, random: Random): void {
  if (file.length < HEADER) return;
  const view = new DataView(file.buffer);
  const entry = (table: number, count: number, size: number) =>
    Number(view.getBigUint64(table, true) % 2n ** 32n) +
    size * random.below(Math.max(1, view.getUint16(count, true)));
  let start = 0, length = HEADER;
  const where = random.below(4);
  if (where === 1) [start, length] = [entry(32, 56, SEGMENT), SEGMENT];
  if (where >= 2) [start, length] = [entry(40, 60, SECTION), SECTION];
  if (where === 3 && start + SECTION <= file.length) {
    // somewhere in what the section holds: symbols, if it is that
    const offset = Number(view.getBigUint64(start + 24, true) % 2n ** 32n);
    const size = Number(view.getBigUint64(start + 32, true) % 2n ** 32n);
    [start, length] = [offset + SYMBOL * random.below(1 + Math.floor(size / SYMBOL)), SYMBOL];
  }
  const width = random.pick([1, 2, 4, 8]);
  const at = start + random.below(length / width) * width;
  if (at + width > file.length) return;
  const numbers = [0, 1, 2, 7, 8, 0xff, 0xfff, 0x1000, 0xffff, file.length, file.length - 1]
    .concat([file.length + 1, 2 ** 31, 2 ** 32 - 1, 2 ** 38, 2 ** 38 - 0x5000, 0x8000_0000]);
  const number = random.pick([
    ...numbers.map(BigInt),
    ...[2n ** 53n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 64n - 4096n, random.bits()],
  ]);
  for (let i = 0; i < width; i++) file[at + i] = Number((number >> BigInt(8 * i)) & 0xffn);
}

/** A file of a megabyte or two whose tables say as much as they can, about the same bytes. */
function hostile(random: Random): Uint8Array {
  const file = new Uint8Array(2 ** (18 + random.below(4))).fill(random.oneIn(2) ? 0x61 : 0);
  file.set(kernel.subarray(0, HEADER));
  const view = new DataView(file.buffer);
  const size = BigInt(file.length);
  const segments = Math.min(0xffff, Math.floor(file.length / 4 / SEGMENT));
  const sections = Math.min(0xffff, Math.floor(file.length / 4 / SECTION));
  const sectionTable = 64 + segments * SEGMENT;
  view.setBigUint64(32, 64n, true);
  view.setBigUint64(40, BigInt(sectionTable), true);
  view.setUint16(56, random.oneIn(2) ? segments : 1, true);
  view.setUint16(60, random.oneIn(2) ? sections : 3, true);
  view.setUint16(62, 2, true);
  const memory = random.pick([size, 2n ** 20n, 2n ** 24n, 2n ** 27n]);
  const inFile = random.pick([size, 1n, 0n]), apart = random.pick([0n, 4096n, 2n ** 16n]);
  const base = random.oneIn(2) ? 0x8000_0000n : 0n;
  for (let i = 0; i < segments; i++) {
    const at = 64 + i * SEGMENT;
    view.setUint32(at, 1, true);
    view.setUint32(at + 4, 7, true);
    view.setBigUint64(at + 8, 0n, true);
    view.setBigUint64(at + 16, base + apart * BigInt(i), true);
    view.setBigUint64(at + 24, base, true);
    view.setBigUint64(at + 32, inFile, true);
    view.setBigUint64(at + 40, memory, true);
  }
  for (let i = 0; i < sections; i++) {
    const at = sectionTable + i * SECTION;
    view.setUint32(at, random.below(file.length), true);
    view.setUint32(at + 4, i === 1 ? 2 : 3, true);
    view.setBigUint64(at + 24, 0n, true);
    view.setBigUint64(at + 32, size, true);
    view.setUint32(at + 40, 2, true);
  }
  return file;
}
