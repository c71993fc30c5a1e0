/** Instructions of a process as text with symbols, for `dis` and `step`. */

import { type Va, va } from "../vm/machine/address.ts";
import { disassemble } from "../vm/machine/isa/disassemble.ts";
import { lineText } from "./source.ts";
import type { Vm } from "../vm/vm.ts";
import { nearestSymbol, sourceAt, type SourcePlace } from "../vm/symbols.ts";

/** One instruction of a process. */
export interface CodeLine {
  readonly va: Va;
  /** The encoding: 16 or 32 bits. */
  readonly encoding: number;
  readonly length: 2 | 4;
  readonly text: string;
  /** `main+0x4`, where the program has symbols. */
  readonly symbol: string;
  /** Where it comes from, where anybody says. */
  readonly source: SourcePlace | undefined;
}

/** `main+0x4 at echo.c:5`: what is known of where an instruction is. */
export function nameOf({ symbol, source }: CodeLine): string {
  const line = lineText(source);
  return line === "" ? symbol : `${symbol} at ${line}`;
}

/** The instruction at an address; undefined where nothing is mapped. */
export function instructionAt(vm: Vm, pid: number, address: Va): CodeLine | undefined {
  const low = readHalf(vm, pid, address);
  if (low === undefined) return undefined;
  const high = (low & 3) === 3 ? readHalf(vm, pid, va(address + 2n)) : 0;
  if (high === undefined) return undefined;
  return codeLine((low | (high << 16)) >>> 0, address, {
    named: (at) => nearestSymbol(vm, pid, at),
    source: (at) => sourceAt(vm, pid, at),
  });
}

/** What is known of addresses: `main+0x4`, empty where nothing is; and lines of the source. */
export interface Names {
  named(address: bigint): string;
  source(address: bigint): SourcePlace | undefined;
}

/** An instruction that stands at an address; of a short one the upper half does not matter. */
export function codeLine(word: number, address: Va, names: Names): CodeLine {
  const { length, text } = disassemble(word, address, {
    symbol: (at) => {
      const name = names.named(at);
      return name === "" ? undefined : ` <${name}>`;
    },
  });
  return {
    va: address,
    encoding: length === 2 ? word & 0xffff : word >>> 0,
    length,
    text,
    symbol: names.named(address),
    source: names.source(address),
  };
}

function readHalf(vm: Vm, pid: number, address: Va): number | undefined {
  const bytes = vm.process(pid).peek(address, 2);
  return bytes && bytes[0] | (bytes[1] << 8);
}
