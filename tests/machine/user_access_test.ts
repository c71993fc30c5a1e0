/** Accesses that no instruction makes: they do what an instruction's would, and leave the hart as it was. */

import { assert, assertEquals } from "@std/assert";
import { type PaNum, vaNum } from "../../src/vm/machine/address.ts";
import type { Machine } from "../../src/vm/machine/machine.ts";
import { PTE_A, PTE_D, PTE_R, PTE_U, PTE_V, PTE_W } from "../../src/vm/machine/sv39.ts";
import type { Watch } from "../../src/vm/machine/watch.ts";
import { Assembler, encode } from "./engine_lab.ts";
import { at, machine, Tables } from "./machine_lab.ts";

const RWU = PTE_R | PTE_W | PTE_U;
const UART = 0x1000_0000 as PaNum;

/** Two pages at 0x4000 and 0x5000, apart in RAM; one only to read at 0x6000; the UART at 0x7000. */
function paged(): Tables {
  const tables = new Tables(machine({ traps: "host" }));
  tables.map(0x4000, at(0x2_0000), RWU);
  tables.map(0x5000, at(0x3_0000), RWU);
  tables.map(0x6000, at(0x4_0000), PTE_R | PTE_U);
  tables.map(0x7000, UART, RWU);
  tables.use();
  return tables;
}

const store = (m: Machine, va: bigint, value: bigint, size: 1 | 2 | 4 | 8 = 8) =>
  m.user.access({ kind: "store", va, size, value });
const load = (m: Machine, va: bigint, size: 1 | 2 | 4 | 8 = 8) =>
  m.user.access({ kind: "load", va, size });

/** A watchpoint on both loads and stores. */
function watched(m: Machine, space: "va" | "pa", start: number, length = 1): Watch {
  const watch: Watch = { space, start, length, read: true, write: true };
  m.watch(watch);
  return watch;
}

Deno.test("the hart is the same after an access from outside, done or trapped, in any mode", () => {
  for (const mode of [0, 1, 3] as const) {
    const { machine: made } = paged();
    made.hart.mode = mode;
    for (let i = 1; i < 32; i++) made.hart.setX(i, BigInt(i) << 40n);
    made.hart.pc = 0x1234n;
    made.hart.registers.raise(7, 99n);
    made.hart.registers.accessVa = 5n;
    const before = made.hart.registers.header.slice();
    const state = made.hart.save();
    assertEquals(store(made, 0x4000n, 0x1122n), { done: 0x1122n, watch: undefined });
    assertEquals(load(made, 0x4ffen, 4), { done: 0n, watch: undefined });
    assertEquals(store(made, 0x6000n, 1n), { trap: 15, tval: 0x6000n });
    assertEquals(load(made, 0x9000n), { trap: 13, tval: 0x9000n });
    assertEquals(made.hart.registers.header, before);
    assertEquals(made.hart.save(), state);
    assertEquals(made.instret, 0);
  }
});

Deno.test("an access from outside counts, faults and sets A and D as an instruction's does", () => {
  const names = { 1: "b", 2: "h", 4: "w", 8: "d" } as const;
  for (const kind of ["load", "store"] as const) {
    for (const va of [0x4000n, 0x4003n, 0x4ffcn, 0x4ffdn, 0x5ffdn, 0x6008n, 0x9001n, 1n << 40n]) {
      for (const size of [1, 2, 4, 8] as const) {
        const outside = paged(), inside = paged();
        const name = kind === "store" ? `s${names[size]}` : `l${names[size]}${size < 8 ? "u" : ""}`;
        const code = new Assembler();
        code.put(name, { rd: 7, rs1: 6, rs2: 7, imm: 0 });
        inside.machine.ram.write(at(0x1_0000), code.bytes());
        inside.map(0x1000, at(0x1_0000), 0x1a);
        inside.machine.hart.mode = 0;
        inside.machine.hart.pc = 0x1000n;
        for (const value of [0x0807_0605_0403_0201n, 0xfff0_f0f0_f0f0_f0f0n]) {
          const done = outside.machine.user.access({ kind, va, size, value });
          inside.machine.hart.pc = 0x1000n;
          inside.machine.hart.setX(6, va);
          inside.machine.hart.setX(7, value);
          const stop = inside.machine.run(1);
          if ("trap" in done) {
            assert(stop.kind === "trap", `${name} ${va}`);
            assertEquals([done.trap, done.tval], [stop.cause, stop.tval]);
          } else {
            assertEquals(stop.kind, "budget");
            assertEquals(done.done, BigInt.asUintN(8 * size, inside.machine.hart.x(7)));
          }
        }
        const a = outside.machine.mmu.counters(), b = inside.machine.mmu.counters();
        assertEquals([a.read, a.write], [b.read, b.write], `${name} ${va}`);
        for (const page of [0x4000, 0x5000, 0x6000]) {
          const pte = (t: Tables) => t.machine.ram.readPte(t.slot(page));
          assertEquals(pte(outside), pte(inside));
        }
        for (const frame of [0x2_0000, 0x3_0000]) {
          assertEquals(
            outside.machine.ram.bytes(at(frame), 4096),
            inside.machine.ram.bytes(at(frame), 4096),
          );
        }
      }
    }
  }
});

Deno.test("a watchpoint sees an access from outside, whether its page was plain before or not", () => {
  const spaces = [["va", 0x4010], ["pa", at(0x2_0010)]] as const;
  for (const [space, start] of spaces) {
    const { machine: made } = paged();
    store(made, 0x4010n, 5n);
    const watch = watched(made, space, start, 8);
    const hit = { watch, pc: undefined, va: 0x4012n, pa: at(0x2_0012), size: 2 };
    assertEquals(store(made, 0x4012n, 7n, 2), {
      done: 7n,
      watch: { ...hit, read: false, write: true, before: 0n, after: 7n },
    });
    assertEquals(load(made, 0x4012n, 2), {
      done: 7n,
      watch: { ...hit, read: true, write: false, before: 7n, after: 7n },
    });
    assertEquals(store(made, 0x4018n, 1n), { done: 1n, watch: undefined });
    assertEquals(made.run(0), { kind: "budget" });
    made.unwatch(watch);
    assertEquals(store(made, 0x4010n, 1n), { done: 1n, watch: undefined });
  }
});

Deno.test("a watchpoint on either page sees an access from outside across the page end", () => {
  for (const [start, hits] of [[0x4ffd, false], [0x4ffe, true], [0x5001, true], [0x5002, false]]) {
    const { machine: made } = paged();
    watched(made, "va", Number(start));
    const done = store(made, 0x4ffen, 0x0403_0201n, 4);
    assert("done" in done);
    assertEquals(done.watch !== undefined, hits);
    if (done.watch === undefined) continue;
    assertEquals([done.watch.before, done.watch.after], [0n, 0x0403_0201n]);
  }
});

Deno.test("a run of bytes ends at the page's end, is one access, and traps as one", () => {
  const { machine: made, slot } = bound(paged());
  const bytes = Uint8Array.from({ length: 6000 }, (_, i) => i % 251);
  assertEquals(made.user.run("store", 0x4100n, bytes), { done: 0xf00, watch: undefined });
  assertEquals(made.ram.bytes(at(0x2_0100), 0xf00), bytes.subarray(0, 0xf00));
  assertEquals(made.user.run("store", 0x5000n, bytes.subarray(0xf00, 0xf03)), {
    done: 3,
    watch: undefined,
  });
  assertEquals(made.ram.read8(at(0x3_0003)), 0);
  const { write } = made.mmu.counters();
  assertEquals([write.hits![0], write.misses[0]], [0, 2]);
  const into = new Uint8Array(16);
  assertEquals(made.user.run("load", 0x4ff8n, into), { done: 8, watch: undefined });
  assertEquals(into, Uint8Array.from([...bytes.subarray(0xef8, 0xf00), ...new Array(8).fill(0)]));
  assertEquals(made.user.run("load", 0x4000n, into), { done: 16, watch: undefined });
  assertEquals(made.mmu.counters().read.hits![0], 1);
  assertEquals(made.user.run("store", 0x6008n, bytes), { trap: 15, tval: 0x6008n });
  assertEquals(made.user.run("load", -1n, into), { trap: 13, tval: 2n ** 64n - 1n });
  assertEquals(made.ram.readPte(slot(0x6000)) & (PTE_A | PTE_D), 0);
});

function bound(tables: Tables): { machine: Machine; slot: (va: number) => PaNum } {
  return { machine: tables.machine, slot: (va) => tables.slot(va) };
}

Deno.test("a run of bytes tells the watched ones of them, at most eight", () => {
  const { machine: made } = paged();
  store(made, 0x4010n, 0x99n, 1);
  const small = watched(made, "va", 0x4010, 2);
  const ones = new Uint8Array(64).fill(1);
  assertEquals(made.user.run("store", 0x4000n, ones), {
    done: 64,
    watch: {
      watch: small,
      pc: undefined,
      va: 0x4010n,
      pa: at(0x2_0010),
      size: 2,
      read: false,
      write: true,
      before: 0x99n,
      after: 0x101n,
    },
  });
  made.unwatch(small);
  watched(made, "pa", at(0x2_0000) - 100, 4096);
  const hit = made.user.run("load", 0x4020n, new Uint8Array(64));
  assert("done" in hit);
  assertEquals([hit.done, hit.watch?.va, hit.watch?.size], [64, 0x4020n, 8]);
  assertEquals(hit.watch?.before, 0x0101_0101_0101_0101n);
  const missed = made.user.run("store", 0x5000n, ones);
  assert("done" in missed && missed.watch === undefined);
});

Deno.test("a run of bytes in a device goes byte by byte to its registers", () => {
  const { machine: made } = paged();
  assertEquals(made.user.run("store", 0x7000n, new TextEncoder().encode("hi")), {
    done: 1,
    watch: undefined,
  });
  assertEquals(made.uart.take(), new TextEncoder().encode("h"));
  made.uart.type(new TextEncoder().encode("x"));
  const into = new Uint8Array(4);
  assertEquals(made.user.run("load", 0x7000n, into), { done: 1, watch: undefined });
  assertEquals(into[0], 0x78);
});

Deno.test("what an access from outside stores is in the next state, and drops decoded code", () => {
  for (const way of ["access", "run"] as const) {
    const tables = paged();
    const { machine: made } = tables;
    tables.map(0x1000, at(0x1_0000), RWU | 0x8);
    made.ram.write32(at(0x1_0000), encode("addi", { rd: 5, rs1: 0, imm: 1 }));
    made.hart.mode = 0;
    made.hart.pc = 0x1000n;
    made.run(1);
    const before = made.save();
    const changed = encode("addi", { rd: 5, rs1: 0, imm: 2 });
    if (way === "access") store(made, 0x1000n, BigInt(changed), 4);
    else made.user.run("store", 0x1000n, new Uint8Array(Uint32Array.of(changed).buffer));
    const after = made.save();
    made.hart.pc = 0x1000n;
    made.run(1);
    assertEquals(made.hart.x(5), 2n);
    made.restore(before);
    made.hart.pc = 0x1000n;
    made.run(1);
    assertEquals(made.hart.x(5), 1n);
    made.restore(after);
    made.hart.pc = 0x1000n;
    made.run(1);
    assertEquals(made.hart.x(5), 2n);
  }
});

Deno.test("the walker tells each leaf in which it sets A or D, once, before the access", () => {
  const tables = paged();
  const { machine: made } = tables;
  const flags = RWU | PTE_V;
  const low = (va: number) => made.ram.readPte(tables.slot(va));
  const told: unknown[] = [];
  made.mmu.marked = (page, pteAddr, before, after) => {
    assertEquals(made.ram.readPte(pteAddr), after);
    told.push([page, pteAddr, before & 0x3ff, after & 0x3ff, made.ram.read8(at(0x2_0008))]);
  };
  load(made, 0x4008n);
  store(made, 0x4008n, 7n);
  store(made, 0x4010n, 7n);
  load(made, 0x4018n);
  assertEquals(told, [
    [0x4000, tables.slot(0x4000), flags, flags | PTE_A, 0],
    [0x4000, tables.slot(0x4000), flags | PTE_A, flags | PTE_A | PTE_D, 0],
  ]);
  told.length = 0;
  // A refused access sets nothing, and nothing is told.
  store(made, 0x6000n, 1n);
  assertEquals([told.length, low(0x6000) & PTE_A], [0, 0]);
  // A trap at the second page leaves what the first one was given, as hardware may.
  store(made, 0x5ffen, 1n, 4);
  assertEquals(told.map((t) => (t as number[])[0]), [0x5000]);
  told.length = 0;
  tables.map(2 ** 39 - 0x1000, at(0x5_0000), RWU);
  load(made, -0x1000n);
  assertEquals(told.map((t) => (t as number[])[0]), [vaNum(-0x1000)]);
  told.length = 0;
  tables.map(0x8000, at(0x6_0000), 0x1e);
  made.ram.write32(at(0x6_0000), encode("sw", { rs1: 6, rs2: 7, imm: 0 }));
  tables.map(0x9000, at(0x7_0000), RWU);
  made.hart.mode = 0;
  made.hart.pc = 0x8000n;
  made.hart.setX(6, 0x9000n);
  made.run(1);
  assertEquals(told.map((t) => (t as number[]).slice(0, 1)), [[0x8000], [0x9000]]);
});
