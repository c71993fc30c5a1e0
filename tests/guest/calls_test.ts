/** What a guest's system calls are given, by the stubs of its own programs. */

import { assertEquals } from "@std/assert";
import { GuestCalls } from "../../src/vm/guest_calls.ts";
import type { Caller } from "../../src/vm/guest/event_sources.ts";
import type { Elf } from "../../src/vm/machine/elf.ts";

/** A program whose stubs are these functions. */
function program(stubs: Readonly<Record<string, number>>): Elf {
  const bytes = new Uint8Array(8 * Object.keys(stubs).length);
  const view = new DataView(bytes.buffer);
  const symbols = Object.entries(stubs).map(([name, number], i) => {
    // addi a7, zero, N; ecall
    view.setUint32(8 * i, number << 20 | 0x893, true);
    view.setUint32(8 * i + 4, 0x73, true);
    return { name, value: BigInt(8 * i), defined: true };
  });
  const text = { execute: true, bytes, vaddr: 0n };
  return { segments: [text], readSymbols: () => symbols } as unknown as Elf;
}

/** Who has passed some registers, and has this memory at 0x1000. */
function caller(registers: readonly bigint[], memory = ""): Caller {
  const bytes = new TextEncoder().encode(memory);
  return {
    argument: (i) => registers[i] ?? 0x77n,
    peek: (at, length) =>
      at < 0x1000n ? new Uint8Array() : bytes.slice(Number(at - 0x1000n)).slice(0, length),
  };
}

const old = new GuestCalls(() => program({ sleep: 13, sbrk: 12, read: 5, open: 15, mine: 22 }));
const recent = new GuestCalls(() => program({ pause: 13, sys_sbrk: 12 }));

Deno.test("numbers are those of its own stubs, whatever a call was renamed to", () => {
  assertEquals([old.numberOf("pause"), recent.numberOf("pause")], [13, 13]);
  assertEquals([old.nameOf(13), recent.nameOf(12), old.nameOf(99)], ["sleep", "sbrk", undefined]);
});

Deno.test("sbrk has a second argument where its stub says so", () => {
  assertEquals(old.made("sbrk", caller([4096n])), ["4096"]);
  assertEquals(recent.made("sbrk", caller([4096n, 2n])), ["4096", "SBRK_LAZY"]);
});

Deno.test("renamed calls have their arguments, unknown ones have none", () => {
  assertEquals(old.made("sleep", caller([5n])), ["5"]);
  assertEquals(old.made("mine", caller([5n])), undefined);
});

Deno.test("texts are read, what cannot be read is an address, buffers are shown once filled", () => {
  assertEquals(old.made("open", caller([0x1000n, 0x202n], "a\0")), ['"a"', "O_RDWR|O_CREATE"]);
  assertEquals(old.made("open", caller([0x10n, 0n])), ["0x10", "O_RDONLY"]);
  const reads = caller([3n, 0x1000n, 9n], "hello");
  assertEquals(old.made("read", reads), ["3", "0x1000", "9"]);
  assertEquals(old.returned("read", reads, ["3", "0x1000", "9"], 2), ["3", '"he"', "9"]);
  assertEquals(old.returned("read", reads, ["3", "0x1000", "9"], -1), ["3", "0x1000", "9"]);
  const gone = caller([3n, 0x10n, 9n]);
  assertEquals(old.returned("read", gone, ["3", "0x10", "9"], 2), ["3", "0x10", "9"]);
});
