import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  type Access,
  EXECUTE,
  PTE_G,
  PTE_R,
  PTE_U,
  PTE_W,
  PTE_X,
  READ,
  WRITE,
} from "../../src/vm/machine/sv39.ts";
import { Assembler } from "./engine_lab.ts";
import { at, machine, plant, SMALL, Tables, translate, va } from "./machine_lab.ts";

const RWU = PTE_R | PTE_W | PTE_U;
const RXU = PTE_R | PTE_X | PTE_U;

Deno.test("touching 2 MiB costs 512 entries as 4 KiB pages and one as a leaf", () => {
  const small = new Tables(machine());
  for (let i = 0; i < 512; i++) small.map(0x20_0000 + i * 4096, at(i * 4096), RWU);
  const large = new Tables(machine());
  large.map(0x20_0000, at(0), RWU, 1);
  for (const tables of [small, large]) {
    tables.use();
    for (let i = 0; i < 512; i++) translate(tables.machine.mmu, va(0x20_0000 + i * 4096), READ);
  }
  assertEquals(small.machine.mmu.counters().read.misses, [512, 0, 0]);
  assertEquals(large.machine.mmu.counters().read.misses, [0, 1, 0]);
  assertEquals(large.machine.mmu.counters().read.hits, [0, 511, 0]);
});

/** A U-mode loop that loads from `pages` pages `rounds` times, then calls. */
function touch(pages: number, rounds: number): Uint8Array {
  return new Assembler()
    .put("lui", { rd: 5, imm: 0x40_0000 }) // x5 = first page
    .put("addi", { rd: 6, rs1: 0, imm: rounds })
    .label("round")
    .put("addi", { rd: 7, rs1: 5, imm: 0 })
    .put("addi", { rd: 8, rs1: 0, imm: pages })
    .put("lui", { rd: 9, imm: 0x1000 })
    .label("page")
    .put("lbu", { rd: 10, rs1: 7, imm: 0 })
    .put("add", { rd: 7, rs1: 7, rs2: 9 })
    .put("addi", { rd: 8, rs1: 8, imm: -1 })
    .put("bne", { rs1: 8, rs2: 0 }, "page")
    .put("addi", { rd: 6, rs1: 6, imm: -1 })
    .put("bne", { rs1: 6, rs2: 0 }, "round")
    .put("ecall")
    .bytes();
}

/** Tables with that program at 0x1000 in U-mode, and 4 MiB of data at 0x40_0000 in leaves of a level. */
function touching(pages: number, rounds: number, level: 0 | 1): Tables {
  const tables = new Tables(machine({ traps: "host" }));
  const { ram, hart } = tables.machine;
  ram.write(at(0), touch(pages, rounds));
  tables.map(0x1000, at(0), RXU);
  for (let i = 0; i < (level === 0 ? 1024 : 2); i++) {
    const size = level === 0 ? 4096 : 0x20_0000;
    tables.map(0x40_0000 + i * size, at(0x20_0000 + i * size), RWU, level);
  }
  hart.mode = 0;
  hart.pc = 0x1000n;
  tables.use();
  return tables;
}

Deno.test("the interpreter's loads count one miss or one hit each, by the size of the leaf", () => {
  // 100 pages stay in 256 entries: they miss in the first of 5 rounds only.
  const fits = touching(100, 5, 0);
  assertEquals(fits.machine.run(1e6).kind, "trap");
  const { read, execute } = fits.machine.mmu.counters();
  assertEquals([read.hits, read.misses], [[400, 0, 0], [100, 0, 0]]);
  assertEquals(execute.misses, [1, 0, 0]);
  // 512 pages do not: direct-mapped, each one evicts another in every round.
  const thrashes = touching(512, 3, 0);
  thrashes.machine.run(1e6);
  assertEquals(thrashes.machine.mmu.counters().read.misses, [3 * 512, 0, 0]);
  // As two superpages they do, and every touch but the first of each is a hit.
  const superpages = touching(1024, 3, 1);
  superpages.machine.run(1e6);
  const large = superpages.machine.mmu.counters().read;
  assertEquals([large.hits, large.misses], [[0, 3 * 1024 - 2, 0], [0, 2, 0]]);
});

Deno.test("counts are the same in single steps, and when the fast tables are emptied at any time", () => {
  const whole = touching(300, 2, 0);
  whole.machine.run(1e6);
  const stepped = touching(300, 2, 0);
  for (let n = 0; stepped.machine.run(1).kind === "budget"; n++) {
    if (n % 7 === 0) stepped.machine.mmu.tlb.dropFast();
  }
  const counted = (tables: Tables) => {
    const { read, write } = tables.machine.mmu.counters();
    return { read, write };
  };
  assertEquals(counted(stepped), counted(whole));
});

Deno.test("an entry outlives its PTE until sfence.vma drops it", () => {
  const tables = new Tables(machine());
  const { mmu, ram } = tables.machine;
  const slot = tables.map(0x1000, at(0x3000), RWU);
  const other = tables.map(0x2000, at(0x4000), RWU);
  tables.use();
  translate(mmu, va(0x1000), READ);
  translate(mmu, va(0x2000), READ);
  ram.writePte(slot, 0);
  ram.writePte(other, 0);
  assertEquals(translate(mmu, va(0x1000), READ), at(0x3000));
  assertEquals(translate(mmu, va(0x1000), WRITE), -15);
  mmu.sfence(va(0x1fff));
  assertEquals(translate(mmu, va(0x1000), READ), -13);
  assertEquals(translate(mmu, va(0x2000), READ), at(0x4000));
  mmu.sfence();
  assertEquals(translate(mmu, va(0x2000), READ), -13);
  const { flushes, pageFlushes } = mmu.counters();
  assertEquals([flushes, pageFlushes], [1, 1]);
});

Deno.test("sfence.vma of any address in a superpage drops the whole, also its pieces in the fast table", () => {
  const tables = touching(600, 1, 1);
  const { mmu, ram } = tables.machine;
  tables.machine.run(1e6);
  const before = mmu.counters().read;
  assertEquals(before.misses, [0, 2, 0]);
  ram.writePte(tables.slot(0x40_0000, 1), 0);
  mmu.sfence(va(0x40_0000 + 0x12_3000));
  tables.machine.hart.pc = 0x1000n;
  const stop = tables.machine.run(1e6);
  assertEquals(stop.kind === "trap" && [stop.cause, stop.tval], [13, 0x40_0000n]);
});

Deno.test("sfence.vma with an ASID leaves other ASIDs and global entries", () => {
  const tables = new Tables(machine({ traps: "host" }));
  const { mmu } = tables.machine;
  tables.map(0x1000, at(0x1000), RWU);
  tables.map(0x2000, at(0x2000), RWU | PTE_G);
  for (const asid of [5, 6]) {
    tables.use(asid);
    translate(mmu, va(0x1000), READ);
    translate(mmu, va(0x2000), READ);
  }
  const held = () => mmu.entries().map((e) => `${e.asid}:${e.va}`).sort();
  assertEquals(held(), ["5:4096", "5:8192", "6:4096", "6:8192"]);
  mmu.sfence(undefined, 5);
  assertEquals(held(), ["5:8192", "6:4096", "6:8192"]);
  mmu.sfence(va(0x2000), 6);
  assertEquals(held(), ["5:8192", "6:4096", "6:8192"]);
  mmu.sfence(va(0x2000));
  assertEquals(held(), ["6:4096"]);
  mmu.sfence();
  assertEquals(held(), []);
});

Deno.test("sfence.vma of one address with an ASID leaves the fetches of another", () => {
  const tables = new Tables(machine());
  const { mmu } = tables.machine;
  tables.map(0x1000, at(0x1000), RXU);
  for (const asid of [5, 6]) {
    tables.use(asid);
    translate(mmu, va(0x1000), EXECUTE);
  }
  mmu.sfence(va(0x1000), 6);
  assertEquals(mmu.entries().map((e) => e.asid), [5]);
});

Deno.test("pieces of a superpage above 4 GiB go with it", () => {
  const tables = new Tables(machine({ traps: "host" }));
  const { machine: made } = tables;
  const high = 0x12_3440_0000;
  made.ram.write(at(0), new Assembler().put("lbu", { rd: 10, rs1: 5 }).put("ecall").bytes());
  made.ram.write8(at(0x20_5000), 7);
  tables.map(0x1000, at(0), RXU);
  tables.map(high, at(0x20_0000), RWU, 1);
  tables.use();
  made.hart.mode = 0;
  made.hart.selectBanks();
  const load = () => {
    made.hart.pc = 0x1000n;
    made.hart.setX(5, BigInt(high + 0x5000));
    return made.run(2);
  };
  load();
  assertEquals(made.hart.x(10), 7n);
  made.ram.writePte(tables.slot(high, 1), 0);
  made.mmu.sfence(va(high + 0x12_3000));
  const stop = load();
  assertEquals(stop.kind === "trap" && [stop.cause, stop.tval], [13, BigInt(high + 0x5000)]);
});

Deno.test("sfence.vma with an ASID spares global superpages, of one address and of all", () => {
  const tables = new Tables(machine({ traps: "host" }));
  const { mmu } = tables.machine;
  tables.map(0x20_0000, at(0), RWU, 1);
  tables.map(0x40_0000, at(0), RWU | PTE_G, 1);
  tables.map(0x4000_0000, at(0), RWU | PTE_G, 2);
  tables.use(5);
  const pages = [0x20_0000, 0x40_0000, 0x4000_0000];
  const held = () => mmu.entries().map((e) => Number(e.va)).sort((a, b) => a - b);
  for (const page of pages) translate(mmu, va(page + 0x1234), READ);
  assertEquals(held(), pages);
  mmu.sfence(va(0x40_5000), 5);
  mmu.sfence(va(0x4000_5000), 5);
  assertEquals(held(), pages);
  mmu.sfence(undefined, 5);
  assertEquals(held(), pages.slice(1));
  mmu.sfence(va(0x4000_5000));
  assertEquals(held(), [0x40_0000]);
  mmu.sfence(va(2 ** 39), 5);
  mmu.sfence(2n ** 63n as never);
  assertEquals(held(), [0x40_0000], "an address that is not canonical matches nothing");
});

Deno.test("more superpages than entries: the oldest is given up, with its pieces in the fast table", () => {
  const tables = new Tables(machine({ traps: "host" }));
  const { machine: made } = tables;
  made.ram.write(at(0), new Assembler().put("ld", { rd: 10, rs1: 5 }).put("ecall").bytes());
  tables.map(0x1000, at(0), RXU);
  const page = (i: number) => 0x4000_0000 + i * 0x20_0000;
  for (let i = 0; i < 400; i++) tables.map(page(i), at(0x20_0000), RWU, 1);
  tables.use();
  made.hart.mode = 0;
  made.hart.selectBanks();
  const loads = (i: number) => {
    made.hart.pc = 0x1000n;
    // Each in another place of the fast table, so that none is pushed out of that.
    made.hart.setX(5, BigInt(page(i) + 4096 * (i % 256)));
    const stop = made.run(2);
    return stop.kind === "trap" && stop.cause === 8;
  };
  const misses = () => made.mmu.counters().read.misses[1];
  for (let i = 0; i < 33; i++) assertEquals([loads(i), loads(i), misses()], [true, true, i + 1]);
  for (const i of [0, 1]) made.ram.writePte(tables.slot(page(i), 1), 0);
  assertEquals([loads(0), loads(1)], [false, true]);
  // Its count of entries in use does not go up for ever, either.
  for (let i = 33; i < 400; i++) {
    assertEquals(loads(i), true);
    made.mmu.tlb.dropFast();
    assertEquals([loads(i), misses()], [true, i + 1]);
  }
  const state = made.save();
  made.mmu.sfence();
  made.restore(state);
  assertEquals([loads(399), loads(368), misses()], [true, true, 400]);
  // After a fence the first that comes is the oldest again.
  made.mmu.sfence();
  for (let i = 10; i < 43; i++) loads(i);
  assertEquals([misses(), loads(11), misses(), loads(10), misses()], [433, true, 433, true, 434]);
});

Deno.test("an entry that a device's page pushes out leaves nothing in the fast table", () => {
  const tables = new Tables(machine({ traps: "host" }));
  const { machine: made } = tables;
  made.ram.write(at(0), new Assembler().put("lbu", { rd: 10, rs1: 5 }).put("ecall").bytes());
  made.ram.write8(at(0x2000), 2);
  made.ram.write8(at(0x3000), 3);
  tables.map(0x1000, at(0), RXU);
  tables.map(0x10_5000, at(0x2000), RWU);
  tables.map(0x20_5000, 0x1000_0000 as never, RWU);
  tables.use();
  made.hart.mode = 0;
  made.hart.selectBanks();
  const load = (address: number) => {
    made.hart.pc = 0x1000n;
    made.hart.setX(5, BigInt(address));
    made.run(2);
    return made.hart.x(10);
  };
  assertEquals([load(0x10_5000), load(0x20_5005)], [2n, 0x60n]);
  tables.map(0x10_5000, at(0x3000), RWU);
  made.mmu.sfence(va(0x10_5000));
  assertEquals(load(0x10_5000), 3n);
});

Deno.test("more contexts than banks: the oldest is given up and its translations are walked again", () => {
  const tables = new Tables(machine());
  const { mmu } = tables.machine;
  tables.map(0x1000, at(0x1000), RWU);
  for (let asid = 0; asid < 20; asid++) {
    tables.use(asid);
    assertEquals(translate(mmu, va(0x1000), READ), at(0x1000));
  }
  assertEquals(mmu.counters().read.misses[0], 20);
  assert(mmu.entries().length <= 8);
  tables.use(0);
  translate(mmu, va(0x1000), READ);
  assertEquals(mmu.counters().read.misses[0], 21);
});

Deno.test("entries tell their page, frame, size, owner and flags; a planted one is used", () => {
  const tables = new Tables(machine());
  const { mmu, ram } = tables.machine;
  tables.map(0x20_0000, at(0x20_0000), RWU, 1);
  tables.use(3);
  translate(mmu, va(0x20_5000), WRITE);
  const entry = mmu.entries()[0];
  assertEquals([entry.asid, entry.user, entry.access], [3, true, WRITE]);
  assertEquals([entry.va as bigint, entry.pa, entry.size], [0x20_0000n, at(0x20_0000), 0x20_0000]);
  assertEquals(entry.flags & 0xff, (ram.readPte(tables.slot(0x20_0000, 1)) & 0xff) | 0xc0);
  plant(mmu, va(0x9000), READ, at(0x7000), RWU | 1);
  assertEquals(translate(mmu, va(0x9004), READ), at(0x7004));
  assertEquals(mmu.entries().length, 2);
});

Deno.test("a page with decoded code takes stores, and they change what is executed", () => {
  const tables = new Tables(machine({ traps: "host" }));
  const { ram, hart, mmu } = tables.machine;
  const patch = new Assembler().put("addi", { rd: 10, rs1: 0, imm: 2 }).bytes();
  ram.write(
    at(0),
    new Assembler()
      .put("addi", { rd: 10, rs1: 0, imm: 1 })
      .put("sw", { rs1: 5, rs2: 6, imm: 0 })
      .put("ecall").bytes(),
  );
  tables.map(0x1000, at(0), RXU | PTE_W);
  tables.map(0x2000, at(0), RWU);
  tables.use();
  hart.mode = 0;
  hart.setX(6, BigInt(new DataView(patch.buffer).getUint32(0, true)));
  for (const [alias, value] of [[0x2000n, 1n], [0x1000n, 2n]]) {
    hart.setX(5, alias);
    hart.pc = 0x1000n;
    assertEquals(tables.machine.run(100).kind, "trap");
    assertEquals(hart.x(10), value);
  }
  hart.pc = 0x1000n;
  tables.machine.run(100);
  assertEquals(hart.x(10), 2n);
  assertEquals(mmu.counters().write.misses, [2, 0, 0]);
});

Deno.test("property: the TLB never changes what a correct kernel sees, and its hits and misses add up", () => {
  const step = fc.oneof(
    fc.record({ op: fc.constant("access"), page: fc.nat(700), access: fc.nat(1) }),
    fc.record({ op: fc.constant("map"), page: fc.nat(700), access: fc.nat(30) }),
    fc.record({ op: fc.constant("fence"), page: fc.nat(700), access: fc.nat(1) }),
    fc.record({ op: fc.constant("drop"), page: fc.nat(700), access: fc.nat(1) }),
  );
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 120 }), (steps) => {
      const tables = new Tables(machine());
      const { mmu } = tables.machine;
      const model = new Map<number, number>();
      tables.use();
      let accesses = 0;
      for (const { op, page, access } of steps) {
        if (op === "map") {
          tables.map(page * 4096, at(access * 4096), RWU);
          mmu.sfence(va(page * 4096));
          model.set(page, at(access * 4096));
        } else if (op === "fence") {
          mmu.sfence();
        } else if (op === "drop") {
          mmu.tlb.dropFast();
        } else {
          const kind = access as Access;
          accesses++;
          const expected = model.get(page) ?? (kind === READ ? -13 : -15);
          assertEquals(translate(mmu, va(page * 4096), kind), expected);
        }
      }
      const { read, write, walks } = mmu.counters();
      const sum = (triple: readonly number[]) => triple.reduce((a, b) => a + b, 0);
      const missed = sum(read.misses) + sum(write.misses);
      const faults = read.faults + write.faults;
      assertEquals(sum(read.hits!) + sum(write.hits!) + missed + faults, accesses);
      assertEquals(walks, missed + faults);
    }),
    { numRuns: 40 },
  );
});

Deno.test("execute entries need X, and a fetch outside RAM is an access fault", () => {
  const tables = new Tables(machine({ traps: "host" }));
  const { hart } = tables.machine;
  tables.map(0x1000, at(0), RWU);
  tables.map(0x2000, 0x1000_0000 as ReturnType<typeof at>, RXU);
  tables.use();
  hart.mode = 0;
  for (
    const [pc, cause] of [[0x1000n, 12], [0x2000n, 1], [0x3000n, 12], [1n << 40n, 12]] as const
  ) {
    hart.pc = pc;
    const stop = tables.machine.run(1);
    assertEquals(stop.kind === "trap" && [stop.cause, stop.tval, stop.epc], [cause, pc, pc]);
  }
  assertEquals(translate(tables.machine.mmu, va(0x1000), EXECUTE), -12);
  assertEquals(tables.machine.instret, 0);
  assert(tables.machine.ram.size === SMALL);
});
