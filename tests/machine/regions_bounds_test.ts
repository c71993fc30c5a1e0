/** What translating costs at most: programs that give no translation time to pay. */

import { assert, assertEquals } from "@std/assert";
import { Machine } from "../../src/vm/machine/machine.ts";
import { POOL_PAGES } from "../../src/vm/machine/engine/code_pages.ts";
import { assemble } from "./assemble.ts";
import { at } from "./machine_lab.ts";

/** A machine at a program, all registers 0. */
function running(text: string, memBytes: number): Machine {
  const machine = new Machine({ memBytes });
  machine.ram.write(at(0), assemble(text).bytes);
  return machine;
}

Deno.test("a program that rewrites itself is not translated again and again", () => {
  // The loop counts by 1 and by 2 in turn, as its last round wrote it.
  const machine = running(
    `
    la s0, body
    lui s1, 0x00150         # addi a0, a0, 1 is 0x00150513, by 2 0x00250513
    addi s1, s1, 0x513
    lui s2, 0x00250
    addi s2, s2, 0x513
    outer:
    addi t0, zero, 2000
    body:
    addi a0, a0, 1
    addi t0, t0, -1
    bne t0, zero, body
    xor s3, s1, s2
    lw t1, 0(s0)
    xor t1, t1, s3
    sw t1, 0(s0)
    jal zero, outer
  `,
    32 << 20,
  );
  const { counters } = machine.engine.tier!;
  machine.run(20_000_000);
  const after = { ...counters };
  assert(after.samples > 10);
  machine.run(60_000_000);
  assert(counters.translated <= after.translated + 4, JSON.stringify({ after, counters }));
  assertEquals(counters.resets, 0);
});

Deno.test("ten thousand pages of code that each run for a while stay within their bounds", () => {
  const PAGES = 10_000;
  // Copies a loop to the start of each page, a number of it changed, and calls it.
  const machine = running(
    `
    la s0, loop
    li s1, 0x80100000
    li s2, ${PAGES}
    addi s3, zero, 0
    lui s4, 1
    next:
    lw t0, 0(s0)
    slli t1, s3, 20
    add t0, t0, t1
    sw t0, 0(s1)
    lw t0, 4(s0)
    sw t0, 4(s1)
    lw t0, 8(s0)
    sw t0, 8(s1)
    lw t0, 12(s0)
    sw t0, 12(s1)
    addi t2, zero, 1500
    slli t2, t2, 3
    jalr ra, 0(s1)
    add s1, s1, s4
    addi s3, s3, 1
    andi s3, s3, 1023
    addi s2, s2, -1
    bne s2, zero, next
    end:
    jal zero, end
    loop:
    addi a0, a0, 0
    addi t2, t2, -1
    bne t2, zero, loop
    jalr zero, 0(ra)
  `,
    64 << 20,
  );
  machine.run(PAGES * 37_000);
  const { counters } = machine.engine.tier!;
  assert(counters.translated > 100, "some of them are worth it");
  assert(machine.engine.pages.usage().pages <= POOL_PAGES);
  assert(machine.engine.tier!.live().length <= 1000, "translations are forgotten in time");
  assert(counters.resets > 0 || counters.translated <= 1000);
});

Deno.test("a region that is left for code that had not run before takes it in", () => {
  // The branch is not taken in the first 10,000 calls, and always from then on.
  const program = `
    li s0, 10000
    round:
    addi t0, zero, 100
    inner:
    addi a0, a0, 1
    addi t0, t0, -1
    bne t0, zero, inner
    jal ra, called
    jal zero, round
    called:
    addi s1, s1, 1
    bgeu s1, s0, late
    addi a3, a3, 1
    jalr zero, 0(ra)
    late:
    addi a1, a1, 3
    xor a2, a2, a1
    addi a1, a1, 1
    jalr zero, 0(ra)
  `;
  const machine = running(program, 32 << 20);
  const { tier } = machine.engine;
  machine.run(3_000_000);
  assertEquals(tier!.counters.widened, 0);
  machine.run(160_000_000);
  assert(tier!.counters.widened > 0);
  const left = () => tier!.live().reduce((sum, { slot }) => sum + tier!.done.left(slot), 0);
  const after = left();
  machine.run(20_000_000);
  assert(left() - after < 1000, "it is not left for that any more");
  const alone = new Machine({ memBytes: 32 << 20, compile: "never" });
  alone.ram.write(at(0), assemble(program).bytes);
  alone.run(183_000_000);
  for (const register of [9, 10, 11, 12, 13]) {
    assertEquals(machine.hart.x(register), alone.hart.x(register));
  }
});
