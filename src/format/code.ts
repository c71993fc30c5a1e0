/**
 * Instructions of a process as text with symbols, for `dis` and `step`.
 *
 * @module
 */

import { paNum, type Va, va } from "../vm/machine/address.ts";
import { disassemble } from "../vm/machine/isa/disassemble.ts";
import { walk } from "../vm/machine/sv39.ts";
import type { Vm } from "../framework/types.ts";
import { symbolsOf } from "./symbols.ts";

/** One instruction of a process. */
export interface CodeLine {
  readonly va: Va;
  /** The encoding: 16 or 32 bits. */
  readonly encoding: number;
  readonly length: 2 | 4;
  readonly text: string;
  /** `main+0x4`, where the program has symbols. */
  readonly symbol: string;
}

/** The instruction at an address; undefined where nothing is mapped. */
export function instructionAt(vm: Vm, pid: number, address: Va): CodeLine | undefined {
  const low = readHalf(vm, pid, address);
  if (low === undefined) return undefined;
  const high = (low & 3) === 3 ? readHalf(vm, pid, va(address + 2n)) : 0;
  if (high === undefined) return undefined;
  const word = (low | (high << 16)) >>> 0;
  const symbol = (at: bigint) => nearestSymbol(vm, pid, at);
  const { length, text } = disassemble(word, address, {
    symbol: (at) => {
      const name = symbol(at);
      return name === "" ? undefined : ` <${name}>`;
    },
  });
  return {
    va: address,
    encoding: length === 2 ? word & 0xffff : word,
    length,
    text,
    symbol: symbol(address),
  };
}

function readHalf(vm: Vm, pid: number, address: Va): number | undefined {
  const root = vm.process(pid).record.space.root;
  const { leaf } = walk(vm.machine.ram, root, address);
  return leaf === undefined || !vm.machine.ram.contains(leaf.pa, 2)
    ? undefined
    : vm.machine.ram.read16(paNum(leaf.pa));
}

/** The symbol that an address of the program's text or data lies behind: `name` or `name+0x8`; empty elsewhere. */
export function nearestSymbol(vm: Vm, pid: number, address: bigint): string {
  const areas = vm.kernel.process(pid)?.space.areas;
  const area = areas?.find(({ start, end }) => start <= address && address < end);
  if (area?.kind !== "text" && area?.kind !== "data") return "";
  let best: [string, bigint] | undefined;
  for (const [name, at] of symbolsOf(vm, pid)) {
    if (at <= address && (best === undefined || at > best[1])) best = [name, at];
  }
  if (best === undefined) return "";
  const off = address - best[1];
  return off === 0n ? best[0] : `${best[0]}+0x${off.toString(16)}`;
}
