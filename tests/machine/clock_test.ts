import { assertEquals } from "@std/assert";
import { at, machine } from "./machine_lab.ts";

Deno.test("a machine at reset: M-mode, no interrupt enabled or pending, every CSR that can be written reads 0", () => {
  const { hart, clock } = machine();
  assertEquals([hart.mode, hart.pending, clock.time, clock.retired], [3, 0, 0, 0]);
  const names =
    "mie mip medeleg mideleg mtvec mepc mcause mtval mscratch stvec sepc scause stval " +
    "sscratch satp mcounteren scounteren mcountinhibit menvcfg senvcfg stimecmp pmpcfg0 pmpaddr0";
  const values = names.split(" ").map((name) => [name, hart.readCsr(name)]);
  assertEquals(values.filter(([, value]) => value !== 0n), [["stimecmp", 2n ** 64n - 1n]]);
});

Deno.test("mtime can be set, runs on from there, and is put back by a restore", () => {
  const made = machine({ instructionsPerTick: 10 });
  for (let i = 0; i < 4096; i += 2) made.ram.write16(at(i), 0x0001); // c.nop, over and over
  made.clock.time = 1000;
  made.run(25);
  assertEquals([made.clock.time, made.clock.until(1003), made.clock.until(1002)], [1002, 5, 0]);
  const state = made.save();
  made.clock.time = 7;
  made.run(10);
  made.restore(state);
  assertEquals([made.clock.time, made.instret, made.clock.until(1010)], [1002, 25, 75]);
});

Deno.test("a restore puts the timer and the software interrupt back", () => {
  const made = machine();
  const set = (msip: number, due: number) => {
    made.clint.write(0, 4, msip);
    made.clint.write(0x4000, 4, due);
    made.clint.write(0x4004, 4, 0);
  };
  set(1, 500);
  const state = made.save();
  set(0, 900);
  assertEquals([made.clint.lines(0), made.clint.due(0)], [0, 900]);
  made.restore(state);
  assertEquals([made.clint.lines(0), made.clint.due(0), made.clint.read(0, 4)], [1 << 3, 500, 1]);
});
