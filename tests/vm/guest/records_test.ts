/**
 * What the debug information of a kernel declares of its records: `struct proc`, `struct cpu`, lists of free frames. The
 * kernels are those of tests/vm/dwarf/fixture/records.c.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { cpuAt, cpusOf } from "../../../src/vm/guest/cpus.ts";
import { listHeads } from "../../../src/vm/guest/list_heads.ts";
import { knownOf } from "../../../src/vm/guest/known.ts";
import { ProcTable } from "../../../src/vm/guest/proc_table.ts";
import { recordFacts } from "../../../src/vm/guest/record_facts.ts";
import { ImageSymbols } from "../../../src/vm/guest/symbols.ts";
import { Words } from "../../../src/vm/guest/words.ts";
import { type PaNum, RAM_BASE } from "../../../src/vm/machine/address.ts";
import { parseElf } from "../../../src/vm/machine/elf.ts";
import { Machine } from "../../../src/vm/machine/machine.ts";
import { elf as elfOf } from "../../machine/bare_lab.ts";
import { Assembler } from "../../machine/engine_lab.ts";

function kernel(shape: number) {
  const url = new URL(`../dwarf/fixture/bin/records${shape}.elf`, import.meta.url);
  const elf = parseElf(Deno.readFileSync(url));
  const { ram } = new Machine({ memBytes: 1 << 24 });
  for (const { paddr, bytes } of elf.segments) {
    if (Number(paddr) >= RAM_BASE) ram.write(Number(paddr) as PaNum, bytes);
  }
  return { symbols: new ImageSymbols(elf), ram };
}

Deno.test("struct proc as it is declared: by names, and what is one of its type by that", () => {
  const { symbols } = kernel(1);
  const proc = symbols.variable("proc")!;
  assertEquals(recordFacts(symbols), {
    pid: 40,
    state: 24,
    states: [undefined, "made", "sleeping", "runnable", "running", "zombie"],
    unused: 0,
    chan: 32,
    stride: proc.size / 2,
    nameBytes: 20,
    declared: {
      pid: 40,
      state: 24,
      chan: 32,
      pagetable: 72,
      sz: 64,
      parent: 48,
      name: 152,
      kstack: 56,
      context: 88,
      trapframe: 80,
    },
    given: {},
  });
});

Deno.test("states in another order, a parent by another name, and a page table that nobody names", () => {
  const facts = recordFacts(kernel(2).symbols)!;
  assertEquals(facts.states, ["zombie", "running", "runnable", "sleeping", "made", undefined]);
  assertEquals(facts.unused, 4);
  assertEquals([facts.declared.parent, facts.declared.pagetable], [48, undefined]);
});

Deno.test("a declared place is believed as long as what stands there can be that", () => {
  const { symbols, ram } = kernel(1);
  const { start, size } = symbols.variable("proc")!;
  const slots = () => {
    const table = new ProcTable(new Words(ram), knownOf(symbols));
    return { slots: table.slots()!, layout: table.layout! };
  };
  const second = start + size / 2;
  ram.write32(start + 24 as PaNum, 2);
  ram.write32(second + 24 as PaNum, 5);
  ram.write64(second + 48 as PaNum, BigInt(start));
  const { slots: [init, sh], layout } = slots();
  assertEquals([init.pid, init.name, init.state, init.parent], [1, "init", "sleeping", 0]);
  assertEquals([sh.pid, sh.name, sh.state, sh.parent], [2, "sh", "zombie", 1]);
  assertEquals([layout.records, layout.seen], [2, []]);
  // No pointer to a record.
  ram.write64(second + 48 as PaNum, BigInt(start + 8));
  assertEquals(slots().layout.offsets.parent, undefined);
  // UNUSED with a pid, which a record from 2021 on has not.
  ram.write32(second + 24 as PaNum, 0);
  assertEquals(slots().slots.map(({ pid }) => pid), [1]);
});

Deno.test("struct cpu as it is declared, and by push_off's code", () => {
  const { symbols } = kernel(2);
  const cpus = cpusOf(symbols)!;
  assertEquals([cpus.each, cpus.count, cpus.proc, cpus.noff], [40, 3, 32, 0]);
  assertEquals([cpuAt(cpus, 2), cpuAt(cpus, 3)], [cpus.start + 80, undefined]);
  const a = new Assembler();
  a.put("sd", { rs1: 2, rs2: 8, imm: 16 }).put("lw", { rd: 15, rs1: 10, imm: 136 });
  const file = elfOf(a.bytes(), {
    symbols: [
      { name: "push_off", value: 0x8000_0000n, size: a.size, kind: "function" },
      { name: "cpus", value: 0x8000_0400n, size: 8 * 144 },
    ],
  });
  assertEquals(cpusOf(new ImageSymbols(parseElf(file))), {
    name: "cpus",
    by: "code",
    start: 0x8000_0400,
    each: 144,
    count: 8,
    proc: 0,
    noff: 136,
  });
});

Deno.test("lists of free frames begin where a pointer to a struct run is declared", () => {
  const names = (shape: number) => listHeads(kernel(shape).symbols).map(({ name }) => name);
  assertEquals(names(1), ["kmem.freelist", "kmem", "kmem+8", "kmem+16", "kmem+32"]);
  assertEquals(names(2), ["pages[0].list", "pages[1].list"]);
});
