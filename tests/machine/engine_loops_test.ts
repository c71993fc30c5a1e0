import { assert, assertEquals } from "@std/assert";
import { RAM_BASE } from "../../src/vm/machine/address.ts";
import { STOP_BREAK, STOP_TRAP } from "../../src/vm/machine/engine/engine.ts";
import * as layout from "../../src/vm/machine/layout.ts";
import { Assembler, Lab } from "./engine_lab.ts";

const CODE = 0x8000_0800n;
const DATA = 0x8001_0000;
const S = 11, D = 12, T = 13, E = 14;

let state = 0x1810_2025;
function random(below: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % below;
}

type Kind = "fill" | "up" | "down";

/** The choices that compilers have. */
interface Shape {
  /** The pointers are moved by instructions of 2 bytes. */
  short: boolean;
  /** The target's pointer is moved first. */
  targetFirst: boolean;
  /** The target's pointer is compared. */
  byTarget: boolean;
  /** The branch has the pointer as its second operand. */
  swapped: boolean;
}

/** A loop, and an ebreak behind it. */
function loop(kind: Kind, { short, targetFirst, byTarget, swapped }: Shape): Assembler {
  const code = new Assembler().label("head");
  const step = kind === "down" ? -1 : 1;
  const move = (register: number) =>
    code.put(short ? "c.addi" : "addi", { rd: register, rs1: register, imm: step });
  const distance = kind === "up" ? -1 : 0;
  if (kind === "fill") {
    code.put("sb", { rs1: D, rs2: T, imm: 0 });
    move(D);
  } else {
    for (const register of targetFirst ? [D, S] : [S, D]) move(register);
    code.put("lbu", { rd: T, rs1: S, imm: distance });
    code.put("sb", { rs1: D, rs2: T, imm: distance });
  }
  const pointer = byTarget || kind === "fill" ? D : S;
  const [rs1, rs2] = swapped ? [E, pointer] : [pointer, E];
  return code.put("bne", { rs1, rs2 }, "head").put("ebreak");
}

function shape(): Shape {
  const toss = () => random(2) === 0;
  return { short: toss(), targetFirst: toss(), byTarget: toss(), swapped: toss() };
}

/** A lab with a loop about to run over `length` bytes, from one address to another. */
function lab(kind: Kind, form: Shape, from: bigint, to: bigint, length: bigint): Lab {
  const made = new Lab();
  made.write(CODE, loop(kind, form).bytes());
  made.write(DATA, Uint8Array.from({ length: 0x8000 }, (_, i) => i * 7 + (i >> 8)));
  made.pc = CODE;
  made.setX(T, 0x1234_5678_9abc_def0n);
  const start = kind === "down" ? length : 0n;
  made.setX(S, BigInt.asUintN(64, from + start));
  made.setX(D, BigInt.asUintN(64, to + start));
  const pointer = form.byTarget || kind === "fill" ? to : from;
  made.setX(E, BigInt.asUintN(64, pointer + length - start));
  return made;
}

/** Everything that a program, and who counts, can see. */
function seen(one: Lab) {
  const tables = new Uint8Array(one.memory.buffer, layout.TLB_BASE, 3 * layout.TLB_TABLE_SIZE);
  return {
    pc: one.pc,
    x: Array.from({ length: 32 }, (_, i) => one.x(i)),
    data: one.ram(DATA, 0x8000).slice(),
    code: one.ram(CODE, 64).slice(),
    tlb: tables.slice(),
  };
}

/** Runs one lab in runs of random lengths and the other by single steps; they stay the same. */
function sameAsSteps(loops: Lab, steps: Lab, instructions: number): void {
  for (let left = instructions; left > 0;) {
    const run = Math.min(left, 1 + random(random(4) === 0 ? 30_000 : 300));
    left -= run;
    const end = loops.engine.run(run);
    let stop = 0;
    for (let i = 0; i < run - loops.budget && stop === 0; i++) stop = steps.engine.run(1);
    if (end !== 0 && stop === 0) stop = steps.engine.run(1);
    assertEquals(end, stop);
    assertEquals(seen(loops), seen(steps));
    if (end !== 0) return;
  }
}

Deno.test("property: loops of bytes leave what their instructions leave one by one", () => {
  for (let round = 0; round < 150; round++) {
    const kind = (["fill", "up", "down"] as const)[round % 3]!;
    const form = shape();
    const [from, to] = [0, 0].map(() => BigInt(DATA + 0x1000 + random(0x3000)));
    // Often near each other, so that what is written is read again.
    const near = random(3) === 0 ? from! + BigInt(random(64) - 32) : to!;
    const length = BigInt(1 + random(random(2) === 0 ? 20 : 6000));
    const labs = [0, 1].map(() => lab(kind, form, from!, near, length));
    const { x } = seen(labs[0]!);
    sameAsSteps(labs[0]!, labs[1]!, Number(length) * 5 + 10);
    // Once more, with all pages in the TLB.
    for (const one of labs) {
      x.forEach((value, i) => one.setX(i, value));
      one.pc = CODE;
    }
    sameAsSteps(labs[0]!, labs[1]!, Number(length) * 5 + 10);
  }
});

Deno.test("a page is filled and copied by a few questions, in each form of the loops", () => {
  for (let bits = 0; bits < 48; bits++) {
    const kind = (["fill", "up", "down"] as const)[bits >> 4]!;
    const [short, targetFirst, byTarget, swapped] = [1, 2, 4, 8].map((bit) => (bits & bit) !== 0);
    const form = { short, targetFirst, byTarget, swapped } as Shape;
    const one = lab(kind, form, BigInt(DATA), BigInt(DATA + 0x4000), 4096n);
    let asked = 0;
    const pages = one.engine.pages;
    const run = pages.runLoop.bind(pages);
    pages.runLoop = (rp) => (asked++, run(rp));
    const length = loop(kind, form).size - 4;
    const instructions = 4096 * (kind === "fill" ? 3 : 5);
    assertEquals(one.engine.run(instructions), 0);
    assertEquals([one.pc, one.budget], [CODE + BigInt(length), 0], JSON.stringify(form));
    const expected = kind === "fill" ? new Uint8Array(4096).fill(0xf0) : one.ram(DATA, 4096);
    assertEquals(one.ram(DATA + 0x4000, 4096), expected);
    assert(asked > 0 && asked < 8, `${kind} ${JSON.stringify(form)}: asked ${asked} times`);
  }
});

Deno.test("a loop whose end is far away goes on for as long as the budget", () => {
  for (const kind of ["fill", "up", "down"] as const) {
    for (const length of [0n, 1n << 32n, (1n << 32n) + 5n, 1n << 63n, -3n]) {
      const form = shape();
      const make = () => {
        const one = lab(kind, form, BigInt(DATA + 0x2800), BigInt(DATA + 0x6800), 0n);
        one.setX(E, BigInt.asUintN(64, one.x(form.byTarget || kind === "fill" ? D : S) + length));
        return one;
      };
      sameAsSteps(make(), make(), 6000);
    }
  }
});

/** Lets a page of virtual addresses be one of RAM, for loads and stores. */
function map(one: Lab, page: bigint, pa: number): void {
  for (const table of [layout.TLB_READ, layout.TLB_WRITE]) {
    const entry = one.view.getInt32(table, true) +
      Number((page >> 12n) & BigInt(layout.TLB_ENTRIES - 1)) * layout.TLB_ENTRY_SIZE;
    one.view.setBigUint64(entry, BigInt.asUintN(64, page), true);
    const place = pa - RAM_BASE + layout.RAM_OFFSET;
    one.view.setInt32(entry + 8, place - Number(BigInt.asIntN(32, page)), true);
    one.view.setInt32(entry + 12, 0, true);
  }
}

Deno.test("addresses have 64 bits: loops over the end of 4 GiB, and with ends in another", () => {
  for (const kind of ["fill", "up", "down"] as const) {
    // The first page, and how far away the end is.
    for (const page of [0xffff_f000n, 0x3f_ffff_f000n, -0x1000n, -0x1_0000_1000n]) {
      for (const length of [0x1800n, 0x1000n, 0x1001n, 0xfffn, (1n << 32n) + 0x1000n]) {
        const form = shape();
        const make = () => {
          const one = lab(kind, form, BigInt(DATA), page, 0x1800n);
          map(one, page, DATA + 0x4000);
          map(one, page + 0x1000n, DATA + 0x6000);
          const pointer = one.x(form.byTarget || kind === "fill" ? D : S);
          const end = pointer + (kind === "down" ? -length : length);
          one.setX(E, BigInt.asUintN(64, end));
          return one;
        };
        sameAsSteps(make(), make(), 0x1800 * 5 + 10);
      }
      // The same low half in another 4 GiB is another page, which is not in the TLB.
      const form = shape();
      const make = () => {
        const one = lab(kind, form, BigInt(DATA), page + (1n << 36n), 4096n);
        map(one, page, DATA + 0x4000);
        return one;
      };
      const one = make();
      assertEquals(one.engine.run(5000), STOP_TRAP);
      assertEquals(one.ram(DATA + 0x4000, 0x1000), make().ram(DATA + 0x4000, 0x1000));
    }
  }
});

Deno.test("a budget of more than 32 bits is counted down exactly", () => {
  for (const extra of [0, 1, 3 * 4096 - 1, 2 ** 33 + 5]) {
    const form = shape();
    const one = lab("fill", form, 0n, BigInt(DATA + 0x4000), 4096n);
    const budget = 2 ** 32 + extra;
    assertEquals(one.engine.run(budget), STOP_TRAP); // the ebreak
    assertEquals(one.budget, budget - 3 * 4096);
  }
});

Deno.test("a pointer over the end of the address space, or of 4 GiB, traps as ever", () => {
  for (const kind of ["fill", "up", "down"] as const) {
    for (const to of [-2000n, 0xffff_f800n, 0n, 2000n]) {
      const form = shape();
      const make = () => lab(kind, form, BigInt(DATA), to, 4096n);
      sameAsSteps(make(), make(), 20_000);
    }
  }
});

Deno.test("each byte of a watched page asks the host; other pages do not", () => {
  for (const kind of ["fill", "up", "down"] as const) {
    const form = shape();
    const make = () => {
      const one = lab(kind, form, BigInt(DATA + 0x800), BigInt(DATA + 0x4800), 4096n);
      one.watched.add(DATA + 0x5000);
      return one;
    };
    const [loops, steps] = [make(), make()];
    sameAsSteps(loops, steps, 4096 * 5);
    assert(loops.asked.access >= 0x800, `asked ${loops.asked.access} times`);
  }
});

Deno.test("a stop on any instruction of a loop is met in each iteration, and not once removed", () => {
  for (const kind of ["fill", "up", "down"] as const) {
    const form = { short: true, targetFirst: false, byTarget: true, swapped: false };
    const places = kind === "fill" ? [0, 4, 6] : [0, 2, 4, 8, 12];
    for (const place of places) {
      const one = lab(kind, form, BigInt(DATA), BigInt(DATA + 0x4000), 4096n);
      // Stopped from the beginning, or when the loop is already under way.
      const before = random(2) === 0;
      if (!before) one.engine.run(3000);
      const at = CODE + BigInt(place);
      one.engine.pages.addStop(Number(at));
      one.stops.set(at, STOP_BREAK);
      for (let i = 0; i < 5; i++) {
        assertEquals(one.engine.run(1000), STOP_BREAK, `${kind} ${place}`);
        assertEquals(one.pc, at);
        const pointer = one.x(D);
        one.stops.set(at, 0);
        assertEquals(one.engine.run(places.length), 0);
        one.stops.set(at, STOP_BREAK);
        assertEquals([one.pc, one.x(D) - pointer], [at, kind === "down" ? -1n : 1n]);
      }
      one.engine.pages.removeStop(Number(at));
      one.stops.delete(at);
      one.asked.stopAt = 0;
      one.engine.run(4096 * 5);
      assertEquals(one.asked.stopAt, 0);
      assertEquals(one.pc, CODE + BigInt(loop(kind, form).size - 4));
    }
  }
});

Deno.test("code that changes under a loop is what runs from then on", () => {
  for (const kind of ["fill", "up", "down"] as const) {
    for (const change of ["step", "branch", "value"] as const) {
      const form = { short: true, targetFirst: false, byTarget: true, swapped: false };
      const make = () => lab(kind, form, BigInt(DATA), BigInt(DATA + 0x4000), 4096n);
      const [loops, steps] = [make(), make()];
      sameAsSteps(loops, steps, 500);
      const code = loop(kind, form).bytes();
      const fill = kind === "fill";
      // The target's step becomes 2; the branch goes on; another register is stored.
      if (change === "step") code.set([0x09, 0x06], fill ? 4 : 2);
      if (change === "branch") code.set([0x13, 0, 0, 0], fill ? 6 : 12);
      if (change === "value") code[(fill ? 0 : 8) + 2]! ^= 0x10;
      // Only what differs is written: the first instruction keeps its record if it can.
      const old = loop(kind, form).bytes();
      const first = code.findIndex((byte, i) => byte !== old[i]);
      const last = code.findLastIndex((byte, i) => byte !== old[i]);
      for (const one of [loops, steps]) {
        one.write(CODE + BigInt(first), code.subarray(first, last + 1));
      }
      sameAsSteps(loops, steps, 3000);
    }
  }
});

Deno.test("a loop that writes over its own code is run as it reads then", () => {
  for (const kind of ["fill", "up", "down"] as const) {
    const form = shape();
    const to = CODE - BigInt(kind === "down" ? -8 : 40);
    const make = () => lab(kind, form, BigInt(DATA), to, 128n);
    sameAsSteps(make(), make(), 600);
  }
});

Deno.test("what is nearly such a loop is none", () => {
  const puts: [string, (code: Assembler) => Assembler][] = [
    [
      "the byte goes to x0",
      (c) =>
        c.put("addi", { rd: S, rs1: S, imm: 1 }).put("addi", { rd: D, rs1: D, imm: 1 })
          .put("lbu", { rd: 0, rs1: S, imm: -1 }).put("sb", { rs1: D, rs2: 0, imm: -1 }),
    ],
    [
      "a pointer is x0",
      (c) =>
        c.put("addi", { rd: 0, rs1: 0, imm: 1 }).put("addi", { rd: D, rs1: D, imm: 1 })
          .put("lbu", { rd: T, rs1: 0, imm: -1 }).put("sb", { rs1: D, rs2: T, imm: -1 }),
    ],
    [
      "the branch goes elsewhere",
      (c) => c.put("sb", { rs1: D, rs2: T }).label("head").put("addi", { rd: D, rs1: D, imm: 1 }),
    ],
    [
      "the pointers are compared with each other",
      (c) =>
        c.put("addi", { rd: E, rs1: E, imm: 1 }).put("addi", { rd: D, rs1: D, imm: 1 })
          .put("lbu", { rd: T, rs1: E, imm: -1 }).put("sb", { rs1: D, rs2: T, imm: -1 }),
    ],
    [
      "the step is 2",
      (c) => c.put("sb", { rs1: D, rs2: T }).put("addi", { rd: D, rs1: D, imm: 2 }),
    ],
    [
      "another register is moved",
      (c) => c.put("sb", { rs1: D, rs2: T }).put("addi", { rd: S, rs1: S, imm: 1 }),
    ],
    [
      "the pointer is what is stored",
      (c) => c.put("sb", { rs1: D, rs2: D }).put("addi", { rd: D, rs1: D, imm: 1 }),
    ],
    [
      "a half is stored",
      (c) => c.put("sh", { rs1: D, rs2: T }).put("addi", { rd: D, rs1: D, imm: 1 }),
    ],
    [
      "the byte is signed",
      (c) =>
        c.put("addi", { rd: S, rs1: S, imm: 1 }).put("addi", { rd: D, rs1: D, imm: 1 })
          .put("lb", { rd: T, rs1: S, imm: -1 }).put("sb", { rs1: D, rs2: T, imm: -1 }),
    ],
    [
      "the end is the byte read",
      (c) =>
        c.put("addi", { rd: S, rs1: S, imm: 1 }).put("addi", { rd: D, rs1: D, imm: 1 })
          .put("lbu", { rd: E, rs1: S, imm: -1 }).put("sb", { rs1: D, rs2: E, imm: -1 }),
    ],
    [
      "pointers go apart",
      (c) =>
        c.put("addi", { rd: S, rs1: S, imm: 1 }).put("addi", { rd: D, rs1: D, imm: -1 })
          .put("lbu", { rd: T, rs1: S, imm: -1 }).put("sb", { rs1: D, rs2: T, imm: -1 }),
    ],
  ];
  for (const [what, put] of puts) {
    const code = put(new Assembler().label("head")).put("bne", { rs1: D, rs2: E }, "head")
      .put("ebreak").bytes();
    const make = () => {
      const form = { short: false, targetFirst: false, byTarget: true, swapped: false };
      const one = lab("fill", form, BigInt(DATA), BigInt(DATA + 0x4000), 2000n);
      one.write(CODE, code);
      return one;
    };
    const [loops, steps] = [make(), make()];
    loops.engine.pages.runLoop = () => {
      throw new Error(`taken for a loop: ${what}`);
    };
    sameAsSteps(loops, steps, 3000);
  }
});

Deno.test("a loop over the end of a page of code is run one by one", () => {
  const form = { short: true, targetFirst: false, byTarget: true, swapped: false };
  for (let before = 2; before < 16; before += 2) {
    const make = () => {
      const one = lab("up", form, BigInt(DATA), BigInt(DATA + 0x4000), 500n);
      const start = 0x8000_2000 - before;
      one.write(start, loop("up", form).bytes());
      one.pc = BigInt(start);
      return one;
    };
    sameAsSteps(make(), make(), 2600);
  }
});
