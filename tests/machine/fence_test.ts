/** What a fence of everything keeps, and that it keeps nothing that it must not. */

import { assert, assertEquals } from "@std/assert";
import type { PaNum } from "../../src/vm/machine/address.ts";
import { MSTATUS } from "../../src/vm/machine/hart/csr_state.ts";
import type { Machine } from "../../src/vm/machine/machine.ts";
import type { MmuCounters } from "../../src/vm/machine/mmu.ts";
import {
  EXECUTE,
  makePte,
  makeSatp,
  PTE_A,
  PTE_D,
  PTE_G,
  PTE_R,
  PTE_U,
  PTE_V,
  PTE_W,
  PTE_X,
  READ,
  WRITE,
} from "../../src/vm/machine/sv39.ts";
import { at, machine, plant, program, SMALL, Tables, translate, va } from "./machine_lab.ts";

const RWU = PTE_R | PTE_W | PTE_U;
const DONE = PTE_V | PTE_A | PTE_D;

/** Pages 1 to 4 at frames 1 to 4, the third one invalid. */
function four(made: Machine = machine()): Tables {
  const tables = new Tables(made);
  for (const i of [1, 2, 4]) tables.map(i * 4096, at(i * 4096), RWU | PTE_A | PTE_D);
  return tables;
}

const walks = ({ mmu }: Machine) => mmu.counters().walks;
const read = ({ mmu }: Machine, page: number) => translate(mmu, va(page * 4096), READ);

/** What a piece of work costs. */
function cost(made: Machine, work: () => void): Pick<MmuCounters, "walks" | "idleFlushes"> {
  const before = made.mmu.counters();
  work();
  const after = made.mmu.counters();
  return {
    walks: after.walks - before.walks,
    idleFlushes: after.idleFlushes - before.idleFlushes,
  };
}

Deno.test("a fence with no table changed keeps all, and counts as one that dropped nothing", () => {
  const { machine: made, ...tables } = withRoots(1);
  tables.use(0);
  for (const page of [1, 2]) read(made, page);
  const idle = cost(made, () => {
    for (let i = 0; i < 5; i++) {
      made.mmu.sfence();
      for (const page of [1, 2]) assertEquals(read(made, page), at(page * 4096));
    }
  });
  assertEquals(idle, { walks: 0, idleFlushes: 5 });
  const { read: { hits, misses }, flushes } = made.mmu.counters();
  assertEquals([hits?.[0], misses[0], flushes], [10, 2, 5]);
});

/** A machine with some address spaces alike but for where page 1 is: frame 1, 11, 21 … */
function withRoots(count: number, made: Machine = machine()) {
  const spaces: Tables[] = [];
  for (let i = 0; i < count; i++) {
    const tables = i === 0 ? new Tables(made) : nextTo(spaces[i - 1]);
    for (const page of [1, 2]) {
      tables.map(page * 4096, at((10 * i + page) * 4096), RWU | PTE_A | PTE_D);
    }
    spaces.push(tables);
  }
  return { machine: made, spaces, use: (i: number, asid = 0) => spaces[i].use(asid) };
}

/** Tables in the same machine, of other frames. */
function nextTo(tables: Tables): Tables {
  return new Tables(tables.machine, tables.frame());
}

Deno.test("in the built-in kernel's machine each fence drops", () => {
  const tables = four(machine({ traps: "host" }));
  tables.use();
  const { machine: made } = tables;
  for (let i = 0; i < 3; i++) {
    assertEquals(cost(made, () => read(made, 1)), { walks: 1, idleFlushes: 0 });
    made.mmu.sfence();
    assertEquals(made.mmu.entries(), []);
  }
  assertEquals(made.mmu.counters().idleFlushes, 0);
});

Deno.test("spaces of one ASID: each fence leaves the translations of the root in satp", () => {
  const { machine: made, use } = withRoots(3);
  for (const i of [0, 1, 2]) {
    use(i);
    made.mmu.sfence();
    read(made, 1);
  }
  const turns = cost(made, () => {
    for (const i of [0, 2, 1, 1, 0, 2]) {
      use(i);
      made.mmu.sfence();
      assertEquals(read(made, 1), at((10 * i + 1) * 4096));
      assertEquals(made.mmu.entries().map((e) => e.pa), [at((10 * i + 1) * 4096)]);
    }
  });
  assertEquals(turns, { walks: 0, idleFlushes: 6 });
});

Deno.test("no fence after satp: the old root's translations stay, and the new one's come to them", () => {
  const { machine: made, use } = withRoots(2);
  use(0);
  made.mmu.sfence();
  assertEquals(read(made, 1), at(0x1000));
  use(1);
  assertEquals([read(made, 1), read(made, 2)], [at(0x1000), at(12 * 4096)]);
  use(0);
  assertEquals([read(made, 1), read(made, 2)], [at(0x1000), at(12 * 4096)]);
  const { idleFlushes } = made.mmu.counters();
  made.mmu.sfence();
  assertEquals(made.mmu.counters().idleFlushes, idleFlushes, "they are of two roots");
  assertEquals([read(made, 1), read(made, 2)], [at(0x1000), at(0x2000)]);
  use(1);
  made.mmu.sfence();
  assertEquals([read(made, 1), read(made, 2)], [at(11 * 4096), at(12 * 4096)]);
});

Deno.test("with an ASID each, spaces go on as they were, and without a fence", () => {
  const { machine: made, use } = withRoots(2);
  for (const i of [0, 1]) {
    use(i, i + 1);
    read(made, 1);
  }
  const turns = cost(made, () => {
    for (const i of [0, 1, 0, 1]) {
      use(i, i + 1);
      made.mmu.sfence(undefined, 2 - i);
      assertEquals(read(made, 1), at((10 * i + 1) * 4096));
    }
  });
  assertEquals(turns, { walks: 0, idleFlushes: 4 });
  // An ASID that is given to another root without a fence.
  use(0, 2);
  assertEquals(read(made, 1), at(11 * 4096));
  made.mmu.sfence(undefined, 1);
  assertEquals(read(made, 1), at(11 * 4096), "the fence was for another ASID");
  made.mmu.sfence(undefined, 2);
  assertEquals(read(made, 1), at(0x1000));
});

Deno.test("what was put by does not come back when its tables have changed since, fence or not", () => {
  const { machine: made, spaces, use } = withRoots(2);
  use(0);
  read(made, 1);
  use(1);
  made.mmu.sfence();
  read(made, 1);
  spaces[0].map(0x1000, at(0x5000), RWU);
  use(0);
  assertEquals(read(made, 1), at(11 * 4096), "that of the other root is in use");
  made.mmu.sfence();
  assertEquals(read(made, 1), at(0x5000));
});

Deno.test("put by after one fence, changed, and asked for with no other one: the tables are walked", () => {
  const { machine: made, spaces, use } = withRoots(2);
  use(0, 1);
  read(made, 1);
  use(1, 2);
  made.mmu.sfence();
  spaces[0].map(0x1000, at(0x5000), RWU);
  use(0, 1);
  assertEquals(read(made, 1), at(0x5000));
});

Deno.test("only the spaces whose tables have changed are dropped", () => {
  const { machine: made, spaces, use } = withRoots(3);
  for (const i of [0, 1, 2]) {
    use(i);
    made.mmu.sfence();
    for (const page of [1, 2]) read(made, page);
  }
  spaces[1].map(0x1000, at(0x5000), RWU);
  made.mmu.sfence();
  const of = (i: number) =>
    cost(made, () => {
      use(i);
      made.mmu.sfence();
      for (const page of [1, 2]) read(made, page);
    }).walks;
  assertEquals([of(0), of(1), of(2), of(1)], [0, 2, 0, 0]);
});

Deno.test("a page that was not mapped gets mapped: no translation came from there", () => {
  const tables = four();
  const { machine: made } = tables;
  tables.use();
  for (const page of [1, 2, 4]) read(made, page);
  assertEquals(read(made, 3), -13);
  tables.map(0x3000, at(0x3000), RWU);
  assertEquals(cost(made, () => made.mmu.sfence()), { walks: 0, idleFlushes: 1 });
  assertEquals(read(made, 3), at(0x3000));
  tables.map(0x3000, at(0x5000), RWU);
  assertEquals(cost(made, () => made.mmu.sfence()), { walks: 0, idleFlushes: 0 });
  assertEquals(read(made, 3), at(0x5000));
});

/** Each way to change a PTE, told where it stands. */
const WAYS: Readonly<Record<string, (made: Machine, slot: PaNum) => void>> = {
  writePte: ({ ram }, slot) => ram.writePte(slot, 0),
  writeHalves: ({ ram }, slot) => ram.writeHalves(slot, 0, 0),
  write64: ({ ram }, slot) => ram.write64(slot, 0n),
  "write64 over two": ({ ram }, slot) => ram.write64((slot - 4) as PaNum, 0n),
  write32: ({ ram }, slot) => ram.write32(slot, 0),
  write16: ({ ram }, slot) => ram.write16(slot, 0),
  write8: ({ ram }, slot) => ram.write8(slot, 0),
  write: ({ ram }, slot) => ram.write((slot - 3) as PaNum, new Uint8Array(11)),
  fill: ({ ram }, slot) => ram.fill((slot - 9) as PaNum, 32, 0),
  copy: ({ ram }, slot) => ram.copy(slot, at(0x6000), 16),
  writeFrom: ({ ram }, slot) => ram.writeFrom(slot, 0x3000, 8),
  // From the frame before the root on, which is none of the tables.
  "fill over frames": ({ ram }) => ram.fill(at(SMALL / 2 - 4096), 8192, 0),
  "upper half": ({ ram }, slot) => ram.write32((slot + 4) as PaNum, 0xffc0_0000),
  fillFrame: ({ ram }, slot) => ram.fillFrame(((slot & ~0xfff) >>> 0) as PaNum, 0),
  copyFrame: ({ ram }, slot) => ram.copyFrame(((slot & ~0xfff) >>> 0) as PaNum, at(0x6000)),
};

for (const [name, change] of Object.entries(WAYS)) {
  Deno.test(`a change of a table counts, by any way to change RAM: ${name}`, () => {
    const tables = four();
    const { machine: made } = tables;
    tables.use();
    const slot = tables.slot(0x2000);
    read(made, 2);
    made.mmu.sfence();
    change(made, slot);
    assertEquals(read(made, 2), at(0x2000), "until its fence");
    assertEquals(cost(made, () => made.mmu.sfence()).idleFlushes, 0);
    assertEquals(read(made, 2), -13);
  });
}

Deno.test("a frame that was changed often is told of as long as translations come from it", () => {
  const tables = four(machine({ harts: 2 }));
  const { machine: { ram, harts: [{ mmu }, other] } } = tables;
  for (const one of [mmu, other.mmu]) one.setRoot(tables.root);
  translate(mmu, va(0x1000), READ);
  translate(other.mmu, va(0x5000), READ);
  // Where no PTE was valid: nothing to tell.
  for (let i = 8; i < 108; i++) tables.map(i * 4096, at(0x1000), RWU);
  mmu.sfence();
  assertEquals(mmu.counters().idleFlushes, 1);
  tables.map(0x1000, at(0x5000), RWU);
  mmu.sfence();
  assertEquals(translate(mmu, va(0x1000), READ), at(0x5000));
  // When none comes from it any more, it is a frame as any other.
  const index = (tables.slot(0x1000) - at(0)) >> 12;
  assertEquals(ram.tables[index] > 0, true);
  for (let i = 1; i < 20; i++) tables.map(i * 4096, at(0x1000), RWU);
  assertEquals(ram.tables[index], 0);
});

Deno.test("so does one further up", () => {
  for (const level of [1, 2] as const) {
    const tables = four();
    const { machine: made } = tables;
    tables.use();
    read(made, 2);
    made.ram.writePte(tables.slot(0x2000, level), 0);
    made.mmu.sfence();
    assertEquals(read(made, 2), -13);
  }
});

Deno.test("A and D set by a walk are no change", () => {
  const tables = new Tables(machine({ harts: 2 }));
  const { machine: made } = tables;
  for (const page of [1, 2]) tables.map(page * 4096, at(page * 4096), RWU);
  const [one, other] = made.harts.map(({ mmu }) => mmu);
  for (const mmu of [one, other]) mmu.setRoot(tables.root);
  translate(one, va(0x1000), READ);
  translate(other, va(0x1000), WRITE);
  translate(other, va(0x2000), WRITE);
  assertEquals(made.ram.readPte(tables.slot(0x1000)) & 0xff, RWU | DONE);
  for (const mmu of [one, other]) mmu.sfence();
  assertEquals([one, other].map((mmu) => mmu.counters().idleFlushes), [1, 1]);
  assertEquals(one.entries().map((e) => e.flags & PTE_D), [0]);
  // That a kernel takes D away is one: the next store has to set it.
  made.ram.writePte(tables.slot(0x1000), makePte(at(0x1000), RWU | PTE_V | PTE_A));
  other.sfence();
  translate(other, va(0x1000), WRITE);
  assertEquals(made.ram.readPte(tables.slot(0x1000)) & PTE_D, PTE_D);
});

Deno.test("each hart's translations stay until its own fence, and go then", () => {
  const tables = four(machine({ harts: 3 }));
  const { machine: made } = tables;
  const mmus = made.harts.map(({ mmu }) => mmu);
  for (const mmu of mmus) {
    mmu.setRoot(tables.root);
    translate(mmu, va(0x1000), READ);
  }
  tables.map(0x1000, at(0x5000), RWU);
  mmus[1].sfence();
  const now = () => mmus.map((mmu) => (translate(mmu, va(0x1000), READ) - at(0)) / 4096);
  assertEquals(now(), [1, 5, 1]);
  mmus[1].sfence();
  assertEquals(now(), [1, 5, 1]);
  mmus[0].sfence();
  assertEquals(now(), [5, 5, 1]);
  mmus[2].sfence();
  assertEquals(now(), [5, 5, 5]);
  assertEquals(mmus.map((mmu) => mmu.counters().idleFlushes), [0, 1, 0]);
});

Deno.test("a fence of one address drops it, of whatever root, and leaves what is put by", () => {
  const { machine: made, use } = withRoots(2);
  use(0);
  for (const page of [1, 2]) read(made, page);
  use(1);
  made.mmu.sfence(va(0x1000));
  assertEquals([read(made, 1), read(made, 2)], [at(11 * 4096), at(0x2000)]);
  made.mmu.sfence();
  for (const page of [1, 2]) read(made, page);
  use(0);
  made.mmu.sfence();
  for (const page of [1, 2]) read(made, page);
  made.mmu.sfence(va(0x1000));
  const again = (page: number) => cost(made, () => read(made, page)).walks;
  assertEquals([again(1), again(2)], [1, 0]);
  use(1);
  made.mmu.sfence();
  assertEquals([again(1), again(2)], [0, 0]);
});

Deno.test("a hart goes on behind a fence with the translations of its mode", () => {
  const made = program((a) => {
    a.put("sfence.vma", { rs1: 0, rs2: 0 }).put("ld", { rd: 10, rs1: 5 })
      .put("sfence.vma", { rs1: 0, rs2: 0 }).put("ld", { rd: 11, rs1: 5 });
  });
  const tables = new Tables(made);
  tables.map(0x1000, at(0x3000), RWU);
  made.ram.write64(at(0x3000), 7n);
  made.hart.writeCsr("satp", makeSatp(tables.root));
  // M-mode, with loads as S-mode makes them, of user pages as well.
  made.hart.writeCsr("mstatus", BigInt(MSTATUS.MPRV | MSTATUS.SUM | 1 << 11));
  made.hart.setX(5, 0x1000n);
  made.run(4);
  assertEquals([made.hart.x(10), made.hart.x(11), walks(made)], [7n, 7n, 1]);
});

Deno.test("two stores of a region that are looked up once, and a walk of their page between them", () => {
  const made = program((a) => {
    a.label("loop").put("sd", { rs1: 5, rs2: 6, imm: 40 }).put("ld", { rd: 7, rs1: 8 })
      .put("sd", { rs1: 5, rs2: 9, imm: 8 });
    for (let i = 0; i < 12; i++) a.put("addi", { rd: 10, rs1: 10, imm: 1 });
    a.put("jal", { rd: 0 }, "loop");
  }, { compile: "always", countHits: false });
  const { hart, ram, mmu } = made;
  const tables = new Tables(made);
  const slot = tables.map(0x1000, at(0x3000), PTE_R | PTE_W);
  ram.write64(at(0x3000), 3n);
  ram.write64(at(0x5000), 5n);
  tables.map(at(0), at(0), PTE_R | PTE_W | PTE_X, 2); // RAM as it is
  hart.writeCsr("satp", makeSatp(tables.root));
  hart.mode = 1;
  const run = (to: PaNum, load: number) => {
    hart.setX(5, BigInt(to - 8));
    hart.setX(6, 0n);
    hart.setX(8, BigInt(load));
    hart.setX(9, BigInt(makePte(at(0x5000), PTE_R | DONE)));
    hart.pc = BigInt(at(0));
    made.run(16);
    return hart.x(7);
  };
  const found = () => mmu.frameOf(mmu.bankFor(1, 0), READ, 0, 0x1000) * 4096;
  const spare = tables.frame();
  // Compiled, and with the table in the write TLB.
  for (let i = 0; i < 3; i++) run(spare, spare + 64);
  ram.write64(slot, BigInt(makePte(at(0x3000), PTE_R | DONE)));
  run((slot + 512) as PaNum, spare + 64);
  assertEquals(made.engine.tier?.counters.translated, 1);
  assertEquals([run(slot, 0x1000), found()], [3n, at(0x3000)]);
  mmu.sfence();
  assertEquals([mmu.counters().idleFlushes, found()], [0, at(0x5000)]);
});

Deno.test("a store to a table by itself, whose walk makes its frame a table, is the same in both tiers", () => {
  const counters = (["always", "never"] as const).map((compile) => {
    const made = program((a) => {
      a.label("loop").put("sd", { rs1: 5, rs2: 0 });
      for (let i = 0; i < 6; i++) a.put("addi", { rd: 10, rs1: 10, imm: 1 });
      a.put("jal", { rd: 0 }, "loop");
    }, { compile });
    const tables = new Tables(made);
    const table = tables.slot(0) as PaNum;
    tables.map(0x1000, table, PTE_R | PTE_W);
    tables.map(at(0), at(0), PTE_R | PTE_W | PTE_X, 2); // RAM as it is
    made.hart.writeCsr("satp", makeSatp(tables.root));
    made.hart.mode = 1;
    const run = (to: number) => {
      made.hart.setX(5, BigInt(to));
      made.hart.pc = BigInt(at(0));
      made.run(8);
    };
    for (let i = 0; i < 3; i++) run(tables.frame());
    made.save(); // no frame is dirty any more
    run(0x1800);
    assertEquals(made.engine.tier?.counters.translated, compile === "always" ? 1 : undefined);
    return made.mmu.counters();
  });
  assertEquals(counters[0], counters[1]);
});

Deno.test("superpages and fetches are kept and dropped as pages and loads are", () => {
  const tables = new Tables(machine());
  const { machine: made } = tables;
  const flags = RWU | PTE_X | PTE_A | PTE_D;
  tables.map(0x20_0000, at(0), flags, 1);
  tables.map(0x4000_0000, at(0) as PaNum, flags, 2);
  tables.use();
  const all = () =>
    [0x20_5000, 0x4000_5000].flatMap((page) =>
      [READ, WRITE, EXECUTE].map((access) => translate(made.mmu, va(page), access as 0))
    );
  const before = all();
  made.mmu.sfence();
  assertEquals(cost(made, () => assertEquals(all(), before)).walks, 0);
  tables.map(0x20_0000, at(0x20_0000), flags, 1);
  made.mmu.sfence();
  assertEquals(all().slice(0, 3), Array(3).fill(at(0x20_5000)));
});

Deno.test("a fence of one ASID keeps global entries in use, also where others had to go", () => {
  const tables = four();
  const { machine: made } = tables;
  tables.map(0x6000, at(0x6000), RWU | PTE_G);
  tables.use(3);
  for (const page of [1, 6]) read(made, page);
  tables.map(0x6000, at(0x7000), RWU | PTE_G);
  tables.map(0x1000, at(0x7000), RWU);
  made.mmu.sfence(undefined, 3);
  assertEquals([read(made, 1), read(made, 6)], [at(0x7000), at(0x6000)]);
  made.mmu.sfence(undefined, 3);
  assertEquals(read(made, 6), at(0x6000));
  made.mmu.sfence();
  assertEquals(read(made, 6), at(0x7000));
});

Deno.test("fences of one ASID alone find a bank sure again, once nothing global is left in it", () => {
  const tables = four();
  const { machine: made } = tables;
  tables.use(3);
  const idle = () => cost(made, () => made.mmu.sfence(undefined, 3)).idleFlushes;
  read(made, 1);
  tables.map(0x1000, at(0x5000), RWU);
  assertEquals([idle(), read(made, 1), idle(), read(made, 1)], [0, at(0x5000), 1, at(0x5000)]);
});

Deno.test("protection of physical memory that changes counts as tables that change", () => {
  const tables = four();
  const { machine: { hart, mmu } } = tables;
  hart.writeCsr("pmpaddr0", (1n << 54n) - 1n);
  hart.writeCsr("pmpcfg0", 0x1fn);
  tables.use();
  translate(mmu, va(0x1000), READ);
  // Whether its tables may be read is asked by walks only, and those come after a fence.
  hart.writeCsr("pmpaddr0", BigInt(at(SMALL / 2)) >> 2n);
  hart.writeCsr("pmpcfg0", 0x0fn);
  mmu.setRoot(tables.root);
  assertEquals(translate(mmu, va(0x1000), READ), at(0x1000));
  mmu.sfence();
  assertEquals(translate(mmu, va(0x1000), READ), -5);
});

Deno.test("a saved state knows from which tables its translations came", () => {
  const { machine: made, spaces, use } = withRoots(2);
  use(0);
  read(made, 1);
  use(1);
  made.mmu.sfence();
  read(made, 1);
  const state = structuredClone(made.save());
  for (const again of [machine(), made]) {
    again.restore(state);
    assertEquals(again.save(), state);
    const { mmu, ram } = again;
    mmu.setRoot(spaces[0].root);
    mmu.sfence();
    assertEquals([read(again, 1), walks(again)], [at(0x1000), walks(made)]);
    ram.writePte(spaces[0].slot(0x1000), makePte(at(0x5000), RWU | DONE));
    assertEquals(read(again, 1), at(0x1000));
    mmu.sfence();
    assertEquals(read(again, 1), at(0x5000));
    mmu.setRoot(spaces[1].root);
    mmu.sfence();
    assertEquals(read(again, 1), at(11 * 4096));
  }
});

Deno.test("more spaces than banks are not mixed up", () => {
  const { machine: made, use } = withRoots(12);
  for (let n = 0; n < 60; n++) {
    const i = n * 7 % 12;
    use(i);
    made.mmu.sfence();
    assertEquals([read(made, 1), read(made, 2)], [1, 2].map((page) => at((10 * i + page) * 4096)));
  }
});

Deno.test("a planted entry shows that a fence that may keep everything does", () => {
  const tables = four();
  const { machine: made } = tables;
  tables.use();
  read(made, 1);
  plant(made.mmu, va(0x9000), READ, at(0x7000), RWU | 1);
  made.mmu.sfence();
  assertEquals(read(made, 9), at(0x7000));
  made.ram.writePte(tables.slot(0x1000), 0);
  made.mmu.sfence();
  assertEquals(read(made, 9), -13);
  assert(made.mmu.entries().length === 0);
});
