import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { piecesSince } from "../../src/vm/machine/pieces.ts";
import { PTE_R, PTE_U, PTE_W, PTE_X } from "../../src/vm/machine/sv39.ts";
import type { Watch } from "../../src/vm/machine/watch.ts";
import { Assembler } from "./engine_lab.ts";
import { at, machine, program, SMALL, Tables } from "./machine_lab.ts";

/** Counts x5 up to 1000 and stores each value to 4 × x5 bytes into the second MiB; then waits. */
const counting = (a: Assembler) =>
  a.put("lui", { rd: 6, imm: 0x10_0000 }).put("auipc", { rd: 7, imm: 0 })
    .put("add", { rd: 6, rs1: 6, rs2: 7 })
    .label("loop").put("addi", { rd: 5, rs1: 5, imm: 1 })
    .put("addi", { rd: 6, rs1: 6, imm: 4 })
    .put("sw", { rs1: 6, rs2: 5, imm: 0 })
    .put("jal", { rd: 0 }, "loop");

Deno.test("the budget is exact, and a run in pieces is the same run", () => {
  const whole = program(counting);
  assertEquals(whole.run(5000), { kind: "budget" });
  assertEquals(whole.instret, 5000);
  const pieces = program(counting);
  for (let n = 1; pieces.instret < 5000; n++) pieces.run(Math.min(n, 5000 - pieces.instret));
  assertEquals([...pieces.hart.xs], [...whole.hart.xs]);
  assertEquals(pieces.hart.pc, whole.hart.pc);
  assertEquals(pieces.ram.bytes(at(0x10_0000), 8192), whole.ram.bytes(at(0x10_0000), 8192));
  assertEquals(whole.run(0), { kind: "budget" });
  assertEquals(whole.instret, 5000);
  for (const budget of [-1, NaN, Infinity]) {
    assertThrows(() => whole.run(budget), RangeError, "budget");
  }
});

Deno.test("pc and x1 to x31 move to RAM and back in order, x0 stays 0", () => {
  const { hart, ram } = machine();
  for (let i = 1; i < 32; i++) hart.setX(i, 0x1111_0000_0000n + BigInt(i));
  hart.setX(0, 5n);
  hart.pc = 0x8765_4321_1234_5678n;
  hart.registers.saveTo(ram, at(0x3018));
  assertEquals(ram.read64(at(0x3018)), hart.pc);
  assertEquals(ram.read64(at(0x3020)), 0n);
  ram.write64(at(0x3020), 7n);
  ram.write64(at(0x3018), 0x1000n);
  for (let i = 1; i < 32; i++) assertEquals(ram.read64(at(0x3020 + 8 * i)), hart.x(i));
  const before = [...hart.xs];
  for (let i = 1; i < 32; i++) hart.setX(i, 0n);
  hart.registers.loadFrom(ram, at(0x3018));
  assertEquals(hart.pc, 0x1000n);
  assertEquals([...hart.xs], before);
  assertEquals(hart.x(0), 0n);
  assertThrows(() => hart.registers.loadFrom(ram, at(SMALL - 8)), RangeError, "outside RAM");
});

Deno.test("a machine is built as asked, or says why not", () => {
  assertThrows(() => machine({ memBytes: 1 }), RangeError, "want 16M to 2G");
  assertThrows(() => machine({ instructionsPerTick: 0 }), RangeError, "instructions per tick");
  const made = machine();
  assertEquals([made.ram.size, made.hart.mode, made.hart.pc as bigint], [SMALL, 3, 0x8000_0000n]);
});

Deno.test("a restored machine does exactly what it did, time after time", () => {
  const made = program(counting);
  made.run(1234);
  const state = made.save();
  const kept = structuredClone(state);
  const outcome = () => {
    made.run(3000);
    return { ...made.save(), ram: made.ram.bytes(at(0), SMALL).slice() };
  };
  const first = outcome();
  assertNotEquals(first.harts[0].registers, state.harts[0].registers);
  for (let i = 0; i < 2; i++) {
    made.restore(state);
    assertEquals([made.instret, made.hart.x(5)], [1234, (1234n - 3n + 3n) / 4n]);
    assertEquals(outcome(), first);
  }
  assertEquals(state, kept, "a state never changes");
  const other = machine();
  other.restore(kept);
  other.run(3000);
  assertEquals(other.ram.bytes(at(0), SMALL), first.ram);
  assertThrows(() => machine({ memBytes: 2 * SMALL }).restore(state), RangeError, "bytes of RAM");
});

Deno.test("states share the frames that did not change between them, and zero frames take no room", () => {
  const made = program(counting);
  made.run(100);
  const first = made.save();
  assertEquals([...piecesSince(first.ram)].length, 2);
  made.run(4);
  const second = made.save();
  const changed = [...piecesSince(second.ram, first.ram)].map(([frame]) => frame);
  assertEquals(changed, [0x10_0000 / 4096]);
});

Deno.test("property: any order of runs, saves and restores gives the state of that moment", () => {
  const step = fc.oneof(
    fc.record({ op: fc.constant("run"), n: fc.integer({ min: 1, max: 300 }) }),
    fc.record({ op: fc.constant("poke"), n: fc.nat(4095) }),
    fc.record({ op: fc.constant("save"), n: fc.nat() }),
    fc.record({ op: fc.constant("restore"), n: fc.nat() }),
  );
  const made = program(counting);
  const origin = made.save();
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      made.restore(origin);
      const view = () => [made.instret, made.hart.pc, made.ram.bytes(at(0x10_0000), 4096).slice()];
      const states = [{ state: origin, view: view() }];
      for (const { op, n } of steps) {
        if (op === "run") made.run(n);
        else if (op === "poke") made.ram.write8(at(0x10_0000 + n), n);
        else if (op === "save") states.push({ state: made.save(), view: view() });
        else {
          const chosen = states[n % states.length];
          made.restore(chosen.state);
          assertEquals(view(), chosen.view);
        }
      }
    }),
    { numRuns: 60 },
  );
});

Deno.test("code put back by a restore is what runs, not what was decoded meanwhile", () => {
  const made = program((a) => a.put("addi", { rd: 5, rs1: 0, imm: 1 }));
  const state = made.save();
  made.ram.write(at(0), new Assembler().put("addi", { rd: 5, rs1: 0, imm: 2 }).bytes());
  made.run(1);
  assertEquals(made.hart.x(5), 2n);
  made.restore(state);
  made.run(1);
  assertEquals(made.hart.x(5), 1n);
});

/** U-mode tables with the program at 0x1000, and data pages 0x4000 and 0x5000 in separate frames. */
function user(build: (a: Assembler) => void): Tables {
  const tables = new Tables(machine({ traps: "host" }));
  const { ram, hart } = tables.machine;
  const assembler = new Assembler();
  build(assembler);
  ram.write(at(0), assembler.bytes());
  tables.map(0x1000, at(0), PTE_R | PTE_X | PTE_U);
  tables.map(0x4000, at(0x2_0000), PTE_R | PTE_W | PTE_U);
  tables.map(0x5000, at(0x1_0000), PTE_R | PTE_W | PTE_U);
  tables.use();
  hart.mode = 0;
  hart.pc = 0x1000n;
  return tables;
}

Deno.test("property: misaligned loads and stores agree with bytes, also over a page end", () => {
  const cases = fc.record({
    name: fc.constantFrom(["sh", "lh", 2], ["sw", "lw", 4], ["sd", "ld", 8], ["sw", "lwu", 4]),
    address: fc.integer({ min: 0x4fe0, max: 0x5010 }),
    value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  });
  const tables = user((a) => a.put("addi"));
  fc.assert(
    fc.property(cases, ({ name: [store, load, size], address, value }) => {
      const { ram, hart } = tables.machine;
      ram.fill(at(0x2_0000), 4096, 0xee);
      ram.fill(at(0x1_0000), 4096, 0xee);
      const code = new Assembler().put(store as string, { rs1: 5, rs2: 6, imm: 0 })
        .put(load as string, { rd: 7, rs1: 5, imm: 0 });
      ram.write(at(0), code.bytes());
      hart.setX(5, BigInt(address));
      hart.setX(6, value);
      hart.pc = 0x1000n;
      assertEquals(tables.machine.run(2), { kind: "budget" });
      const bits = 8 * (size as number);
      const low = BigInt.asUintN(bits, value);
      assertEquals(hart.x(7), load === "lwu" ? low : BigInt.asUintN(64, BigInt.asIntN(bits, low)));
      for (let i = -1; i <= (size as number); i++) {
        const byte = address + i;
        const frame = byte < 0x5000 ? at(0x2_0000 + byte - 0x4000) : at(0x1_0000 + byte - 0x5000);
        const inside = i >= 0 && i < (size as number);
        assertEquals(ram.read8(frame), inside ? Number((value >> BigInt(8 * i)) & 0xffn) : 0xee);
      }
    }),
    { numRuns: 200 },
  );
});

Deno.test("a store over a page end that faults on the second page writes nothing and names that page", () => {
  const tables = user((a) => a.put("sd", { rs1: 5, rs2: 6, imm: 0 }));
  const { hart, ram } = tables.machine;
  hart.setX(5, 0x5ffcn);
  hart.setX(6, ~0n);
  assertEquals(tables.machine.run(1), { kind: "trap", cause: 15, tval: 0x6000n, epc: 0x1000n });
  assertEquals(ram.read32(at(0x1_0ffc)), 0);
  ram.write(
    at(0),
    new Assembler().put("lr.w", { rd: 7, rs1: 5 }).put("amoswap.d", { rs1: 5 }).bytes(),
  );
  assertEquals(tables.machine.run(1).kind, "budget");
  hart.setX(5, 0x5ff9n);
  assertEquals(tables.machine.run(1), { kind: "trap", cause: 6, tval: 0x5ff9n, epc: 0x1004n });
});

Deno.test("an LR's reservation survives a trap to the host, and not a switch to another address space", () => {
  const pair = (a: Assembler) =>
    a.put("lr.w", { rd: 7, rs1: 5 }).put("ecall").put("sc.w", { rd: 8, rs1: 5, rs2: 6 });
  for (const [elsewhere, failed] of [[false, 0n], [true, 1n]] as const) {
    const tables = user(pair);
    const { hart, mmu } = tables.machine;
    hart.setX(5, 0x4000n);
    assertEquals(tables.machine.run(10).kind, "trap");
    if (elsewhere) mmu.setRoot(tables.frame());
    tables.use();
    hart.pc = 0x1008n;
    assertEquals(tables.machine.run(1).kind, "budget");
    assertEquals(hart.x(8), failed);
  }
});

Deno.test("a watchpoint stops after the access that touches its bytes, and tells what changed", () => {
  const tables = user((a) =>
    a.put("sb", { rs1: 5, rs2: 6, imm: 0 }).put("sw", { rs1: 5, rs2: 6, imm: 4 })
      .put("lw", { rd: 7, rs1: 5, imm: 4 }).put("amoadd.w", { rd: 8, rs1: 9, rs2: 6 }).put("addi")
  );
  const { hart, ram } = tables.machine;
  hart.setX(5, 0x4000n);
  hart.setX(6, 9n);
  hart.setX(9, 0x4004n);
  ram.write32(at(0x2_0004), 7);
  const watch: Watch = { space: "va", start: 0x4006, length: 1, read: true, write: true };
  tables.machine.watch(watch);
  const next = () => {
    const stop = tables.machine.run(100);
    assert(stop.kind === "watch");
    return [stop.pc, stop.write, stop.va, stop.pa, stop.before, stop.after];
  };
  assertEquals(next(), [0x1004n, true, 0x4004n, at(0x2_0004), 7n, 9n]);
  assertEquals(hart.pc as bigint, 0x1008n);
  assertEquals(next(), [0x1008n, false, 0x4004n, at(0x2_0004), 9n, 9n]);
  assertEquals(next(), [0x100cn, true, 0x4004n, at(0x2_0004), 9n, 18n]);
  assertEquals(ram.read32(at(0x2_0004)), 18);
  assertEquals(tables.machine.unwatch(watch), true);
  assertEquals(tables.machine.unwatch(watch), false);
  hart.pc = 0x1000n;
  assertEquals(tables.machine.run(5).kind, "budget");
});

Deno.test("a physical watchpoint sees stores through any mapping, and reads only if asked to", () => {
  const tables = user((a) => a.put("sw", { rs1: 5, rs2: 6, imm: 0 }).put("lw", { rd: 7, rs1: 5 }));
  tables.map(0x7000, at(0x2_0000), PTE_R | PTE_W | PTE_U);
  tables.machine.hart.setX(5, 0x7000n);
  const start = at(0x2_0000);
  tables.machine.watch({ space: "pa", start, length: 8, read: false, write: true });
  assertEquals(tables.machine.run(10).kind, "watch");
  assertEquals(tables.machine.run(1).kind, "budget");
});

Deno.test("a breakpoint stops before its instruction, once each time round", () => {
  const made = program(counting);
  const pc = at(5 * 4);
  made.addBreak(pc);
  for (let round = 1n; round <= 3n; round++) {
    assertEquals(made.run(1000), { kind: "break", pc: BigInt(pc) });
    assertEquals([made.hart.pc as bigint, made.hart.x(5)], [BigInt(pc), round]);
  }
  assertEquals(made.instret, 5 + 4 * 2);
  made.addBreak(at(3 * 4));
  assertEquals(made.watches.breaks, [at(3 * 4), pc]);
  assertEquals(made.run(1000), { kind: "break", pc: BigInt(at(3 * 4)) });
  assertEquals([made.removeBreak(pc), made.removeBreak(pc), made.removeBreak(at(3 * 4))], [
    true,
    false,
    true,
  ]);
  assertEquals(made.run(1000).kind, "budget");
});

Deno.test("breakpoints change neither what is executed nor what is counted", () => {
  const run = (breaks: boolean) => {
    const tables = user(counting);
    tables.map(0x10_1000, at(0x10_0000), PTE_R | PTE_W | PTE_U);
    if (breaks) tables.machine.addBreak(0x1014);
    while (tables.machine.instret < 400) tables.machine.run(400 - tables.machine.instret);
    return { registers: [...tables.machine.hart.xs], counters: tables.machine.mmu.counters() };
  };
  assertEquals(run(true), run(false));
});
