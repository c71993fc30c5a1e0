/** Each program's own stubs say which number means which call. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { program } from "../../../user/programs.ts";
import { ABIS } from "../../../src/vm/kernel/abi.ts";
import { ElfError, parseElf } from "../../../src/vm/machine/elf.ts";
import { stubsOf, tableOf } from "../../../src/vm/kernel/stubs.ts";
import { assertAudit, boot } from "../../vm/lab.ts";
import { kernelOf } from "../../../src/vm/parts.ts";

/** A committed program with other call numbers in its stubs, as another tree would have built it. */
function renumbered(name: string, numbers: Record<string, number>): Uint8Array {
  const bytes = program(name)!.slice();
  const elf = parseElf(bytes);
  const text = elf.segments.find((one) => one.execute)!;
  const view = new DataView(bytes.buffer);
  for (const [call, number] of Object.entries(numbers)) {
    const at = text.offset + Number(elf.symbol(call)!.value - text.vaddr);
    // c.li a7, N (rd 17 in bits 11:7, N in 12 and 6:2) where N fits; our stubs of small numbers have that.
    assertEquals(view.getUint16(at, true) & 0xef83, 0x4881, call);
    view.setUint16(at, 0x4881 | number << 2, true);
  }
  return bytes;
}

/** A program with other names for its stubs, of the same length. */
function renamed(name: string, names: Record<string, string>): Uint8Array {
  const bytes = program(name)!.slice();
  const end = Math.max(...parseElf(bytes).segments.map((one) => one.offset + one.bytes.length));
  for (const [from, to] of Object.entries(names)) {
    const wanted = new TextEncoder().encode(`\0${from}\0`);
    // Behind what is loaded it stands in the symbol table's text, and in that of debug information.
    const places = [...bytes.keys()].filter((i) =>
      i >= end && wanted.every((byte, j) => bytes[i + j] === byte)
    );
    assert(places.length > 0, from);
    for (const at of places) bytes.set(new TextEncoder().encode(to), at + 1);
  }
  return bytes;
}

Deno.test("the stubs of our own programs are found, each with its number", () => {
  const stubs = Object.fromEntries(
    stubsOf(parseElf(program("usertests")!)).map(({ name, number }) => [name, number]),
  );
  assertEquals([stubs.fork, stubs.close, stubs.sbrk, stubs.mmap], [1, 21, 12, undefined]);
  const lab = Object.fromEntries(
    stubsOf(parseElf(program("labtest")!)).map((s) => [s.name, s.number]),
  );
  assertEquals([lab.sigalarm, lab.sysinfo, lab.interpose], [24, 23, 63]);
  assertEquals(tableOf(parseElf(program("labtest")!), ABIS[0].calls), ABIS[0].calls);
});

Deno.test("a table of stubs lies over the default; a call that is numbered anew has one number", () => {
  const table = tableOf(parseElf(renumbered("mmaptest", { mmap: 22, munmap: 23 })), ABIS[0].calls);
  assertEquals([table[22], table[23], table[27], table[28]], [
    "mmap",
    "munmap",
    undefined,
    undefined,
  ]);
  assertEquals([table[1], table[24], table[60]], ["fork", "sigalarm", "clone"]);
});

Deno.test("programs of several trees run side by side, each with its own numbers, also by exec and fork", () => {
  const vm = boot();
  const bytes = renumbered("mmaptest", { mmap: 22, munmap: 23 });
  const other = vm.run("mmaptest", [], { bytes });
  assertEquals([other.status, other.console.includes("unknown")], [0, false]);
  assertEquals(vm.run("mmaptest").status, 0);
  const lab = { bytes: renumbered("labtest", { sigalarm: 22, sigreturn: 23, sysinfo: 25 }) };
  assertEquals(vm.run("labtest", [], lab).status, 0);
  assertAudit(vm);
});

Deno.test("--abi is for all programs, whatever their stubs say", () => {
  const vm = boot({ abi: "xv6-mmap" });
  assertMatch(vm.run("mmaptest").console, /mmaptest: unknown sys call 27\n/);
  const bytes = renumbered("mmaptest", { mmap: 22, munmap: 23 });
  assertEquals(vm.run("mmaptest", ["basic_private"], { bytes }).console.includes("unknown"), false);
});

Deno.test("a call whose stub has a name of nobody's is unknown by number and name", () => {
  const vm = boot();
  const report = vm.run("labtest", ["info"], { bytes: renamed("labtest", { sysinfo: "secrets" }) });
  assertMatch(report.console, /labtest: unknown sys call 23 \(secrets\)\n/);
});

Deno.test("a program's own name for a call is a name for it: sleep is pause", () => {
  const vm = boot();
  const bytes = renamed("cowtest", { pause: "sleep" });
  assertEquals(tableOf(parseElf(bytes), ABIS[0].calls)[13], "sleep");
  const p = vm.spawn("cowtest", [], bytes);
  assertEquals(p.call("pause", 3).result, 0n);
  assertEquals(kernelOf(vm).state.ticks, 3);
});

Deno.test("damaged, stripped and cut files have no stubs, and none throws", () => {
  const bytes = program("labtest")!;
  const cut = (at: number, ...words: number[]) => {
    const copy = bytes.slice();
    new DataView(copy.buffer).setUint32(at, words[0], true);
    return copy;
  };
  const headers = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(40, true));
  const stubs = (file: Uint8Array) => stubsOf(parseElf(file));
  assertEquals(stubs(cut(40, 0)), []);
  assertEquals(stubs(cut(40, 0x7fff_ffff)), []);
  assertEquals(stubs(bytes.subarray(0, headers)), []);
  for (let i = 0; i < 64; i++) stubs(cut(headers + 4 * i, 0xffff_ffff));
  // Where the header is damaged the file itself may be refused.
  for (let i = 0; i < 16; i++) {
    try {
      stubs(cut(4 * i, 0xffff_fff0));
    } catch (error) {
      if (!(error instanceof ElfError)) throw error;
    }
  }
});

Deno.test("calls of labs about what is not here say whose they are, and return -1", () => {
  const vm = boot();
  const report = vm.run("labtest", ["info"], { bytes: renamed("labtest", { sysinfo: "connect" }) });
  assertStringIncludes(
    report.console,
    "labtest: connect (23) is of the net lab; this kernel has no network: -1\n",
  );
});
