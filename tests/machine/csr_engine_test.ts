/** CSR instructions that the engine does by itself, and those that it leaves to the host, beside a plain model. */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { RAM_BASE } from "../../src/vm/machine/address.ts";
import { MSTATUS } from "../../src/vm/machine/hart/csr_state.ts";
import type { Hart } from "../../src/vm/machine/hart/hart.ts";
import { csrNumbers } from "../../src/vm/machine/isa/csr_names.ts";
import * as layout from "../../src/vm/machine/layout.ts";
import type { Machine } from "../../src/vm/machine/machine.ts";
import { MODEL_CSRS, ModelHart, type ModelInstruction } from "./csr_model.ts";
import { encode, Lab } from "./engine_lab.ts";
import { at, machine } from "./machine_lab.ts";

const TICKS = 10;
const [SSTATUS, SIE, STVEC, SSCRATCH, SEPC, SATP, SIP, STIMECMP, MSCRATCH] = csrNumbers(
  "sstatus",
  "sie",
  "stvec",
  "sscratch",
  "sepc",
  "satp",
  "sip",
  "stimecmp",
  "mscratch",
);

/** Where handlers begin: each of these is a table of jumps to the handler behind it. */
const HANDLERS = [0x1000, 0x1800];
/** Registers that hold values for stvec, for satp, and what handlers use. */
const VECTORS = [20, 21, 22, 23], ROOTS = [24, 25], TEMPORARY = 30;
const PLAIN = [0, 5, 6, 7, 8, 9, 10, 11];

interface Program {
  readonly code: Map<bigint, ModelInstruction>;
  readonly values: readonly bigint[];
}

const plain = fc.constantFrom(...PLAIN);
const kinds = fc.constantFrom("csrrw", "csrrs", "csrrc", "csrrwi", "csrrsi", "csrrci");
/** A CSR access as name, CSR, rd and rs1 field. What would let the program run away is not among them. */
const access = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(kinds, fc.constant(SSTATUS), plain, plain) },
  {
    weight: 4,
    arbitrary: fc.tuple(
      fc.constant("csrrs"),
      fc.constantFrom(...MODEL_CSRS),
      plain,
      fc.constant(0),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(
      kinds,
      fc.constantFrom(SSCRATCH, SEPC, ...csrNumbers("scause", "stval")),
      plain,
      plain,
    ),
  },
  { weight: 2, arbitrary: fc.tuple(kinds, fc.constantFrom(SIE, SIP), plain, plain) },
  {
    weight: 1,
    arbitrary: fc.tuple(
      fc.constant("csrrw"),
      fc.constant(STVEC),
      plain,
      fc.constantFrom(...VECTORS),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constant("csrrw"), fc.constant(SATP), plain, fc.constantFrom(...ROOTS)),
  },
  { weight: 1, arbitrary: fc.tuple(kinds, fc.constant(MSCRATCH), plain, plain) },
);
const timer = fc.tuple(kinds, fc.constant(STIMECMP), plain, plain);
const other = fc.tuple(fc.constant("addi"), fc.integer({ min: -99, max: 99 }), plain, plain);

/** Values in which the bits that matter are often set. */
const value = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.nat(0xff_ffff).map(BigInt),
  fc.constantFrom(2n, 0x22n, 0x222n, 0x100n, 0xc_0002n, 2n ** 64n - 3n),
);

/** A loop of CSR accesses, with its handlers. `timed`: timers are set, too. */
const programs = (timed: boolean): fc.Arbitrary<Program> => {
  const one = timed ? fc.oneof({ weight: 12, arbitrary: access }, other, timer) : fc.oneof(
    { weight: 12, arbitrary: access },
    other,
  );
  return fc.record({
    list: fc.array(one, { minLength: 5, maxLength: 60, size: "max" }),
    values: fc.array(value, { minLength: PLAIN.length, maxLength: PLAIN.length }),
  }).map(({ list, values }) => {
    const code = new Map<bigint, ModelInstruction>();
    const put = (place: number, name: string, imm: number, rd = 0, rs1 = 0) => {
      const operands = name === "sret" ? {} : name === "jal" ? { rd, imm } : { rd, rs1, imm };
      const word = encode(name, operands);
      code.set(BigInt(at(place)), { name, rd, rs1, imm, word });
    };
    list.forEach(([name, imm, rd, rs1], i) => put(4 * i, name, imm, rd, rs1));
    // The first of them may be passed over.
    put(4 * list.length, "jal", -4 * list.length);
    put(4 * list.length + 4, "jal", -4 * list.length - 4);
    for (const handler of HANDLERS) {
      for (let cause = 0; cause < 16; cause++) put(handler + 4 * cause, "jal", 0x100 - 4 * cause);
      // The instruction is passed over, and no interrupt comes till one is enabled again: so the
      // program always goes on.
      put(handler + 0x100, "csrrs", SEPC, TEMPORARY);
      put(handler + 0x104, "addi", 4, TEMPORARY, TEMPORARY);
      put(handler + 0x108, "csrrw", SEPC, 0, TEMPORARY);
      put(handler + 0x10c, "csrrwi", SIE, 0, 0);
      put(handler + 0x110, "sret", 0);
    }
    return { code, values };
  });
};

/** Makes a hart ready for a program, and its model. */
function prepare(hart: Hart, { code, values }: Program, ticks: number): ModelHart {
  const model = new ModelHart(code, ticks);
  const set = (register: number, content: bigint) => {
    hart.setX(register, content);
    model.x[register] = hart.x(register);
  };
  PLAIN.forEach((register, i) => register !== 0 && set(register, values[i] + BigInt(hart.hartid)));
  VECTORS.forEach((register, i) => set(register, BigInt(at(HANDLERS[i >> 1]) + (i & 1))));
  set(ROOTS[0], 0x0123_4abc_0008_0042n);
  set(ROOTS[1], 0x5000_0000_0008_0043n); // no mode that there is
  for (const name of ["medeleg", "mideleg"]) hart.writeCsr(name, 2n ** 64n - 1n);
  hart.writeCsr("mcounteren", 2n);
  hart.writeCsr("menvcfg", 1n << 63n);
  hart.writeCsr("stvec", hart.x(VECTORS[0]));
  model.kept.set(STVEC, model.x[VECTORS[0]]);
  hart.mode = 1;
  hart.pc = BigInt(at(0));
  model.pc = BigInt(at(0));
  return model;
}

function load({ ram }: Machine, { code }: Program): void {
  for (const [address, { word }] of code) ram.write32(at(Number(address) - at(0)), word);
}

/** Everything the model has, of both. */
function same(hart: Hart, model: ModelHart, moment: string): void {
  const seen = {
    pc: hart.pc as bigint,
    x: [...hart.xs],
    csrs: MODEL_CSRS.map((number) => [number, hart.readCsr(number)]),
    mstatus: hart.readCsr("mstatus") & 0xffff_ffffn,
  };
  const csrs = MODEL_CSRS.map((number) => [number, model.read(number)]);
  assertEquals(seen, { pc: model.pc, x: model.x, csrs, mstatus: model.mstatus }, moment);
}

function bits(csr: "mie" | "mip" | "mstatus", ...values: bigint[]) {
  return values.map((value) => ({ csr, value }));
}
/** What is written from outside between two runs; with SPP in mstatus sret stays in S-mode. */
const outside = fc.oneof(
  { weight: 4, arbitrary: fc.constant(undefined) },
  { weight: 3, arbitrary: fc.constantFrom(...bits("mie", 2n, 0x20n, 0x222n)) },
  { weight: 1, arbitrary: fc.constantFrom(...bits("mip", 0n, 2n, 0x200n, 0x202n)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...bits("mstatus", 0x100n, 0x102n, 0x10_0100n, 0xc_0122n)),
  },
);
const chunks = fc.array(fc.record({ count: fc.integer({ min: 1, max: 150 }), outside }), {
  minLength: 1,
  maxLength: 12,
});

for (const compile of ["never", "always"] as const) {
  Deno.test(`property: CSR instructions do in the engine what they do in a plain model, ${compile} compiled`, () => {
    const machines = [0, 1].map(() => machine({ instructionsPerTick: TICKS, compile }));
    const origin = machines[0].save();
    let taken = 0, inside = 0;
    fc.assert(
      fc.property(programs(true), chunks, fc.boolean(), (program, list, moves) => {
        let made = machines[0];
        made.restore(origin);
        load(made, program);
        const model = prepare(made.hart, program, TICKS);
        for (const [i, { count, outside }] of list.entries()) {
          // A handler that is interrupted would not come back.
          if (outside !== undefined && model.pc < BigInt(at(HANDLERS[0]))) {
            const { csr, value } = outside;
            made.hart.writeCsr(csr, value);
            model[csr === "mie" ? "sie" : csr === "mip" ? "pending" : csr] = value;
          }
          assertEquals(made.run(count), { kind: "budget" });
          model.run(count);
          same(made.hart, model, `after run ${i} of ${count}`);
          taken += Number(model.kept.get(csrNumbers("scause")[0])! >> 63n);
          inside += made.hart.registers.header[layout.INTERRUPT_READY / 4];
          if (moves) {
            const state = made.save();
            made = machines[(i + 1) % 2];
            made.restore(state);
            same(made.hart, model, `put back after run ${i}`);
          }
        }
        assertEquals(made.instret, model.retired);
      }),
      { numRuns: 500 },
    );
    assert(taken > 100, "interrupts came");
    assert(inside > 100, "interrupts waited to be let through");
  });

  Deno.test(`property: harts that take turns have CSRs of their own, ${compile} compiled`, () => {
    fc.assert(
      fc.property(programs(false), chunks, fc.nat(99), (program, list, seed) => {
        let made = machine({ harts: 3, quantum: 40, seed, compile });
        load(made, program);
        const models = made.harts.map((hart) => prepare(hart, program, 0));
        for (const { count } of list) {
          assertEquals(made.run(3 * count), { kind: "budget" });
          for (const [i, hart] of made.harts.entries()) {
            models[i].run(hart.retired - models[i].retired);
            // An interrupt is taken when the next run begins, or a turn.
            if (models[i].pc !== hart.pc) models[i].interrupt();
            same(hart, models[i], `hart ${i}`);
          }
          const state = made.save();
          made = machine({ harts: 3, quantum: 40, seed, compile });
          made.restore(state);
        }
      }),
      { numRuns: 50 },
    );
  });
}

Deno.test("the engine asks the host about an access that is not plain, and about no other", () => {
  const lab = new Lab();
  const set = (place: number, value: number) => lab.view.setInt32(place, value, true);
  const get = (place: number) => lab.view.getInt32(place, true);
  /** Whether csrrw of a value into sstatus, and the read of it, each ask. */
  const asks = (value: bigint): boolean[] =>
    [encode("csrrw", { rd: 0, rs1: 6, imm: SSTATUS }), encode("csrrs", { rd: 5, imm: SSTATUS })]
      .map((word) => {
        lab.asked.system = 0;
        lab.write(RAM_BASE, new Uint8Array(Uint32Array.of(word).buffer));
        lab.setX(6, value);
        lab.pc = BigInt(RAM_BASE);
        lab.engine.run(1);
        return lab.asked.system > 0;
      });
  set(layout.MSTATUS, MSTATUS.TVM);
  assertEquals(asks(0x22n), [true, true], "closed");
  assertEquals(get(layout.MSTATUS), MSTATUS.TVM);
  set(layout.CSRS_OPEN, 1);
  assertEquals(asks(0xffff_ffff_fff3_fedfn | 2n), [false, false]);
  assertEquals(get(layout.MSTATUS), MSTATUS.TVM | MSTATUS.SIE);
  assertEquals(lab.x(5), 0x2_0000_0002n);
  assertEquals(asks(BigInt(MSTATUS.SUM)), [true, false], "another translation");
  assertEquals(asks(BigInt(MSTATUS.MXR)), [true, false], "another translation");
  set(layout.INTERRUPT_READY, 1);
  set(layout.MSTATUS, MSTATUS.SPIE);
  assertEquals(
    asks(BigInt(MSTATUS.SIE | MSTATUS.SPIE)),
    [true, false],
    "lets an interrupt through",
  );
  assertEquals(asks(BigInt(MSTATUS.SPP)), [false, false]);
  assertEquals(get(layout.MSTATUS), MSTATUS.SPP);
});

Deno.test("S-mode's CSRs that only keep a value are written and read without the host; satp is read", () => {
  const lab = new Lab();
  const run = (word: number) => {
    lab.asked.system = 0;
    lab.write(RAM_BASE, new Uint8Array(Uint32Array.of(word).buffer));
    lab.pc = BigInt(RAM_BASE);
    lab.engine.run(1);
    return lab.asked.system;
  };
  const all = 2n ** 64n - 1n;
  for (const open of [0, 1]) {
    lab.view.setInt32(layout.CSRS_OPEN, open, true);
    for (const [name, place] of Object.entries(layout.KEPT)) {
      const [imm] = csrNumbers(name);
      lab.setX(6, all);
      assertEquals(run(encode("csrrw", { rd: 6, rs1: 6, imm })), 1 - open, name);
      if (open === 0) continue;
      const kept = name === "stvec" ? all - 2n : name === "sepc" ? all - 1n : all;
      assertEquals([lab.x(6), lab.view.getBigUint64(place, true)], [0n, kept], name);
      assertEquals([run(encode("csrrs", { rd: 5, imm })), lab.x(5)], [0, kept], name);
      assertEquals(run(encode("csrrci", { rd: 5, rs1: 1, imm })), 1, `${name} changed in part`);
    }
    lab.view.setBigUint64(layout.SATP, 0x1234n, true);
    lab.setX(5, 0n);
    assertEquals(run(encode("csrrs", { rd: 5, imm: SATP })), 1 - open);
    assertEquals(lab.x(5), open === 0 ? 0n : 0x1234n);
    assertEquals(run(encode("csrrw", { rd: 5, rs1: 0, imm: SATP })), 1);
  }
  lab.view.setInt32(layout.MSTATUS, MSTATUS.TVM, true);
  assertEquals(run(encode("csrrs", { rd: 5, imm: SATP })), 1, "TVM");
});

Deno.test("the copy of satp follows whoever changes it", () => {
  const made = machine();
  const copy = () => new BigUint64Array(made.ram.memory.buffer, layout.SATP, 1)[0];
  for (
    const value of [0x8abc_def0_0000_0001n, 0x8abc_def0_0000_0000n, 0n, 0x0123_4abc_0008_0042n]
  ) {
    made.hart.writeCsr("satp", value);
    assertEquals([copy(), made.hart.readCsr("satp")], [value, value]);
  }
  made.mmu.setRoot(at(0x1000), 7);
  const set = made.hart.readCsr("satp");
  assertEquals([copy(), set], [set, 0x8000_7000_0008_0001n]);
  const state = made.save();
  made.hart.writeCsr("satp", 0n);
  made.restore(state);
  assertEquals(copy(), set);
});
