import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { type PaNum, RAM_BASE } from "../../src/vm/machine/address.ts";
import { POOL_PAGES } from "../../src/vm/machine/engine/code_pages.ts";
import { Assembler, encode, Lab } from "./engine_lab.ts";

const CODE = 0x8000_0000n;
const DATA = 0x8001_0000n;
const BUDGET = 0, TRAP = 1, HOST = 2;

function lab(program: Assembler, at = CODE): Lab {
  const lab = new Lab();
  lab.write(at, program.bytes());
  lab.pc = at;
  return lab;
}

/** Sums 1 … x11 into x12, with a load and a store in every round; then ecall. */
const summing = () =>
  new Assembler()
    .label("loop")
    .put("c.addi", { rd: 10, imm: 1 })
    .put("ld", { rd: 12, rs1: 20 })
    .put("add", { rd: 12, rs1: 12, rs2: 10 })
    .put("sd", { rs2: 12, rs1: 20 })
    .put("bne", { rs1: 10, rs2: 11 }, "loop")
    .put("ecall");

Deno.test("a run stops after exactly its budget, whatever the slices", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 97 }), { maxLength: 40 }), (slices) => {
      const whole = lab(summing()), sliced = lab(summing());
      for (const machine of [whole, sliced]) {
        machine.setX(11, 1000n);
        machine.setX(20, DATA);
      }
      const total = slices.reduce((sum, n) => sum + n, 0);
      assertEquals(whole.engine.run(total), BUDGET);
      assertEquals(whole.budget, 0);
      for (const n of slices) {
        assertEquals(sliced.engine.run(n), BUDGET);
        assertEquals(sliced.budget, 0);
      }
      assertEquals(sliced.pc, whole.pc);
      for (let i = 0; i < 32; i++) assertEquals(sliced.x(i), whole.x(i));
      assertEquals(whole.pc, CODE + [0n, 2n, 6n, 10n, 14n][total % 5]!);
    }),
    { numRuns: 100 },
  );
});

Deno.test("a trapping instruction is not counted and leaves no trace", () => {
  const machine = lab(summing());
  machine.setX(11, 3n);
  machine.setX(20, DATA);
  assertEquals(machine.engine.run(1_000_000), TRAP);
  assertEquals(1_000_000 - machine.budget, 15);
  assertEquals([machine.cause, machine.pc, machine.x(12)], [8, CODE + 18n, 6n]);
  assertEquals(machine.engine.run(10), TRAP, "again, when nothing was changed");
  assertEquals(machine.budget, 10);
});

Deno.test("every kind of instruction is counted once, fast or slow", () => {
  const names = ["addi", "ld", "sd", "amoadd.d", "lr.w", "sc.w", "jal", "beq", "fence", "csrrw"];
  for (const name of names) {
    for (const slow of [false, true]) {
      const program = new Assembler();
      const imm = name === "jal" || name === "beq" ? 4 : 0;
      for (let i = 0; i < 10; i++) program.put(name, { rd: 5, rs1: 6, rs2: 6, imm });
      const machine = lab(program.put("ecall"));
      machine.setX(6, DATA);
      if (name === "addi" || name === "csrrw") machine.setX(5, 1n);
      if (slow) machine.watched.add(Number(DATA));
      assertEquals(machine.engine.run(1000), TRAP);
      assertEquals([machine.cause, 1000 - machine.budget], [8, 10], name);
    }
  }
});

Deno.test("faults: the address, the cause, and registers as before", () => {
  const outside = 0x1000n;
  for (
    const [name, cause, address] of [
      ["lw", 5, outside],
      ["sd", 7, outside],
      ["lr.w", 5, outside],
      ["amoadd.d", 7, outside],
      ["sc.w", 7, outside],
      ["lr.d", 4, DATA + 4n],
      ["amoswap.w", 6, DATA + 2n],
      ["sc.d", 6, DATA + 1n],
    ] as const
  ) {
    const machine = lab(
      new Assembler().put("addi", { rd: 1, imm: 1 })
        .put(name, { rd: 5, rs1: 6, rs2: 5 }),
    );
    machine.setX(5, 77n);
    machine.setX(6, address);
    assertEquals(machine.engine.run(100), TRAP);
    assertEquals([machine.cause, machine.tval, machine.pc], [cause, address, CODE + 4n], name);
    assertEquals([machine.x(5), machine.budget], [77n, 99]);
  }
});

Deno.test("illegal encodings trap with the encoding as the trap value", () => {
  const f = 0x0015_3053; // fadd.s: no F here
  for (const [word, length] of [[f, 4], [0xffff_ffff, 4], [0, 2], [0x2000, 2], [0x9c41, 2]]) {
    const machine = new Lab();
    machine.pc = CODE;
    machine.ram(CODE, 8).fill(0xff);
    for (let i = 0; i < length!; i++) machine.ram(CODE, 4)[i] = word! >>> (8 * i);
    assertEquals(machine.engine.run(5), TRAP);
    assertEquals([machine.cause, machine.tval], [2, BigInt(word!)]);
    assertEquals(machine.budget, 5);
  }
});

Deno.test("execution outside RAM faults at the target, after the jump has been counted", () => {
  const machine = lab(new Assembler().put("jalr", { rd: 1, rs1: 2 }));
  machine.setX(2, 0x4000_0001n);
  assertEquals(machine.engine.run(1), BUDGET, "the jump itself is fine");
  assertEquals([machine.pc, machine.x(1)], [0x4000_0000n, CODE + 4n]);
  assertEquals(machine.engine.run(5), TRAP);
  assertEquals([machine.cause, machine.tval, machine.budget], [1, 0x4000_0000n, 5]);
  assertEquals(machine.engine.run(0), BUDGET, "nothing is fetched for nothing");
});

Deno.test("code runs on over page ends, at even and straddling places", () => {
  for (const shift of [0n, 2n]) {
    // 4-byte instructions; shifted by 2, one of them straddles each page end
    const start = CODE + 0x0f00n + shift;
    const program = new Assembler();
    for (let i = 0; i < 2048; i++) program.put("addi", { rd: 10, rs1: 10, imm: 1 });
    program.put("ecall");
    for (const slice of [1e6, 7, 1]) {
      const machine = lab(program, start);
      while (machine.engine.run(slice) === BUDGET);
      assertEquals(machine.x(10), 2048n);
      assertEquals(machine.pc, start + 8192n);
      assertEquals(machine.asked.fetchStraddle > 0, shift === 2n);
    }
  }
});

Deno.test("straddling instructions of every sort: branch, jump, load, store, trap", () => {
  const at = CODE + 0xffen;
  const go = (name: string, operands: Parameters<typeof encode>[1], slow = false) => {
    const machine = lab(new Assembler().put(name, operands).put("addi", { rd: 9, imm: 1 }), at);
    machine.setX(6, DATA);
    machine.setX(7, 0x1122_3344_5566_7788n);
    machine.ram(DATA, 8).set([1, 2, 3, 4, 5, 6, 7, 8]);
    if (slow) machine.watched.add(Number(DATA));
    return machine;
  };
  let machine = go("beq", { imm: -0x800 });
  machine.engine.run(1);
  assertEquals(machine.pc, at - 0x800n);
  machine = go("bne", { imm: -0x800 });
  machine.engine.run(2);
  assertEquals([machine.pc, machine.x(9)], [at + 8n, 1n]);
  machine = go("jal", { rd: 1, imm: 2 - 0x1000 });
  machine.engine.run(1);
  assertEquals([machine.pc, machine.x(1)], [CODE, at + 4n]);
  machine = go("auipc", { rd: 5, imm: 0x1000 });
  machine.engine.run(1);
  assertEquals([machine.pc, machine.x(5)], [at + 4n, at + 0x1000n]);
  for (const slow of [false, true]) {
    machine = go("ld", { rd: 5, rs1: 6 }, slow);
    machine.engine.run(2);
    assertEquals([machine.pc, machine.x(5)], [at + 8n, 0x0807_0605_0403_0201n]);
    machine = go("sw", { rs2: 7, rs1: 6, imm: 8 }, slow);
    machine.engine.run(2);
    assertEquals(machine.x(9), 1n);
    assertEquals(machine.ram(DATA + 8n, 8), new Uint8Array([0x88, 0x77, 0x66, 0x55, 0, 0, 0, 0]));
  }
  machine = go("ecall", {});
  assertEquals([machine.engine.run(9), machine.pc, machine.budget], [TRAP, at, 9]);
  machine = go("lw", { rd: 5, rs1: 0 });
  assertEquals([machine.engine.run(9), machine.pc, machine.budget], [TRAP, at, 9]);
  machine = go("csrrw", { rd: 1, rs1: 1, imm: 0x300 });
  assertEquals([machine.engine.run(2), machine.pc, machine.x(9)], [BUDGET, at + 8n, 1n]);
  // The second half outside RAM: the fault is at that half.
  const end = CODE + BigInt(machine.size) - 2n;
  machine.write(end, new Uint8Array([0x93, 0]));
  machine.pc = end;
  assertEquals(machine.engine.run(3), TRAP);
  assertEquals([machine.cause, machine.tval, machine.pc], [1, end + 2n, end]);
});

Deno.test("a straddling instruction is read again when the second half changes", () => {
  const at = CODE + 0xffen;
  const machine = lab(new Assembler().put("addi", { rd: 5, imm: 1 }).put("ecall"), at);
  machine.engine.run(1);
  assertEquals(machine.x(5), 1n);
  machine.write(at, new Assembler().put("addi", { rd: 5, imm: 0x701 }).bytes());
  machine.pc = at;
  machine.engine.run(1);
  assertEquals(machine.x(5), 0x701n);
  // only the second half, by a store of the program itself
  const patch = new Assembler().put("sh", { rs1: 6, rs2: 7 }).put("jalr", { rs1: 8 });
  machine.write(DATA, patch.bytes());
  machine.setX(6, at + 2n);
  machine.setX(7, 0x0120n);
  machine.setX(8, at);
  machine.pc = DATA;
  machine.engine.run(3);
  assertEquals(machine.x(5), 0x012n);
});

Deno.test("a program that writes its own next instruction runs what it wrote", () => {
  const next = encode("addi", { rd: 5, imm: 42 });
  const machine = lab(
    new Assembler()
      .label("again")
      .put("sw", { rs1: 6, rs2: 7 }) //         at 0: store over the instruction at 8
      .put("addi", { rd: 8, rs1: 8, imm: 1 })
      .put("addi", { rd: 5, imm: 1 }) //         at 8
      .put("bne", { rs1: 8, rs2: 9 }, "again")
      .put("ecall"),
  );
  machine.setX(6, CODE + 8n);
  machine.setX(9, 200n);
  for (let round = 0; round < 200; round++) {
    const imm = round % 7;
    machine.setX(7, BigInt(encode("addi", { rd: 5, imm })));
    assertEquals(machine.engine.run(3), BUDGET);
    assertEquals(machine.x(5), BigInt(imm), "each time anew");
    machine.engine.run(1);
  }
  // by an atomic operation too
  machine.write(CODE, new Assembler().put("amoswap.w", { rd: 1, rs1: 6, rs2: 7 }).bytes());
  machine.setX(7, BigInt(next));
  machine.pc = CODE;
  assertEquals(machine.engine.run(3), BUDGET);
  assertEquals(machine.x(5), 42n);
});

Deno.test("a pair that is executed as one falls apart when its second instruction is overwritten", () => {
  for (const [first, length] of [["addi", 4], ["c.addi", 2]] as const) {
    const at = CODE + BigInt(length);
    const machine = lab(
      new Assembler()
        .put(first, first === "addi" ? { rd: 5, rs1: 5, imm: 1 } : { rd: 5, imm: 1 })
        .put("addi", { rd: 9, rs1: 9, imm: 1 }) // makes a pair with the first
        .put("jalr", { rs1: 2 }),
    );
    const patch = new Assembler().put("sw", { rs1: 6, rs2: 7 }).put("jalr", { rs1: 3 });
    machine.write(DATA, patch.bytes());
    machine.setX(2, DATA);
    machine.setX(3, CODE);
    machine.setX(6, at);
    assertEquals(machine.engine.run(2), BUDGET);
    assertEquals([machine.x(5), machine.x(9)], [1n, 1n]);
    for (let imm = 2; imm < 20; imm++) {
      machine.setX(7, BigInt(encode("addi", { rd: 9, rs1: 9, imm })));
      const before = machine.x(9);
      assertEquals(machine.engine.run(5), BUDGET);
      assertEquals([machine.x(5), machine.x(9)], [BigInt(imm), before + BigInt(imm)]);
      assertEquals(machine.pc, CODE + BigInt(length) + 4n);
    }
  }
});

Deno.test("data beside code: many stores to the page of the running code", () => {
  const machine = lab(summing());
  machine.setX(11, 5000n);
  machine.setX(20, CODE + 0x800n);
  assertEquals(machine.engine.run(1e6), TRAP);
  assertEquals(machine.x(12), 12502500n);
  assertEquals(machine.engine.pages.usage().pages, 1);
});

Deno.test("overwriting a frame of code gives its decoded page up, and data stores are fast again", () => {
  const machine = lab(new Assembler().put("addi", { rd: 5, imm: 1 }).put("ecall"), DATA);
  machine.engine.run(9);
  // Decoding runs ahead, to the illegal halfword of zeros after the ecall.
  assertEquals(machine.engine.pages.usage(), { pages: 1, records: 3 });
  machine.write(DATA, new Uint8Array(4096));
  assertEquals(machine.engine.pages.usage(), { pages: 0, records: 0 });
  // The same by the program's own stores.
  machine.write(DATA, new Assembler().put("addi", { rd: 5, imm: 1 }).put("ecall").bytes());
  machine.pc = DATA;
  machine.engine.run(9);
  machine.write(CODE, summing().bytes());
  machine.setX(10, 0n);
  machine.setX(11, 1000n);
  machine.setX(20, DATA);
  machine.pc = CODE;
  const before = machine.asked.access;
  assertEquals(machine.engine.run(1e6), TRAP);
  assert(machine.asked.access - before < 300, "only the first stores were slow");
});

Deno.test("more code than the pool holds", () => {
  const pages = POOL_PAGES + 50;
  const machine = new Lab({ size: 16 << 20 });
  const hop = new Assembler().put("addi", { rd: 5, rs1: 5, imm: 1 })
    .put("jal", { imm: 4096 - 4 }).bytes();
  for (let i = 0; i < pages; i++) machine.write(CODE + BigInt(i * 4096), hop);
  machine.write(CODE + BigInt(pages * 4096), new Assembler().put("ecall").bytes());
  for (let round = 1; round <= 2; round++) {
    machine.pc = CODE;
    assertEquals(machine.engine.run(1e6), TRAP);
    assertEquals([machine.cause, machine.x(5)], [8, BigInt(round * pages)]);
  }
  assertEquals(machine.engine.pages.usage().pages, POOL_PAGES);
  machine.engine.pages.clear();
  assertEquals(machine.engine.pages.usage(), { pages: 0, records: 0 });
  machine.pc = CODE;
  assertEquals(machine.engine.run(2), BUDGET);
  assertEquals(machine.x(5), BigInt(2 * pages + 1));
});

Deno.test("the host can stop a run at an access or a system instruction", () => {
  for (const name of ["ld", "sd", "amoadd.d", "lr.d"]) {
    const machine = lab(
      new Assembler().put(name, { rd: 5, rs1: 6, rs2: 7 })
        .put("addi", { rd: 9, imm: 1 }),
    );
    machine.watched.add(Number(DATA));
    machine.setX(6, DATA);
    machine.setX(7, 5n);
    machine.ram(DATA, 1)[0] = 3;
    machine.watchAnswer = 3;
    assertEquals(machine.engine.run(10), HOST, name);
    assertEquals([machine.pc, machine.budget], [CODE + 4n, 9]);
    if (name !== "sd") assertEquals(machine.x(5), 3n);
    if (name === "sd") assertEquals(machine.ram(DATA, 1)[0], 5);
    if (name === "amoadd.d") assertEquals(machine.ram(DATA, 1)[0], 8);
    machine.watchAnswer = 1;
    machine.pc = CODE;
    assertEquals(machine.engine.run(2), BUDGET);
    assertEquals(machine.x(9), 1n);
  }
  const machine = lab(new Assembler().put("wfi").put("addi", { rd: 9, imm: 1 }));
  assertEquals(machine.engine.run(10), HOST);
  assertEquals([machine.pc, machine.budget], [CODE + 4n, 9]);
});

Deno.test("a system instruction can send execution elsewhere", () => {
  const machine = lab(new Assembler().put("sret"));
  machine.write(DATA, new Assembler().put("addi", { rd: 9, imm: 1 }).bytes());
  machine.setX(1, DATA);
  assertEquals(machine.engine.run(2), BUDGET);
  assertEquals([machine.x(9), machine.pc], [1n, DATA + 4n]);
});

Deno.test("hits are counted in the entry that served them", () => {
  const machine = new Lab();
  machine.write(CODE, summing().bytes());
  machine.pc = CODE;
  machine.setX(11, 100n);
  machine.setX(20, DATA);
  machine.engine.run(1e6);
  const entry = 0x1_0000 + ((Number(DATA) >>> 12) & 255) * 16;
  assertEquals(machine.view.getUint32(entry + 12, true), 100);
});

Deno.test("single steps and one run agree on random programs", () => {
  const memory = ["ld", "sw", "lbu", "amoadd.w", "sc.d", "lr.d"];
  const jumps = ["beq", "bltu", "jal"];
  const names = ["add", "sub", "mul", "sltu", "divw", "sraw", "addi", ...memory, ...jumps];
  const instruction = fc.record({
    name: fc.constantFrom(...names),
    rd: fc.integer({ min: 0, max: 7 }),
    rs1: fc.integer({ min: 0, max: 7 }),
    rs2: fc.integer({ min: 0, max: 7 }),
    skip: fc.integer({ min: 1, max: 6 }),
  });
  fc.assert(
    fc.property(fc.array(instruction, { minLength: 1, maxLength: 60 }), (list) => {
      const program = new Assembler();
      for (const { name, rd, rs1, rs2, skip } of list) {
        const imm = jumps.includes(name) ? skip * 4 : skip * 8;
        program.put(name, { rd, rs1: memory.includes(name) ? 20 : rs1, rs2, imm });
      }
      for (let i = 0; i < 8; i++) program.put("ecall");
      const [a, b] = [lab(program), lab(program)];
      for (const machine of [a, b]) {
        for (let i = 1; i < 8; i++) machine.setX(i, BigInt(i * 0x1234567));
        machine.setX(20, DATA);
      }
      const stop = a.engine.run(1000);
      let steps = 0;
      while (b.engine.run(1) === BUDGET) steps++;
      assertEquals([stop, b.pc, steps], [TRAP, a.pc, 1000 - a.budget]);
      for (let i = 0; i < 32; i++) assertEquals(b.x(i), a.x(i));
      assertEquals(b.ram(DATA, 64), a.ram(DATA, 64));
    }),
    { numRuns: 150 },
  );
});

Deno.test("RAM writes that cover several frames forget the code in each", () => {
  const machine = new Lab();
  for (let i = 0; i < 3; i++) {
    machine.write(CODE + BigInt(i * 4096), new Assembler().put("addi", { rd: 5, imm: 1 }).bytes());
    machine.pc = CODE + BigInt(i * 4096);
    machine.engine.run(1);
  }
  assertEquals(machine.engine.pages.usage().pages, 3);
  machine.engine.pages.written((RAM_BASE + 4000) as PaNum, 4200);
  assertEquals(
    machine.engine.pages.usage(),
    { pages: 1, records: 2 },
    "the first, outside what changed",
  );
});
