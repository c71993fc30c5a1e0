import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type PaNum, RAM_BASE } from "../../src/vm/machine/address.ts";
import { MIN_RAM, Ram } from "../../src/vm/machine/memory.ts";
import { PTE_A, PTE_D, PTE_R, PTE_U, PTE_W, PTE_X } from "../../src/vm/machine/sv39.ts";
import { Vm } from "../../src/vm/vm.ts";
import { machineOf } from "../../src/vm/parts.ts";
import { program, programNames } from "../../user/programs.ts";
import { Assembler } from "./engine_lab.ts";
import { at, machine, Tables } from "./machine_lab.ts";

const FRAMES = 3;

/** One thing done to RAM, at a byte of its first frames; what it reads, as text. */
type Act = (ram: Ram, to: number, from: number, value: number) => string;

const down = (to: number, align: number) => at(to - to % align);

/** Every way to read or change RAM in TypeScript. */
const ACTS: readonly Act[] = [
  (ram, to) => `${ram.read8(at(to))}`,
  (ram, to) => `${ram.read16(at(to))}`,
  (ram, to) => `${ram.read32(at(to))}`,
  (ram, to) => `${ram.read64(at(to))}`,
  (ram, to, from) => `${ram.readNumber(at(to), 1 + from % 8)}`,
  (ram, to) => `${ram.readPte(down(to, 8))} ${ram.readPteHigh(down(to, 8))}`,
  (ram, to, from) => `${ram.bytes(at(to), from)}`,
  (ram, to) => `${ram.words[ram.wordsOf(Math.floor(at(to) / 4096)) + Math.floor(to % 4096 / 4)]}`,
  (ram, to, _, value) => `${ram.write8(at(to), value)}`,
  (ram, to, _, value) => `${ram.write16(at(to), value)}`,
  (ram, to, _, value) => `${ram.write32(at(to), value)}`,
  (ram, to, _, value) => `${ram.write64(at(to), BigInt(value) << 20n)}`,
  (ram, to, _, value) => `${ram.writePte(down(to, 8), value)}`,
  (ram, to, from, value) => `${ram.fill(at(to), from, value)}`,
  (ram, to, from, value) => `${ram.write(at(to), new Uint8Array(from).fill(value))}`,
  (ram, to, from, value) => `${ram.copy(at(to), at(from), value % 5000)}`,
  (ram, to, from) => `${ram.copyFrame(down(to, 4096), down(from, 4096))}`,
  (ram, to) => `${ram.writeFrom(down(to, 8), 0x400, 264)}`,
  (ram, to) => `${ram.readTo(0x400, down(to, 8), 264)}`,
];
/** And its heads. */
const HEADS: readonly Act[] = [
  (ram, to, from) => `${ram.readHead(down(to, 4096), from % 4)}`,
  (ram, to, from, value) => `${ram.writeHead(down(to, 4096), from % 2 * 2, value, from)}`,
];
const FILL: Act = (ram, to, _, value) => `${ram.fillFrame(down(to, 4096), value & 0xff)}`;

/** The bytes that the acts reach, past {@link Ram}. */
function held({ memory, size }: Ram): string {
  const start = memory.buffer.byteLength - size;
  return new TextDecoder("latin1").decode(
    new Uint8Array(memory.buffer, start, (FRAMES + 2) * 4096),
  );
}

Deno.test("property: a fill that waits is done before anybody sees its frame", () => {
  const step = fc.record({
    act: fc.oneof(fc.constantFrom(...ACTS, ...HEADS), fc.constant(FILL)),
    to: fc.oneof(fc.nat(FRAMES * 4096 - 1), fc.constantFrom(0, 8, 15, 4096, 4104, 4111, 8192)),
    from: fc.nat(FRAMES * 4096 - 1),
    value: fc.nat(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const late = new Ram(MIN_RAM), soon = new Ram(MIN_RAM);
      late.fills.deferring = true;
      for (const { act, to, from, value } of steps) {
        assertEquals(act(late, to, from, value), act(soon, to, from, value));
      }
      late.fills.settleAll(0, FRAMES + 1);
      assertEquals(late.dirty.subarray(0, FRAMES + 2), soon.dirty.subarray(0, FRAMES + 2));
      assertEquals(held(late), held(soon));
    }),
    { numRuns: 60 },
  );
});

Deno.test("fills wait only while that is asked for, and not where stores are seen", () => {
  const ram = new Ram(MIN_RAM);
  const waits = (byte: number) => {
    ram.fillFrame(at(0), byte);
    return ram.fills.frames[0] < 0;
  };
  assert(!waits(1));
  ram.fills.deferring = true;
  assert(waits(2));
  assertEquals(new Uint8Array(ram.memory.buffer, ram.memory.buffer.byteLength - MIN_RAM)[16], 1);
  ram.fills.deferring = false;
  assert(!waits(3));
  ram.fills.deferring = true;
  ram.probed[0] = 1;
  assert(!waits(4));
  assertEquals(ram.read8(at(4095)), 4);
});

const DATA = 0x20_0000, DATA_VA = 0x40_0000;

/** In U-mode at 0x1000 some instructions, a page of data mapped; every run ends with an ecall. */
function user(build: (a: Assembler) => Assembler): Tables {
  const tables = new Tables(machine({ traps: "host" }));
  const { ram, hart } = tables.machine;
  const marks = PTE_U | PTE_R | PTE_A | PTE_D;
  ram.write(at(0), build(new Assembler().put("lui", { rd: 5, imm: DATA_VA })).put("ecall").bytes());
  tables.map(0x1000, at(0), marks | PTE_X);
  tables.map(DATA_VA, at(DATA), marks | PTE_W);
  tables.map(0x3000, at(0x30_0000), marks | PTE_X);
  tables.use();
  hart.mode = 0;
  return tables;
}

/** Runs the program and answers x6. */
function run({ machine }: Tables): bigint {
  machine.hart.pc = 0x1000n;
  assertEquals(machine.run(100).kind, "trap");
  return machine.hart.registers.x(6);
}

Deno.test("loads, atomic operations and fetches get there after the fill", () => {
  const load = user((a) => a.put("ld", { rd: 6, rs1: 5, imm: 64 }));
  const swap = user((a) =>
    a.put("addi", { rd: 5, rs1: 5, imm: 64 }).put("amoadd.d", { rd: 6, rs1: 5, rs2: 0 })
  );
  for (const tables of [load, swap]) {
    const { ram, mmu } = tables.machine;
    ram.fills.deferring = true;
    ram.fillFrame(at(DATA), 0x11);
    assert(ram.fills.frames[DATA / 4096] < 0);
    assertEquals(run(tables), 0x1111_1111_1111_1111n);
    // The fast tables lead there: it cannot wait until all is fenced.
    ram.fillFrame(at(DATA), 0x22);
    assert(ram.fills.frames[DATA / 4096] >= 0);
    assertEquals(run(tables), 0x2222_2222_2222_2222n);
    mmu.sfence();
    ram.fillFrame(at(DATA), 0x33);
    assert(ram.fills.frames[DATA / 4096] < 0);
    assertEquals(run(tables), 0x3333_3333_3333_3333n);
  }
  // Bytes 0x13, 0x13 … are no instruction; what stood there before is an addi.
  const jump = user((a) => a.put("lui", { rd: 7, imm: 0x3000 }).put("jalr", { rs1: 7, imm: 0x40 }));
  const { ram } = jump.machine;
  ram.write32((RAM_BASE + 0x30_0040) as PaNum, 0x73);
  ram.fills.deferring = true;
  ram.fillFrame(at(0x30_0000), 0x00);
  jump.machine.hart.pc = 0x1000n;
  const stop = jump.machine.run(100);
  assertEquals([stop.kind, stop.kind === "trap" && stop.cause], ["trap", 2]);
});

Deno.test("a kernel whose fills wait is one whose fills do not, after each slice", () => {
  const boot = () => {
    const programs = { get: program, list: () => [...programNames] };
    return new Vm({ policy: "cow", mem: "16M", programs });
  };
  const late = boot(), soon = boot();
  // Nothing ever waits there.
  Object.defineProperty(machineOf(soon).ram.fills, "deferring", {
    get: () => false,
    set: () => {},
  });
  const runs = [late, soon].map((vm) => vm.start("cowtest", []));
  for (let ended = false; !ended;) {
    const [one, other] = runs.map((run) => run.slice(100_003));
    assertEquals(one, other);
    ended = one;
    const bytes = (vm: Vm) => machineOf(vm).ram.bytes(machineOf(vm).ram.base, vm.ram.size);
    const [a, b] = [bytes(late), bytes(soon)];
    assert(a.every((byte, i) => byte === b[i]));
    assertEquals(late.counters(), soon.counters());
    const from = Math.max(0, late.counters().event - 500);
    assertEquals(late.events(from), soon.events(from));
  }
  assertEquals(late.takeOutput(), soon.takeOutput());
});
