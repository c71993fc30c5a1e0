/** Breakpoints and checks in decoded code: each is met, whatever the record is, and nothing else is changed. */

import { assertEquals } from "@std/assert";
import { RAM_BASE } from "../../src/vm/machine/address.ts";
import { STOP_BREAK } from "../../src/vm/machine/engine/engine.ts";
import { firstLoop, pairs } from "../../src/vm/machine/engine/pairs.ts";
import { HANDLER, RECORD_SHIFT, STOP_BIT } from "../../src/vm/machine/engine/records.ts";
import { BUDGET } from "../../src/vm/machine/layout.ts";
import { PTE_R, PTE_U, PTE_X } from "../../src/vm/machine/sv39.ts";
import { Assembler, Lab } from "./engine_lab.ts";
import { at, machine, program, Tables } from "./machine_lab.ts";

const CODE = BigInt(RAM_BASE);

/** Records of the first page of RAM. */
const head = (lab: Lab, offset: number) =>
  lab.view.getInt32(lab.engine.pages.pageFor(RAM_BASE) + (offset << RECORD_SHIFT), true);

function lab(build: (a: Assembler) => void): Lab {
  const made = new Lab();
  const a = new Assembler();
  build(a);
  made.write(RAM_BASE, a.bytes());
  made.pc = CODE;
  return made;
}

for (const early of [true, false]) {
  const when = early ? "before its code is decoded" : "in decoded code";
  Deno.test(`a stop that is set ${when} is met at each kind of record`, () => {
    // At the page end an instruction that straddles it; behind it one that is none.
    const code = (a: Assembler) => {
      a.put("c.addi", { rd: 5, imm: 1 }).put("c.addi", { rd: 5, imm: 1 }).put("jal", {}, "end");
      while (a.size < 4090) a.put("c.nop");
      a.label("end").put("addi", { rd: 5, rs1: 5, imm: 1 }).put("addi", { rd: 5, rs1: 5, imm: 1 });
    };
    for (const [offset, done] of [[0, 0], [2, 1], [4, 2], [4090, 3], [4094, 4], [4098, 5]]) {
      const made = lab(code);
      if (!early) {
        assertEquals(made.engine.run(100), 1);
        made.pc = CODE;
        made.setX(5, 0n);
      }
      const pc = CODE + BigInt(offset!);
      made.stops.set(pc, STOP_BREAK);
      made.engine.pages.addStop(Number(pc));
      assertEquals([made.engine.run(100), made.pc, 100 - made.budget], [STOP_BREAK, pc, done]);
      // Nothing of it has happened; when the host says so, it does.
      assertEquals(made.x(5), BigInt(done! - Number(offset! > 4)));
      made.stops.clear();
      assertEquals([made.engine.run(100), made.pc, made.cause, made.x(5)], [
        1,
        CODE + 4098n,
        2,
        4n,
      ]);
      assertEquals(100 - made.budget, 5 - done!);
    }
  });
}

Deno.test("a stop that was removed is asked about once more, then its pair is one again", () => {
  const made = lab((a) => {
    a.label("loop").put("c.addi", { rd: 5, imm: 1 }).put("c.addi", { rd: 6, imm: 1 });
    a.put("jal", { rd: 0 }, "loop");
  });
  made.engine.run(30);
  const before = head(made, 0);
  assertEquals((before & HANDLER) >= pairs().length, true);
  made.engine.pages.addStop(RAM_BASE + 2);
  made.engine.run(30);
  assertEquals([made.asked.stopAt, made.x(5), made.x(6)], [10, 20n, 20n]);
  assertEquals([head(made, 0) === before, head(made, 2) & STOP_BIT], [false, STOP_BIT]);
  made.engine.pages.removeStop(RAM_BASE + 2);
  made.engine.run(30);
  assertEquals([made.asked.stopAt, made.x(5), made.x(6)], [10, 30n, 30n]);
  assertEquals([head(made, 0), head(made, 2) & STOP_BIT], [before, 0]);
});

Deno.test("once a stop is gone, a loop of bytes is done at once again, wherever in it the stop was", () => {
  for (const at of [0, 4, 6]) {
    const made = lab((a) => {
      a.label("fill").put("sb", { rs1: 10, rs2: 11 }).put("c.addi", { rd: 10, imm: 1 });
      a.put("bne", { rs1: 10, rs2: 12 }, "fill").put("ecall");
    });
    const fill = () => {
      made.pc = CODE;
      made.setX(10, CODE + 0x4000n);
      made.setX(12, CODE + 0x4100n);
      made.setX(11, 7n);
      assertEquals([made.engine.run(10_000), made.cause, made.x(10)], [1, 8, CODE + 0x4100n]);
      return [0, 4, 6].map((offset) => head(made, offset));
    };
    const before = fill();
    assertEquals((before[0]! & HANDLER) >= firstLoop(), true);
    made.engine.pages.addStop(RAM_BASE + at);
    fill();
    assertEquals(made.asked.stopAt, 0x100);
    made.engine.pages.removeStop(RAM_BASE + at);
    assertEquals([fill(), made.asked.stopAt], [before, 0x100]);
  }
});

Deno.test("a budget that the host cuts to nothing at a stop ends the run before the instruction", () => {
  const made = lab((a) => a.put("c.addi", { rd: 5, imm: 1 }).put("c.addi", { rd: 5, imm: 1 }));
  made.engine.pages.addStop(RAM_BASE + 2);
  made.stopAt = () => {
    made.view.setBigInt64(BUDGET, 0n, true);
    return 0;
  };
  assertEquals([made.engine.run(100), made.pc, made.x(5)], [0, CODE + 2n, 1n]);
});

Deno.test("a frame that is seen at two addresses stops at the one that was meant", () => {
  const made = machine({ traps: "host" });
  const tables = new Tables(made);
  const a = new Assembler();
  // Adds 1 and goes to the address in x6, which it swaps with x7.
  a.put("c.addi", { rd: 5, imm: 1 }).put("c.addi", { rd: 5, imm: 1 }).put("c.mv", {
    rd: 8,
    rs2: 6,
  });
  a.put("c.mv", { rd: 6, rs2: 7 }).put("c.mv", { rd: 7, rs2: 8 }).put("jalr", { rd: 0, rs1: 7 });
  made.ram.write(at(0x1000), a.bytes());
  const [one, other] = [0x4000, 0x3f_ffff_f000];
  for (const va of [one, other]) tables.map(va, at(0x1000), PTE_R | PTE_X | PTE_U);
  tables.use();
  made.hart.mode = 0;
  made.hart.pc = BigInt(one);
  made.hart.setX(6, BigInt(other));
  made.hart.setX(7, BigInt(one));
  made.run(60);
  assertEquals(made.hart.x(5), 20n);
  made.addBreak(other + 2);
  for (const sum of [23n, 27n, 31n]) {
    assertEquals(made.run(1000), { kind: "break", pc: BigInt(other + 2) });
    assertEquals(made.hart.x(5), sum);
  }
  // All that is taken away and put back is there again; so is what comes beside it.
  made.removeBreak(other + 2);
  made.addBreak(one + 2);
  made.addBreak(other + 2);
  assertEquals([made.run(1000).kind, made.hart.x(5)], ["break", 33n]);
  assertEquals([made.run(1000).kind, made.hart.x(5)], ["break", 35n]);
  made.removeBreak(other + 2);
  assertEquals([made.run(1000).kind, made.hart.x(5)], ["break", 37n]);
  assertEquals([made.run(1000).kind, made.hart.x(5)], ["break", 41n]);
});

Deno.test("an interrupt's handler stops at its first instruction, though the run passes a stop", () => {
  const made = program((a) => {
    a.label("here").put("addi", { rd: 5, rs1: 5, imm: 1 }).put("jal", { rd: 0 }, "here");
    while (a.size < 0x100) a.put("c.nop");
    a.put("addi", { rd: 6, rs1: 6, imm: 1 }).put("mret");
  });
  made.hart.writeCsr("mtvec", CODE + 0x100n);
  made.hart.writeCsr("mstatus", 1n << 3n);
  made.addBreak(RAM_BASE);
  made.addBreak(RAM_BASE + 0x100);
  assertEquals(made.run(100), { kind: "break", pc: CODE });
  made.clint.write(0, 4, 1);
  made.hart.writeCsr("mie", 1n << 3n);
  assertEquals(made.run(100), { kind: "break", pc: CODE + 0x100n });
  made.clint.write(0, 4, 0);
  assertEquals(made.hart.x(5), 1n);
  // Back from the handler: the instruction at which the run stopped before has not been executed.
  assertEquals(made.run(100), { kind: "break", pc: CODE });
  assertEquals([made.hart.x(5), made.hart.x(6)], [1n, 1n]);
});

Deno.test("checks end the engine's run and no other, and see exact counts", () => {
  const made = program((a) => {
    a.label("here").put("addi", { rd: 5, rs1: 5, imm: 1 }).put("jal", { rd: 0 }, "here");
  });
  const seen: number[] = [];
  made.watches.check = (pc) => {
    assertEquals(pc, RAM_BASE + 4);
    if (seen.at(-1) === made.instret) return false;
    seen.push(made.instret);
    return true;
  };
  made.addCheck(RAM_BASE + 4);
  assertEquals([made.run(6).kind, made.hart.x(5), seen], ["budget", 3n, [1, 3, 5]]);
  // The same address twice, for two reasons: the breakpoint comes first, and each goes by itself.
  made.addBreak(RAM_BASE + 4);
  assertEquals([made.run(6).kind, made.instret, seen.length], ["break", 7, 3]);
  assertEquals([made.removeCheck(RAM_BASE + 4), made.removeCheck(RAM_BASE + 4)], [true, false]);
  assertEquals([made.run(6).kind, made.instret, seen.length], ["break", 9, 3]);
  made.removeBreak(RAM_BASE + 4);
  assertEquals([made.run(6).kind, made.instret, seen.length], ["budget", 15, 3]);
});

Deno.test("a breakpoint in the upper half is met; one at an odd address never is", () => {
  const made = machine({ traps: "host" });
  const tables = new Tables(made);
  const a = new Assembler();
  a.label("here").put("c.addi", { rd: 5, imm: 1 }).put("c.addi", { rd: 5, imm: 1 });
  a.put("jal", { rd: 0 }, "here");
  made.ram.write(at(0x1000), a.bytes());
  tables.map(2 ** 39 - 4096, at(0x1000), PTE_R | PTE_X | PTE_U);
  tables.use();
  made.hart.mode = 0;
  made.hart.pc = -4096n;
  made.addBreak(-4095);
  assertEquals([made.run(30).kind, made.hart.x(5)], ["budget", 20n]);
  made.addBreak(-4094);
  assertEquals(made.run(30), { kind: "break", pc: BigInt.asUintN(64, -4094n) });
  assertEquals([made.removeBreak(-4095), made.removeBreak(-4094)], [true, true]);
  assertEquals([made.run(28).kind, made.hart.x(5)], ["budget", 40n]);
});

Deno.test("a breakpoint where nothing can be fetched is met once, before the trap", () => {
  const made = machine();
  const tables = new Tables(made);
  const a = new Assembler();
  a.put("c.addi", { rd: 5, imm: 1 }).put("jalr", { rd: 0, rs1: 6, imm: 0 });
  made.ram.write(at(0x1000), a.bytes());
  tables.map(0x1000, at(0x1000), PTE_R | PTE_X);
  tables.map(0x2000, at(0x2000), PTE_R);
  tables.use();
  made.hart.mode = 1;
  made.hart.pc = 0x1000n;
  made.hart.setX(6, 0x2000n);
  made.addBreak(0x2000);
  assertEquals(made.run(10), { kind: "break", pc: 0x2000n });
  assertEquals([made.instret, made.hart.mode], [2, 1]);
  // Handlers are at 0, where there is nothing either.
  assertEquals(made.run(10).kind, "stuck");
  assertEquals(made.hart.mode, 3);
  assertEquals(["mcause", "mepc"].map((name) => made.hart.readCsr(name)), [1n, 0n]);
});

Deno.test("what was compiled before somebody looked at its code does not come back over the stop", () => {
  const made = machine({ compile: "always" });
  const code = new Assembler().label("loop").put("addi", { rd: 5, rs1: 5, imm: 1 })
    .put("addi", { rd: 6, rs1: 6, imm: 1 }).put("addi", { rd: 7, rs1: 7, imm: 1 })
    .put("jal", { rd: 0 }, "loop");
  made.ram.write(at(0), code.bytes());
  made.run(4000);
  for (let round = 0; round < 3; round++) {
    let seen = 0;
    const before = made.hart.x(6);
    const remove = made.probes.at(RAM_BASE + 4, () => void seen++);
    made.run(40_000);
    assertEquals([seen, made.hart.x(6) - before], [10_000, 10_000n]);
    remove();
    made.run(4000);
  }
});
