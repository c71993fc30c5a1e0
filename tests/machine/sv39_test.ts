import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type PaNum, va as surface } from "../../src/vm/machine/address.ts";
import {
  type Access,
  EXECUTE,
  frameOf,
  makePte,
  permits,
  PTE_A,
  PTE_D,
  PTE_G,
  PTE_R,
  PTE_U,
  PTE_V,
  PTE_W,
  PTE_X,
  READ,
  walk,
  WRITE,
} from "../../src/vm/machine/sv39.ts";
import { at, machine, Tables, translate, va } from "./machine_lab.ts";

const RWU = PTE_R | PTE_W | PTE_U;

Deno.test("a walk names each level, its index and its PTE, and ends at the leaf", () => {
  const tables = new Tables(machine());
  const slot = tables.map(0x4000, at(0x9000), RWU);
  const { steps, leaf, fail } = walk(tables.machine.ram, tables.root, va(0x4abc));
  assertEquals(fail, undefined);
  assertEquals(steps.map(({ level, index }) => [level, index]), [[2, 0], [1, 0], [0, 4]]);
  assertEquals(steps[0].pteAddr, tables.root);
  assertEquals(steps[2].pteAddr, slot);
  assertEquals(leaf, {
    level: 0,
    size: 4096,
    pteAddr: slot,
    pte: BigInt(makePte(at(0x9000), RWU | PTE_V)),
    flags: RWU | PTE_V,
    page: at(0x9000),
    pa: at(0x9abc),
  });
});

Deno.test("leaves of 2 MiB and 1 GiB give the offset inside them", () => {
  const tables = new Tables(machine());
  tables.map(0x4020_0000, at(0x20_0000), RWU, 1);
  tables.map(0x8000_0000, 0x8000_0000 as PaNum, RWU, 2);
  const mega = walk(tables.machine.ram, tables.root, va(0x403f_fffe)).leaf;
  assertEquals([mega?.level, mega?.size, mega?.pa], [1, 0x20_0000, at(0x3f_fffe)]);
  const giga = walk(tables.machine.ram, tables.root, va(0x8012_3456)).leaf;
  assertEquals([giga?.level, giga?.size, giga?.pa], [2, 0x4000_0000, 0x8012_3456 as PaNum]);
});

Deno.test("each check of the walk fails by its name and stops there", () => {
  const made = machine();
  const tables = new Tables(made);
  const ram = made.ram;
  const failure = (address: bigint) => {
    const { fail, steps, leaf } = walk(ram, tables.root, surface(address));
    assertEquals(leaf, undefined);
    return [fail, steps.length];
  };
  assertEquals(failure(1n << 38n), ["address not canonical", 0]);
  assertEquals(failure(1n << 63n), ["address not canonical", 0]);
  assertEquals(failure(0n), ["PTE not valid", 1]);

  const leaf = tables.map(0x1000, at(0), RWU);
  ram.writePte(leaf, makePte(at(0), PTE_V | PTE_W | PTE_U));
  assertEquals(failure(0x1000n), ["writable but not readable", 3]);
  ram.writePte(leaf, makePte(at(0), PTE_V | PTE_W | PTE_X | PTE_U));
  assertEquals(failure(0x1000n), ["writable but not readable", 3]);
  for (let bit = 54n; bit < 64n; bit++) {
    ram.write64(leaf, BigInt(makePte(at(0), RWU | PTE_V)) | (1n << bit));
    assertEquals(failure(0x1000n), ["reserved bits set", 3]);
  }
  ram.writePte(leaf, makePte(at(0), PTE_V));
  assertEquals(failure(0x1000n), ["no leaf at level 0", 3]);

  const pointer = tables.slot(0x1000, 1);
  const good = ram.readPte(pointer);
  for (const flag of [PTE_A, PTE_D, PTE_U]) {
    ram.writePte(pointer, good | flag);
    assertEquals(failure(0x1000n), ["A, D or U set in a pointer", 2]);
  }
  ram.writePte(pointer, makePte(0x7fff_f000 as PaNum, PTE_V));
  assertEquals(failure(0x1000n), ["PTE outside RAM", 2]);
  ram.writePte(pointer, makePte(at(0x1000), RWU | PTE_V));
  assertEquals(failure(0x1000n), ["superpage misaligned", 2]);
});

Deno.test("the upper half of the address space is reached through canonical addresses", () => {
  const tables = new Tables(machine());
  tables.map(0x7f_ffff_f000, at(0x7000), RWU | PTE_X);
  assertEquals(
    walk(tables.machine.ram, tables.root, surface(0xffff_ffff_ffff_f008n)).leaf?.pa,
    at(0x7008),
  );
});

/** Permission by the specification's words, for all 32 flag sets. */
Deno.test("a leaf lets through what R, W, X, U, SUM and MXR say", () => {
  for (let flags = 0; flags < 32; flags++) {
    for (const access of [READ, WRITE, EXECUTE] as Access[]) {
      for (const user of [true, false]) {
        for (const sum of [true, false]) {
          for (const mxr of [true, false]) {
            const has = (bit: number) => (flags & bit) !== 0;
            const kind = access === READ
              ? has(PTE_R) || (mxr && has(PTE_X))
              : access === WRITE
              ? has(PTE_W)
              : has(PTE_X);
            const owner = user ? has(PTE_U) : !has(PTE_U) || (sum && access !== EXECUTE);
            const verdict = permits(flags, access, { user, sum, mxr });
            assertEquals(verdict === undefined, kind && owner, `${flags} ${access} ${user}`);
          }
        }
      }
    }
  }
});

Deno.test("the MMU sets A for any access and D for stores, and faults leave the PTE as it was", () => {
  const tables = new Tables(machine());
  const { ram, mmu } = tables.machine;
  const slot = tables.map(0x1000, at(0x5000), RWU);
  const readOnly = tables.map(0x2000, at(0x6000), PTE_R | PTE_U);
  tables.use();
  assertEquals(translate(mmu, va(0x1008), READ), at(0x5008));
  assertEquals(ram.readPte(slot) & (PTE_A | PTE_D), PTE_A);
  assertEquals(translate(mmu, va(0x1008), WRITE), at(0x5008));
  assertEquals(ram.readPte(slot) & (PTE_A | PTE_D), PTE_A | PTE_D);
  assertEquals(translate(mmu, va(0x2000), WRITE), -15);
  assertEquals(translate(mmu, va(0x2000), EXECUTE), -12);
  assertEquals(ram.readPte(readOnly) & (PTE_A | PTE_D), 0);
  assertEquals(translate(mmu, va(0x3000), READ), -13);
});

Deno.test("a mapped frame that is neither RAM nor a device is an access fault", () => {
  const tables = new Tables(machine());
  tables.map(0x1000, 0x4000_0000 as PaNum, RWU | PTE_X);
  tables.use();
  const { mmu } = tables.machine;
  assertEquals(
    [READ, WRITE, EXECUTE].map((access) => translate(mmu, va(0x1000), access as Access)),
    [
      -5,
      -7,
      -1,
    ],
  );
});

Deno.test("property: PTEs made from a frame and flags give both back", () => {
  fc.assert(fc.property(fc.nat(0x7_ffff), fc.nat(0x3ff), (frame, flags) => {
    const pte = makePte((0x8000_0000 + frame * 4096) as PaNum, flags);
    assertEquals(frameOf(pte), (0x8000_0000 + frame * 4096) as PaNum);
    assertEquals(pte & 0x3ff, flags);
  }));
});

Deno.test("property: translation agrees with a flat map of pages, whatever their sizes", () => {
  const page = fc.record({
    slot: fc.nat(40),
    frame: fc.nat(7),
    level: fc.constantFrom(0 as const, 0 as const, 0 as const, 1 as const),
    write: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(page, { maxLength: 20 }), (pages) => {
      const tables = new Tables(machine());
      const model = new Map<number, { pa: number; write: boolean }>();
      for (const { slot, frame, level, write } of pages) {
        // Megapages live above the small pages, so that no pointer is overwritten by a leaf.
        const address = level === 0 ? slot * 4096 : (1 + slot) * 0x20_0000;
        const target = level === 0 ? at(frame * 4096) : at((frame % 3) * 0x20_0000);
        tables.map(address, target, (write ? RWU : PTE_R | PTE_U) | PTE_G, level);
        for (let i = 0; i < (level === 0 ? 1 : 512); i += 73) {
          model.set(address + i * 4096, { pa: target + i * 4096, write });
        }
      }
      tables.use();
      for (const [address, { pa, write }] of model) {
        assertEquals(translate(tables.machine.mmu, va(address + 5), READ), pa + 5);
        assertEquals(translate(tables.machine.mmu, va(address), WRITE), write ? pa : -15);
      }
      assertEquals(translate(tables.machine.mmu, va(0x3f_0000_0000), READ), -13);
    }),
    { numRuns: 25 },
  );
});
