/**
 * Probes see everything and change nothing: programs of several harts, with paging, interrupts and
 * atomic operations, end in the same state with and without them; the stores that are told give
 * RAM; and however the run is cut, the same is told.
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { hex, type PaNum, RAM_BASE } from "../../src/vm/machine/address.ts";
import type { Machine } from "../../src/vm/machine/machine.ts";
import type { Onlooker, StoreSeen } from "../../src/vm/machine/probes.ts";
import { BUDGET, type Interleaving, loaded } from "../litmus/lab.ts";
import { disk } from "./disk_lab.ts";
import { at, program } from "./machine_lab.ts";

const PROGRAMS = ["reservation", "code", "rewrite", "timers", "shootdown", "counters"] as const;
/** All that these programs have in RAM. */
const BYTES = 2 ** 20;

/** What was told, a line each. */
type Log = string[];

/** Puts probes everywhere; `pcs`: before these instructions. */
function watched(machine: Machine, pcs: readonly number[], log: Log): Uint8Array {
  const shadow = machine.ram.bytes(RAM_BASE, BYTES).slice();
  const { probes, clock } = machine;
  const say = (text: string) => log.push(`${clock.retired} ${machine.hart.hartid} ${text}`);
  probes.stores(RAM_BASE, BYTES, (store) => {
    applied(shadow, store);
    const pc = store.by === "outside" ? "" : hex(machine.hart.pc);
    say(`${store.by} ${hex(store.pa)} ${store.size} ${store.before} ${store.after} ${pc}`);
  });
  for (const pc of pcs) probes.at(pc, (hart) => say(`at ${hex(pc)} ${hex(hart.pc)}`));
  probes.look({
    trap: ({ cause, interrupt, epc, from }) => say(`trap ${cause} ${interrupt} ${epc} ${from}`),
    returned: (hart, level) => say(`xret ${level} to ${hart.pc} ${hart.mode}`),
    satp: (hart) => say(`satp ${hart.satp}`),
    fence: (_, va, asid) => say(`fence ${va} ${asid}`),
    waits: (hart) => say(`waits ${hart.pc}`),
  });
  return shadow;
}

/** A store on a copy of RAM; the bytes before it must be those of the copy. */
function applied(shadow: Uint8Array, { pa, size, before, after }: StoreSeen): void {
  for (let i = 0; i < size; i++) {
    const at = pa - RAM_BASE + i;
    assertEquals(BigInt(shadow[at]), (before >> BigInt(8 * i)) & 0xffn, `before ${hex(pa)}`);
    shadow[at] = Number((after >> BigInt(8 * i)) & 0xffn);
  }
}

/** A state without what a saved state is made of. */
function stateOf(machine: Machine) {
  const { ram: _, ...rest } = machine.save();
  return { rest, ram: machine.ram.bytes(RAM_BASE, BYTES).slice() };
}

/** Some instructions that a program executes. */
function somePcs(machine: Machine): number[] {
  const pcs = new Set<number>();
  for (let i = 0; i < 400; i++) {
    machine.run(7);
    pcs.add(Number(machine.hart.pc));
  }
  return [...pcs].filter((pc) => pc < 2 ** 40).slice(0, 12);
}

for (const name of PROGRAMS) {
  Deno.test(`probes change nothing, and however a run is cut they tell the same: ${name}`, () => {
    fc.assert(
      fc.property(
        fc.constantFrom(3, 33, 2000),
        fc.nat(1000),
        fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1, maxLength: 6 }),
        (quantum, seed, pieces) => {
          const how: Interleaving = { harts: 2, quantum, seed };
          const pcs = somePcs(loaded(name, how));
          const plain = loaded(name, how);
          assertEquals(plain.run(BUDGET).kind, "finisher");
          const whole: Log = [];
          const one = loaded(name, how);
          const shadow = watched(one, pcs, whole);
          assertEquals(one.run(BUDGET).kind, "finisher");
          assertEquals(stateOf(one), stateOf(plain));
          assertEquals(shadow, stateOf(plain).ram);
          assert(whole.length > 100);
          const cut: Log = [];
          const two = loaded(name, how);
          watched(two, pcs, cut);
          for (let i = 0; two.run(pieces[i % pieces.length]).kind === "budget";) i++;
          assertEquals(cut, whole);
        },
      ),
      { numRuns: 3 },
    );
  });
}

Deno.test("a probe tells an instruction as often as it is executed, and only while it is there", () => {
  const one = program((a) => {
    a.put("addi", { rd: 5, imm: 10 });
    a.put("addi", { rd: 5, rs1: 5, imm: -1 });
    a.put("bne", { rs1: 5, imm: -4 });
    a.put("jal", { imm: 0 });
  });
  let hits = 0, others = 0;
  const remove = one.probes.at(RAM_BASE + 4, (hart) => {
    assertEquals(hart.pc, BigInt(RAM_BASE + 4));
    hits++;
  });
  one.probes.at(RAM_BASE + 4, () => others++);
  one.run(1 + 2 * 3);
  assertEquals([hits, others], [3, 3]);
  remove();
  remove();
  one.run(2 * 7);
  assertEquals([hits, others], [3, 10]);
});

Deno.test("who is told can have the run end right behind what it was told of", () => {
  const one = program((a) => {
    a.put("auipc", { rd: 6 });
    a.put("sd", { rs1: 6, rs2: 6, imm: 256 });
    a.put("addi", { rd: 5, imm: 1 });
    a.put("amoadd.d", { rd: 7, rs1: 6, rs2: 6 });
    a.put("addi", { rd: 5, imm: 2 });
    a.put("ecall", {});
  });
  const { probes } = one;
  probes.stores(at(0), 1024, () => probes.halt());
  probes.at(RAM_BASE + 16, () => probes.halt());
  probes.look({ trap: () => probes.halt() });
  const stops: [string, number, bigint][] = [];
  for (let i = 0; i < 4; i++) stops.push([one.run(1000).kind, one.instret, one.hart.pc]);
  assertEquals(stops, [
    ["probed", 2, BigInt(RAM_BASE + 8)],
    ["probed", 4, BigInt(RAM_BASE + 16)],
    ["probed", 5, BigInt(RAM_BASE + 20)],
    ["trapped", 5, 0n],
  ]);
});

Deno.test("what a device stores is told in pieces, and as nobody's instruction", () => {
  const { made, request } = disk(2);
  const buffer = at(0x8004) as PaNum;
  const seen: StoreSeen[] = [];
  const shadow = made.ram.bytes(RAM_BASE, 0x10_000).slice();
  made.probes.stores(buffer, 512, (store) => {
    applied(shadow, store);
    seen.push(store);
  });
  assertEquals(request(0, 2n, buffer, 512), 0);
  assertEquals(shadow.slice(0x8004, 0x8204), new Uint8Array(512).fill(3));
  assertEquals(seen.length, 65);
  assert(seen.every(({ by }) => by === "outside"));
});

Deno.test("a restored state is no store, and probes stay", () => {
  const one = program((a) => {
    a.put("auipc", { rd: 6 });
    a.put("sd", { rs1: 6, rs2: 6, imm: 256 });
  });
  const told: bigint[] = [];
  const onlooker: Onlooker = {};
  one.probes.look(onlooker);
  one.probes.stores(at(256), 8, ({ after }) => told.push(after));
  const before = one.save();
  one.run(2);
  one.restore(before);
  assertEquals(told, [BigInt(RAM_BASE)]);
  one.run(2);
  assertEquals(told, [BigInt(RAM_BASE), BigInt(RAM_BASE)]);
});
