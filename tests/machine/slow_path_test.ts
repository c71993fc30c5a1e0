/** What leaves the fast path, and must do all that it leaves out: dirty bytes, watches, breakpoints, devices. */

import { assert, assertEquals } from "@std/assert";
import { PTE_R, PTE_U, PTE_W, PTE_X } from "../../src/vm/machine/sv39.ts";
import { Assembler, encode } from "./engine_lab.ts";
import { at, machine, program, Tables } from "./machine_lab.ts";

const UART = 0x1000_0000;

/** A program in U-mode at 0x1000, with pages to store to from 0x4000 on. */
function user(build: (a: Assembler) => void): Tables {
  const made = machine({ traps: "host" });
  const tables = new Tables(made);
  const code = new Assembler();
  build(code);
  made.ram.write(at(0x1_0000), code.bytes());
  tables.map(0x1000, at(0x1_0000), PTE_R | PTE_W | PTE_X | PTE_U);
  tables.map(0x4000, at(0x2_0000), PTE_R | PTE_W | PTE_U);
  tables.map(0x5000, at(0x3_0000), PTE_R | PTE_W | PTE_U);
  tables.use();
  made.hart.mode = 0;
  made.hart.selectBanks();
  made.hart.pc = 0x1000n;
  return tables;
}

Deno.test("an atomic store to the running page, or to a watched one, is in the next state", () => {
  for (const place of [0x1_0800, 0x2_0000]) {
    const { machine: made } = user((a) => a.put("amoswap.w", { rd: 5, rs1: 6, rs2: 7 }));
    made.hart.setX(6, place === 0x2_0000 ? 0x4000n : 0x1800n);
    made.hart.setX(7, 77n);
    if (place === 0x2_0000) {
      made.watch({ space: "va", start: 0x4000, length: 4, read: false, write: true });
    }
    const before = made.save();
    made.run(1);
    const after = made.save();
    made.restore(before);
    assertEquals(made.ram.read32(at(place)), 0);
    made.restore(after);
    assertEquals(made.ram.read32(at(place)), 77);
  }
});

Deno.test("an access across a page end is seen by a watch on either page", () => {
  for (const [start, hits] of [[0x4ffd, false], [0x4ffe, true], [0x5001, true], [0x5002, false]]) {
    const { machine: made } = user((a) =>
      a.put("sw", { rs1: 6, rs2: 7, imm: 0 }).put("lw", { rd: 8, rs1: 6, imm: 0 }).put("ecall")
    );
    made.hart.setX(6, 0x4ffen);
    made.hart.setX(7, 0x0403_0201n);
    made.watch({ space: "va", start: Number(start), length: 1, read: true, write: true });
    const stop = made.run(10);
    assertEquals(stop.kind, hits ? "watch" : "trap");
    assertEquals([made.ram.read16(at(0x2_0ffe)), made.ram.read16(at(0x3_0000))], [0x201, 0x403]);
    if (stop.kind !== "watch") continue;
    assertEquals([stop.before, stop.after, stop.write], [0n, 0x0403_0201n, true]);
    const again = made.run(10);
    assert(again.kind === "watch");
    assertEquals([again.before, again.write, made.hart.x(8)], [0x0403_0201n, false, 0x0403_0201n]);
  }
});

Deno.test("a watchpoint in the upper half sees each store to its bytes, and no other one", () => {
  const tables = user((a) =>
    a.put("sw", { rs1: 6, rs2: 7, imm: 0 }).put("sw", { rs1: 6, rs2: 7, imm: 8 }).put("ecall")
  );
  const { machine: made } = tables;
  tables.map(2 ** 39 - 0x1000, at(0x4_0000), PTE_R | PTE_W | PTE_U);
  made.hart.setX(6, -0x1000n & (2n ** 64n - 1n));
  made.hart.setX(7, 7n);
  made.watch({ space: "va", start: -0xff8, length: 4, read: false, write: true });
  const stop = made.run(10);
  assert(stop.kind === "watch");
  assertEquals([stop.pa, stop.va, stop.after], [at(0x4_0008), 2n ** 64n - 0xff8n, 7n]);
  assertEquals(made.run(10).kind, "trap");
});

Deno.test("an access across a page end into a device, or out of one, is an access fault and does nothing", () => {
  for (const [first, second] of [[at(0x2_0000), UART], [UART, at(0x2_0000)]] as const) {
    const tables = user((a) => a.put("sd", { rs1: 6, rs2: 7, imm: 0 }));
    const { machine: made } = tables;
    tables.map(0x8000, first as never, PTE_R | PTE_W | PTE_U);
    tables.map(0x9000, second as never, PTE_R | PTE_W | PTE_U);
    made.hart.setX(6, 0x8ffcn);
    made.hart.setX(7, -1n & (2n ** 64n - 1n));
    const stop = made.run(5);
    assert(stop.kind === "trap");
    assertEquals([stop.cause, stop.tval], [7, 0x8ffcn]);
    assertEquals(made.ram.bytes(at(0x2_0000), 4096).every((byte) => byte === 0), true);
    assertEquals(made.uart.take().length, 0);
  }
});

Deno.test("a breakpoint is met again when its page is entered from another one", () => {
  // Round and round: 0x8000_0000 … jumps to the next page, which jumps back.
  const made = program((a) => {
    a.label("here").put("addi", { rd: 5, rs1: 5, imm: 1 }).put("jal", { rd: 0 }, "there");
    while (a.size < 4096) a.put("c.nop");
    a.label("there").put("addi", { rd: 6, rs1: 6, imm: 1 }).put("jal", { rd: 0 }, "here");
  });
  made.addBreak(at(0));
  for (let round = 0n; round < 4n; round++) {
    assertEquals([made.hart.x(5), made.hart.x(6)], [round, round]);
    // The first run begins at the breakpoint and passes it.
    assertEquals(made.run(1000), { kind: "break", pc: BigInt(at(0)) });
  }
});

Deno.test("a page that took plain stores takes them no more once it has run", () => {
  const { machine: made } = user((a) =>
    a.put("sw", { rs1: 6, rs2: 9, imm: 4 }) // its second instruction: back
      .put("sw", { rs1: 6, rs2: 7, imm: 0 }).put("jalr", { rd: 1, rs1: 6 })
      .put("sw", { rs1: 6, rs2: 8, imm: 0 }).put("jalr", { rd: 1, rs1: 6 }).put("ecall")
  );
  const tables = new Tables(made);
  tables.map(0x1000, at(0x1_0000), PTE_R | PTE_X | PTE_U);
  tables.map(0x4000, at(0x2_0000), PTE_R | PTE_W | PTE_X | PTE_U);
  tables.use();
  made.mmu.sfence();
  const values = [0x4000, encode("addi", { rd: 10, rs1: 10, imm: 1 })]
    .concat(encode("addi", { rd: 10, rs1: 10, imm: 16 }), encode("jalr", { rs1: 1 }));
  values.forEach((value, i) => made.hart.setX(6 + i, BigInt(value)));
  assertEquals([made.run(100).kind, made.hart.x(10)], ["trap", 17n]);
});
