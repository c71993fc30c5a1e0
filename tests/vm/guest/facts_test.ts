/**
 * What is found out about a guest's kernel: the search for its count array, in all shapes that students give it; who
 * names an address; the COW bit.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Counts } from "../../../src/vm/guest/count_array.ts";
import { CountSearch, type FoundCounts } from "../../../src/vm/guest/count_search.ts";
import { CowWatch } from "../../../src/vm/guest/cow_bit.ts";
import type { Facts } from "../../../src/vm/guest/facts.ts";
import { knownOf } from "../../../src/vm/guest/known.ts";
import { indexText } from "../../../src/vm/guest/learner.ts";
import { Mapped } from "../../../src/vm/guest/mapped.ts";
import { references, whoNames } from "../../../src/vm/guest/references.ts";
import { ImageSymbols } from "../../../src/vm/guest/symbols.ts";
import { usedCounts } from "../../../src/vm/guest/used_counts.ts";
import { Words } from "../../../src/vm/guest/words.ts";
import { PAGE_SIZE, type PaNum } from "../../../src/vm/machine/address.ts";
import { parseElf } from "../../../src/vm/machine/elf.ts";
import { makePte, PTE_R, PTE_U, PTE_V, PTE_W } from "../../../src/vm/machine/sv39.ts";
import { elf, type TestSymbol } from "../../machine/bare_lab.ts";
import { Assembler } from "../../machine/engine_lab.ts";

const BASE = 0x8000_0000 as PaNum;
/** RAM of 16 MiB; its image ends in the middle of a page, and what is counted begins behind it. */
const TOTAL = 4096;
const SYMBOLS_AT = BASE + 0x8000;
const IMAGE = 0x18_0123;
const FIRST = Math.ceil(IMAGE / PAGE_SIZE) + 1;

/** How a student keeps the counts. */
interface Shape {
  readonly stride: number;
  readonly width: number;
  /** Bytes of the variable, and those before its first count. */
  readonly size: number;
  readonly head: number;
  /** The frame that the first count is for. */
  readonly first: number;
  /** How much more than the mappings is counted, and what free frames hold. */
  readonly more?: number;
  readonly free?: number;
  /** Where it stands, if a pointer leads there. */
  readonly at?: number;
  readonly index: string;
}

const K = "(pa - 0x80000000) / 4096", P = "pa / 4096", E = "(pa - end) / 4096";
const SHAPES: Readonly<Record<string, Shape>> = {
  "int[], from KERNBASE": { stride: 4, width: 4, size: TOTAL * 4, head: 0, first: 0, index: K },
  "struct { lock; int[] }": {
    stride: 4,
    width: 4,
    size: TOTAL * 4 + 24,
    head: 24,
    first: 0,
    index: K,
  },
  "in kmem, behind lock and list": {
    stride: 8,
    width: 4,
    size: TOTAL * 8 + 56,
    head: 56,
    first: 0,
    index: K,
  },
  "uint8[]": { stride: 1, width: 1, size: TOTAL, head: 0, first: 0, index: K },
  "uint16[], freed pages keep 1": {
    stride: 2,
    width: 2,
    size: TOTAL * 2,
    head: 0,
    first: 0,
    free: 1,
    index: K,
  },
  "{ int; lock }[]": { stride: 32, width: 4, size: TOTAL * 32, head: 0, first: 0, index: K },
  "{ lock; int }[]": { stride: 32, width: 4, size: TOTAL * 32, head: 24, first: 0, index: K },
  "N + 8 of them": { stride: 4, width: 4, size: TOTAL * 4 + 32, head: 0, first: 0, index: K },
  "from the end of the image": {
    stride: 4,
    width: 4,
    size: (TOTAL - FIRST + 1) * 4,
    head: 0,
    first: FIRST - 1,
    index: E,
  },
  "the direct map counts, too": {
    stride: 4,
    width: 4,
    size: TOTAL * 4,
    head: 0,
    first: 0,
    more: 1,
    free: 1,
    index: K,
  },
  "free pages hold -1": {
    stride: 4,
    width: 4,
    size: TOTAL * 4,
    head: 0,
    first: 0,
    free: -1,
    index: K,
  },
  "int* at the end of the image": {
    stride: 4,
    width: 4,
    size: 8,
    head: 0,
    first: 0,
    at: BASE + 0x90_0000,
    index: K,
  },
  "short* into allocated pages": {
    stride: 2,
    width: 2,
    size: 8,
    head: 0,
    first: 0,
    at: BASE + 0xa0_0000,
    index: K,
  },
};

/** RAM with a kernel's data in it, which can be looked at. */
class Ram {
  readonly words = new Uint32Array(TOTAL * PAGE_SIZE / 4);
  readonly view = new DataView(this.words.buffer);
  readonly mapped: Mapped;
  readonly free = new Uint8Array(TOTAL);
  readonly symbols: ImageSymbols;
  readonly place;
  readonly #shape: Shape;

  constructor(shape: Shape, free = shape.free ?? 0) {
    this.#shape = shape;
    const tables = {
      words: this.words,
      wordsOf: (frame: number) => {
        const i = frame - BASE / PAGE_SIZE;
        return i >= 0 && i < TOTAL ? i * PAGE_SIZE / 4 : -1;
      },
    };
    this.mapped = new Mapped(tables, BASE, TOTAL);
    const symbols: TestSymbol[] = [
      { name: "stack0", value: BigInt(BASE + 0x2000), size: TOTAL },
      { name: "refs", value: BigInt(SYMBOLS_AT), size: shape.size },
    ];
    this.symbols = new ImageSymbols(parseElf(elf(new Uint8Array(IMAGE - 4096), { symbols })));
    this.place = { words: new Words(tables), base: BASE, total: TOTAL };
    if (shape.at !== undefined) this.view.setBigUint64(SYMBOLS_AT - BASE, BigInt(shape.at), true);
    for (let i = FIRST + 100; i < 2000; i++) {
      this.free[i] = 1;
      this.put(i, free);
    }
  }

  /** Writes a count as the student's kernel has it. */
  put(i: number, count: number): void {
    const { stride, width, head, first, at = SYMBOLS_AT } = this.#shape;
    const place = at - BASE + head + (i - first) * stride;
    if (width === 1) this.view.setInt8(place, count);
    else if (width === 2) this.view.setInt16(place, count, true);
    else this.view.setInt32(place, count, true);
  }

  /** Maps frames so many times, all counted as `count` says. */
  look(mappings: ReadonlyMap<number, number>, count = (n: number) => n + (this.#shape.more ?? 0)) {
    this.mapped.counts.fill(0);
    this.mapped.length = 0;
    for (const [i, n] of mappings) {
      this.mapped.counts[i] = n;
      this.mapped.frames[this.mapped.length++] = i;
      this.put(i, count(n));
    }
    const facts = { place: this.place, free: this.free } as unknown as Facts;
    return { facts, mapped: this.mapped, after: 0, each: () => {} };
  }
}

/** Twenty looks at a kernel that forks: some frames are mapped once, others up to four times. */
function searched(ram: Ram, count?: (n: number) => number): FoundCounts | undefined {
  const search = new CountSearch(knownOf(ram.symbols), BASE, TOTAL);
  for (let i = 0; i < 20; i++) {
    const of = (from: number, n: number) => [from + i % 7, n] as const;
    const mappings = new Map([
      of(2100, 1),
      of(2110, 2),
      of(2120, 2 + i % 3),
      of(2130, 3),
      of(4000, 1),
    ]);
    search.look(ram.look(mappings, count));
  }
  return search.best;
}

for (const [name, shape] of Object.entries(SHAPES)) {
  Deno.test(`a count array is found: ${name}`, () => {
    const ram = new Ram(shape);
    const found = searched(ram)!;
    const { array } = found;
    assertEquals([array.stride, array.width, array.more], [
      shape.stride,
      shape.width,
      shape.more ?? 0,
    ]);
    assertEquals([found.hits, found.total], [60, 60]);
    assertEquals(found.kinds, 3);
    assertEquals(indexText(found, BASE, ram.symbols.end), shape.index);
    assertEquals(array.name, shape.at === undefined ? "refs" : "*refs");
    const counts = new Counts(ram.place.words, found);
    ram.put(2115, 77);
    assertEquals([counts.of(2115), counts.of(1500)], [77, shape.free ?? 0]);
  });
}

Deno.test("an array that does not follow the mappings is none", () => {
  const found = searched(new Ram(SHAPES["int[], from KERNBASE"]), () => 1);
  assert(found === undefined || found.hits < found.total / 2, JSON.stringify(found));
});

Deno.test("a page number can be the index", () => {
  const shape = {
    stride: 1,
    width: 1,
    size: BASE / PAGE_SIZE + TOTAL,
    head: 0,
    first: -BASE / PAGE_SIZE,
    index: P,
  };
  const ram = new Ram({ ...shape, at: undefined } as unknown as Shape);
  const found = searched(ram)!;
  assertEquals([found.array.stride, found.hits], [1, 60]);
  assertEquals(indexText(found, BASE, ram.symbols.end), P);
});

Deno.test("an array that counts wrongly is known by its use, its size and its ones", () => {
  const kmem = BASE + 0x1018, refs = BASE + 0x2018, others = BASE + 0x4018;
  const end = BASE + TOTAL * PAGE_SIZE;
  // kalloc names kmem and calls setref, which names refs.
  const code = new Assembler();
  code.put("auipc", { rd: 10, imm: 0x1000 }).put("addi", { rd: 10, rs1: 10, imm: 24 });
  code.put("jal", { rd: 1, imm: 4 });
  code.put("auipc", { rd: 10, imm: 0x2000 }).put("addi", { rd: 10, rs1: 10, imm: 12 });
  const symbols = (size: number) => {
    const all: TestSymbol[] = [
      { name: "kalloc", value: BigInt(BASE), size: 12, kind: "function" },
      { name: "setref", value: BigInt(BASE + 12), size: 8, kind: "function" },
      { name: "kmem", value: BigInt(kmem), size: 32 },
      { name: "refs", value: BigInt(refs), size },
      { name: "others", value: BigInt(others), size },
    ];
    return new ImageSymbols(parseElf(elf(code.bytes(), { symbols: all })));
  };
  const found = (size: number, ...heads: number[]) => {
    const { words } = new Ram(SHAPES["uint8[]"]).place;
    const of = { known: knownOf(symbols(size)), words, base: BASE, end };
    const candidates = [refs, others].flatMap((start) => {
      const region = { name: start === refs ? "refs" : "others", start, end: start + size };
      return heads.map((head) => ({
        region: { ...region, pointer: undefined },
        origin: start + head,
        stride: 4,
        ones: 20,
      }));
    });
    const one = usedCounts(of, candidates);
    return one && [one.region.name, one.origin - one.region.start];
  };
  assertEquals(found(4 * TOTAL, 0, 4, -8), ["refs", 0], "just one for each frame");
  assertEquals(found(4 * TOTAL + 24, 24), ["refs", 24], "a lock in front, and nothing else fits");
  assertEquals(found(4 * TOTAL + 24, 0, 24), undefined, "nobody tells whether a lock is in front");
  assertEquals(found(4 * TOTAL + 200, 0), ["refs", 0], "a length that somebody has guessed");
  assertEquals(found(8 * TOTAL, 0), undefined, "twice as many as there are frames");
  assertEquals(found(4 * TOTAL - 4, 0), undefined, "too few");
});

Deno.test("functions name the addresses that their code makes, and no others", () => {
  const a = new Assembler();
  a.put("auipc", { rd: 10, imm: 0x1000 }).put("addi", { rd: 10, rs1: 10, imm: 24 }); // 0x80001018
  a.put("lw", { rd: 11, rs1: 10, imm: 8 }); // 0x80001020
  a.put("jal", { rd: 1, imm: 0 }).put("sw", { rs1: 10, rs2: 11, imm: 400 }); // a0 is gone
  const symbols = [
    { name: "kfree", value: BigInt(BASE), size: a.size, kind: "function" as const },
    { name: "ref", value: BigInt(BASE + 0x1018), size: 16 },
  ];
  const image = new ImageSymbols(parseElf(elf(a.bytes(), { symbols })));
  assertEquals(references(image).get("kfree"), [BASE + 0x1018, BASE + 0x1020]);
  assertEquals(whoNames(image, BASE + 0x1018, BASE + 0x1028), ["kfree"]);
  assertEquals(whoNames(image, BASE + 0x1190, BASE + 0x1200), []);
});

Deno.test("the COW bit is what entries gain that lose W and keep their page", () => {
  const watch = new CowWatch();
  const pte = (frame: number, flags: number) => makePte(BASE + frame * PAGE_SIZE as PaNum, flags);
  const rights = PTE_V | PTE_R | PTE_U;
  const see = (...flags: [va: number, frame: number, flags: number][]) => {
    for (const [va, frame, bits] of flags) watch.see(va, pte(frame, bits));
    watch.next();
  };
  see([0, 5, rights | PTE_W], [0x1000, 6, rights | PTE_W], [0x2000, 7, rights], [
    0x3000,
    8,
    rights | PTE_W,
  ]);
  see([0, 5, rights | 0x100], [0x1000, 9, rights | 0x200], [0x2000, 7, rights | 0x200], [
    0x3000,
    8,
    rights | 0x100,
  ]);
  assertEquals([watch.cleared, [...watch.masks]], [2, [[0x100, 2]]]);
});
