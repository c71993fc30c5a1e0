import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { CSR_ROWS } from "../../src/vm/machine/hart/csr_rows.ts";
import { IRQ, type Mode, MSTATUS } from "../../src/vm/machine/hart/csr_state.ts";
import { encode } from "./engine_lab.ts";
import { at, machine } from "./machine_lab.ts";

const value64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

/** Registers whose value moves with time or hardware, not only by writes. */
const MOVING = new Set(["mcycle", "minstret"]);

Deno.test("every number and name is there once, and read-only numbers have no write", () => {
  assertEquals(new Set(CSR_ROWS.map((row) => row.number)).size, CSR_ROWS.length);
  assertEquals(new Set(CSR_ROWS.map((row) => row.name)).size, CSR_ROWS.length);
  for (const { number, name, write } of CSR_ROWS) {
    assert(number >= 0 && number < 4096, name);
    if (number >> 10 === 3) assertEquals(write, undefined, name);
    else assert(write !== undefined, name);
  }
});

Deno.test("property: a write changes writable bits only, whatever was written before", () => {
  const rows = CSR_ROWS.filter((row) => row.write !== undefined && !MOVING.has(row.name));
  const hart = machine().hart;
  fc.assert(
    fc.property(fc.constantFrom(...rows), value64, (row, value) => {
      const before = hart.readCsr(row.number);
      hart.writeCsr(row.number, value);
      const after = hart.readCsr(row.number);
      assertEquals((before ^ after) & ~row.writable, 0n, row.name);
    }),
    { numRuns: 3000 },
  );
});

Deno.test("property: what a WARL register reads can be written back and stays", () => {
  const rows = CSR_ROWS.filter((row) => row.write !== undefined && !MOVING.has(row.name));
  const hart = machine().hart;
  fc.assert(
    fc.property(fc.constantFrom(...rows), value64, (row, value) => {
      hart.writeCsr(row.number, value);
      const legal = hart.readCsr(row.number);
      hart.writeCsr(row.number, legal);
      assertEquals(hart.readCsr(row.number), legal, row.name);
    }),
    { numRuns: 3000 },
  );
});

Deno.test("property: the supervisor's views show the machine's registers through their masks", () => {
  const hart = machine().hart;
  fc.assert(
    fc.property(value64, value64, value64, value64, (status, delegated, enabled, pending) => {
      hart.writeCsr("mstatus", status);
      hart.writeCsr("mideleg", delegated);
      hart.writeCsr("mie", enabled);
      hart.writeCsr("mip", pending);
      const seen = BigInt(MSTATUS.SIE | MSTATUS.SPIE | MSTATUS.SPP | MSTATUS.SUM | MSTATUS.MXR);
      assertEquals(
        hart.readCsr("sstatus"),
        (hart.readCsr("mstatus") & seen) | 0x2_0000_0000n,
      );
      assertEquals(hart.readCsr("sie"), hart.readCsr("mie") & hart.readCsr("mideleg"));
      assertEquals(hart.readCsr("sip"), hart.readCsr("mip") & hart.readCsr("mideleg"));
      // A write through a view leaves what the view does not show.
      const mie = hart.readCsr("mie"), mask = hart.readCsr("mideleg");
      hart.writeCsr("sie", ~enabled & 0xfffn);
      assertEquals(hart.readCsr("mie") & ~mask, mie & ~mask);
      hart.writeCsr("sstatus", ~status & (2n ** 64n - 1n));
      assertEquals(
        hart.readCsr("mstatus") & ~seen,
        (status & BigInt(hart.mstatus) & ~seen) |
          (hart.readCsr("mstatus") & ~seen),
      );
    }),
  );
});

Deno.test("property: an instruction on sstatus in S-mode does what its row says", () => {
  const [SSTATUS] = CSR_ROWS.filter(({ name }) => name === "sstatus");
  const made = machine();
  const { hart, ram } = made;
  const kinds = fc.constantFrom("csrrw", "csrrs", "csrrc", "csrrwi", "csrrsi", "csrrci");
  const registers = fc.integer({ min: 0, max: 31 });
  fc.assert(
    fc.property(kinds, registers, registers, value64, value64, (kind, rd, rs1, status, value) => {
      const immediate = kind.endsWith("i");
      ram.write32(at(0), encode(kind, { rd, rs1, imm: SSTATUS.number }));
      hart.pc = BigInt(at(0));
      hart.mode = 1;
      hart.writeCsr("mstatus", status);
      for (let n = 1; n < 32; n++) hart.setX(n, value ^ BigInt(n));

      const old = SSTATUS.read(hart), before = hart.readCsr("mstatus");
      const operand = immediate ? BigInt(rs1) : hart.x(rs1);
      const wanted = kind.startsWith("csrrw")
        ? operand
        : kind.startsWith("csrrs")
        ? old | operand
        : old & ~operand;
      hart.writeCsr("sstatus", wanted);
      const after = hart.readCsr("mstatus");
      hart.writeCsr("mstatus", before);

      made.run(1);
      assertEquals(hart.readCsr("mstatus"), after);
      assertEquals(hart.x(rd), rd === 0 ? 0n : old);
      assertEquals(hart.pc, BigInt(at(4)));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("values that no register may hold are not held", () => {
  const hart = machine().hart;
  const written = (name: string, value: bigint) => {
    hart.writeCsr(name, value);
    return hart.readCsr(name);
  };
  hart.writeCsr("mstatus", 1n << 11n);
  assertEquals(written("mstatus", 2n << 11n) >> 11n & 3n, 1n, "MPP = 2 keeps the old MPP");
  assertEquals(written("mtvec", 0x8000_0003n), 0x8000_0001n);
  assertEquals(written("sepc", 0x1003n), 0x1002n);
  assertEquals(written("medeleg", ~0n) >> 11n & 1n, 0n, "a call from M-mode is never delegated");
  assertEquals(written("mideleg", ~0n), 0x222n);
  assertEquals(written("misa", 0n), 0x8000_0000_0014_1105n);
  assertEquals(written("pmpaddr0", ~0n), 0x3f_ffff_ffff_ffffn);
  assertEquals(written("menvcfg", ~0n), 0x8000_0000_0000_0001n);
  const satp = (8n << 60n) | (0x1234n << 44n) | 0x80123n;
  assertEquals(written("satp", satp), satp);
  assertEquals(written("satp", 9n << 60n), satp, "an unsupported MODE changes nothing");
  assertEquals(written("satp", 0n), 0n);
});

Deno.test("a locked PMP entry keeps its configuration and address", () => {
  const hart = machine().hart;
  hart.writeCsr("pmpaddr1", 0x1000n);
  hart.writeCsr("pmpaddr0", 0x800n);
  hart.writeCsr("pmpcfg0", 0x8f00n); // entry 1: locked, top of range, so entry 0's address is its base
  hart.writeCsr("pmpcfg0", 0n);
  hart.writeCsr("pmpaddr1", 0n);
  hart.writeCsr("pmpaddr0", 0n);
  assertEquals(hart.readCsr("pmpcfg0"), 0x8f00n);
  assertEquals(hart.readCsr("pmpaddr1"), 0x1000n);
  assertEquals(hart.readCsr("pmpaddr0"), 0x800n);
  assertEquals(hart.readCsr("pmpaddr2"), 0n);
});

Deno.test("the shell's access names what does not exist", () => {
  const hart = machine().hart;
  assertThrows(() => hart.readCsr("fcsr"), RangeError, "no CSR fcsr");
  assertThrows(() => hart.writeCsr("mhartid", 1n), RangeError, "CSR mhartid is read-only");
  assertEquals(hart.named("a0"), 0n);
  assertEquals(hart.named("pc"), 0x8000_0000n);
  assertEquals(hart.named("x31"), 0n);
  assertEquals(hart.named("x32"), undefined);
  assertEquals(hart.named("nothing"), undefined);
});

const bench = machine();
const fresh = bench.save();

/** Executes one CSR instruction in a mode; true when it trapped as illegal with its encoding. */
function illegal(mode: Mode, csr: number, write: boolean, prepare = () => {}): boolean {
  bench.restore(fresh);
  bench.ram.write32(at(0), encode(write ? "csrrw" : "csrrs", { rd: 5, rs1: 0, imm: csr }));
  bench.ram.write32(at(0x100), encode("addi"));
  bench.hart.writeCsr("mtvec", BigInt(at(0x100)));
  bench.hart.mode = mode;
  prepare();
  bench.run(1);
  if (bench.hart.state.mcause !== 2n || bench.hart.mode !== 3) return false;
  assertEquals(bench.hart.state.mtval, BigInt(bench.ram.read32(at(0))));
  return true;
}

Deno.test("an access from too low a mode, or a write to a read-only number, is illegal", () => {
  for (const { number, name } of CSR_ROWS) {
    const lowest = (number >> 8) & 3;
    const counter = number >= 0xc00 && number < 0xc20;
    for (const mode of [0, 1, 3] as const) {
      if (counter || name === "stimecmp") continue;
      assertEquals(illegal(mode, number, false), mode < lowest, `read ${name} in ${mode}`);
      assertEquals(
        illegal(mode, number, true),
        mode < lowest || number >> 10 === 3,
        `write ${name} in ${mode}`,
      );
    }
  }
  for (const hole of [0x001, 0x003, 0x3a1, 0x7b0, 0xb01, 0xfff]) assert(illegal(3, hole, false));
});

Deno.test("counters need their bit in mcounteren from S-mode, and in scounteren as well from U-mode", () => {
  for (const [number, bit] of [[0xc00, 1], [0xc01, 2], [0xc02, 4], [0xc1f, 2 ** 31]] as const) {
    for (const m of [0, bit]) {
      for (const s of [0, bit]) {
        const prepare = () => {
          bench.hart.writeCsr("mcounteren", BigInt(m));
          bench.hart.writeCsr("scounteren", BigInt(s));
        };
        assertEquals(illegal(3, number, false, prepare), false);
        assertEquals(illegal(1, number, false, prepare), m === 0);
        assertEquals(illegal(0, number, false, prepare), m === 0 || s === 0);
      }
    }
  }
});

Deno.test("stimecmp from S-mode needs menvcfg.STCE and mcounteren.TM; satp obeys TVM", () => {
  for (const stce of [0n, 1n << 63n]) {
    for (const tm of [0n, 2n]) {
      const prepare = () => {
        bench.hart.writeCsr("menvcfg", stce);
        bench.hart.writeCsr("mcounteren", tm);
      };
      assertEquals(illegal(1, 0x14d, false, prepare), stce === 0n || tm === 0n);
    }
  }
  assertEquals(illegal(1, 0x180, false, () => bench.hart.writeCsr("mstatus", 1n << 20n)), true);
  assertEquals(illegal(1, 0x180, false), false);
});

Deno.test("instret is exact: each read tells the instructions retired before it", () => {
  const made = machine();
  for (let i = 0; i < 10; i++) {
    made.ram.write32(at(4 * i), encode("csrrs", { rd: 5 + i, rs1: 0, imm: 0xc02 }));
  }
  made.run(3);
  made.run(1);
  made.run(6);
  for (let i = 0; i < 10; i++) assertEquals(made.hart.x(5 + i), BigInt(i));
});

Deno.test("minstret can be set and held; the next instruction reads what was written", () => {
  const made = machine();
  const csr = (name: string, rd: number, rs1: number, imm: number) =>
    encode(name, { rd, rs1, imm });
  [
    csr("csrrw", 0, 10, 0xb02), // minstret = 1000
    csr("csrrs", 5, 0, 0xb02), // 1000
    csr("csrrs", 6, 0, 0xb02), // 1001
    csr("csrrsi", 0, 4, 0x320), // hold it
    csr("csrrs", 7, 0, 0xb02),
    csr("csrrs", 8, 0, 0xb02),
    csr("csrrci", 0, 4, 0x320), // let it go
    csr("csrrs", 9, 0, 0xb02),
    csr("csrrs", 11, 0, 0xb02),
  ].forEach((word, i) => made.ram.write32(at(4 * i), word));
  made.hart.setX(10, 1000n);
  made.run(9);
  assertEquals([5, 6, 7, 8, 9, 11].map((i) => made.hart.x(i)), [
    1000n,
    1001n,
    1002n,
    1002n,
    1002n,
    1003n,
  ]);
});

Deno.test("csrrs and csrrc with x0 do not write; csrrw with rd x0 still does", () => {
  const made = machine();
  const words = [
    encode("csrrs", { rd: 5, rs1: 0, imm: 0xf14 }), // mhartid is read-only: legal, as nothing is written
    encode("csrrwi", { rd: 0, rs1: 21, imm: 0x340 }),
    encode("csrrsi", { rd: 6, rs1: 8, imm: 0x340 }),
    encode("csrrci", { rd: 7, rs1: 1, imm: 0x340 }),
  ];
  words.forEach((word, i) => made.ram.write32(at(4 * i), word));
  made.run(4);
  assertEquals([made.hart.x(6), made.hart.x(7), made.hart.readCsr("mscratch")], [21n, 29n, 28n]);
});

Deno.test("SEIP from the PLIC is read but not taken into what csrrs writes back", () => {
  const made = machine();
  made.plic.write(4 * 10, 4, 1);
  made.plic.write(0x2080, 4, 1 << 10);
  made.plic.signal(10, true);
  assertEquals(made.hart.readCsr("mip") & BigInt(IRQ.SEI), BigInt(IRQ.SEI));
  made.ram.write32(at(0), encode("csrrsi", { rd: 5, rs1: 2, imm: 0x344 }));
  made.run(1);
  assertEquals(made.hart.x(5), BigInt(IRQ.SEI));
  assertEquals(made.hart.state.mip, IRQ.SSI);
});
