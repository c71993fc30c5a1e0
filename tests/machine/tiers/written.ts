/**
 * The assembly of those items (tree.ts) that hold no others, and of branches.
 *
 * @module
 */

import { CALL, switchSpace } from "./control.ts";
import {
  DATA,
  LEAVES,
  RAM,
  SCRATCH,
  SCRATCH_SIZE,
  TROUBLE,
  windowOf,
  windows,
  type World,
} from "./places.ts";
import type { ItemWith, Spot } from "./tree.ts";

const INVERSE: Readonly<Record<string, string>> = {
  beq: "bne",
  bne: "beq",
  blt: "bge",
  bge: "blt",
  bltu: "bgeu",
  bgeu: "bltu",
};
/** Bytes of a byte loop, by how many loops it is in. */
const MOST_BYTES = [4096, 40, 12];

/** A branch that reaches: `when` without its target, over so many bytes at most. */
export function branch(when: string, to: string, bytes: number, n: number): string {
  const [name, rs1, rs2 = "zero"] = when.split(/[\s,]+/) as [string, string, string?];
  if (name.startsWith("c.")) {
    if (bytes < 240) return `${name} ${rs1}, ${to}`;
    return branch(`${name === "c.beqz" ? "beq" : "bne"} ${rs1}, zero`, to, bytes, n);
  }
  if (bytes < 4000) return `${name} ${rs1}, ${rs2}, ${to}`;
  return `${INVERSE[name]} ${rs1}, ${rs2}, r${n}\njal zero, ${to}\nr${n}:`;
}

/** Makes an address of code in s7 one of another window. */
export function through(index: number, world: World): string {
  const all = windows(world);
  const window = all[index % all.length]!;
  const load = window < 1n << 32n ? `li s8, ${window}` : `lui s8, ${window >> 12n & 0xfffffn}`;
  return `slli s7, s7, 43\nsrli s7, s7, 43\n${load}\nadd s7, s7, s8`;
}

function address(rd: string, { area, offset }: Spot, world: World): string {
  const [start, size] = area === "data"
    ? [DATA, 0x8000]
    : area === "trouble"
    ? [TROUBLE, 0x1_0000]
    : [SCRATCH, SCRATCH_SIZE];
  return `li ${rd}, ${windowOf(world) - RAM + start + offset % size}`;
}

/** A loop over bytes, inside of so many loops. */
export function bytesText(item: ItemWith<"bytes">, depth: number, n: number, world: World): string {
  const { bytes, short, swapped } = item;
  const count = Math.min(item.count, MOST_BYTES[Math.min(depth, 2)]!);
  const move = (register: string, by: number) =>
    short ? `c.addi ${register}, ${by}` : `addi ${register}, ${register}, ${by}`;
  const to = address("s8", item.to, world), from = address("s7", item.from, world);
  const size = `li s9, ${count}\n`;
  const back = (pointer: string) =>
    swapped ? `bne s9, ${pointer}, h${n}` : `bne ${pointer}, s9, h${n}`;
  switch (bytes) {
    case "fill":
      return `${to}\n${size}add s9, s9, s8\nh${n}:\nsb t3, 0(s8)\n${move("s8", 1)}\n${back("s8")}`;
    case "up":
      return `${to}\n${from}\n${size}add s9, s9, s7
h${n}:\n${move("s7", 1)}\n${move("s8", 1)}\nlbu t3, -1(s7)\nsb t3, -1(s8)\n${back("s7")}`;
    case "down":
      return `${to}\n${from}\n${size}add s8, s8, s9\nc.mv t6, s7\nadd s7, s7, s9\nc.mv s9, t6
h${n}:\n${move("s7", -1)}\n${move("s8", -1)}\nlbu t3, 0(s7)\nsb t3, 0(s8)\n${back("s7")}`;
    case "words":
      return `${to}\n${from}\nli s9, ${count & ~7 || 8}\nadd s9, s9, s7
h${n}:\nld t3, 0(s7)\nsd t3, 0(s8)\n${move("s7", 8)}\n${move("s8", 8)}\n${back("s7")}`;
    default:
      return `${from}\n${size}add s9, s9, s7\nh${n}:\nlbu t3, 0(s7)\nadd a0, a0, t3\n${
        move("s7", 1)
      }\n${back("s7")}`;
  }
}

/** A store into code. */
export function patchText(item: ItemWith<"patch">, world: World): string {
  const { by, value, window, fence } = item;
  const short = by === "half";
  // Which one is in the low bits of a register, or always the same.
  const index = value < 16 ? `addi s9, zero, ${value}` : `andi s9, a${value % 6}, 15`;
  const load = `la s8, ${short ? "pool_short" : "pool"}\n${index}\nslli s9, s9, ${short ? 1 : 2}
add s8, s8, s9\n${short ? "lhu" : by === "double" ? "ld" : "lw"} s9, 0(s8)`;
  const to = `la s7, hole#${item.patch}${window === 0 ? "" : `\n${through(window, world)}`}`;
  const store = {
    word: "sw s9, 0(s7)",
    half: "sh s9, 0(s7)",
    upper: "sh s9, 2(s7)",
    byte: "sb s9, 3(s7)",
    double: "sd s9, 0(s7)",
    amo: "amoswap.w s9, s9, (s7)",
  }[by];
  return `${load}\n${to}\n${store}${fence ? "\nfence.i" : ""}`;
}

/** A copy of one of some functions, and its call. */
export function carryText(
  item: ItemWith<"carry">,
  leaves: readonly number[],
  n: number,
  world: World,
): string {
  const fn = leaves[item.carry % leaves.length];
  if (fn === undefined) return "";
  const to = address("s8", { area: "scratch", offset: item.to & ~1 }, world);
  const step = item.bytewise
    ? "addi s7, s7, 1\naddi s8, s8, 1\nlbu t3, -1(s7)\nsb t3, -1(s8)"
    : "lhu t3, 0(s7)\nsh t3, 0(s8)\nc.addi s7, 2\nc.addi s8, 2";
  return `la s7, f${fn}\nla s9, f${fn}_end\n${to}\nh${n}:\n${step}\nbne s7, s9, h${n}
${item.fence ? "fence.i\n" : ""}${to}\njalr ra, 0(s8)`;
}

/** A change of a PTE. */
export function pteText(item: ItemWith<"pte">, world: World): string {
  const { pte, flip, fence, space } = item;
  if (world.mode === "U") {
    return `addi a0, zero, ${pte}\naddi a1, zero, ${flip}\naddi a2, zero, ${fence}
addi a7, zero, ${CALL.pte}\necall`;
  }
  const page = pte + ((TROUBLE - RAM) >> 12);
  const fences = [
    "",
    `\nli s7, ${windowOf(world) + (page << 12)}\nsfence.vma s7, zero`,
    "\nsfence.vma zero, zero",
  ];
  return `li s7, ${LEAVES[space]! + 8 * page}\nld s8, 0(s7)\nxori s8, s8, ${flip}\nsd s8, 0(s7)${
    fences[fence]
  }`;
}

/** To the other address space. */
export function spaceText(fenced: boolean, world: World): string {
  if (world.mode === "U") {
    return `addi a2, zero, ${Number(fenced)}\naddi a7, zero, ${CALL.space}\necall`;
  }
  if (!world.paged) return "";
  const fence = fenced ? "\nsfence.vma zero, zero" : "";
  return `csrrs s7, satp, zero\n${switchSpace("s7", "s8", "s9")}\ncsrrw zero, satp, s7${fence}`;
}
