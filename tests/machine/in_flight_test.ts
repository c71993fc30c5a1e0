/**
 * Interrupts and requests in flight: a machine that is saved at any point between a device's steps, and put back
 * into another machine that has done other things, goes on as if nothing had been.
 */

import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { PaNum } from "../../src/vm/machine/address.ts";
import { IRQ } from "../../src/vm/machine/hart/csr_state.ts";
import type { Machine } from "../../src/vm/machine/machine.ts";
import { echoGuest, elf } from "./bare_lab.ts";
import { Assembler } from "./engine_lab.ts";
import { at, machine } from "./machine_lab.ts";
import { Guest } from "../../src/vm/guest.ts";
import { load } from "../isa/programs.ts";

const SECTORS = 64;
const UART = 10, VIRTIO = 1;
const HEADER = at(0x4000), STATUS = at(0x4010), DATA = at(0x8000);
const DESC = at(0x1000), AVAIL = at(0x2000), USED = at(0x3000);
const CLAIM = { m: 0x20_0004, s: 0x20_1004 };

/** One step of a device's life: what it answers is compared. */
type Step = (m: Machine) => unknown;
const typed = (text: string): Step => (m) => m.uart.type(new TextEncoder().encode(text));
const plic = (offset: number, value?: number): Step => (m) =>
  value === undefined ? m.plic.read(offset, 4) : m.plic.write(offset, 4, value);
const uart = (offset: number, value?: number): Step => (m) =>
  value === undefined ? m.uart.read(offset, 1) : m.uart.write(offset, 1, value);
const clint = (offset: number, value?: number): Step => (m) =>
  value === undefined ? m.clint.read(offset, 4) : m.clint.write(offset, 4, value);
const virtio = (offset: number, value?: number): Step => (m) =>
  value === undefined ? m.virtio!.read(offset, 4) : m.virtio!.write(offset, 4, value);
const word = (pa: number, value: number): Step => (m) => m.ram.write32(pa as PaNum, value);
const look = (pa: number): Step => (m) => m.ram.read32(pa as PaNum);
const half = (pa: number, value: number): Step => (m) => m.ram.write16(pa as PaNum, value);
const describe =
  (i: number, pa: number, length: number, flags: number, next: number): Step => (m) => {
    m.ram.write64((DESC + 16 * i) as PaNum, BigInt(pa));
    m.ram.write32((DESC + 16 * i + 8) as PaNum, length);
    m.ram.write16((DESC + 16 * i + 12) as PaNum, flags);
    m.ram.write16((DESC + 16 * i + 14) as PaNum, next);
  };

/** Both sources to both contexts. */
const ENABLED: Step[] = [UART, VIRTIO].map((source) => plic(4 * source, source === UART ? 1 : 2));
ENABLED.push(plic(0x2000, 1 << UART | 1 << VIRTIO), plic(0x2080, 1 << UART | 1 << VIRTIO));

/** Sets the disk up as a driver does, a register a step. */
const DRIVER: Step[] = [
  virtio(0x70, 0),
  virtio(0x70, 1),
  virtio(0x70, 3),
  virtio(0x14, 1),
  virtio(0x10),
  virtio(0x24, 1),
  virtio(0x20, 1),
  virtio(0x70, 11),
  virtio(0x30, 0),
  virtio(0x34),
  virtio(0x38, 8),
  virtio(0x80, DESC),
  virtio(0x90, AVAIL),
  virtio(0xa0, USED),
  virtio(0x44, 1),
  virtio(0x44),
  virtio(0x70, 15),
];

/** A request, and the interrupt that it ends in, taken by one of the contexts. */
const request = (n: number, type: 0 | 1, sector: number, claim: number): Step[] => [
  word(HEADER, type),
  word(HEADER + 8, sector),
  word(HEADER + 12, 0),
  word(STATUS, 0xff),
  describe(0, HEADER, 16, 1, 1),
  describe(1, DATA, 1024, type === 0 ? 3 : 1, 2),
  describe(2, STATUS, 1, 2, 0),
  half(AVAIL + 4 + 2 * ((n - 1) % 8), 0),
  half(AVAIL + 2, n),
  virtio(0x50, 0),
  look(USED),
  look(STATUS),
  virtio(0x60),
  plic(0x1000),
  plic(claim),
  plic(claim),
  virtio(0x64, 1),
  virtio(0x60),
  plic(claim, VIRTIO),
  plic(claim),
  look(DATA),
];

const STORIES: Readonly<Record<string, readonly Step[]>> = {
  "UART and PLIC: typed, claimed, read, completed, in every order": [
    ...ENABLED,
    uart(1, 1),
    typed("a"),
    plic(0x1000),
    plic(CLAIM.s),
    plic(CLAIM.s),
    plic(CLAIM.m),
    typed("b"),
    plic(0x1000),
    uart(5),
    uart(0),
    plic(CLAIM.s, UART),
    plic(CLAIM.m),
    uart(0),
    uart(5),
    plic(CLAIM.m, UART),
    plic(CLAIM.m),
    uart(1, 3),
    uart(2),
    uart(2),
    uart(0, 65),
    uart(2),
    plic(CLAIM.m),
    plic(0x20_0000, 7),
    uart(0, 66),
    plic(CLAIM.m, UART),
    plic(CLAIM.s),
    (m) => m.uart.take(),
    plic(CLAIM.s, UART),
    uart(3, 0x83),
    uart(0, 1),
    uart(1, 2),
    uart(0),
    uart(3, 3),
    uart(7, 9),
    uart(7),
  ],
  "CLINT: compare written by halves, time passing and set, software interrupt": [
    clint(0, 1),
    clint(0),
    clint(0x4004, 0),
    clint(0x4000, 1000),
    (m) => m.run(200),
    clint(0xbff8),
    clint(0xbff8, 990),
    clint(0x4000),
    (m) => m.run(150),
    clint(0xbffc, 1),
    clint(0xbff8),
    clint(0x4004, 1),
    clint(0, 0),
    clint(0x4000, 0xffff_ffff),
  ],
  "virtio: set up, a read, a write, a read again, each with its interrupt": [
    ...ENABLED,
    ...DRIVER,
    ...request(1, 0, 3, CLAIM.s),
    word(DATA, 0x1234_5678),
    ...request(2, 1, 3, CLAIM.m),
    word(DATA, 0),
    ...request(3, 0, 3, CLAIM.s),
  ],
  "virtio: a chain that is none, the device that wants a reset, and the reset": [
    ...ENABLED,
    ...DRIVER,
    describe(0, HEADER, 16, 1, 9),
    half(AVAIL + 4, 0),
    half(AVAIL + 2, 1),
    virtio(0x50, 0),
    virtio(0x70),
    virtio(0x60),
    plic(CLAIM.s),
    virtio(0x70, 15),
    virtio(0x70),
    virtio(0x64, 3),
    plic(CLAIM.s, VIRTIO),
    virtio(0x70, 0),
    virtio(0x70),
    ...DRIVER,
  ],
};

/** A machine with a disk; M-mode spins at the start of RAM. */
function fresh(harts = 1): Machine {
  const image = Uint8Array.from({ length: SECTORS * 512 }, (_, i) => (i >> 9) + 1);
  const m = machine({ disk: image, virtioVersion: 2, harts });
  m.ram.write(at(0), new Assembler().label("a").put("jal", { rd: 0 }, "a").bytes());
  return m;
}

/** A machine that has done other things: whatever a restore forgets shows. */
function used(harts = 1): Machine {
  const m = fresh(harts);
  for (const source of [UART, VIRTIO, 3]) {
    m.plic.write(4 * source, 4, 5);
    m.plic.signal(source, true);
  }
  m.plic.write(0x2000, 4, 0xffff);
  m.plic.write(0x2080, 4, 0xffff);
  m.plic.read(CLAIM.m, 4);
  m.plic.write(0x20_1000, 4, 3);
  m.uart.type(new TextEncoder().encode("other"));
  for (
    const [offset, value] of [[3, 0x83], [0, 7], [1, 7], [3, 3], [1, 3], [0, 88], [2, 1], [7, 1]]
  ) {
    m.uart.write(offset, 1, value);
  }
  m.clint.write(0, 4, 1);
  m.clint.write(0x4000, 4, 5);
  m.clint.write(0x4004, 4, 0);
  for (const step of DRIVER) step(m);
  for (const step of request(1, 1, 5, CLAIM.s).slice(0, 10)) step(m);
  m.hart.writeCsr("mie", 0xaaan);
  m.run(777);
  return m;
}

/** What a step answers, and what the hart then sees of interrupts. */
const seen = (m: Machine, step: Step) => [
  structuredClone(step(m)),
  m.harts.map((hart) => [hart.lines, hart.pending]),
];

for (const [name, story] of Object.entries(STORIES)) {
  Deno.test(`saved and put into another machine at every point: ${name}`, () => {
    const one = fresh();
    const states = [one.save()];
    const answers = story.map((step) => {
      const answer = seen(one, step);
      states.push(one.save());
      return answer;
    });
    assertNotEquals(states[0], states.at(-1));
    for (const [i, state] of states.entries()) {
      const other = used();
      other.restore(structuredClone(state));
      assertEquals(other.save(), state, `put back before step ${i}`);
      const rest = story.slice(i).map((step) => seen(other, step));
      assertEquals(rest, answers.slice(i), `from step ${i} on`);
      assertEquals(other.save(), states.at(-1), `at the end, from step ${i} on`);
    }
    const pins = answers.flatMap(([, lines]) => lines as number[][]).map(([lines]) => lines);
    assert(pins.some((lines) => (lines & (IRQ.SEI | IRQ.MTI | IRQ.MSI)) !== 0));
  });
}

Deno.test("property: any accesses to any device, with a change of machine anywhere among them", () => {
  const offsets: Record<string, fc.Arbitrary<number>> = {
    // Both contexts of hart 0, M of hart 1, S of hart 2 where there is one.
    plic: fc.constantFrom(
      4,
      40,
      0x1000,
      0x2000,
      0x2080,
      0x2100,
      0x2280,
      0x20_0000,
      0x20_1000,
      0x20_2000,
      0x20_5000,
      CLAIM.m,
      CLAIM.s,
      0x20_2004,
      0x20_5004,
    ),
    uart: fc.nat(7),
    clint: fc.constantFrom(0, 4, 8, 0x4000, 0x4004, 0x4008, 0x4014, 0xbff8, 0xbffc),
    virtio: fc.constantFrom(
      0x14,
      0x20,
      0x24,
      0x30,
      0x38,
      0x44,
      0x50,
      0x60,
      0x64,
      0x70,
      0x80,
      0x90,
      0xa0,
    ),
  };
  const make = { plic, uart, clint, virtio };
  const value = fc.oneof(
    fc.nat(15),
    fc.constantFrom(1 << UART, UART, 0x83, DESC, AVAIL, USED),
    fc.nat(2 ** 32 - 1),
  );
  const access = fc.constantFrom<keyof typeof make>("plic", "uart", "clint", "virtio").chain((
    device,
  ) => fc.tuple(fc.constant(device), offsets[device], fc.option(value, { nil: undefined })));
  const harts = fc.constantFrom(1, 3);
  const act = fc.oneof(
    { weight: 8, arbitrary: access.map(([device, offset, v]) => make[device](offset, v)) },
    { weight: 1, arbitrary: fc.constantFrom("x", "yz").map(typed) },
    { weight: 1, arbitrary: fc.nat(300).map((n): Step => (m) => m.run(n)) },
  );
  fc.assert(
    fc.property(harts, fc.array(act, { maxLength: 40 }), fc.nat(), (harts, acts, where) => {
      const one = fresh(harts);
      for (const step of [...ENABLED, ...DRIVER]) step(one);
      const answers = acts.map((step) => seen(one, step));
      let two = fresh(harts);
      for (const step of [...ENABLED, ...DRIVER]) step(two);
      const again = acts.map((step, i) => {
        if (i === where % acts.length) {
          const other = used(harts);
          other.restore(two.save());
          two = other;
        }
        return seen(two, step);
      });
      assertEquals(again, answers);
      assertEquals(two.save(), one.save());
    }),
    { numRuns: 60 },
  );
});

Deno.test("a state goes into a machine of that shape only", () => {
  const state = fresh().save();
  const other = machine();
  const before = other.save();
  assertThrows(
    () => other.restore(state),
    RangeError,
    "the state has a disk, and the machine has none",
  );
  assertThrows(
    () => fresh().restore(before),
    RangeError,
    "the machine has a disk, and the state has none",
  );
  assertEquals(other.save(), before);
});

const ISA = new URL("../isa/bin/", import.meta.url);
for (
  const name of [
    "interrupts",
    "plic",
    "sstc",
    "traps",
    "sv39_fence",
    "counters",
    "atomic",
    "memory",
    "fencei",
  ]
) {
  Deno.test(`a bare program that changes its machine all the time ends in the same state: ${name}`, () => {
    const file = Deno.readFileSync(new URL(`${name}.elf`, ISA));
    const start = () => {
      const m = machine({ memBytes: 2 ** 27 });
      load(m, file);
      return m;
    };
    const whole = start();
    assertEquals(whole.run(50_000_000), { kind: "finisher", code: 0, reset: false });
    const wanted = whole.save();
    const pair = [start(), start()];
    const every = Math.max(1, Math.floor(whole.instret / 60));
    pair[1].run(every * 7 + 3);
    for (let turn = 0;; turn++) {
      const [now, next] = turn % 2 === 0 ? pair : pair.toReversed();
      const stop = now.run(every);
      if (stop.kind === "finisher") {
        assertEquals(now.save(), wanted);
        assertEquals(now.mmu.counters(), whole.mmu.counters());
        break;
      }
      assertEquals(stop.kind, "budget");
      next.restore(now.save());
    }
  });
}

Deno.test("a guest that waits for keys goes on in another machine, wherever it was", () => {
  const file = elf(echoGuest());
  const keys = ["h", "ello", " ", "world", "q"];
  const story = (moves: boolean) => {
    let run = new Guest(file);
    let said = "";
    const hear = () => {
      for (const bytes of run.take()) said += new TextDecoder().decode(bytes);
    };
    for (const key of keys) {
      for (let i = 0; i < 40; i++) {
        run.slice(1 + i % 3);
        hear();
        if (!moves) continue;
        const other = new Guest(file);
        other.type(new TextEncoder().encode("noise"));
        other.slice(500);
        other.type(new TextEncoder().encode("more noise"));
        other.restore(run.save());
        other.take();
        run = other;
      }
      run.type(new TextEncoder().encode(key));
    }
    let end;
    while ((end = run.slice().end) === undefined) hear();
    hear();
    return { said, end, state: run.save() };
  };
  const straight = story(false);
  assertEquals([straight.said, straight.end], ["ready\nhello world", { end: "exit", code: 3 }]);
  assertEquals(story(true), straight);
});
