import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Uart } from "../../src/vm/machine/devices/uart.ts";
import { IRQ } from "../../src/vm/machine/hart/csr_state.ts";
import { numberAt } from "../../src/vm/machine/pieces.ts";
import { disk, QUEUE, SECTORS } from "./disk_lab.ts";
import { at, machine } from "./machine_lab.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (string: string) => new TextEncoder().encode(string);

Deno.test("UART: sent bytes are taken once, typed bytes are read in order", () => {
  const { uart } = machine();
  for (const byte of bytes("hi\n")) uart.write(0, 1, byte);
  assertEquals(text(uart.take()), "hi\n");
  assertEquals(uart.take().length, 0);
  assertEquals(uart.read(5, 1), 0x60);
  uart.type(bytes("ab"));
  assertEquals(uart.read(5, 1), 0x61);
  assertEquals([uart.read(0, 1), uart.read(0, 1), uart.read(5, 1)], [97, 98, 0x60]);
});

Deno.test("UART: DLAB turns registers 0 and 1 into the divisor, and the others keep what they hold", () => {
  const { uart } = machine();
  uart.write(3, 1, 0x83);
  uart.write(0, 1, 3);
  uart.write(1, 1, 1);
  assertEquals([uart.read(0, 1), uart.read(1, 1)], [3, 1]);
  uart.write(3, 1, 3);
  assertEquals([uart.read(1, 1), uart.take().length], [0, 0]);
  uart.write(7, 1, 0x5a);
  uart.write(4, 1, 0x0b);
  assertEquals([uart.read(7, 1), uart.read(4, 1), uart.read(3, 1)], [0x5a, 0x0b, 3]);
});

Deno.test("UART: receive comes before transmit; reading the cause quiets transmit only", () => {
  let line = false;
  const uart = new Uart((on) => line = on);
  assertEquals(uart.read(2, 1), 1);
  uart.write(1, 1, 3);
  assertEquals(line, true);
  uart.type(bytes("x"));
  assertEquals([uart.read(2, 1), uart.read(2, 1)], [4, 4]);
  uart.read(0, 1);
  assertEquals([uart.read(2, 1), uart.read(2, 1)], [2, 1]);
  assertEquals(line, false);
  uart.write(0, 1, 65); // a byte sent at once: the transmitter is empty again, and says so once more
  assertEquals([line, uart.read(2, 1), line], [true, 2, false]);
  uart.write(2, 1, 1);
  assertEquals(uart.read(2, 1), 0xc1);
});

Deno.test("PLIC: the highest priority is claimed first, the lowest number among equals", () => {
  const { plic, hart } = machine();
  for (const [source, priority] of [[3, 1], [5, 7], [9, 7], [40, 2], [41, 0]]) {
    plic.write(4 * source, 4, priority);
    plic.signal(source, true);
  }
  plic.write(0x2080, 4, -1 >>> 0);
  plic.write(0x2084, 4, -1 >>> 0);
  assertEquals(hart.lines & (IRQ.SEI | IRQ.MEI), IRQ.SEI);
  const claim = () => plic.read(0x20_1004, 4);
  assertEquals([claim(), claim(), claim(), claim(), claim()], [5, 9, 40, 3, 0]);
  assertEquals(hart.lines & IRQ.SEI, 0);
  // A claimed source can be signalled again, but comes through only when completed.
  plic.signal(5, true);
  assertEquals(claim(), 0);
  plic.write(0x20_1004, 4, 5);
  assertEquals(claim(), 5);
});

Deno.test("PLIC: what a context completes is ended alone, in any order, and not by a context without it", () => {
  const { plic, hart } = machine();
  const [m, s] = [0x20_0004, 0x20_1004];
  const claim = (context: number) => plic.read(context, 4);
  const complete = (context: number, source: number) => plic.write(context, 4, source);
  for (const source of [31, 32, 95]) plic.write(4 * source, 4, 1);
  for (const [word, bits] of [[0, 0x8000_0000], [1, 1], [2, 0x8000_0000]]) {
    plic.write(0x2000 + 4 * word, 4, bits);
  }
  plic.write(0x2084, 4, 1);
  for (const source of [95, 32, 31]) plic.signal(source, true);
  assertEquals(hart.lines, IRQ.MEI | IRQ.SEI);
  assertEquals([claim(s), claim(s)], [32, 0]);
  assertEquals([hart.lines, claim(m), claim(m), claim(m)], [IRQ.MEI, 31, 95, 0]);
  assertEquals(hart.lines, 0);
  for (const source of [31, 32, 95]) plic.signal(source, true);
  // S has 32 only; M has all three.
  for (const source of [31, 95]) complete(s, source);
  assertEquals([hart.lines, claim(m)], [0, 0]);
  complete(m, 95);
  assertEquals([hart.lines, claim(m), claim(m)], [IRQ.MEI, 95, 0]);
  complete(m, 31);
  complete(m, 32);
  assertEquals([hart.lines, claim(m), claim(s), claim(m)], [IRQ.MEI | IRQ.SEI, 31, 32, 0]);
  // Numbers of no source, and one completed twice, change nothing.
  for (const source of [0, 96, 127, 1023, 2 ** 32 - 1, 95, 95]) complete(m, source);
  assertEquals([hart.lines, claim(m)], [0, 0]);
});

Deno.test("PLIC: a request outlives its line, and asking twice before the claim is one request", () => {
  const { plic, hart } = machine();
  plic.write(4 * 9, 4, 1);
  plic.write(0x2000, 4, 1 << 9);
  plic.signal(9, true);
  plic.signal(9, true);
  plic.signal(9, false);
  assertEquals([plic.read(0x1000, 4), hart.lines], [1 << 9, IRQ.MEI]);
  assertEquals([plic.read(0x20_0004, 4), plic.read(0x1000, 4), hart.lines], [9, 0, 0]);
  plic.write(0x20_0004, 4, 9);
  assertEquals([plic.read(0x20_0004, 4), hart.lines], [0, 0]);
});

Deno.test("PLIC: registers take words only, pending cannot be written, what is beyond reads 0", () => {
  const { plic } = machine();
  plic.signal(3, true);
  plic.write(0x1000, 4, 0);
  assertEquals([plic.read(0x1000, 4), plic.read(0x1000, 1), plic.read(0x1000, 2)], [8, 0, 0]);
  for (const size of [1, 2] as const) plic.write(4 * 3, size, 5);
  plic.write(4 * 3 + 2, 4, 5);
  plic.write(0, 4, 5);
  plic.write(4 * 96, 4, 5);
  assertEquals([plic.read(4 * 3, 4), plic.read(0, 4), plic.read(4 * 96, 4)], [0, 0, 0]);
  plic.write(4 * 3, 4, 0xd);
  plic.write(0x20_0000, 4, 0xe);
  assertEquals([plic.read(4 * 3, 4), plic.read(0x20_0000, 4)], [5, 6]);
  for (const context of [2, 3]) {
    plic.write(0x2000 + 0x80 * context, 4, -1);
    plic.write(0x20_0000 + 0x1000 * context, 4, 7);
    assertEquals(plic.read(0x2000 + 0x80 * context, 4), 0);
    assertEquals(plic.read(0x20_0000 + 0x1000 * context, 4), 0);
    assertEquals(plic.read(0x20_0004 + 0x1000 * context, 4), 0);
  }
  assertEquals(plic.read(0x20_1000, 4), 0);
});

Deno.test("PLIC: a threshold masks the interrupt, not the claim; source 0 does not exist", () => {
  const { plic, hart } = machine();
  plic.write(4 * 7, 4, 3);
  plic.write(0x2000, 4, 0xff);
  assertEquals(plic.read(0x2000, 4), 0xfe);
  plic.signal(7, true);
  assertEquals(hart.lines, IRQ.MEI);
  plic.write(0x20_0000, 4, 3);
  assertEquals(hart.lines, 0);
  assertEquals(plic.read(0x20_0004, 4), 7);
  assertEquals([plic.read(4 * 7, 4), plic.read(0x20_0000, 4), plic.read(0x3f_fff8, 4)], [3, 3, 0]);
});

Deno.test("CLINT: mtime is the machine's time and can be set; mtimecmp beyond reach is never due", () => {
  const made = machine({ instructionsPerTick: 1 });
  const { clint, hart } = made;
  assertEquals([clint.read(0x4000, 4), clint.read(0x4004, 4)], [0xffff_ffff, 0xffff_ffff]);
  clint.write(0xbff8, 4, 77);
  clint.write(0xbffc, 4, 2);
  assertEquals(hart.time, 2 * 2 ** 32 + 77);
  assertEquals([clint.read(0xbff8, 4), clint.read(0xbffc, 4), clint.read(0xbff9, 1)], [77, 2, 0]);
  clint.write(0x4000, 4, 77);
  clint.write(0x4004, 4, 2);
  assertEquals(hart.lines & IRQ.MTI, IRQ.MTI);
  clint.write(0x4004, 4, 0x8000_0000);
  assertEquals(hart.lines & IRQ.MTI, 0);
  clint.write(0, 4, 3);
  assertEquals([clint.read(0, 4), hart.lines & IRQ.MSI], [1, IRQ.MSI]);
});

Deno.test("finisher: pass, fail with a code, reset; nothing else ends the machine", () => {
  const { finisher } = machine();
  const ended = (value: number, offset = 0) => {
    finisher.finish = undefined;
    finisher.write(offset, 4, value);
    return finisher.finish;
  };
  assertEquals(ended(0x5555), { code: 0, reset: false });
  assertEquals(ended(0x002a_3333), { code: 42, reset: false });
  assertEquals(ended(0x3333), { code: 1, reset: false });
  assertEquals(ended(0x7777), { code: 0, reset: true });
  assertEquals(ended(0x1234), undefined);
  assertEquals(ended(0x5555, 4), undefined);
});

for (const version of [1, 2] as const) {
  Deno.test(`virtio block, version ${version}: identifies itself and reads and writes sectors`, () => {
    const { made, virtio, request, usedIndex, used } = disk(version);
    const id = [0x00, 0x04, 0x08, 0x0c, 0x34].map((offset) => virtio.read(offset, 4));
    assertEquals(id, [0x7472_6976, version, 2, 0x554d_4551, 1024]);
    assertEquals([virtio.read(0x100, 4), virtio.read(0x104, 4)], [SECTORS, 0]);
    assertEquals(request(0, 3n, at(0x8000), 1024), 0);
    assertEquals([made.ram.read8(at(0x8000)), made.ram.read8(at(0x83ff))], [4, 5]);
    assertEquals([usedIndex(), made.ram.read32((used + 8) as typeof used)], [1, 1025]);
    assertEquals([virtio.read(0x60, 4), (made.plic.read(0x1000, 4) >>> 1) & 1], [1, 1]);
    virtio.write(0x64, 4, 1);
    assertEquals(virtio.read(0x60, 4), 0);
    made.ram.fill(at(0x8000), 512, 0xaa);
    assertEquals(request(1, 15n, at(0x8000), 512), 0);
    assertEquals([virtio.image[15 * 512], virtio.image[14 * 512 + 511]], [0xaa, 15]);
    assertEquals([request(4, 0n, at(0x8000), 0), request(99, 0n, at(0x8000), 0)], [0, 2]);
  });
}

Deno.test("virtio block: a driver that wants no interrupt gets none, and there are two words of features", () => {
  const { made, virtio, request, usedIndex } = disk(2);
  made.ram.write16(QUEUE.avail, 1);
  assertEquals([request(0, 0n, at(0x8000), 512), usedIndex(), virtio.read(0x60, 4)], [0, 1, 0]);
  made.ram.write16(QUEUE.avail, 0);
  assertEquals([request(0, 0n, at(0x8000), 512), usedIndex(), virtio.read(0x60, 4)], [0, 2, 1]);
  for (const [word, bits] of [[0, 7], [1, 8], [2, 9]]) {
    virtio.write(0x24, 4, word);
    virtio.write(0x20, 4, bits);
  }
  assertEquals(virtio.save().fields.driverFeatures, [7, 8]);
});

Deno.test("virtio block: the ring's index goes round after 2^16 requests", () => {
  const { request, usedIndex } = disk(2);
  for (let n = 1; n <= 65_540; n++) {
    if (request(4, 0n, at(0x8000), 0) !== 0) throw new Error(`request ${n} failed`);
  }
  assertEquals(usedIndex(), 4);
});

Deno.test("virtio block, version 1: the used ring stands on a multiple of the driver's alignment", () => {
  const { made, virtio, request } = disk(1);
  virtio.write(0x3c, 4, 64);
  assertEquals(request(0, 0n, at(0x8000), 512), 0);
  // 8 descriptors of 16 bytes, then 6 + 2 × 8 bytes, rounded up to 64.
  assertEquals(made.ram.read16((QUEUE.desc + 192 + 2) as typeof QUEUE.desc), 1);
  assertEquals(made.ram.read16((QUEUE.desc + 4096 + 2) as typeof QUEUE.desc), 0);
});

Deno.test("virtio block: requests outside the disk fail with a status and touch nothing", () => {
  const { made, virtio, request } = disk(2);
  const before = virtio.image.slice();
  made.ram.fill(at(0x8000), 1024, 0x77);
  for (const sector of [16n, 2n ** 40n, 2n ** 64n - 1n]) {
    assertEquals([request(1, sector, at(0x8000), 512), request(0, sector, at(0x8000), 512)], [
      1,
      1,
    ]);
  }
  assertEquals(request(1, 15n, at(0x8000), 1024), 1);
  assertEquals(virtio.image, before);
  assertEquals(made.ram.read8(at(0x8000)), 0x77);
});

Deno.test("virtio block: rings that break the rules make the device ask for a reset, and a reset heals", () => {
  const wrong: ((d: ReturnType<typeof disk>) => void)[] = [
    (d) => d.submit(8),
    (d) => {
      d.describe(0, QUEUE.header, 16, 1, 0);
      d.submit(0);
    },
    (d) => {
      d.describe(0, 0x4000_0000, 16, 0, 0);
      d.submit(0);
    },
    (d) => {
      d.describe(0, QUEUE.header, 16, 0, 0);
      d.submit(0);
    },
    (d) => {
      d.describe(0, QUEUE.header, 16, 4, 0);
      d.submit(0);
    },
    (d) => {
      d.virtio.write(0xa0, 4, 0x1000);
      d.submit(0);
    },
  ];
  for (const break_ of wrong) {
    const d = disk(2);
    break_(d);
    assertEquals(d.virtio.read(0x70, 4) & 0x40, 0x40);
    assertEquals(d.usedIndex(), 0);
    d.virtio.write(0x70, 4, 0);
    assertEquals([d.virtio.read(0x70, 4), d.virtio.read(0x60, 4)], [0, 0]);
  }
});

Deno.test("virtio block: random rings never throw and never write outside RAM or the disk", () => {
  const d = disk(2);
  const number = fc.nat(20);
  const descriptor = fc.tuple(
    fc.constantFrom<number>(QUEUE.header, at(0x8000), 0, 2 ** 40, at(0xff_fff0)),
    fc.constantFrom(0, 1, 16, 512, 2 ** 32 - 1),
    fc.nat(7),
    number,
  );
  fc.assert(
    fc.property(fc.array(descriptor, { minLength: 1, maxLength: 8 }), number, (list, head) => {
      list.forEach(([pa, length, flags, next], i) => d.describe(i, pa, length, flags, next));
      d.submit(head);
      assertEquals(d.virtio.image.length, SECTORS * 512);
      if ((d.virtio.read(0x70, 4) & 0x40) !== 0) Object.assign(d, disk(2));
    }),
    { numRuns: 200 },
  );
});

Deno.test("virtio block: a saved state keeps its disk while the machine writes on", () => {
  const { made, virtio, request } = disk(2);
  const state = made.save();
  made.ram.fill(at(0x8000), 512, 0xaa);
  request(1, 0n, at(0x8000), 512);
  assertEquals([virtio.image[0], numberAt(state.virtio!.image, 0)], [0xaa, 1]);
  made.restore(state);
  assertEquals(made.virtio!.image[0], 1);
  made.ram.fill(at(0x8000), 512, 0xbb);
  request(1, 0n, at(0x8000), 512);
  assertEquals(numberAt(state.virtio!.image, 0), 1);
  assertEquals(numberAt(made.save().virtio!.image, 0), 0xbb);
});

Deno.test("virtio block, version 1: a queue at page 0 is no queue", () => {
  const { made, virtio, request, usedIndex } = disk(1);
  assertEquals([virtio.read(0x40, 4), virtio.read(0x44, 4)], [QUEUE.desc / 4096, 1]);
  virtio.write(0x40, 4, 0);
  assertEquals([virtio.read(0x44, 4), request(0, 0n, at(0x8000), 512), usedIndex()], [0, 0xff, 0]);
  virtio.write(0x40, 4, QUEUE.desc / 4096);
  assertEquals([virtio.read(0x44, 4), usedIndex()], [1, 0]);
  virtio.write(0x50, 4, 0);
  assertEquals([usedIndex(), made.ram.read8(at(0x8000))], [1, 1]);
});

Deno.test("virtio block, version 1: an alignment of 0 is a page; what is no register reads 0", () => {
  const { made, virtio, request, usedIndex } = disk(1);
  virtio.write(0x3c, 4, 0);
  assertEquals([request(0, 2n, at(0x8000), 512), usedIndex(), made.ram.read8(at(0x8000))], [
    0,
    1,
    3,
  ]);
  assertEquals([0x0a8, 0x0fc].map((offset) => virtio.read(offset, 4)), [0, 0]);
});
