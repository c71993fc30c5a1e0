import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { Guest, type GuestOptions } from "../../../src/vm/guest.ts";
import { guestMachineOf } from "../../../src/vm/parts.ts";
import { elf, li } from "../../machine/bare_lab.ts";
import { Assembler } from "../../machine/engine_lab.ts";
import { SMALL } from "../../machine/machine_lab.ts";

/** Every hart says its number as a letter, eight times, with some work in between. */
function letters(): Uint8Array {
  const a = new Assembler();
  li(a, 5, 0x1000_0000);
  a.put("addi", { rd: 6, rs1: 10, imm: "a".charCodeAt(0) }).put("addi", { rd: 7, imm: 8 });
  a.label("next").put("sb", { rs1: 5, rs2: 6, imm: 0 }).put("addi", { rd: 28, imm: 100 });
  a.label("work").put("addi", { rd: 28, rs1: 28, imm: -1 });
  a.put("bne", { rs1: 28, rs2: 0 }, "work").put("addi", { rd: 7, rs1: 7, imm: -1 });
  a.put("bne", { rs1: 7, rs2: 0 }, "next");
  return elf(a.label("end").put("wfi").put("jal", { rd: 0 }, "end").bytes());
}

function said(options: GuestOptions): string {
  const guest = new Guest(letters(), { memBytes: SMALL, ...options });
  assertEquals(guest.slice().end, { end: "stuck", code: -1 });
  return guest.take().map((bytes) => new TextDecoder().decode(bytes)).join("");
}

Deno.test("a guest has as many harts as asked for, and its seed and quantum decide the interleaving", () => {
  assertEquals(said({}), "aaaaaaaa");
  const three = said({ harts: 3, quantum: 200 });
  assertEquals([...three].sort().join(""), "aaaaaaaabbbbbbbbcccccccc");
  assertEquals(said({ harts: 3, quantum: 200 }), three);
  assertNotEquals(said({ harts: 3, quantum: 200, seed: 1 }), three);
  assertEquals(said({ harts: 3, quantum: 100_000, seed: 7 }), "aaaaaaaabbbbbbbbcccccccc");
});

Deno.test("each hart starts at the entry with its number in a0", () => {
  const guest = new Guest(letters(), { memBytes: SMALL, harts: 8 });
  const { harts } = guestMachineOf(guest);
  assertEquals(harts.map((hart) => [hart.pc, hart.x(10), hart.x(11)]), [
    ...Array.from({ length: 8 }, (_, i) => [0x8000_0000n, BigInt(i), 0n]),
  ]);
});

Deno.test("options that no guest can have are refused with what would be right", () => {
  const refused = (options: GuestOptions, message: string) =>
    void assertThrows(() => new Guest(letters(), options), RangeError, message);
  refused({ harts: 0 }, "1 to 8 harts, not 0");
  refused({ harts: 9 }, "1 to 8 harts, not 9");
  refused({ harts: 2.5 }, "1 to 8 harts, not 2.5");
  refused({ quantum: 1 }, "a quantum is 2 to 1073741824 instructions, not 1");
  refused({ seed: -1 }, "a seed is 0 to 2^32-1, not -1");
  refused({ memBytes: 1 }, "RAM of 1 bytes");
});

Deno.test("a slice has the length that is asked for", () => {
  const a = new Assembler().label("here").put("addi", { rd: 5, rs1: 5, imm: 1 });
  a.put("jal", { rd: 0 }, "here");
  const guest = new Guest(elf(a.bytes()), { memBytes: SMALL, budget: 2_000_000 });
  const lengths = [1, 10_000, undefined, 5_000_000].map((length) => {
    const before = guest.instret;
    const { end } = guest.slice(length);
    return [guest.instret - before, end?.end];
  });
  assertEquals(lengths, [[1, undefined], [10_000, undefined], [1_000_000, undefined], [
    989_999,
    "budget",
  ]]);
  for (const wrong of [0, 1.5, NaN]) {
    assertThrows(() => guest.slice(wrong), RangeError, `slice ${wrong}: want a whole number`);
  }
});
