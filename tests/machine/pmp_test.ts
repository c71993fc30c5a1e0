/** Physical memory protection, held against the specification's text read byte by byte. */

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { PaNum } from "../../src/vm/machine/address.ts";
import { Machine } from "../../src/vm/machine/machine.ts";
import { ALLOWED, DENIED, MIXED, Pmp } from "../../src/vm/machine/pmp.ts";
import {
  type Access,
  EXECUTE,
  makeSatp,
  PTE_R,
  PTE_U,
  PTE_W,
  PTE_X,
  READ,
  WRITE,
} from "../../src/vm/machine/sv39.ts";
import { Assembler, encode } from "./engine_lab.ts";
import { at, machine, program, SMALL, Tables } from "./machine_lab.ts";

/** The two pages that entries are about. */
const WINDOW = at(0x10_0000), BYTES = 8192;
const [TOR, NA4, NAPOT, LOCKED] = [0x08, 0x10, 0x18, 0x80];

/** One entry's registers. */
interface Entry {
  readonly cfg: number;
  readonly addr: bigint;
}

/** Somewhere in or around the window, mostly near the ends of its pages. */
const place = fc.oneof(
  fc.nat(64),
  fc.integer({ min: 4096 - 64, max: 4096 + 64 }),
  fc.integer({ min: -64, max: BYTES + 64 }),
).map((n) => WINDOW + n - n % 4);
const entry: fc.Arbitrary<Entry> = fc.record({
  rights: fc.constantFrom(0, 1, 3, 4, 5, 7),
  matching: fc.constantFrom(0, TOR, NA4, NAPOT),
  locked: fc.constantFrom(0, 0, 0, LOCKED),
  place,
  ones: fc.oneof(fc.nat(5), fc.nat(14), fc.constant(60)),
}).map(({ rights, matching, locked, place, ones }) => ({
  cfg: rights | matching | locked,
  addr: (BigInt(place) >> 2n | (matching === NAPOT ? (1n << BigInt(ones)) - 1n : 0n)) &
    ((1n << 54n) - 1n),
}));

/** Whether an entry matches a byte. */
function matches(entries: readonly Entry[], i: number, byte: bigint): boolean {
  const { cfg, addr } = entries[i]!;
  const word = byte >> 2n;
  switch (cfg & 0x18) {
    case TOR:
      return word >= (i === 0 ? 0n : entries[i - 1]!.addr) && word < addr;
    case NA4:
      return word === addr;
    case NAPOT: {
      let ones = 0n;
      while ((addr >> ones & 1n) === 1n) ones++;
      return word >> (ones + 1n) === addr >> (ones + 1n);
    }
  }
  return false;
}

/** Whether the bytes may be accessed, as the specification puts it. */
function may(
  entries: readonly Entry[],
  pa: number,
  size: number,
  access: Access,
  mode: number,
): boolean {
  if (entries.every(({ cfg }) => (cfg & 0x18) === 0)) return true;
  const bytes = Array.from({ length: size }, (_, n) => BigInt(pa + n));
  for (const [i, { cfg }] of entries.entries()) {
    const matching = bytes.filter((byte) => matches(entries, i, byte)).length;
    if (matching === 0) continue;
    if (matching < size) return false;
    return (mode === 3 && (cfg & LOCKED) === 0) || (cfg & 1 << access) !== 0;
  }
  return mode === 3;
}

function registers(entries: readonly Entry[]): [bigint[], bigint[]] {
  const cfg = new Array<bigint>(8).fill(0n), addr = new Array<bigint>(64).fill(0n);
  for (const [i, one] of entries.entries()) {
    cfg[i >> 3]! |= BigInt(one.cfg) << BigInt(8 * (i & 7));
    addr[i] = one.addr;
  }
  return [cfg, addr];
}

Deno.test("property: the lowest entry that matches any byte decides", () => {
  const access = fc.constantFrom<Access>(READ, WRITE, EXECUTE), mode = fc.constantFrom(0, 1, 3);
  const bytes = fc.record({ place, more: fc.nat(3), size: fc.constantFrom(1, 2, 4, 8) });
  fc.assert(
    fc.property(
      fc.array(entry, { maxLength: 20 }),
      fc.array(bytes, { minLength: 1, maxLength: 20 }),
      access,
      mode,
      (entries, list, access, mode) => {
        const pmp = new Pmp();
        pmp.load(...registers(entries));
        const pages = [WINDOW, WINDOW + 4096].map((pa) => pmp.page(pa as PaNum, access, mode));
        for (const { place, more, size } of list) {
          const pa = place + more, want = may(entries, pa, size, access, mode);
          assertEquals(pmp.allows(pa as PaNum, size, access, mode), want);
          // What is said of a page holds for all accesses in it.
          const page = pages[Math.floor((pa - WINDOW) / 4096)];
          const inside = (pa - WINDOW) % 4096 + size <= 4096;
          if (inside && page === ALLOWED) assertEquals(want, true);
          if (inside && page === DENIED) assertEquals(want, false);
        }
      },
    ),
    { numRuns: 1000 },
  );
});

Deno.test("a page is mixed where an entry has a part of it", () => {
  const pmp = new Pmp();
  const page = (entries: Entry[], mode = 0) => {
    pmp.load(...registers(entries));
    return pmp.page(WINDOW, READ, mode);
  };
  const napot = (size: number) => BigInt(WINDOW + size / 2 - 1) >> 2n;
  assertEquals(page([]), ALLOWED);
  assertEquals(page([{ cfg: NAPOT | 1, addr: napot(4096) }]), ALLOWED);
  assertEquals(page([{ cfg: NAPOT, addr: napot(4096) }]), DENIED);
  assertEquals(page([{ cfg: NAPOT, addr: napot(4096) }], 3), ALLOWED);
  assertEquals(page([{ cfg: NAPOT | LOCKED, addr: napot(4096) }], 3), DENIED);
  assertEquals(page([{ cfg: NAPOT | 7, addr: napot(2048) }]), MIXED);
  assertEquals(page([{ cfg: NAPOT | 7, addr: napot(2048) }], 3), MIXED);
  assertEquals(page([{ cfg: TOR | 7, addr: 0n }]), DENIED);
  const backwards = [64, 32].map((n) => BigInt(WINDOW + n) >> 2n);
  assertEquals(page(backwards.map((addr, i) => ({ cfg: i === 0 ? 0 : TOR | 7, addr }))), DENIED);
});

Deno.test("one entry with all rights to everything is as none; less is looked at", () => {
  const pmp = new Pmp();
  const refuses = (...entries: Entry[]) => {
    pmp.load(...registers(entries));
    return [pmp.on, pmp.page(at(0), WRITE, 0), pmp.page(WINDOW, WRITE, 0)];
  };
  const end = (1n << 54n) - 1n;
  const never = [false, ALLOWED, ALLOWED];
  assertEquals(refuses(), never);
  assertEquals(refuses({ cfg: NAPOT | 7, addr: end }), never);
  assertEquals(refuses({ cfg: TOR | 7, addr: end }, { cfg: NAPOT, addr: end }), never);
  assertEquals(refuses({ cfg: NAPOT | 5, addr: end }), [true, DENIED, DENIED]);
  const window = { cfg: 0, addr: BigInt(WINDOW) >> 2n };
  assertEquals(refuses(window, { cfg: TOR | 7, addr: end }), [true, DENIED, ALLOWED]);
  assertEquals(refuses({ ...window, cfg: TOR | 7 }), [true, ALLOWED, DENIED]);
});

/** One thing that is done to the machine: PMP registers are set, or a hart does an instruction. */
type Step =
  | { readonly op: "entries"; readonly hart: number; readonly entries: readonly Entry[] }
  | {
    readonly op: "access";
    readonly hart: number;
    readonly name: keyof typeof STUBS;
    readonly mode: 0 | 1 | 3;
    readonly paged: boolean;
    readonly offset: number;
  }
  | {
    readonly op: "fetch";
    readonly hart: number;
    readonly mode: 0 | 1 | 3;
    readonly paged: boolean;
    readonly offset: number;
    readonly count: number;
  };

/** Instructions on (x5), with their size and how they access it. */
const STUBS = {
  "lb": [1, READ],
  "lh": [2, READ],
  "lw": [4, READ],
  "ld": [8, READ],
  "lr.w": [4, READ],
  "sb": [1, WRITE],
  "sh": [2, WRITE],
  "sw": [4, WRITE],
  "sd": [8, WRITE],
  "amoadd.w": [4, WRITE],
  "amoadd.d": [8, WRITE],
  "sc.w": [4, WRITE],
} as const;
const NAMES = Object.keys(STUBS) as (keyof typeof STUBS)[];

const who = { hart: fc.nat(1), mode: fc.constantFrom(0 as const, 1 as const, 3 as const) };
const offset = place.chain((pa) => fc.nat(3).map((more) => pa - WINDOW + more))
  .filter((n) => n >= 0 && n < BYTES - 8);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant("entries" as const),
      hart: who.hart,
      // None is locked here, so that the next ones can be set.
      entries: fc.array(entry.map((one) => ({ ...one, cfg: one.cfg & ~LOCKED })), { maxLength: 6 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      op: fc.constant("access" as const),
      ...who,
      name: fc.constantFrom(...NAMES),
      paged: fc.boolean(),
      offset,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constant("fetch" as const),
      ...who,
      paged: fc.boolean(),
      offset: offset.map((n) => n & ~1),
      count: fc.integer({ min: 1, max: 40 }),
    }),
  },
);

const STUBS_AT = at(0x1000), HANDLER = at(0x2000);
/** Where S sees RAM through tables, and U. */
const S_AT = 0x40_0000_0000 - 2 ** 31, U_AT = 0x20_0000_0000;

/** Two harts, each with S and U mapping all of RAM, and the window full of instructions that do nothing. */
function bench(): { made: Machine; satp: bigint; lengths: (offset: number) => number } {
  const made = new Machine({ memBytes: SMALL, harts: 2 });
  const tables = new Tables(made);
  for (let pa = 0; pa < SMALL; pa += 2 ** 21) {
    tables.map(S_AT + pa, at(pa), PTE_R | PTE_W | PTE_X | 0xc0, 1);
    tables.map(U_AT + pa, at(pa), PTE_R | PTE_W | PTE_X | PTE_U | 0xc0, 1);
  }
  const a = new Assembler();
  for (const name of NAMES) a.put(name, { rd: 6, rs1: 5, rs2: name === "sc.w" ? 0 : 7 });
  made.ram.write(STUBS_AT, a.bytes());
  made.ram.write32(HANDLER, encode("jal", { rd: 0, imm: 0 }));
  // Short and long ones by turns, three short ones at a page's end, so that one lies across it.
  const starts = new Map<number, number>();
  for (let n = 0; n < BYTES - 4;) {
    const long = n === 4094 || (n % 24 < 12 && n < 4088) || n % 10 === 0;
    if (long) made.ram.write32((WINDOW + n) as PaNum, encode("addi"));
    else made.ram.write16((WINDOW + n) as PaNum, encode("c.nop"));
    starts.set(n, long ? 4 : 2);
    n += long ? 4 : 2;
  }
  for (const hart of made.harts) hart.writeCsr("mtvec", BigInt(HANDLER));
  return { made, satp: makeSatp(tables.root), lengths: (n) => starts.get(n) ?? 0 };
}

/** What is not the window is everybody's, as is what no entry of the window's mentions. */
const END = (1n << 54n) - 1n;
const all = (entries: readonly Entry[]): Entry[] => [
  { cfg: TOR | 7, addr: BigInt(WINDOW) >> 2n },
  { cfg: 0, addr: BigInt(WINDOW + BYTES) >> 2n },
  { cfg: TOR | 7, addr: END },
  ...entries,
  ...new Array<Entry>(12 - entries.length).fill({ cfg: 0, addr: 0n }),
  { cfg: NAPOT | 7, addr: END },
];

Deno.test("property: harts do what their entries allow, and nothing else", () => {
  const { made, satp, lengths } = bench();
  const image = made.ram.bytes(WINDOW, BYTES).slice();
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 30, size: "max" }), (steps) => {
      const known = [all([]), all([])];
      const set = (hart: number) => {
        const [cfg, addr] = registers(known[hart]!);
        for (const i of [0, 1]) made.harts[hart]!.writeCsr(`pmpcfg${2 * i}`, 0n);
        for (let i = 0; i < 16; i++) made.harts[hart]!.writeCsr(`pmpaddr${i}`, addr[i]!);
        for (const i of [0, 1]) made.harts[hart]!.writeCsr(`pmpcfg${2 * i}`, cfg[i]!);
      };
      set(0);
      set(1);
      for (const one of steps) {
        const entries = known[one.hart]!;
        if (one.op === "entries") {
          known[one.hart] = all(one.entries);
          set(one.hart);
          continue;
        }
        const { mode, offset } = one;
        made.run(0, true, [one.hart]);
        const { hart } = made;
        hart.writeCsr("satp", one.paged ? satp : 0n);
        const base = BigInt(!one.paged || mode === 3 ? at(0) : mode === 1 ? S_AT : U_AT);
        const moved = base - BigInt(at(0));
        hart.writeCsr("mcause", 99n);
        hart.mode = mode;
        hart.setX(5, BigInt(WINDOW + offset) + moved);
        let trap: [cause: number, tval: bigint, pc: bigint] | undefined;
        let pc: bigint, count = 1;
        if (one.op === "access") {
          const [size, access] = STUBS[one.name];
          const stub = BigInt(STUBS_AT + 4 * NAMES.indexOf(one.name)) + moved;
          const misaligned = offset % size !== 0;
          // A conditional store would fail without a load-reserved, but checks all the same.
          const head = Math.min(size, 4096 - (offset % 4096)), rest = size - head;
          const to = BigInt(WINDOW + offset) + moved;
          const refused = access === READ ? 5 : 7;
          if (misaligned && /^(lr|sc|amo)/.test(one.name)) {
            trap = [refused - 1, to, stub];
          } else if (!may(entries, WINDOW + offset, head, access, mode)) {
            trap = [refused, to, stub];
          } else if (rest > 0 && !may(entries, WINDOW + offset + head, rest, access, mode)) {
            trap = [refused, to + BigInt(head), stub];
          }
          hart.pc = stub;
          pc = stub + 4n;
        } else {
          let n = offset;
          count = 0;
          while (trap === undefined && count < one.count && lengths(n) !== 0) {
            const size = lengths(n);
            for (let half = 0; half < size && trap === undefined; half += 2) {
              if (may(entries, WINDOW + n + half, 2, EXECUTE, mode)) continue;
              const here = BigInt(WINDOW + n) + moved;
              trap = [1, here + BigInt(half), here];
            }
            if (trap !== undefined) break;
            n += size;
            count++;
          }
          // In the middle of an instruction, or after the last one: what is there is not known.
          if (trap === undefined && count < one.count) continue;
          hart.pc = BigInt(WINDOW + offset) + moved;
          pc = BigInt(WINDOW + n) + moved;
        }
        // One more for the handler, which stays where it is.
        const before = made.instret;
        made.run(trap === undefined ? count : count + (one.op === "fetch" ? 1 : 0), true, [
          one.hart,
        ]);
        const is = [hart.readCsr("mcause"), hart.readCsr("mtval"), hart.readCsr("mepc")];
        if (trap === undefined) {
          assertEquals([is[0], hart.mode, hart.pc as bigint], [99n, mode, pc]);
          assertEquals(made.instret - before, count);
        } else {
          assertEquals(is, [BigInt(trap[0]), trap[1], trap[2]]);
          assertEquals([hart.mode, hart.pc as bigint], [3, BigInt(HANDLER)]);
        }
        hart.mode = 3;
        // Only after a store, since it takes away what is decoded.
        const stored = one.op === "access" && STUBS[one.name][1] === WRITE && trap === undefined;
        if (stored) made.ram.write(WINDOW, image);
      }
    }),
    { numRuns: 400 },
  );
});

Deno.test("two harts with other rights share what is decoded of a page", () => {
  const made = new Machine({ memBytes: SMALL, harts: 2 });
  made.ram.write(WINDOW, Uint8Array.from({ length: 4096 }, (_, i) => i % 2 === 0 ? 1 : 0));
  // Translated, so that M's fetches in between leave the TLB table of U alone.
  const tables = new Tables(made), va = 0x4000;
  tables.map(va, WINDOW, PTE_R | PTE_X | PTE_U);
  for (const [i, hart] of made.harts.entries()) {
    hart.writeCsr("mtvec", BigInt(HANDLER));
    hart.writeCsr("pmpaddr0", BigInt(WINDOW + 64) >> 2n);
    hart.writeCsr("pmpaddr1", END);
    // The first may execute all but four bytes, the other one all.
    hart.writeCsr("pmpcfg0", BigInt((i === 0 ? NA4 : 0) | (NAPOT | 7) << 8));
    hart.writeCsr("satp", makeSatp(tables.root));
  }
  for (const turn of [0, 1, 0, 1, 1, 0, 0]) {
    made.run(0, true, [turn]);
    made.hart.mode = 0;
    made.hart.pc = BigInt(va);
    made.run(40, true, [turn]);
    const [pc, mode] = turn === 0 ? [HANDLER, 3] : [va + 80, 0];
    assertEquals([made.hart.pc as bigint, made.hart.mode], [BigInt(pc), mode]);
  }
  // The second hart has taken the marks off where it went; where none is mixed they all go.
  made.harts[0]!.writeCsr("pmpcfg0", 0n);
  for (let n = 0; n < 3; n++) {
    made.hart.pc = BigInt(va);
    made.hart.mode = 0;
    made.run(40, true, [0]);
    assertEquals(made.hart.pc as bigint, BigInt(va + 80));
  }
  assertEquals(made.engine.pages.asksAlways(WINDOW), false);
});

Deno.test("an entry that is set takes effect at the next instruction, also in the page that runs", () => {
  const made = program((a) => a.put("csrrw", { rs1: 5, imm: 0x3a0 }).put("addi").put("addi"));
  made.ram.write32(HANDLER, encode("jal", { rd: 0, imm: 0 }));
  made.hart.writeCsr("mtvec", BigInt(HANDLER));
  made.hart.writeCsr("pmpaddr0", BigInt(at(0) + 8) >> 2n);
  made.hart.setX(5, BigInt(LOCKED | NA4 | 1));
  made.run(10);
  assertEquals([made.hart.readCsr("mcause"), made.hart.readCsr("mepc")], [1n, BigInt(at(8))]);
});

Deno.test("a saved state has its protection, whatever was set since", () => {
  const made = program((a) => a.put("sw", { rs1: 5, rs2: 0 }));
  made.hart.writeCsr("mtvec", BigInt(HANDLER));
  made.hart.setX(5, BigInt(WINDOW));
  made.hart.writeCsr("pmpaddr1", BigInt(WINDOW) >> 2n);
  made.hart.writeCsr("pmpaddr2", (1n << 54n) - 1n);
  made.hart.writeCsr("pmpcfg0", BigInt((NA4 | 1) << 8 | (NAPOT | 7) << 16));
  made.hart.mode = 0;
  const locked = made.save();
  const stores = () => {
    made.hart.pc = BigInt(at(0));
    made.hart.mode = 0;
    made.run(1);
    return made.hart.mode === 0;
  };
  assertEquals(stores(), false);
  made.hart.writeCsr("pmpcfg0", 0n);
  assertEquals([stores(), stores()], [true, true]);
  made.restore(locked);
  assertEquals(stores(), false);
  // None at all: as on a hart without PMP.
  made.restore(machine().save());
  made.ram.write(at(0), Uint8Array.of(0x23, 0xa0, 0x02, 0)); // sw x0, 0(x5)
  made.hart.setX(5, BigInt(WINDOW));
  assertEquals([made.mmu.pmp.on, stores()], [false, true]);
});
