/** Watchpoints held against a plain model: every access that touches one is told, and no other. */

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { RESERVATION, TLB_WRITE } from "../../src/vm/machine/layout.ts";
import type { Machine } from "../../src/vm/machine/machine.ts";
import { PTE_R, PTE_U, PTE_W, PTE_X } from "../../src/vm/machine/sv39.ts";
import type { Watch } from "../../src/vm/machine/watch.ts";
import { Assembler } from "./engine_lab.ts";
import { at, machine, Tables } from "./machine_lab.ts";

const CODE = 0x1000, DATA = 0x4000, ALIAS = 0x7000;
/** Two pages of data, seen from DATA on and the first once more at ALIAS. */
const FRAME = at(0x2_0000);
const RWU = PTE_R | PTE_W | PTE_U;

/** An instruction on `size` bytes at an offset from DATA, or from ALIAS. */
interface Access {
  readonly name: "load" | "store" | "amo" | "lr" | "sc";
  readonly size: 1 | 2 | 4 | 8;
  readonly alias: boolean;
  readonly offset: number;
  readonly value: number;
}

const LOADS = { 1: "lbu", 2: "lhu", 4: "lwu", 8: "ld" } as const;
const STORES = { 1: "sb", 2: "sh", 4: "sw", 8: "sd" } as const;

/** Near each other, and around the end of the first page. */
const place = fc.oneof(fc.nat(24), fc.integer({ min: 4088, max: 4104 }));
const access: fc.Arbitrary<Access> = fc.record({
  name: fc.constantFrom("load", "store", "amo", "lr", "sc"),
  size: fc.constantFrom(1, 2, 4, 8),
  alias: fc.boolean(),
  offset: place,
  value: fc.nat(255),
}).map((one) => {
  const atomic = one.name !== "load" && one.name !== "store";
  const size = atomic ? one.size >= 8 ? 8 : 4 : one.size;
  // There is one page at ALIAS; what is atomic must be aligned.
  const room = one.alias ? Math.min(one.offset, 4096 - size) : one.offset;
  return { ...one, size, offset: atomic ? room - room % size : room };
});
const watch: fc.Arbitrary<Watch> = fc.record({
  space: fc.constantFrom("va", "pa"),
  where: fc.oneof(place, place.map((n) => n + ALIAS - DATA), fc.constant(-(2 ** 20))),
  length: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constant(2 ** 21)),
  kinds: fc.constantFrom([true, false], [false, true], [true, true]),
}).map(({ space, where, length, kinds: [read, write] }) => ({
  ...{ space, start: where + (space === "va" ? DATA : FRAME), length, read, write },
}));

/** A machine about to run the accesses one after another, from x5 with the values in x6. */
function made(accesses: readonly Access[]): Machine {
  const one = machine({ traps: "host" });
  const tables = new Tables(one);
  const a = new Assembler();
  for (const { name, size, alias, offset, value } of accesses) {
    const base = alias ? ALIAS : DATA;
    const high = (base + offset + 0x800) & ~0xfff;
    a.put("lui", { rd: 5, imm: high }).put("addi", { rd: 5, rs1: 5, imm: base + offset - high });
    a.put("addi", { rd: 6, imm: value });
    const suffix = size === 8 ? "d" : "w";
    if (name === "load") a.put(LOADS[size], { rd: 7, rs1: 5 });
    else if (name === "store") a.put(STORES[size], { rs1: 5, rs2: 6 });
    else if (name === "amo") a.put(`amoadd.${suffix}`, { rd: 7, rs1: 5, rs2: 6 });
    else if (name === "lr") a.put(`lr.${suffix}`, { rd: 7, rs1: 5 });
    else a.put(`sc.${suffix}`, { rd: 7, rs1: 5, rs2: 6 });
  }
  a.put("ecall");
  one.ram.write(at(0x1_0000), a.bytes());
  tables.map(CODE, at(0x1_0000), PTE_R | PTE_X | PTE_U);
  tables.map(CODE + 4096, at(0x1_1000), PTE_R | PTE_X | PTE_U);
  tables.map(DATA, FRAME, RWU);
  tables.map(DATA + 4096, at(0x2_1000), RWU);
  tables.map(ALIAS, FRAME, RWU);
  tables.use();
  one.hart.mode = 0;
  one.hart.pc = BigInt(CODE);
  return one;
}

const PER_ACCESS = 4 * 4;

/** What is told of the accesses, worked out byte by byte. */
function told(accesses: readonly Access[], watches: readonly Watch[], bytes: Uint8Array) {
  const list: unknown[] = [];
  let reserved = -1;
  for (const [i, { name, size, alias, offset, value }] of accesses.entries()) {
    const view = new DataView(bytes.buffer);
    const number = () => {
      let sum = 0n;
      for (let n = size - 1; n >= 0; n--) sum = sum << 8n | BigInt(view.getUint8(offset + n));
      return sum;
    };
    const before = number();
    const stores = name === "store" || name === "amo" || (name === "sc" && reserved === offset);
    const loads = name === "load" || name === "amo" || name === "lr";
    if (name === "lr") reserved = offset;
    if (name === "sc") reserved = -1;
    if (stores) {
      const next = name === "amo" ? before + BigInt(value) : BigInt(value);
      for (let n = 0; n < size; n++) {
        view.setUint8(offset + n, Number(next >> BigInt(8 * n) & 255n));
      }
    }
    const va = offset + (alias ? ALIAS : DATA);
    // Bytes of the first page are told before those of the second, else whichever was set first.
    const page = (n: number) => Math.floor((va + n) / 4096);
    const parts = [0, 1].map((part) =>
      watches.find((one) =>
        ((loads && one.read) || (stores && one.write)) &&
        Array.from({ length: size }, (_, n) => n).some((n) => {
          const byte = one.space === "va" ? va + n : FRAME + offset + n;
          return page(n) - page(0) === part && byte >= one.start && byte < one.start + one.length;
        })
      )
    );
    const hit = parts[0] ?? parts[1];
    if (hit === undefined) continue;
    const pc = BigInt(CODE + i * PER_ACCESS + 12);
    const pa = FRAME + offset;
    list.push({
      ...{ kind: "watch", watch: hit, pc, va: BigInt(va), pa, size, read: loads },
      ...{ write: stores, before, after: number() },
    });
  }
  return list;
}

/** Runs to the end; the stops on the way. */
function stops(one: Machine): unknown[] {
  const list: unknown[] = [];
  for (;;) {
    const stop = one.run(1e6);
    if (stop.kind === "trap") return list;
    list.push(stop);
  }
}

Deno.test("property: watchpoints tell every access that they are for, and no other", () => {
  const lists = fc.record({
    accesses: fc.array(access, { minLength: 1, maxLength: 40, size: "max" }),
    watches: fc.array(watch, { maxLength: 6 }),
    drop: fc.array(fc.nat(5), { maxLength: 3 }),
    warm: fc.boolean(),
  });
  fc.assert(
    fc.property(lists, ({ accesses, watches, drop, warm }) => {
      const one = made(accesses);
      const bytes = new Uint8Array(2 * 4096);
      const again = () => {
        one.hart.pc = BigInt(CODE);
        one.ram.fill(FRAME, 2 * 4096, 0);
        one.hart.registers.header[RESERVATION / 4] = 0;
        bytes.fill(0);
      };
      // With everything in the fast tables when the watchpoints come, or with nothing.
      if (warm) {
        assertEquals(stops(one), []);
        again();
      }
      const set = [...watches];
      for (const each of watches) one.watch(each);
      assertEquals(stops(one), told(accesses, set, bytes));
      assertEquals(one.ram.bytes(FRAME, 2 * 4096), bytes);
      // Taken away by what they say, the same one several times or one that was never there.
      for (const n of drop) {
        const value = { ...watches[n] ?? { ...watches[0]!, length: 13 } };
        const found = set.findIndex((each) => JSON.stringify(each) === JSON.stringify(value));
        assertEquals(one.unwatch(value), found >= 0);
        if (found >= 0) set.splice(found, 1);
      }
      assertEquals(one.watches.watches, set);
      again();
      assertEquals(stops(one), told(accesses, set, bytes));
    }),
    { numRuns: 300 },
  );
});

Deno.test("with all watchpoints gone, pages are plain again", () => {
  const one = made([{ name: "store", size: 8, alias: false, offset: 0, value: 1 }]);
  const points: Watch[] = [
    { space: "va", start: DATA, length: 8, read: true, write: true },
    { space: "pa", start: FRAME - 2 ** 20, length: 2 ** 21, read: false, write: true },
  ];
  for (const each of points) one.watch(each);
  assertEquals(stops(one).length, 1);
  for (const each of points) one.unwatch({ ...each });
  for (const hits of [1, 2]) {
    one.hart.pc = BigInt(CODE);
    assertEquals(stops(one), []);
    const { words } = one.ram;
    const entry = (one.hart.registers.header[TLB_WRITE / 4]! + ((DATA / 4096) & 255) * 16) / 4;
    assertEquals([words[entry], words[entry + 3]], [DATA, hits], "a fast entry counts the hits");
  }
});

Deno.test("a watchpoint is for all harts, whatever each has in its TLB", () => {
  const one = machine({ traps: "host", harts: 2, quantum: 2 });
  const a = new Assembler();
  a.label("loop").put("sw", { rs1: 5, rs2: 6 }).put("jal", { rd: 0 }, "loop");
  one.ram.write(at(0), a.bytes());
  for (const hart of one.harts) hart.setX(5, BigInt(FRAME));
  assertEquals(one.run(200).kind, "budget");
  for (const space of ["va", "pa"] as const) {
    const point: Watch = { space, start: FRAME, length: 1, read: false, write: true };
    one.watch(point);
    const seen = new Set<number>();
    for (let n = 0; n < 20; n++) {
      assertEquals(one.run(1000).kind, "watch");
      seen.add(one.hart.hartid);
    }
    assertEquals([...seen].sort(), [0, 1]);
    assertEquals(one.unwatch(point), true);
    assertEquals(one.run(200).kind, "budget");
  }
});
