import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { PaNum } from "../../src/vm/machine/address.ts";
import { MSTATUS } from "../../src/vm/machine/hart/csr_state.ts";
import type { Machine } from "../../src/vm/machine/machine.ts";
import {
  makePte,
  PTE_A,
  PTE_D,
  PTE_R,
  PTE_U,
  PTE_V,
  PTE_W,
  READ,
  WRITE,
} from "../../src/vm/machine/sv39.ts";
import { at, machine } from "./machine_lab.ts";

const ROOT = 0x80_0000, MIDDLE = 0x80_1000, BOTTOM = 0x80_2000, DATA = 0x10_0000;
const GOOD = PTE_V | PTE_R | PTE_W | PTE_U | PTE_A | PTE_D;
/** The page looked for; in the negative half, too. */
const PAGE = 0x1000;

/** What the three PTEs on the way are, as bits flipped in good ones: low and high words. */
interface Way {
  readonly flips: readonly [number, number, number];
  readonly highs: readonly [number, number, number];
  readonly mode: 0 | 1;
  readonly mstatus: number;
  readonly traps: "host" | "guest";
}

function made({ flips, highs, mode, mstatus, traps }: Way): Machine {
  const one = machine({ traps });
  const put = (table: number, i: number, level: number, low: number) =>
    one.ram.writeHalves(at(table + 8 * i), (low ^ flips[level]) >>> 0, highs[level]);
  for (const top of [0, 511]) put(ROOT, top, 2, makePte(at(MIDDLE), PTE_V));
  for (const middle of [0, 511]) put(MIDDLE, middle, 1, makePte(at(BOTTOM), PTE_V));
  for (const page of [1, 511]) put(BOTTOM, page, 0, makePte(at(DATA), GOOD));
  one.mmu.setRoot(at(ROOT) as PaNum);
  one.mmu.select(mode, mstatus);
  return one;
}

/** All that one can see of a machine's TLB. */
const seen = ({ mmu, ram }: Machine) => [
  mmu.counters(),
  mmu.entries(),
  mmu.missed,
  ram.dirty[DATA / 4096],
  ram.tables[ROOT / 4096],
];

Deno.test("property: what is filled in one go is what a look-up, a walk and a fill leave", () => {
  const bit = fc.nat(31).map((n) => (1 << n) >>> 0);
  const flip = fc.oneof(
    { weight: 10, arbitrary: fc.constant(0) },
    bit,
    fc.tuple(bit, bit).map(([a, b]) => a ^ b),
  );
  const high = fc.oneof({ weight: 20, arbitrary: fc.constant(0) }, bit);
  const way: fc.Arbitrary<Way> = fc.record({
    flips: fc.tuple(flip, flip, flip),
    highs: fc.tuple(high, high, high),
    mode: fc.constantFrom(0, 0, 1),
    mstatus: fc.constantFrom(0, MSTATUS.SUM, MSTATUS.MXR),
    traps: fc.constantFrom("host", "guest"),
  });
  const where = fc.constantFrom<readonly [number, number]>(
    [0, PAGE + 8],
    [-1, 0xffff_f010],
    [0x40, PAGE],
    [-0x41, 0xffff_f000],
  );
  let filled = 0;
  fc.assert(
    fc.property(way, where, fc.constantFrom(READ, WRITE), (way, [high, low], access) => {
      const quick = made(way), slow = made(way);
      const before = seen(quick);
      for (let again = 0; again < 2; again++) {
        if (!quick.mmu.refill(access, high, low)) return assertEquals(seen(quick), before);
        filled++;
        const frame = slow.mmu.frameOf(slow.mmu.dataBank, access, high, low);
        assert(slow.mmu.fillFast(slow.mmu.dataBank, access, high, low, frame));
        assertEquals(seen(quick), seen(slow));
        // The second time tables are known, and so is the page unless it is another one.
        for (const { mmu } of [quick, slow]) mmu.sfence(0x5000 as never);
      }
    }),
    { numRuns: 400 },
  );
  assert(filled > 50, `${filled} filled`);
});

Deno.test("the first walk through a table is not done in one go where its frame is to be watched", () => {
  const one = made({ flips: [0, 0, 0], highs: [0, 0, 0], mode: 0, mstatus: 0, traps: "guest" });
  const { mmu } = one;
  const walked = () => [0, 1, 2].map((n) => one.ram.tables[(ROOT >> 12) + n] !== 0);
  // Whoever looked an address up in those frames has to look again: this is the interpreter's.
  assert(!mmu.refill(READ, 0, PAGE));
  mmu.frameOf(mmu.dataBank, READ, 0, PAGE);
  assertEquals(walked(), [true, true, true]);
  assert(mmu.refill(WRITE, 0, PAGE));
  assertEquals(mmu.counters().walks, 2);
  assert(mmu.walked.sure(mmu.dataBank));
  one.ram.writePte(at(BOTTOM + 8), makePte(at(DATA), GOOD));
  assert(!mmu.walked.sure(mmu.dataBank));
});
