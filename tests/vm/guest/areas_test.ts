/**
 * Areas of a guest's processes: what exec and sbrk lay down, on the small kernel of tests/guest/lab.ts, and what mmap
 * made, in the records of tests/vm/dwarf/fixture/records.c.
 *
 * @module
 */

import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { areasOf, type MappedPage } from "../../../src/vm/guest/areas.ts";
import { stackPages } from "../../../src/vm/guest/exec_layout.ts";
import type { Slot } from "../../../src/vm/guest/proc_table.ts";
import { ImageSymbols } from "../../../src/vm/guest/symbols.ts";
import { shapeNamed, type VmaShape, vmaShape } from "../../../src/vm/guest/vma_shape.ts";
import { vmasOf } from "../../../src/vm/guest/vmas.ts";
import { Words } from "../../../src/vm/guest/words.ts";
import { vmOver } from "../../../src/vm/guest_computer.ts";
import { PAGE_SIZE, type PaNum, RAM_BASE } from "../../../src/vm/machine/address.ts";
import { parseElf } from "../../../src/vm/machine/elf.ts";
import { Machine } from "../../../src/vm/machine/machine.ts";
import { PTE_R, PTE_U, PTE_V, PTE_W, PTE_X } from "../../../src/vm/machine/sv39.ts";
import { guestPartsOf } from "../../../src/vm/parts.ts";
import { typed } from "../../commands/typist.ts";
import { AT, LabGuest } from "../../guest/lab.ts";

/** The process table of the fixture, and the address of its second record. */
function records(shape: number): { symbols: ImageSymbols; words: Words; record: number } {
  const url = new URL(`../dwarf/fixture/bin/records${shape}.elf`, import.meta.url);
  const elf = parseElf(Deno.readFileSync(url));
  const symbols = new ImageSymbols(elf);
  const { ram } = new Machine({ memBytes: 1 << 24 });
  for (const { paddr, bytes } of elf.segments) {
    if (Number(paddr) >= RAM_BASE) ram.write(Number(paddr) as PaNum, bytes);
  }
  const { start, size } = symbols.variable("proc")!;
  return { symbols, words: new Words(ram), record: start + size / 2 };
}

/** The small kernel's: it has an exec. */
const labSymbols = () => new ImageSymbols(guestPartsOf(new LabGuest().guest).elf);

const rolesOf = ({ fields }: VmaShape) =>
  Object.fromEntries(Object.entries(fields).map(([role, { name }]) => [role, name]));

Deno.test("mmap's areas side by side, with a flag for those in use", () => {
  const { symbols, words, record } = records(1);
  const shape = vmaShape(symbols)!;
  assertEquals([shape.name, shape.type, shape.way, shape.most], ["vmas", "struct vma", "array", 4]);
  assertEquals(rolesOf(shape), {
    used: "used",
    start: "addr",
    length: "len",
    prot: "prot",
    flags: "flags",
    file: "file",
    offset: "offset",
  });
  const { areas, odd } = vmasOf(words, shape, record);
  assertEquals(areas, [
    {
      start: 0x2000_0000,
      end: 0x2000_1000,
      kind: "file",
      perm: 3,
      shared: true,
      file: 9,
      offset: 0,
    },
    {
      start: 0x4000_0000,
      end: 0x4000_2000,
      kind: "file",
      perm: 1,
      shared: false,
      file: 7,
      offset: 8192,
    },
  ]);
  assertEquals(odd, ["0x20000800..0x20001800 is no run of a process's pages"]);
});

Deno.test("mmap's areas behind pointers in a struct inside of the record, rights as in a PTE", () => {
  const { symbols, words, record } = records(2);
  const shape = vmaShape(symbols)!;
  assertEquals([shape.name, shape.way, shape.most], ["mm.all", "pointers", 3]);
  assertEquals(vmasOf(words, shape, record), {
    areas: [{
      start: 0x5000,
      end: 0x7000,
      kind: "file",
      perm: 3,
      shared: true,
      file: 9,
      offset: undefined,
    }],
    odd: [],
  });
});

Deno.test("mmap's areas in a chain that has no end, with a length in pages", () => {
  const { symbols, words, record } = records(3);
  const shape = vmaShape(symbols)!;
  assertEquals([shape.name, shape.way], ["mapped", "list"]);
  const unsaid = { kind: "file", perm: undefined, shared: undefined, offset: undefined };
  assertEquals(vmasOf(words, shape, record).areas, [
    { start: 0x4000, end: 0x5000, file: 9, ...unsaid },
    { start: 0x1_0000, end: 0x1_2000, file: 7, ...unsaid },
  ]);
});

Deno.test("what mmap's areas are called can be said, where their names do not", () => {
  const { symbols, words, record } = records(4);
  assertEquals(vmaShape(symbols), undefined);
  const roles = { used: "busy", start: "from", end: "to", prot: "how" };
  const { areas } = vmasOf(words, shapeNamed(symbols, "pieces", roles), record);
  assertEquals(areas.map(({ start, end, perm }) => [start, end, perm]), [[0x6000, 0x8000, 3]]);
  const bad = (path: string) => () => shapeNamed(symbols, path, { start: "from" });
  assertThrows(bad("pieces"), RangeError, "proc.pieces is a struct piece[2]: want structs with an");
  assertThrows(bad("ofile"), RangeError, "proc.ofile is a struct file *[4]: want structs with");
  assertThrows(bad("nosuch"), RangeError, "struct proc has no nosuch");
  assertThrows(
    () => shapeNamed(labSymbols(), "vmas", {}),
    RangeError,
    "no debug information tells what struct proc is",
  );
});

const USER = PTE_V | PTE_U | PTE_R;

/** Pages from address 0 on, with these flags each; 0: none is mapped there. */
function pagesFrom(...flags: number[]): MappedPage[] {
  return flags.flatMap((pte, i) => {
    const start = i * PAGE_SIZE;
    return pte === 0 ? [] : [{ start, end: start + PAGE_SIZE, pte }];
  });
}

/** Areas of a process of the fixture's third kernel, with the exec of the small one, in words. */
function spaceOf(pages: MappedPage[], size: number): string[] {
  const { words, symbols: made, record } = records(3);
  const of = { words, stack: stackPages(labSymbols()), shape: vmaShape(made), pages };
  const { areas } = areasOf(of, { at: record, pid: 2, size } as Slot);
  return areas.map(({ start, end, kind, perm }) =>
    `${kind} ${start / PAGE_SIZE}..${end / PAGE_SIZE} ${perm}`
  );
}

Deno.test("a program is below the guard page, the heap above the stack, and mmap's areas in it", () => {
  const data = USER | PTE_W, mine = PTE_V | PTE_R | PTE_W;
  assertEquals(
    spaceOf(pagesFrom(USER | PTE_X, data, mine, data, data, 0, data, 0, 0), 0x8800),
    [
      "text 0..1 5",
      "data 1..2 3",
      "guard 2..3 0",
      "stack 3..4 3",
      "file 4..5 undefined",
      "heap 5..9 3",
      "file 16..18 undefined",
    ],
  );
  // mmap moved the end of the heap as well; nothing says that what is left of that is heap.
  assertEquals(spaceOf(pagesFrom(USER | PTE_X, mine, data, 0), 0x9000).slice(3), [
    "file 4..5 undefined",
    "file 16..18 undefined",
  ]);
  // Until 2021 all pages have all rights, and while they are shared they have lost W.
  const all = USER | PTE_X;
  assertEquals(spaceOf(pagesFrom(all, all, mine, all), 0x4000).slice(0, 3), [
    "text+data 0..2 7",
    "guard 2..3 0",
    "stack 3..4 7",
  ]);
  // Before the first exec there is no guard page, and nothing is known.
  assertEquals(spaceOf(pagesFrom(all), 0x1000).length, 2);
});

Deno.test("how many pages a stack has is in exec's code", () => {
  assertEquals(stackPages(labSymbols()), 1);
  assertEquals(stackPages(records(1).symbols), undefined);
});

Deno.test("areas of a guest in the shell", async () => {
  const g = new LabGuest();
  const tell = async (line: string) => (await typed([line], [], { vm: vmOver(g.guest) }))[0].text;
  assertEquals(
    (await tell("vmmap 2")).trimEnd().split("\n").map((line) => line.slice(0, 50)),
    [
      "START        END          SIZE PERM KIND       RSS",
      "0x0          0x1000         4K r-xp text        4K",
      "0x1000       0x2000         4K rw-p data        4K",
      "0x2000       0x3000         4K ---p guard       4K",
      "0x3000       0x4000         4K rw-p stack       4K",
      "0x4000       0x5000         4K rw-p heap        4K",
      "0x3fffffe000 0x3ffffff000   4K rw-p trapframe   4K",
      "0x3ffffff000 0x4000000000   4K r-xp trampoline  4K",
    ].map((line) => line.slice(0, 50)),
  );
  assertMatch(await tell("share 2 3"), /^2,3 +2 +8K heap text +0x/m);
  assertMatch(
    await tell("facts"),
    /^areas +exec's and sbrk's +sure[^]*^areas: exec's code puts a guard page and 1 page of stack/m,
  );
  assertMatch(await tell("facts areas=none"), /^areas +exec's and sbrk's, no others +given$/m);
  assertMatch(await tell("facts areas=vmas"), /no debug information tells what struct proc is$/m);

  // The page below the trapframe by which a program reads its pid; any other is nobody's.
  const page = g.page();
  g.map(2, 0x3f_ffff_d000, page, USER);
  assertMatch(await tell("vmmap 2"), /^0x3fffffd000 0x3fffffe000 +4K r--\? unknown /m);
  g.write32(page, 2);
  assertMatch(await tell("vmmap 2"), /^0x3fffffd000 0x3fffffe000 +4K r--p usyscall /m);
  // A heap whose pages come at the first touch.
  g.map(2, 0x4000, 0, 0);
  assertMatch(
    await tell("pte 2:0x4008"),
    /read → load fault \(13\), in the heap 0x4000\.\.0x5000, not mapped yet · .* executed$/m,
  );
  // What is in an area of a process's is its own, though it has not come and the kernel maps the same address.
  g.runToMode(0);
  assertMatch(await tell("pte 0x80000000"), /^pid 0 kernel .*kernel map$/m);
  g.write64(AT.proc + 360 + 72, 0x8000_1000);
  assertMatch(await tell("pte 0x80000000"), /^pid 2 sh .*heap$/m);
});
