/** What a machine of several harts gives each of them: lines, registers of devices, CSRs. */

import { assertEquals } from "@std/assert";
import { IRQ } from "../../src/vm/machine/hart/csr_state.ts";
import { machine } from "./machine_lab.ts";

const HARTS = 3;
/** Bits of mip that devices drive, hart by hart. */
const lines = (m: ReturnType<typeof machine>) => m.harts.map((hart) => hart.lines);

Deno.test("each hart has its msip and mtimecmp; beyond the last one they read 0 and take nothing", () => {
  const m = machine({ harts: HARTS });
  for (let hart = 0; hart < HARTS; hart++) {
    m.clint.write(4 * hart, 4, 0xffff_ffff);
    m.clint.write(0x4000 + 8 * hart, 4, 100 + hart);
    m.clint.write(0x4004 + 8 * hart, 4, hart);
    const wanted = m.harts.map((_, i) => i === hart ? IRQ.MSI : 0);
    // Until time comes to it, mtimecmp tells nobody anything.
    assertEquals(lines(m), hart === 0 ? [IRQ.MSI, 0, 0] : wanted);
    assertEquals(m.clint.read(4 * hart, 4), 1);
    m.clint.write(4 * hart, 4, 2);
    assertEquals(lines(m), [0, 0, 0]);
  }
  const compares = [0, 1, 2].map((i) =>
    [0, 4].map((half) => m.clint.read(0x4000 + 8 * i + half, 4))
  );
  assertEquals(compares, [[100, 0], [101, 1], [102, 2]]);
  const before = m.clint.save();
  for (const offset of [4 * HARTS, 0x3ffc, 0x4000 + 8 * HARTS, 0x4004 + 8 * HARTS, 0xbff0]) {
    m.clint.write(offset, 4, 1);
    assertEquals(m.clint.read(offset, 4), 0);
  }
  assertEquals(m.clint.save(), before);
});

Deno.test("a timer is due for its own hart, at its own time", () => {
  const m = machine({ harts: HARTS });
  for (let hart = 0; hart < HARTS; hart++) {
    m.clint.write(0x4004 + 8 * hart, 4, 0);
    m.clint.write(0x4000 + 8 * hart, 4, 100 * (HARTS - hart));
  }
  m.harts[1].writeCsr("menvcfg", 1n << 63n);
  m.harts[1].writeCsr("stimecmp", 250n);
  const at = (time: number) => {
    m.clock.time = time;
    return lines(m);
  };
  assertEquals(at(99), [0, 0, 0]);
  assertEquals(at(100), [0, 0, IRQ.MTI]);
  assertEquals(at(200), [0, IRQ.MTI, IRQ.MTI]);
  assertEquals(at(250), [0, IRQ.MTI | IRQ.STI, IRQ.MTI]);
  assertEquals(at(300), [IRQ.MTI, IRQ.MTI | IRQ.STI, IRQ.MTI]);
});

Deno.test("a source goes to the contexts that have it enabled, and to one that claims it", () => {
  const SOURCE = 10;
  const m = machine({ harts: HARTS });
  const enable = (context: number) => 0x2000 + 0x80 * context;
  const claim = (context: number) => 0x20_0004 + 0x1000 * context;
  m.plic.write(4 * SOURCE, 4, 1);
  // M of hart 0, S of hart 1, both of hart 2.
  for (const context of [0, 3, 4, 5]) m.plic.write(enable(context), 4, 1 << SOURCE);
  assertEquals([0, 1, 2, 3, 4, 5, 6].map((context) => m.plic.read(enable(context), 4) !== 0), [
    ...[true, false, false, true, true, true, false],
  ]);
  m.plic.signal(SOURCE, true);
  assertEquals(lines(m), [IRQ.MEI, IRQ.SEI, IRQ.MEI | IRQ.SEI]);
  m.plic.write(0x20_0000 + 0x1000 * 4, 4, 7); // a threshold is its context's
  assertEquals(lines(m), [IRQ.MEI, IRQ.SEI, IRQ.SEI]);
  assertEquals([1, 2].map((context) => m.plic.read(claim(context), 4)), [0, 0]);
  assertEquals([3, 0, 4, 5].map((context) => m.plic.read(claim(context), 4)), [SOURCE, 0, 0, 0]);
  assertEquals(lines(m), [0, 0, 0]);
  // Who has it not enabled cannot complete it; a request in between waits.
  m.plic.signal(SOURCE, true);
  m.plic.write(claim(1), 4, SOURCE);
  assertEquals(lines(m), [0, 0, 0]);
  m.plic.write(claim(3), 4, SOURCE);
  assertEquals(lines(m), [IRQ.MEI, IRQ.SEI, IRQ.SEI]);
  // Beyond the last context there is nothing.
  const before = m.plic.save();
  m.plic.write(enable(6), 4, -1);
  m.plic.write(claim(6) - 4, 4, 3);
  assertEquals([m.plic.read(enable(6), 4), m.plic.read(claim(6), 4)], [0, 0]);
  assertEquals(m.plic.save(), before);
});

Deno.test("each hart has its number, registers and CSRs", () => {
  const m = machine({ harts: HARTS });
  for (const hart of m.harts) {
    hart.setX(5, BigInt(100 + hart.hartid));
    hart.pc = BigInt(0x8000_1000 + hart.hartid);
    hart.writeCsr("mscratch", BigInt(200 + hart.hartid));
    hart.writeCsr("satp", (8n << 60n) | BigInt(0x80000 + hart.hartid));
  }
  const told = m.harts.map((hart) => [
    ...["mhartid", "mscratch", "satp"].map((name) => hart.readCsr(name) & 0xffff_ffffn),
    hart.x(5),
    hart.pc,
  ]);
  assertEquals(
    told,
    m.harts.map((_, i) => [
      ...[i, 200 + i, 0x80000 + i, 100 + i, 0x8000_1000 + i].map(BigInt),
    ]),
  );
});
