/**
 * Runs the bare-metal programs of `tests/isa/bin` and `bench/guest/bin`, and any that end like them, on this
 * project's machine and on QEMU.
 *
 * @module
 */
import { parseElf } from "../../src/vm/machine/elf.ts";
import { Machine } from "../../src/vm/machine/machine.ts";
import type { PaNum } from "../../src/vm/machine/address.ts";

/** How a program ended. */
export interface Ended {
  /** 0 for pass, else the program's code: in our own tests the source line of the failing check. */
  readonly code: number;
  /** Instructions retired; undefined on QEMU. */
  readonly instret?: number;
}

/** How long a test program may run: all of ours need a few hundred thousand instructions. */
const BUDGET = 50_000_000;

/** Loads an ELF file's segments into RAM at their physical addresses; all harts begin at its entry. */
export function load(machine: Machine, file: Uint8Array): void {
  const elf = parseElf(file);
  for (const segment of elf.segments) {
    machine.ram.write(Number(segment.paddr) as PaNum, segment.bytes);
  }
  for (const hart of machine.harts) hart.pc = elf.entry;
}

/** Runs a program that ends through the finisher. Throws when it does not end within the budget. */
export function runHere(file: Uint8Array, budget = BUDGET): Ended {
  const machine = new Machine();
  load(machine, file);
  const stop = machine.run(budget);
  if (stop.kind === "finisher") return { code: stop.code, instret: machine.instret };
  throw new Error(
    `no end: ${stop.kind} after ${machine.instret} instructions at pc 0x${
      machine.hart.pc.toString(16)
    }, line ${machine.hart.x(3)}`,
  );
}

/** Runs a program that ends by a store to `tohost`, as the public riscv-tests do. Its code, 0 for pass. */
export function runToHost(file: Uint8Array, budget = BUDGET): number {
  const symbol = parseElf(file).symbols.find((symbol) => symbol.name === "tohost");
  if (symbol === undefined) throw new Error("no tohost symbol");
  const tohost = Number(symbol.value) as PaNum;
  const machine = new Machine();
  load(machine, file);
  for (let used = 0; used < budget; used += 10_000) {
    machine.run(10_000);
    const value = machine.ram.read64(tohost);
    if (value !== 0n) return value === 1n ? 0 : Number(value >> 1n);
  }
  throw new Error(`no end at pc 0x${machine.hart.pc.toString(16)}`);
}

/** QEMU's hart made as like ours as its options go; AIA only for its order of interrupts. */
const QEMU_CPU = "rv64,f=false,d=false,h=false,zba=false,zbb=false,zbc=false,zbs=false," +
  "x-smaia=true,x-ssaia=true";

/** Runs a program on QEMU. */
export async function runOnQemu(path: string): Promise<Ended> {
  const { code, said } = await qemu(path);
  const failed = /fail 0*(\d+)/.exec(said);
  return { code: failed === null ? code : Number(failed[1]) };
}

/**
 * `qemu-system-riscv64 -machine virt` with a program: its exit code, and what it said on its UART. Two harts at least,
 * or QEMU splits AMOs into loads and stores.
 */
export async function qemu(
  path: string,
  seconds = 20,
  harts = 2,
): Promise<{ code: number; said: string }> {
  const limit = AbortSignal.timeout(1000 * seconds);
  const { code, stdout } = await new Deno.Command("qemu-system-riscv64", {
    args: ["-machine", "virt", "-cpu", QEMU_CPU, "-m", "128M", "-smp", `${harts}`, "-bios", "none"]
      .concat(["-accel", "tcg,thread=multi", "-display", "none", "-serial", "stdio"])
      .concat(["-monitor", "none", "-kernel", path]),
    stdin: "null",
    signal: limit,
  }).output();
  // QEMU ends with 0 when it is told to stop.
  if (limit.aborted) throw new Error(`no end within ${seconds} seconds`);
  return { code, said: new TextDecoder().decode(stdout) };
}
