import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { program } from "../../user/programs.ts";
import { Guest, loadPhysical } from "../../src/vm/guest.ts";
import { ElfError, parseElf } from "../../src/vm/machine/elf.ts";
import { Vm } from "../../src/vm/vm.ts";
import { machine } from "./machine_lab.ts";

const file = Deno.readFileSync(new URL("../isa/bin/alu.elf", import.meta.url));

/** The file with some bytes replaced. */
function changed(at: number, ...bytes: number[]): Uint8Array {
  const copy = file.slice();
  copy.set(bytes, at);
  return copy;
}

Deno.test("a good file: entry, segments, symbols", () => {
  const elf = parseElf(file);
  assertEquals(elf.entry, 0x8000_0000n);
  const [text] = elf.segments;
  assertEquals([text.vaddr, text.paddr, text.execute], [0x8000_0000n, 0x8000_0000n, true]);
  assert(text.bytes.length > 0 && text.memSize >= text.bytes.length);
  assertEquals(elf.symbol("_start")?.value, elf.entry);
});

Deno.test("what is no RISC-V executable is refused with one clear line", () => {
  const refused = (bytes: Uint8Array, message: string) => {
    const error = assertThrows(() => parseElf(bytes).symbols, ElfError, message) as ElfError;
    assert(!error.message.includes("\n"));
  };
  refused(new Uint8Array(), "not an ELF file");
  refused(new TextEncoder().encode("#!/bin/sh\n"), "not an ELF file");
  refused(file.subarray(0, 40), "truncated: 40 bytes of a 64-byte header");
  refused(changed(4, 1), "not a 64-bit ELF file");
  refused(changed(5, 2), "not a little-endian ELF file");
  refused(changed(18, 62, 0), "not for RISC-V (machine 62, want 243)");
  refused(changed(16, 1, 0), "not an executable (type 1, want 2)");
  refused(file.subarray(0, 100), "truncated: program header table");
  refused(file.subarray(0, file.length - 1), "truncated: section header table");
  refused(changed(54, 8, 0), "program headers of 8 bytes");
  refused(changed(58, 8, 0), "section headers of 8 bytes");
  refused(changed(39, 0xff), "program header offset is absurd");
});

Deno.test("segments must lie in the file and hold no more than memory gives them", () => {
  const view = new DataView(file.buffer, file.byteOffset);
  const table = Number(view.getBigUint64(32, true));
  let load = table;
  while (view.getUint32(load, true) !== 1) load += 56;
  assertThrows(() => parseElf(changed(load + 36, 1)), ElfError, "bytes in memory");
  assertThrows(() => parseElf(changed(load + 12, 1)), ElfError, "truncated: segment");
  const wrapped = file.slice();
  const out = new DataView(wrapped.buffer);
  out.setBigUint64(load + 16, 2n ** 64n - 16n, true);
  assertThrows(() => parseElf(wrapped), ElfError, "end of the address space");
});

Deno.test("property: damaged files are parsed or refused, never worse", () => {
  const damage = fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), {
    minLength: 1,
    maxLength: 6,
  });
  const inHeader = fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { minLength: 1, maxLength: 4 });
  const length = fc.nat(file.length);
  fc.assert(
    fc.property(fc.oneof(damage, inHeader), length, (changes, cut) => {
      const bytes = file.slice();
      for (const [at, byte] of changes) bytes[at] = byte;
      for (const candidate of [bytes, bytes.subarray(0, cut)]) {
        try {
          const elf = parseElf(candidate);
          for (const { bytes, memSize } of elf.segments) assert(bytes.length <= memSize);
          assert(elf.symbols.length >= 0);
        } catch (error) {
          if (!(error instanceof ElfError)) throw error;
        }
      }
    }),
    { numRuns: 500 },
  );
});

Deno.test("a file whose tables name the same bytes over and over is refused, not read for ever", () => {
  const headers = (segments: number, symbols: number, memory: bigint) => {
    const bytes = new Uint8Array(2 ** 18).fill(0x61);
    bytes.set(file.subarray(0, 64));
    const view = new DataView(bytes.buffer);
    view.setBigUint64(32, 64n, true);
    const table = 64 + segments * 56, first = table + 2 * 64;
    view.setBigUint64(40, BigInt(table), true);
    [[56, segments], [60, 2], [62, 1]].forEach(([at, n]) => view.setUint16(at, n, true));
    const put = (at: number, fields: bigint[]) =>
      fields.forEach((field, n) => view.setBigUint64(at + 8 * n, field, true));
    for (let i = 0; i < segments; i++) {
      put(64 + 56 * i, [0x7_0000_0001n, 0n, 0x8000_0000n, 0x8000_0000n, 1n, memory, 0n]);
    }
    const size = 24 * (symbols + 1);
    put(table, [0x2_0000_0000n, 0n, 0n, BigInt(first), BigInt(size), 1n, 0n, 0n]);
    put(table + 64, [0x3_0000_0000n, 0n, 0n, BigInt(2 ** 17), BigInt(2 ** 17), 0n, 0n, 0n]);
    bytes.fill(0, first, first + size);
    const elf = parseElf(bytes);
    assert(elf.symbols.length === symbols);
    return elf;
  };
  assertEquals(headers(0, 8, 0n).symbols[7].name.length, 2 ** 17);
  assertThrows(() => headers(0, 1000, 0n), ElfError, "names of symbols run over");
  const computer = machine();
  loadPhysical(computer, headers(16, 0, BigInt(2 ** 20)));
  assertThrows(
    () => loadPhysical(computer, headers(17, 0, BigInt(2 ** 20))),
    ElfError,
    "segments of 17825792 bytes lie over each other in RAM of 16777216",
  );
});

Deno.test("an odd entry point is rounded down, as a jump there does", () => {
  const odd = (file: Uint8Array) => {
    const copy = file.slice();
    copy[24] |= 1; // e_entry
    return copy;
  };
  const vm = new Vm({ mem: "16M" });
  const run = vm.run("echo", ["hi"], { bytes: odd(program("echo")!), budget: 10_000 });
  assertEquals([run.status, run.console], [0, "hi\n"]);
  const bare = odd(Deno.readFileSync(new URL("../isa/bin/alu.elf", import.meta.url)));
  assertEquals(new Guest(bare, { budget: 1_000_000 }).slice().end?.code, 0);
});
