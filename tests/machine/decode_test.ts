import { assert, assertEquals, assertThrows } from "@std/assert";
import * as fc from "fast-check";
import { decode } from "../../src/vm/machine/isa/decode.ts";
import {
  encodePattern,
  extractAll,
  matches,
  type Operands,
  parsePattern,
} from "../../src/vm/machine/isa/pattern.ts";
import { COMPRESSED_ROWS, ROWS } from "../../src/vm/machine/isa/rows.ts";

Deno.test("a format in the manual's notation gives mask, match and fields", () => {
  const branch = parsePattern("imm[12|10:5] rs2 rs1 000 imm[4:1|11] 1100011");
  assertEquals([branch.length, branch.mask, branch.match], [4, 0x707f, 0x63]);
  // beq a0,a1,.-4096
  const word = encodePattern(branch, { rs1: 10, rs2: 11, imm: -4096 });
  assertEquals(word, 0x80b50063);
  assertEquals(extractAll(branch, word), { rd: 0, rs1: 10, rs2: 11, imm: -4096, aqrl: 0 });
  assertThrows(() => encodePattern(branch, { imm: 3 }), RangeError);
  assertThrows(() => encodePattern(branch, { imm: 4096 }), RangeError);
  assertThrows(() => encodePattern(branch, { rs1: 32 }), RangeError);
  const short = parsePattern("011 nzimm[17] rd≠{0,2} nzimm[16:12] 01");
  assertEquals([short.length, matches(short, 0x6101), matches(short, 0x6085)], [2, false, true]);
  assertThrows(() => parsePattern("rd rs1"), Error, "10 bits");
  assertThrows(() => parsePattern("0000000 rs3"), Error, "unknown token rs3");
});

Deno.test("every row: what is encoded is decoded", async (t) => {
  for (const row of [...ROWS, ...COMPRESSED_ROWS]) {
    await t.step(row.name, () =>
      fc.assert(
        fc.property(fc.integer(), (bits) => {
          const width = row.pattern.length === 4 ? 0xffff_ffff : 0xffff;
          const word = (((bits & ~row.pattern.mask) | row.pattern.match) & width) >>> 0;
          fc.pre(matches(row.pattern, word));
          const operands: Operands = extractAll(row.pattern, word);
          assertEquals(encodePattern(row.pattern, operands), word);
          const instruction = decode(word)!;
          assertEquals(instruction.compressed ?? instruction.row, row);
          assertEquals([instruction.length, instruction.word], [row.pattern.length, word]);
        }),
        { numRuns: 50 },
      ));
  }
});

Deno.test("no two rows claim the same encoding", () => {
  for (const a of ROWS) {
    for (const b of ROWS) {
      if (a === b) continue;
      const both = a.pattern.mask & b.pattern.mask;
      const apart = (a.pattern.match & both) !== (b.pattern.match & both);
      assert(apart, `${a.name} and ${b.name}`);
    }
  }
  for (let word = 0; word < 65536; word++) {
    const claims = COMPRESSED_ROWS.filter((row) => (word & 3) !== 3 && matches(row.pattern, word));
    assert(claims.length <= 1, `${word.toString(16)}: ${claims.map((row) => row.name)}`);
  }
});

Deno.test("decoding any word gives the row that matches it, or nothing", () => {
  fc.assert(
    fc.property(fc.integer(), (bits) => {
      const word = (bits | 3) >>> 0;
      const instruction = decode(word);
      const row = ROWS.find((row) => matches(row.pattern, word));
      assertEquals(instruction?.row, row);
      assertEquals(instruction, decode(word));
    }),
    { numRuns: 5000 },
  );
});

Deno.test("reserved and absent compressed encodings are illegal", () => {
  const illegal = {
    "all zeros": 0x0000,
    "addi4spn with 0": 0x0004,
    "fld": 0x2000,
    "reserved in quadrant 0": 0x8000,
    "addiw to x0": 0x2001,
    "addi16sp with 0": 0x6101,
    "lui with 0": 0x6081,
    "subw's neighbours": 0x9c41,
    "lwsp to x0": 0x4002,
    "ldsp to x0": 0x6002,
    "jr x0": 0x8002,
    "fsdsp": 0xa002,
  };
  for (const [name, word] of Object.entries(illegal)) assertEquals(decode(word), undefined, name);
});

Deno.test("short forms expand to base instructions with the manual's operands", () => {
  const cases: [number, string, Partial<Operands>][] = [
    [0x1141, "addi", { rd: 2, rs1: 2, imm: -16 }],
    [0x0808, "addi", { rd: 10, rs1: 2, imm: 16 }],
    [0x6505, "lui", { rd: 10, imm: 0x1000 }],
    [0x757d, "lui", { rd: 10, imm: -4096 }],
    [0x8082, "jalr", { rd: 0, rs1: 1, imm: 0 }],
    [0x9502, "jalr", { rd: 1, rs1: 10, imm: 0 }],
    [0x852e, "add", { rd: 10, rs1: 0, rs2: 11 }],
    [0xbfd5, "jal", { rd: 0, imm: -12 }],
    [0xe119, "bne", { rs1: 10, rs2: 0, imm: 6 }],
    [0x60e2, "ld", { rd: 1, rs1: 2, imm: 24 }],
    [0xc35c, "sw", { rs1: 14, rs2: 15, imm: 4 }],
  ];
  for (const [word, name, operands] of cases) {
    const instruction = decode(word)!;
    assertEquals(instruction.row.name, name);
    for (const [field, value] of Object.entries(operands)) {
      assertEquals(instruction[field as "rd"], value, `${name}.${field}`);
    }
  }
});
