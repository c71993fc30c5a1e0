/** The built guest programs as files: what a loader, a debugger and a reproducible build ask of them. */

import { assert, assertEquals } from "@std/assert";
import { program, programNames } from "../../user/programs.ts";
import { bytesAt, FUNCTION, readElf } from "./elf_reader.ts";

const user = new URL("../../user/", import.meta.url);
const elves = programNames.map((name) => ({ name, elf: readElf(program(name)!) }));

Deno.test("every C file and folder is a program, and every program has one", () => {
  const expected = [...Deno.readDirSync(user)]
    .filter((entry) => entry.isFile ? entry.name.endsWith(".c") : !/^(lib|bin)$/.test(entry.name))
    .map((entry) => entry.name.replace(/\.c$/, ""));
  assertEquals([...programNames], expected.sort());
});

Deno.test("user/programs.ts holds the bytes of user/bin", () => {
  for (const name of programNames) {
    assertEquals(program(name), Deno.readFileSync(new URL(`bin/${name}`, user)), name);
  }
});

Deno.test("no program, and no property of objects, is found under another name", () => {
  for (const name of ["nosuch", "", "toString", "__proto__", "constructor"]) {
    assertEquals(program(name), undefined, name);
  }
});

Deno.test("each call gives a copy of its own", () => {
  program("echo")!.fill(0);
  assertEquals(program("echo")![1], 0x45);
});

Deno.test("programs fit a file of an xv6 disk, with a name that fits a directory", () => {
  for (const { name, elf } of elves) {
    assert(name.length <= 14, name);
    assert(elf.bytes.length <= 268 * 1024, name);
  }
});

Deno.test("programs are static RV64 executables that start at address 0", () => {
  for (const { name, elf } of elves) {
    assertEquals([elf.type, elf.machine, elf.entry], [2, 243, 0], name);
    assertEquals(elf.flags & 6, 0, `${name} asks for floating-point registers`);
    assert(elf.symbols.get("_start")?.address === 0, name);
  }
});

Deno.test("text is not writable, data not executable, and they do not share a page", () => {
  for (const { name, elf } of elves) {
    const [text, data, ...more] = elf.segments;
    assertEquals(more, [], name);
    assertEquals([text.address, text.read, text.write, text.execute], [0, true, false, true], name);
    if (data === undefined) continue;
    assertEquals([data.read, data.write, data.execute], [true, true, false], name);
    assert(data.address >= text.memSize && data.address % 4096 === 0, name);
    assertEquals(text.memSize, text.fileSize, name);
    for (const s of elf.segments) {
      assertEquals(s.offset % 4096, s.address % 4096, name);
      assert(s.fileSize <= s.memSize && s.offset + s.fileSize <= elf.bytes.length, name);
    }
  }
});

Deno.test("functions have their names, and all of them lie in text", () => {
  for (const { name, elf } of elves) {
    assertEquals(elf.symbols.get("main")?.kind, FUNCTION, name);
    for (const s of elf.symbols.values()) {
      if (s.kind !== FUNCTION) continue;
      assert(/^\w+$/.test(s.name), `${name}: ${s.name} is a name of the compiler's`);
      assert(s.address + s.size <= elf.segments[0].memSize, s.name);
    }
  }
  const names = elves.find((e) => e.name === "cowtest")!.elf.symbols;
  for (const f of ["simple", "three", "file", "forkfork"]) assert(names.has(f), f);
});

Deno.test("nothing in a program tells where it was built", () => {
  for (const { name, elf } of elves) {
    const text = new TextDecoder("latin1").decode(elf.bytes);
    for (const trace of ["/work/", "/tmp", "/home", "/root", "GCC:"]) {
      assert(!text.includes(trace), `${name} holds ${trace}`);
    }
  }
});

/** `li a7, n`, compressed where it fits six bits. */
function loadNumber(n: number): number[] {
  if (n < 32) return [0x81 | (n & 31) << 2 & 0xff, 0x48 | n >> 6];
  const word = n << 20 | 17 << 7 | 0x13;
  return [word & 255, word >> 8 & 255, word >> 16 & 255, word >>> 24];
}

Deno.test("each system call's stub is its number, ecall, ret", () => {
  const xv6 =
    "fork exit wait pipe read kill exec fstat chdir dup getpid sys_sbrk pause uptime open " +
    "write mknod unlink link mkdir close";
  const numbers = new Map(xv6.split(" ").map((name, i) => [name, i + 1]));
  for (
    const [name, n] of Object.entries({
      mmap: 27,
      munmap: 28,
      pgaccess: 30,
      pgpte: 33,
      kpgtbl: 34,
      mprotect: 61,
      msync: 62,
    })
  ) {
    numbers.set(name, n);
  }
  const seen = new Set<string>();
  for (const { name, elf } of elves) {
    for (const [call, number] of numbers) {
      const symbol = elf.symbols.get(call);
      if (symbol === undefined) continue;
      const stub = [...loadNumber(number), 0x73, 0, 0, 0, 0x82, 0x80];
      assertEquals([...bytesAt(elf, symbol.address, symbol.size)], stub, `${name}: ${call}`);
      seen.add(call);
    }
  }
  const unused = [...numbers.keys()].filter((call) => !seen.has(call));
  assertEquals(unused, ["uptime", "kpgtbl"]);
});
