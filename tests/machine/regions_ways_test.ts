/** Ways out of regions that are taken often become ways inside: what they are, and that nothing else changes. */

import { assert, assertEquals } from "@std/assert";
import { Machine } from "../../src/vm/machine/machine.ts";
import { Ways } from "../../src/vm/machine/engine/regions/ways.ts";
import { REGION_FROM, REGION_TO } from "../../src/vm/machine/layout.ts";
import { assemble } from "./assemble.ts";
import { at } from "./machine_lab.ts";

/** A machine at a program, all registers 0. */
function running(text: string, compile: "hot" | "never"): Machine {
  const machine = new Machine({ memBytes: 32 << 20, compile, traps: "host" });
  machine.ram.write(at(0), assemble(text).bytes);
  return machine;
}

const PROGRAMS: Record<string, string> = {
  "a switch": `
    la s0, first
    loop:
    addi s1, s1, 1
    andi t0, s1, 3
    slli t0, t0, 3
    add t0, t0, s0
    jalr zero, 0(t0)
    addi zero, zero, 0
    first:
    addi a0, a0, 1
    jal zero, loop
    addi a1, a1, 1
    jal zero, loop
    addi a2, a2, 1
    jal zero, loop
    addi a3, a3, 1
    jal zero, loop
  `,
  "functions by a pointer": `
    la s0, one
    la s2, other
    loop:
    addi s1, s1, 1
    andi t0, s1, 1
    add t1, s0, zero
    beq t0, zero, call
    add t1, s2, zero
    call:
    jalr ra, 0(t1)
    addi a3, a3, 1
    jal zero, loop
    one:
    addi a0, a0, 1
    jalr zero, 0(ra)
    other:
    addi a1, a1, 3
    xor a2, a2, a1
    jalr zero, 0(ra)
  `,
  "a function that calls itself, called in the middle of another": `
    li sp, 0x80100000
    loop:
    addi a0, zero, 12
    jal ra, fib
    add a1, a1, a0
    jal zero, loop
    fib:
    addi t0, zero, 2
    bltu a0, t0, back
    addi sp, sp, -24
    sd ra, 0(sp)
    sd s0, 8(sp)
    sd s1, 16(sp)
    addi s0, a0, 0
    addi a0, s0, -1
    jal ra, fib
    addi s1, a0, 0
    addi a0, s0, -2
    jal ra, fib
    add a0, a0, s1
    ld ra, 0(sp)
    ld s0, 8(sp)
    ld s1, 16(sp)
    addi sp, sp, 24
    back:
    jalr zero, 0(ra)
  `,
};

for (const [name, program] of Object.entries(PROGRAMS)) {
  Deno.test(`a region keeps ${name} inside, once it is known`, () => {
    const machine = running(program, "hot");
    const alone = running(program, "never");
    const { tier } = machine.engine;
    const left = () => tier!.live().reduce((sum, { slot }) => sum + tier!.done.left(slot), 0);
    machine.run(100_000_000);
    const before = left();
    machine.run(20_000_000);
    assert(left() - before < 10_000, `left ${left() - before} times`);
    alone.run(120_000_000);
    assertEquals([...machine.hart.xs], [...alone.hart.xs]);
    assertEquals(machine.hart.pc, alone.hart.pc);
  });
}

Deno.test("ways out: the most frequent first, rare ones left out, each counted once", () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const view = new DataView(memory.buffer);
  const ways = new Ways(memory);
  const take = (from: number, to: number) => {
    view.setBigInt64(REGION_FROM, BigInt(from), true);
    view.setBigInt64(REGION_TO, BigInt(to), true);
    ways.sample();
    ways.sample();
  };
  for (let i = 0; i < 200; i++) take(0x3f_ffff_f004, 0x8000_1000);
  for (let i = 0; i < 300; i++) take(0x3f_ffff_f004, 0x8000_2000);
  for (let i = 0; i < 3; i++) take(0x3f_ffff_f004, 0x8000_3000);
  take(0x8000_0000, 0x8000_4000);
  assertEquals(ways.from(0x3f_ffff_f004), [0x8000_2000, 0x8000_1000]);
  assertEquals(ways.from(0x8000_0000), [], "once is chance");
  assertEquals(ways.from(0x1234), []);
  for (const wild of [-4, 2 ** 38, 2 ** 62]) {
    for (let i = 0; i < 3; i++) take(0x8000_0010, wild);
    assertEquals(ways.from(0x8000_0010), [], "no place where code is translated");
    assertEquals(ways.to(wild), false);
  }
  ways.clear();
  assertEquals(ways.from(0x3f_ffff_f004), []);
});
