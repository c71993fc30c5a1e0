import { assertEquals, assertThrows } from "@std/assert";
import type { PaNum } from "../../src/vm/machine/address.ts";
import { Bus, type Device } from "../../src/vm/machine/bus.ts";
import { MIN_RAM, Ram } from "../../src/vm/machine/memory.ts";
import { PTE_R, PTE_U, PTE_W } from "../../src/vm/machine/sv39.ts";
import { encode } from "./engine_lab.ts";
import { at, machine, Tables } from "./machine_lab.ts";

const pa = (value: number) => value as PaNum;

/** A device that notes what it is asked. */
class Spy implements Device {
  readonly name = "spy";
  readonly log: string[] = [];
  read(offset: number, size: number): number {
    this.log.push(`read ${offset} ${size}`);
    return 0xf0 + offset;
  }
  write(offset: number, size: number, value: number): void {
    this.log.push(`write ${offset} ${size} ${value}`);
  }
}

Deno.test("a device answers inside its place only; places do not overlap", () => {
  const bus = new Bus(new Ram(MIN_RAM));
  const spy = new Spy();
  bus.register({ base: pa(0x1000_2000), size: 0x10 }, spy);
  const found = (at: number, length: number) => bus.find(pa(at), length)?.device;
  assertEquals([found(0x1000_2008, 4), found(0x1000_200f, 1)], [spy, spy]);
  assertEquals([found(0x1000_200d, 4), found(0x4000_0000, 1)], [undefined, undefined]);
  assertEquals([bus.hasPage(0x1_0002), bus.hasPage(0x1_0003)], [true, false]);
  assertThrows(
    () => bus.register({ base: pa(0x1000_200f), size: 1 }, new Spy()),
    RangeError,
    "overlaps spy",
  );
  assertThrows(
    () => bus.register({ base: pa(0x8000_0000), size: 1 }, new Spy()),
    RangeError,
    "overlaps RAM",
  );
});

Deno.test("the machine's map is QEMU virt's", () => {
  const made = machine({ disk: new Uint8Array(512) });
  assertEquals(made.bus.mappings.map((m) => [m.device.name, m.base as number]), [
    ["finisher", 0x10_0000],
    ["clint", 0x0200_0000],
    ["plic", 0x0c00_0000],
    ["uart", 0x1000_0000],
    ["virtio-blk", 0x1000_1000],
  ]);
});

/** Runs one instruction with x5 = the address in M-mode; its cause if it trapped. */
function access(name: string, address: number, value = 0n) {
  const made = machine();
  const spy = new Spy();
  made.bus.register({ base: pa(0x1000_2000), size: 0x10 }, spy);
  made.hart.writeCsr("mtvec", BigInt(at(0x100)));
  made.ram.write32(at(0x100), encode("addi"));
  made.ram.write32(at(0), encode(name, { rd: 6, rs1: 5, rs2: 7, imm: 0 }));
  made.hart.setX(5, BigInt(address));
  made.hart.setX(7, value);
  made.run(1);
  const { mcause, mtval } = made.hart.state;
  return { log: spy.log, value: made.hart.x(6), trap: mcause === 0n ? undefined : [mcause, mtval] };
}

Deno.test("instructions reach device registers at their own width, 8 bytes as two halves", () => {
  assertEquals(access("lb", 0x1000_2001), {
    log: ["read 1 1"],
    value: 2n ** 64n - 15n,
    trap: undefined,
  });
  assertEquals(access("lbu", 0x1000_2001).value, 0xf1n);
  assertEquals(access("lhu", 0x1000_2002), { log: ["read 2 2"], value: 0xf2n, trap: undefined });
  assertEquals(access("ld", 0x1000_2008).log, ["read 8 4", "read 12 4"]);
  assertEquals(access("ld", 0x1000_2008).value, (0xfcn << 32n) | 0xf8n);
  assertEquals(access("sd", 0x1000_2008, (5n << 32n) | 6n).log, ["write 8 4 6", "write 12 4 5"]);
  assertEquals(access("sb", 0x1000_2000, 0x1ffn).log, ["write 0 1 255"]);
});

Deno.test("a device refuses atomic and misaligned accesses and registers that it has not", () => {
  assertEquals(access("amoadd.w", 0x1000_2000).trap, [7n, 0x1000_2000n]);
  assertEquals(access("lr.w", 0x1000_2000).trap, [5n, 0x1000_2000n]);
  assertEquals(access("lw", 0x1000_2002).trap, [5n, 0x1000_2002n]);
  assertEquals(access("sw", 0x1000_2002).trap, [7n, 0x1000_2002n]);
  assertEquals(access("lw", 0x1000_2010).trap, [5n, 0x1000_2010n]);
  assertEquals(access("sw", 0x1000_3000).trap, [7n, 0x1000_3000n]);
  assertEquals(access("lw", 0x1000_2010).log, []);
});

Deno.test("accesses from outside the hart reach a mapped device whole, and fault like a program's", () => {
  const tables = new Tables(machine());
  const { user, bus } = tables.machine;
  const load = (va: bigint, size: 1 | 4) => user.access({ kind: "load", va, size });
  const store = (va: bigint, size: 4 | 8, value: bigint) =>
    user.access({ kind: "store", va, size, value });
  const watch = undefined;
  const spy = new Spy();
  bus.register({ base: pa(0x1000_2000), size: 0x10 }, spy);
  tables.map(0x5000, pa(0x1000_2000), PTE_R | PTE_W | PTE_U);
  tables.map(0x6000, at(0x6000), PTE_R | PTE_W | PTE_U);
  tables.use();
  assertEquals(load(0x5004n, 4), { done: 0xf4n, watch });
  assertEquals(store(0x5008n, 8, (1n << 32n) | 2n), { done: (1n << 32n) | 2n, watch });
  assertEquals(spy.log, ["read 4 4", "write 8 4 2", "write 12 4 1"]);
  assertEquals(load(0x5002n, 4), { trap: 5, tval: 0x5002n });
  assertEquals(store(0x5ffen, 4, 0n), { trap: 7, tval: 0x5ffen });
  assertEquals(store(0x6ffen, 4, 0x1234_5678n), { trap: 15, tval: 0x7000n });
  assertEquals(
    tables.machine.ram.read16(at(0x6ffe)),
    0,
    "a store that faults halfway writes nothing",
  );
  tables.map(0x7000, at(0x3000), PTE_R | PTE_W | PTE_U);
  assertEquals(store(0x6ffen, 4, 0x1234_5678n), { done: 0x1234_5678n, watch });
  assertEquals(load(0x6ffen, 4), { done: 0x1234_5678n, watch });
  assertEquals(tables.machine.ram.read16(at(0x3000)), 0x1234);
});
