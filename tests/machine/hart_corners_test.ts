/** Corners of the hart and the devices that no other test looks into. */

import { assert, assertEquals } from "@std/assert";
import { Uart } from "../../src/vm/machine/devices/uart.ts";
import { PTE_R, PTE_U, PTE_V, PTE_W, READ } from "../../src/vm/machine/sv39.ts";
import { assemble } from "./assemble.ts";
import { at, machine, Tables, translate, va } from "./machine_lab.ts";
import type { MachineOptions } from "../../src/vm/machine/machine.ts";

const RWU = PTE_R | PTE_W | PTE_U;

/** A machine in M-mode with a program in the assembler's own words. */
function written(text: string, options: MachineOptions = {}) {
  const made = machine(options);
  made.ram.write(at(0), assemble(text).bytes);
  return made;
}

Deno.test("with Sstc in use, STIP is the timer's, whatever software had set", () => {
  const made = written(`
    li x5, 32
    csrrs zero, mip, x5
    csrrs x6, mip, zero
    addi x7, zero, 1
    slli x7, x7, 63
    csrrs zero, menvcfg, x7
    csrrs x8, mip, zero`);
  made.run(7);
  assertEquals([made.hart.x(6), made.hart.x(8)], [32n, 0n]);
});

Deno.test("pmpcfg takes no entry that may be written and not read", () => {
  const made = written("addi x5, zero, 2\ncsrrw zero, pmpcfg0, x5\ncsrrs x6, pmpcfg0, zero");
  made.run(3);
  assertEquals(made.hart.x(6), 0n);
});

Deno.test("a timer that a program lets through in the middle of a run comes at its instruction", () => {
  const made = written(
    `li x5, 0x80001000
     csrrw zero, mtvec, x5
     csrrsi zero, mstatus, 8
     addi x6, zero, 128
     csrrs zero, mie, x6
   loop:
     addi x7, x7, 1
     jal zero, loop`,
    { instructionsPerTick: 1 },
  );
  made.clint.write(0x4000, 4, 50);
  made.clint.write(0x4004, 4, 0);
  made.addBreak(at(0x1000));
  assertEquals([made.run(1000).kind, made.instret], ["break", 50]);
});

Deno.test("sfence.vma takes all sixteen bits of an ASID", () => {
  const made = written("sfence.vma zero, x5");
  const tables = new Tables(made);
  tables.map(0x1000, at(0x1000), RWU);
  tables.use(0x105);
  translate(made.mmu, va(0x1000), READ);
  made.hart.mode = 3;
  made.hart.selectBanks();
  made.hart.setX(5, 0x105n);
  assertEquals(made.mmu.entries().length, 1);
  made.run(1);
  assertEquals(made.mmu.entries().length, 0);
});

Deno.test("a frame number or a table beyond 2^32 bytes is no RAM, whatever its low bits say", () => {
  const tables = new Tables(machine());
  const { ram, mmu } = tables.machine;
  const leaf = tables.map(0x1000, at(0x1000), RWU), pointer = tables.slot(0x20_0000, 1);
  ram.writeHalves(leaf, ram.readPte(leaf), 1);
  tables.map(0x3000, at(0x1000), RWU);
  const table = ram.readPte(tables.slot(0x1000, 1));
  assertEquals(table & 0x3ff, PTE_V);
  ram.writeHalves(pointer, table, 1);
  tables.use();
  assertEquals([translate(mmu, va(0x1000), READ), translate(mmu, va(0x3000), READ)], [
    -5,
    at(0x1000),
  ]);
  assertEquals(translate(mmu, va(0x20_3000), READ), -5);
});

Deno.test("a restored machine walks the tables that it had", () => {
  const tables = new Tables(machine());
  const { machine: made } = tables;
  tables.map(0x1000, at(0x2000), RWU);
  tables.use();
  const state = made.save();
  made.mmu.setRoot(tables.frame());
  assertEquals(translate(made.mmu, va(0x1000), READ), -13);
  made.restore(state);
  assertEquals(translate(made.mmu, va(0x1000), READ), at(0x2000));
});

Deno.test("a trap that comes again after some work is no hang, also in single steps", () => {
  const made = written(`
    li x5, 0x80000040
    csrrw zero, mtvec, x5
  again:
    ebreak`);
  made.ram.write(at(0x40), assemble("addi x6, x6, 1\nmret").bytes);
  // Checks: every instruction is a run of the engine by itself.
  let stopped = -1;
  made.watches.check = () => stopped !== (stopped = made.instret);
  for (let pc = at(0); pc < at(0x48); pc = at(pc - at(0) + 2)) made.addCheck(pc);
  assertEquals([made.run(100).kind, made.instret], ["budget", 100]);
  assert(made.hart.x(6) > 40n);
});

Deno.test("mtime's low half is written without its high half", () => {
  const { clint, hart } = machine();
  clint.write(0xbffc, 4, 2);
  clint.write(0xbff8, 4, 77);
  assertEquals(hart.time, 2 * 2 ** 32 + 77);
  clint.write(0xbff8, 4, 5);
  assertEquals(hart.time, 2 * 2 ** 32 + 5);
});

Deno.test("UART: a FIFO reset drops what was received; the transmitter asks once for each enable", () => {
  let line = false;
  const uart = new Uart((on) => line = on);
  uart.type(new TextEncoder().encode("abc"));
  uart.write(2, 1, 1);
  assertEquals(uart.read(5, 1) & 1, 1);
  uart.write(2, 1, 3);
  assertEquals(uart.read(5, 1) & 1, 0);
  uart.write(1, 1, 2);
  assertEquals([line, uart.read(2, 1) & 15], [true, 2]);
  uart.write(1, 1, 2);
  assertEquals([line, uart.read(2, 1) & 15], [false, 1]);
  uart.write(1, 1, 0);
  uart.write(1, 1, 2);
  assertEquals(line, true);
});
