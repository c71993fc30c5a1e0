import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { decode } from "../../src/vm/machine/isa/decode.ts";
import { COMPRESSED_ROWS, ROWS } from "../../src/vm/machine/isa/rows.ts";
import { encode, Lab } from "./engine_lab.ts";
import { AMO, BRANCH, COMPUTE, IMMEDIATE, LOAD, s32, s64, STORE, u64 } from "./isa_model.ts";

const CODE = 0x8000_0000n;
const DATA = 0x8001_0000n;
const lab = new Lab();

const EDGES = [0n, 1n, 2n, 31n, 32n, 63n, 64n, 0x7fffffffn, 0x80000000n, 0xffffffffn].flatMap((
  x,
) => [
  x,
  u64(-x),
  u64(x << 32n),
]).concat([1n << 63n, (1n << 63n) - 1n, 0xdead_beef_cafe_f00dn]);
const value = fc.oneof(fc.constantFrom(...EDGES), fc.bigInt(0n, (1n << 64n) - 1n));
const register = fc.integer({ min: 0, max: 31 });
const imm12 = fc.oneof(
  fc.constantFrom(0, 1, -1, 2047, -2048),
  fc.integer({ min: -2048, max: 2047 }),
);
const RUNS = { numRuns: 60 };

/** Runs one instruction at CODE after setting registers in that order; gives the values they had then. */
function step(word: number, length: number, sets: [number, bigint][]): bigint[] {
  const code = new Uint8Array(length);
  for (let i = 0; i < length; i++) code[i] = word >>> (8 * i);
  lab.write(CODE, code);
  for (const [i, x] of sets) if (i !== 0) lab.setX(i, x);
  const values = sets.map(([i]) => lab.x(i));
  lab.pc = CODE;
  const stop = lab.engine.run(1);
  assertEquals(stop, 0, `cause ${lab.cause}`);
  assertEquals(lab.x(0), 0n);
  return values;
}

Deno.test("every computing instruction agrees with the model", async (t) => {
  for (const name of Object.keys(COMPUTE)) {
    await t.step(name, () =>
      fc.assert(
        fc.property(register, register, register, value, value, (rd, rs1, rs2, x, y) => {
          const [a, b] = step(encode(name, { rd, rs1, rs2 }), 4, [[rs1, x], [rs2, y]]);
          if (rd !== 0) assertEquals(lab.x(rd), u64(COMPUTE[name]!(a!, b!)));
          assertEquals(lab.pc, CODE + 4n);
        }),
        RUNS,
      ));
  }
});

Deno.test("every immediate instruction agrees with the model", async (t) => {
  for (const [name, base] of Object.entries(IMMEDIATE)) {
    const shift = /^s[lr][la]/.test(name);
    const imm = shift ? fc.integer({ min: 0, max: name.endsWith("w") ? 31 : 63 }) : imm12;
    await t.step(name, () =>
      fc.assert(
        fc.property(register, register, value, imm, (rd, rs1, x, imm) => {
          const [a] = step(encode(name, { rd, rs1, imm }), 4, [[rs1, x]]);
          if (rd !== 0) assertEquals(lab.x(rd), u64(COMPUTE[base]!(a!, u64(BigInt(imm)))));
        }),
        RUNS,
      ));
  }
});

Deno.test("lui and auipc", () => {
  const upper = fc.integer({ min: -(2 ** 19), max: 2 ** 19 - 1 }).map((x) => x << 12);
  fc.assert(fc.property(fc.integer({ min: 1, max: 31 }), upper, (rd, imm) => {
    step(encode("lui", { rd, imm }), 4, []);
    assertEquals(lab.x(rd), u64(BigInt(imm)));
    step(encode("auipc", { rd, imm }), 4, []);
    assertEquals(lab.x(rd), u64(CODE + BigInt(imm)));
  }));
});

Deno.test("branches near and far, taken and not", async (t) => {
  const distance = fc.oneof(
    fc.integer({ min: -64, max: 64 }),
    fc.integer({ min: -2048, max: 2047 }),
  ).map((x) => x * 2);
  for (const [name, taken] of Object.entries(BRANCH)) {
    await t.step(name, () =>
      fc.assert(
        fc.property(register, register, value, value, distance, (rs1, rs2, x, y, imm) => {
          const [a, b] = step(encode(name, { rs1, rs2, imm }), 4, [[rs1, x], [rs2, y]]);
          assertEquals(lab.pc, CODE + (taken(a!, b!) ? BigInt(imm) : 4n));
        }),
        RUNS,
      ));
  }
});

Deno.test("jal and jalr link and jump, also when rd is rs1", () => {
  const distance = fc.integer({ min: -(2 ** 19), max: 2 ** 19 - 1 }).map((x) => x * 2);
  fc.assert(fc.property(register, distance, (rd, imm) => {
    step(encode("jal", { rd, imm }), 4, []);
    assertEquals(lab.pc, u64(CODE + BigInt(imm)));
    if (rd !== 0) assertEquals(lab.x(rd), CODE + 4n);
  }));
  fc.assert(fc.property(register, register, value, imm12, (rd, rs1, x, imm) => {
    const [a] = step(encode("jalr", { rd, rs1, imm }), 4, [[rs1, x]]);
    assertEquals(lab.pc, u64(a! + BigInt(imm)) & ~1n);
    if (rd !== 0) assertEquals(lab.x(rd), CODE + 4n);
  }));
});

/** The bytes at DATA as one little-endian number. */
function memory(address: bigint, size: number): bigint {
  return lab.ram(address, size).reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}
function setMemory(address: bigint, x: bigint): void {
  for (let i = 0; i < 8; i++) lab.ram(address, 8)[i] = Number((x >> BigInt(8 * i)) & 0xffn);
}

Deno.test("loads and stores at any alignment", async (t) => {
  const address = fc.integer({ min: 16, max: 8192 }).map((x) => DATA + BigInt(x));
  const base = fc.integer({ min: 1, max: 31 });
  for (const [name, [size, signed]] of Object.entries(LOAD)) {
    await t.step(name, () =>
      fc.assert(
        fc.property(register, base, address, imm12, value, (rd, rs1, at, imm, x) => {
          setMemory(at, x);
          step(encode(name, { rd, rs1, imm }), 4, [[rs1, u64(at - BigInt(imm))]]);
          const raw = memory(at, size);
          const want = signed ? u64(BigInt.asIntN(size * 8, raw)) : raw;
          if (rd !== 0) assertEquals(lab.x(rd), want);
        }),
        RUNS,
      ));
  }
  for (const [name, size] of Object.entries(STORE)) {
    await t.step(name, () =>
      fc.assert(
        fc.property(base, register, address, imm12, value, (rs1, rs2, at, imm, x) => {
          setMemory(at, 0n);
          setMemory(at + 8n, 0n);
          fc.pre(rs1 !== rs2);
          step(encode(name, { rs1, rs2, imm }), 4, [[rs2, x], [rs1, u64(at - BigInt(imm))]]);
          assertEquals(memory(at, size), BigInt.asUintN(size * 8, lab.x(rs2)));
          assertEquals(memory(at + BigInt(size), 8), 0n, "nothing beyond");
        }),
        RUNS,
      ));
  }
});

Deno.test("every AMO gives the old value and stores the new one", async (t) => {
  const base = fc.integer({ min: 1, max: 31 });
  for (const [name, next] of Object.entries(AMO)) {
    for (const size of [4, 8] as const) {
      const full = `${name}.${size === 4 ? "w" : "d"}`;
      const extend = size === 4 ? s32 : s64;
      await t.step(full, () =>
        fc.assert(
          fc.property(
            register,
            base,
            register,
            fc.integer({ min: 0, max: 3 }),
            value,
            value,
            (rd, rs1, rs2, aqrl, old, x) => {
              fc.pre(rs1 !== rs2);
              setMemory(DATA, old);
              step(encode(full, { rd, rs1, rs2, aqrl }), 4, [[rs2, x], [rs1, DATA]]);
              const before = u64(extend(old));
              const source = rs2 === 0 ? 0n : rd === rs2 ? x : lab.x(rs2);
              const want = next(before, u64(extend(source)));
              assertEquals(memory(DATA, size), BigInt.asUintN(size * 8, want));
              if (size === 4) assertEquals(memory(DATA + 4n, 4), old >> 32n, "the other word");
              if (rd !== 0) assertEquals(lab.x(rd), before);
            },
          ),
          RUNS,
        ));
    }
  }
});

Deno.test("store-conditional succeeds once, and only where reserved", () => {
  for (const [suffix, size] of [["w", 4], ["d", 8]] as const) {
    setMemory(DATA, 0xffff_ffff_8000_0001n);
    step(encode(`lr.${suffix}`, { rd: 5, rs1: 6 }), 4, [[6, DATA]]);
    assertEquals(lab.x(5), 0xffff_ffff_8000_0001n);
    step(encode(`sc.${suffix}`, { rd: 5, rs1: 6, rs2: 7 }), 4, [[6, DATA], [7, 42n]]);
    assertEquals([lab.x(5), memory(DATA, size)], [0n, 42n]);
    step(encode(`sc.${suffix}`, { rd: 5, rs1: 6, rs2: 7 }), 4, [[6, DATA], [7, 43n]]);
    assertEquals([lab.x(5), memory(DATA, size)], [1n, 42n], "the reservation was used up");
    step(encode(`lr.${suffix}`, { rd: 5, rs1: 6 }), 4, [[6, DATA]]);
    step(encode(`sc.${suffix}`, { rd: 5, rs1: 6, rs2: 7 }), 4, [[6, DATA + 8n], [7, 43n]]);
    assertEquals(lab.x(5), 1n, "another address");
    step(encode(`lr.${suffix}`, { rd: 5, rs1: 6 }), 4, [[6, DATA]]);
    step(encode(`sc.${suffix}`, { rd: 0, rs1: 6, rs2: 7 }), 4, [[6, DATA], [7, 44n]]);
    assertEquals([lab.x(0), memory(DATA, size)], [0n, 44n], "result into x0");
  }
});

Deno.test("a compressed instruction does what its long form does, and is two bytes long", () => {
  const shorts = fc.integer({ min: 0, max: 0xffff }).filter((word) => {
    const instruction = decode(word);
    return (word & 3) !== 3 && instruction !== undefined && instruction.row.name !== "ebreak";
  });
  const other = new Lab();
  fc.assert(
    fc.property(shorts, fc.array(value, { minLength: 31, maxLength: 31 }), (word, values) => {
      const { row, rd, rs1, rs2, imm } = decode(word)!;
      const memoryOp = row.name in LOAD || row.name in STORE;
      const long = encode(row.name, { rd, rs1, rs2, imm });
      for (const [machine, code, length] of [[lab, word, 2], [other, long, 4]] as const) {
        const bytes = new Uint8Array(length);
        for (let i = 0; i < length; i++) bytes[i] = code >>> (8 * i);
        machine.write(CODE, bytes);
        values.forEach((x, i) => machine.setX(i + 1, x));
        if (memoryOp) machine.setX(rs1, DATA);
        machine.pc = CODE;
        machine.ram(DATA, 1024).fill(0xa5);
        assertEquals(machine.engine.run(1), 0);
      }
      const links = row.name === "jalr" && rd !== 0 ? rd : -1;
      for (let i = 0; i < 32; i++) {
        if (i === links) assertEquals(lab.x(i), CODE + 2n);
        else assertEquals(lab.x(i), other.x(i), `x${i} after ${row.name}`);
      }
      assertEquals(lab.ram(DATA, 1024), other.ram(DATA, 1024));
      const jumped = other.pc !== CODE + 4n;
      if (row.name === "jal" || row.name === "jalr") assertEquals(lab.pc, other.pc);
      else if (jumped || (row.name in BRANCH && imm === 4)) {
        assert([other.pc, CODE + 2n].includes(lab.pc));
      } else assertEquals(lab.pc, CODE + 2n);
    }),
    { numRuns: 3000 },
  );
});

Deno.test("every row has been tried", () => {
  const tried = new Set([
    ...Object.keys(COMPUTE),
    ...Object.keys(IMMEDIATE),
    ...Object.keys(BRANCH),
    ...Object.keys(LOAD),
    ...Object.keys(STORE),
    ...Object.keys(AMO).flatMap((name) => [`${name}.w`, `${name}.d`]),
    ...["lr.w", "lr.d", "sc.w", "sc.d", "lui", "auipc", "jal", "jalr"],
  ]);
  const rest = ROWS.filter((row) => !tried.has(row.name)).map((row) => row.name);
  // These are the host's, or do nothing.
  assertEquals(rest.sort(), [
    ...["csrrc", "csrrci", "csrrs", "csrrsi", "csrrw", "csrrwi", "ebreak", "ecall"],
    ...["fence", "fence.i", "mret", "sfence.vma", "sret", "wfi"],
  ]);
  assert(COMPRESSED_ROWS.every((row) => tried.has(row.base) || rest.includes(row.base)));
});
