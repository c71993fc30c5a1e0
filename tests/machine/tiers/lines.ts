/**
 * Random lines of assembly for fast-check: whatever has no other items in it (tree.ts).
 *
 * @module
 */

import fc from "fast-check";
import { REGISTER_NAMES } from "../../../src/vm/machine/isa/register_names.ts";
import { encodePattern, extractAll } from "../../../src/vm/machine/isa/pattern.ts";
import { computations, shortComputations } from "../../campaigns/cpu_block.ts";
import type { Item, Spot } from "./tree.ts";

/** Registers that anybody may change. */
const FREE = [5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17, 22, 28, 29, 30, 31];
const register = fc.constantFrom(...FREE.map((n) => REGISTER_NAMES[n]!));
/** Any register, to read. */
const source = fc.oneof(
  { weight: 9, arbitrary: register },
  { weight: 1, arbitrary: fc.constantFrom(...REGISTER_NAMES) },
);
/** Where results go: now and then nowhere. */
const result = fc.oneof({ weight: 15, arbitrary: register }, {
  weight: 1,
  arbitrary: fc.constant("zero"),
});
/** Records that print as what one would paste. */
export const record = <T extends object>(
  model: { [K in keyof T]: fc.Arbitrary<T[K]> },
): fc.Arbitrary<T> => fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>;
export const pick = <T>(...list: T[]) => fc.constantFrom(...list);

/** A line in which each arbitrary stands for itself. */
function line(
  parts: TemplateStringsArray,
  ...values: fc.Arbitrary<string | number>[]
): fc.Arbitrary<string> {
  return fc.tuple(...values).map((chosen) =>
    parts.reduce((text, part, i) => `${text}${chosen[i - 1]}${part}`)
  );
}

/** An instruction that only computes, of four bytes or two. */
function computation(rows: typeof computations | typeof shortComputations): fc.Arbitrary<string> {
  return fc.tuple(fc.constantFrom(...rows), fc.nat(2 ** 32 - 1), register).map(
    ([row, bits, rd]) => {
      const { pattern, text, name } = row;
      for (let i = 0;; i++) {
        const word = (pattern.match | ((bits + i * 0x9e37_79b9) & ~pattern.mask)) >>> 0;
        const operands = extractAll(pattern, word);
        const target = pattern.fields.find(({ name }) => name === "rd");
        if (target !== undefined) {
          operands.rd = target.base === 8 ? 10 + operands.rd % 6 : REGISTER_NAMES.indexOf(rd);
        }
        if (pattern.fields.some(({ name, except }) => except.includes(operands[name]))) continue;
        encodePattern(pattern, operands);
        const { imm } = operands;
        const words = { imm, shamt: imm, upper: imm >>> 12, rd: "", rs1: "", rs2: "" };
        for (const field of ["rd", "rs1", "rs2"] as const) {
          words[field] = REGISTER_NAMES[operands[field]]!;
        }
        return `${name} ${
          text.replace(/\b(rd|rs1|rs2|imm|shamt|upper)\b/g, (word) => `${words[word as "rd"]}`)
        }`;
      }
    },
  );
}
export const long = computation(computations), short = computation(shortComputations);

export const condition = fc.oneof(
  line`${pick("beq", "bne", "blt", "bge", "bltu", "bgeu")} ${source}, ${source}`,
  line`${pick("c.beqz", "c.bnez")} ${pick("a0", "a1", "a2", "a3", "a4", "a5", "s0", "s1")}`,
);

/** Pointers, and how far from them. */
const pointer = fc.oneof(
  { weight: 5, arbitrary: fc.constant("s0") },
  { weight: 4, arbitrary: fc.constant("s1") },
  { weight: 1, arbitrary: fc.constant("gp") },
);
const near = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: -8, max: 8 }).map((n) => 8 * n) },
  { weight: 2, arbitrary: fc.integer({ min: -64, max: 64 }) },
  { weight: 1, arbitrary: fc.integer({ min: -2048, max: 2047 }) },
);
const place = line`${near}(${pointer})`;
const loads = pick("lb", "lh", "lw", "ld", "lbu", "lhu", "lwu"),
  stores = pick("sb", "sh", "sw", "sd");
const shortPlace = (step: number) => line`${fc.nat(15).map((n) => step * n)}(${pick("s0", "s1")})`;
export const low = pick("a0", "a1", "a2", "a3", "a4", "a5");
const access = fc.oneof(
  { weight: 4, arbitrary: line`${loads} ${result}, ${place}` },
  { weight: 4, arbitrary: line`${stores} ${source}, ${place}` },
  { weight: 1, arbitrary: line`${pick("c.lw", "c.sw")} ${low}, ${shortPlace(4)}` },
  { weight: 1, arbitrary: line`${pick("c.ld", "c.sd")} ${low}, ${shortPlace(8)}` },
  {
    weight: 1,
    arbitrary: line`${pick("c.ldsp", "c.sdsp")} ${register}, ${fc.nat(3).map((n) => 8 * n)}(sp)`,
  },
);

/** A pointer goes on, and stays in its area. */
const step = pick(1, 2, 4, 8, 16, 64, 4095, 4096, 4093, -1, -4, -8, -4096, 12_345);
const move = fc.oneof(
  line`li t6, ${
    step.map((n) => n >>> 0)
  }\naddw t6, t6, zero\nadd s0, s0, t6\nslli s0, s0, 49\nsrli s0, s0, 49\nadd s0, s0, gp`,
  line`li t6, ${
    step.map((n) => n >>> 0)
  }\naddw t6, t6, zero\nadd s1, s1, t6\nslli s1, s1, 48\nsrli s1, s1, 48
li t6, @trouble\nadd s1, s1, t6`,
  line`addi ${pick("s0", "s1")}, ${pick("s0", "s1")}, 0`.map((text) =>
    text.replace(/(s\d), s\d/, "$1, $1")
  ),
);

const amo = pick("swap", "add", "xor", "and", "or", "min", "max", "minu", "maxu");
const order = pick("", ".aq", ".rl", ".aqrl");
const size = pick("w", "d");
const aligned = line`andi t6, ${pick("s0", "s1")}, -8\n`;
const again = (size: string) =>
  line`${aligned}again%: lr.${pick(size)}${order} t4, (t6)\n${long}\nsc.${
    pick(size)
  }${order} t5, ${register}, (t6)
bne t5, zero, again%`.map((text) => text.replace("again%:", "again%:\n"));
const atomic = fc.oneof(
  { weight: 3, arbitrary: line`${aligned}amo${amo}.${size}${order} ${result}, ${source}, (t6)` },
  { weight: 1, arbitrary: line`amo${amo}.${size}${order} ${result}, ${source}, (${pointer})` },
  { weight: 1, arbitrary: again("w") },
  { weight: 1, arbitrary: again("d") },
  { weight: 1, arbitrary: line`${aligned}sc.${size} ${result}, ${source}, (t6)` },
);

/** Values at the edges of what instructions do. */
const edge = fc.oneof(
  line`addi ${register}, zero, ${pick(0, 1, -1, 2047, -2048, 63)}`,
  line`addi t6, zero, ${pick(1, -1)}\nslli ${register}, t6, ${pick(63, 31, 32, 62)}`,
  line`lui ${register}, ${pick("0x80000", "0x7ffff", "0x1")}`,
);

const SEEN =
  "sstatus sepc scause stval satp sie sip stvec sscratch time cycle instret scounteren stimecmp " +
  "mstatus mepc mcause mtval mie mip mhartid misa mcycle minstret medeleg";
const csr = fc.oneof(
  { weight: 4, arbitrary: line`csrrs ${result}, ${pick(...SEEN.split(" "))}, zero` },
  { weight: 3, arbitrary: line`${pick("csrrsi", "csrrci")} ${result}, sstatus, 2` },
  { weight: 1, arbitrary: line`${pick("csrrsi", "csrrci")} ${result}, mstatus, 8` },
  {
    weight: 3,
    arbitrary: line`li t6, ${pick(2, 0x20, 0x100, 0x40000, 0x80000, 0xc0000)}
${pick("csrrs", "csrrc")} ${result}, ${pick("sstatus", "mstatus")}, t6`,
  },
  {
    weight: 1,
    arbitrary: line`csrrw ${result}, ${
      pick("sepc", "scause", "stval", "mepc", "mcause", "mtval")
    }, ${source}`,
  },
  { weight: 1, arbitrary: line`${pick("csrrsi", "csrrci")} ${result}, ${pick("sip", "mip")}, 2` },
  { weight: 1, arbitrary: line`${pick("csrrsi", "csrrci")} ${result}, ${pick("sie", "mie")}, 2` },
  {
    weight: 1,
    arbitrary: line`${pick("csrrsi", "csrrci")} ${result}, ${
      pick("scounteren", "mcountinhibit")
    }, ${pick(1, 4, 5)}`,
  },
  {
    weight: 1,
    arbitrary: line`csrrw ${result}, ${pick("mcycle", "minstret")}, ${source}`,
  },
  // Loads and stores as another mode would do them.
  {
    weight: 1,
    arbitrary:
      line`li t6, 0x20000\ncsrrs zero, mstatus, t6\n${access}\n${access}\ncsrrc zero, mstatus, t6`,
  },
);

const fence = pick(
  "fence iorw, iorw",
  "fence.i",
  "sfence.vma zero, zero",
  "sfence.vma s1, zero",
  "addi t6, zero, 1\nsfence.vma zero, t6",
  "addi t6, zero, 2\nsfence.vma s0, t6",
);
const trap = pick(
  "addi a7, zero, 0\necall",
  "ebreak",
  "c.ebreak",
  ".word 0xffffffff",
  ".2byte 0",
  ".word 0x00153053",
  ".word 0x10000073",
);
/** To the next instruction by xRET. */
const returned = fc.oneof(
  fc.constant(
    "la t5, back%\ncsrrw zero, sepc, t5\nli t6, 0x100\ncsrrs zero, sstatus, t6\nsret\nback%:",
  ),
  fc.constant(
    "la t5, back%\ncsrrw zero, mepc, t5\nli t6, 0x1800\ncsrrs zero, mstatus, t6\nmret\nback%:",
  ),
);
const device = fc.oneof(
  { weight: 3, arbitrary: line`li s7, @uart\nsb ${source}, 0(s7)` },
  { weight: 2, arbitrary: line`li s7, @uart\nlbu ${result}, 5(s7)` },
  { weight: 1, arbitrary: line`li s7, 0x200bff8\nld ${result}, 0(s7)` },
);
const wild = fc.oneof(
  { weight: 4, arbitrary: line`${loads} ${result}, ${near}(${source})` },
  { weight: 3, arbitrary: line`${stores} ${source}, ${near}(${register})` },
  { weight: 1, arbitrary: line`jalr zero, 0(${register})` },
);

const several = fc.array(fc.oneof(long, short, access), {
  minLength: 4,
  maxLength: 30,
  size: "max",
})
  .map((lines) => lines.join("\n"));
export const straight = fc.oneof(
  { weight: 6, arbitrary: several },
  { weight: 4, arbitrary: long },
  { weight: 4, arbitrary: short },
  { weight: 10, arbitrary: access },
  { weight: 3, arbitrary: move },
  { weight: 2, arbitrary: edge },
  { weight: 2, arbitrary: atomic },
  { weight: 2, arbitrary: csr },
  { weight: 1, arbitrary: fence },
  { weight: 1, arbitrary: device },
);
export const upset = fc.oneof(
  { weight: 4, arbitrary: trap },
  { weight: 2, arbitrary: returned },
  { weight: 1, arbitrary: wild },
  { weight: 1, arbitrary: line`addi a0, zero, ${fc.nat(255)}\naddi a7, zero, 5\necall` },
);

const spot: fc.Arbitrary<Spot> = record({
  area: fc.oneof(
    { weight: 5, arbitrary: fc.constant("data" as const) },
    { weight: 4, arbitrary: fc.constant("trouble" as const) },
    { weight: 1, arbitrary: fc.constant("scratch" as const) },
  ),
  offset: fc.oneof(
    fc.nat(0x3fff),
    fc.integer({ min: 0xfe0, max: 0x1020 }),
    fc.nat(0xfff).map((n) => n & ~7),
  ),
});
export const bytes: fc.Arbitrary<Item> = record({
  bytes: pick("fill" as const, "up" as const, "down" as const, "words" as const, "sum" as const),
  short: fc.boolean(),
  swapped: fc.boolean(),
  count: fc.oneof(
    fc.integer({ min: 1, max: 80 }),
    fc.integer({ min: 1, max: 700 }),
    fc.constant(4096),
  ),
  from: spot,
  to: spot,
});
/** The same bytes for both ends, a little apart. */
export const overlapping: fc.Arbitrary<Item> = fc.tuple(bytes, fc.integer({ min: -20, max: 20 }))
  .map(
    ([item, by]) => {
      const { from, ...rest } = item as Extract<Item, { bytes: unknown }>;
      return { ...rest, from, to: { ...from, offset: Math.max(0, from.offset + by) } };
    },
  );
