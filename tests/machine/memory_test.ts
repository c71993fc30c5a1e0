import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { PaNum } from "../../src/vm/machine/address.ts";
import { MIN_RAM, Ram } from "../../src/vm/machine/memory.ts";
import { at } from "./machine_lab.ts";

Deno.test("RAM takes whole 64 KiB steps from 16 MiB to 2 GiB", () => {
  for (const size of [0, 1, MIN_RAM - 65536, MIN_RAM + 4096, 2 ** 31 + 65536, NaN, MIN_RAM + 0.5]) {
    assertThrows(() => new Ram(size), RangeError, "want 16M to 2G");
  }
  const ram = new Ram(MIN_RAM);
  assertEquals(ram.end - ram.base, MIN_RAM);
});

Deno.test("two gigabytes of RAM are usable to the last byte", () => {
  const ram = new Ram(2 ** 31);
  ram.write64((ram.end - 8) as PaNum, 0x1122_3344_5566_7788n);
  assertEquals(ram.read8((ram.end - 1) as PaNum), 0x11);
  assertEquals(ram.read32((ram.end - 8) as PaNum), 0x5566_7788);
  ram.copyFrame(ram.base, (ram.end - 4096) as PaNum);
  assertEquals(ram.read64(at(4088)), 0x1122_3344_5566_7788n);
});

Deno.test("an access that does not lie in RAM whole throws and names the address", () => {
  const ram = new Ram(MIN_RAM);
  const outside = [
    () => ram.read8((ram.base - 1) as PaNum),
    () => ram.read16((ram.end - 1) as PaNum),
    () => ram.read64((ram.end - 7) as PaNum),
    () => ram.write32((ram.end - 3) as PaNum, 0),
    () => ram.fillFrame(ram.end, 0),
    () => ram.copy(ram.base, (ram.end - 4) as PaNum, 8),
    () => ram.bytes((ram.base - 4) as PaNum, 8),
    () => ram.read8(NaN as PaNum),
  ];
  for (const access of outside) assertThrows(access, RangeError, "outside RAM");
  assertThrows(() => ram.read8(ram.end), RangeError, "0x81000000");
});

Deno.test("property: reads of every width see what writes of every width left, at any alignment", () => {
  const size = 256;
  const ram = new Ram(MIN_RAM);
  const step = fc.record({
    width: fc.constantFrom(1, 2, 4, 8),
    offset: fc.nat(size - 8),
    value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const model = new DataView(new ArrayBuffer(size));
      ram.fill(at(0), size, 0);
      for (const { width, offset, value } of steps) {
        const low = Number(value & 0xffff_ffffn);
        if (width === 1) ram.write8(at(offset), low), model.setUint8(offset, low);
        else if (width === 2) ram.write16(at(offset), low), model.setUint16(offset, low, true);
        else if (width === 4) ram.write32(at(offset), low), model.setUint32(offset, low, true);
        else ram.write64(at(offset), value), model.setBigUint64(offset, value, true);
      }
      assertEquals([...ram.bytes(at(0), size)], [...new Uint8Array(model.buffer)]);
      for (let i = 0; i < size - 8; i++) {
        assertEquals(ram.read8(at(i)), model.getUint8(i));
        assertEquals(ram.read16(at(i)), model.getUint16(i, true));
        assertEquals(ram.read32(at(i)), model.getUint32(i, true));
        assertEquals(ram.read64(at(i)), model.getBigUint64(i, true));
      }
    }),
    { numRuns: 30 },
  );
});

Deno.test("every mutator marks the frames it touches as dirty, and no other", () => {
  const ram = new Ram(MIN_RAM);
  const marks = (change: () => void) => {
    ram.dirty.fill(0);
    change();
    return [...ram.dirty.keys()].filter((i) => ram.dirty[i] === 1);
  };
  assertEquals(marks(() => ram.write8(at(0x1fff), 1)), [1]);
  assertEquals(marks(() => ram.write64(at(0x1ffc), 1n)), [1, 2]);
  assertEquals(marks(() => ram.writePte(at(0x3008), 1)), [3]);
  assertEquals(marks(() => ram.fill(at(0x0800), 0x2000, 7)), [0, 1, 2]);
  assertEquals(marks(() => ram.copyFrame(at(0x5000), at(0x1000))), [5]);
  assertEquals(marks(() => ram.write(at(0x6fff), new Uint8Array(2))), [6, 7]);
  assertEquals(marks(() => ram.writeFrom(at(0x7ff8), 0x400, 16)), [7, 8]);
  assertEquals(marks(() => ram.read64(at(0))), []);
});

Deno.test("changes under decoded code are reported once the bytes have changed; others are not", () => {
  const ram = new Ram(MIN_RAM);
  const reports: { pa: number; length: number; first: number }[] = [];
  ram.codeChanged = (pa, length) => reports.push({ pa, length, first: ram.read8(pa) });
  ram.write8(at(0x1000), 1);
  assertEquals(reports, []);
  new Int32Array(ram.memory.buffer, 0x10_0000, 2)[1] = 0x40_0000; // CODE_MAP of frame 1
  assert(ram.seesStores(at(0x1234)));
  ram.write8(at(0x1000), 2);
  ram.fill(at(0x0fff), 2, 9);
  ram.write8(at(0x2000), 3);
  assertEquals(reports, [
    { pa: at(0x1000), length: 1, first: 2 },
    { pa: at(0x0fff), length: 2, first: 9 },
  ]);
});
