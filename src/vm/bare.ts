/**
 * Bare-metal mode: a program that is its own kernel, started in M-mode as `qemu-system-riscv64 -machine virt
 * -bios none -kernel ELF` would start it. It ends through the test finisher at 0x10_0000 or, as the public ISA
 * suites do, by a store to the symbol `tohost`.
 *
 * @module
 */

import { hex, type PaNum } from "./machine/address.ts";
import { type Elf, ElfError, parseElf } from "./machine/elf.ts";
import { Machine, type Stop } from "./machine/machine.ts";

/** How a bare-metal program is run. */
export interface BareOptions {
  /** Most instructions to execute; 2^53 - 1 when absent. */
  readonly budget?: number;
  /** Bytes of RAM; 128 MiB when absent. */
  readonly memBytes?: number;
  /** Receives what the program sends to the UART, in pieces. */
  readonly onConsole?: (bytes: Uint8Array) => void;
}

/** How it ended. */
export interface BareResult {
  /**
   * `exit`: by the finisher or tohost, with `code`. `budget`: not within the budget. `stuck`: it waits for an
   * interrupt that cannot come, or its trap handler traps at once. `reset`: it asked for a reset.
   */
  readonly end: "exit" | "budget" | "stuck" | "reset";
  /** The program's exit code; 0 is success. -1 unless `end` is `exit`. */
  readonly code: number;
  /** Instructions retired. */
  readonly instret: number;
  /** The machine as the program left it. */
  readonly machine: Machine;
}

/** Instructions between looks at the console. */
const SLICE = 1_000_000;

/** Copies an executable's segments to their physical addresses. Throws an {@link ElfError} when one lies outside RAM. */
export function loadPhysical(machine: Machine, elf: Elf): void {
  for (const { paddr, memSize, bytes } of elf.segments) {
    if (memSize === 0) continue;
    const at = Number(paddr) as PaNum;
    if (!machine.ram.contains(at, memSize)) {
      throw new ElfError(
        `segment at physical ${hex(paddr)} (${memSize} bytes) does not fit into RAM ` +
          `${hex(machine.ram.base)}..${hex(machine.ram.end)}`,
      );
    }
    machine.ram.write(at, bytes);
    machine.ram.fill((at + bytes.length) as PaNum, memSize - bytes.length, 0);
  }
}

/** Runs a bare-metal program from an ELF file. Throws an {@link ElfError} for a file that cannot be run. */
export function runBare(file: Uint8Array, options: BareOptions = {}): BareResult {
  const elf = parseElf(file);
  const machine = new Machine(
    options.memBytes === undefined ? {} : { memBytes: options.memBytes },
  );
  loadPhysical(machine, elf);
  machine.hart.pc = elf.entry;
  // a0 = hart number, a1 = device tree: there is none.
  machine.hart.setX(10, 0n);
  machine.hart.setX(11, 0n);
  const tohost = elf.symbol("tohost");
  if (tohost !== undefined) {
    const start = Number(tohost.value);
    machine.watch({ space: "pa", start, length: 8, read: false, write: true });
  }
  let left = options.budget ?? Number.MAX_SAFE_INTEGER;
  for (;;) {
    const before = machine.instret;
    const stop = machine.run(Math.min(left, SLICE));
    left -= machine.instret - before;
    const output = machine.uart.take();
    if (output.length > 0) options.onConsole?.(output);
    const end = verdict(machine, stop, left);
    if (end !== undefined) return { ...end, instret: machine.instret, machine };
  }
}

function verdict(
  machine: Machine,
  stop: Stop,
  left: number,
): Pick<BareResult, "end" | "code"> | undefined {
  switch (stop.kind) {
    case "finisher":
      return stop.reset ? { end: "reset", code: -1 } : { end: "exit", code: stop.code };
    case "watch": {
      // tohost: 1 is success, any other odd value failure number `value >> 1`; 0 is no message.
      const value = machine.ram.read64(Number(stop.watch.start) as PaNum);
      if (value === 0n) return undefined;
      return { end: "exit", code: Number((value & 0xffff_ffffn) >> 1n) };
    }
    case "wfi":
    case "stuck":
      return { end: "stuck", code: -1 };
    default:
      return left <= 0 ? { end: "budget", code: -1 } : undefined;
  }
}
