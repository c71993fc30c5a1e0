/**
 * What the names in expressions mean on a computer: `$a0`, `$satp`, `main`, `pa(…)`, `u64(…)`.
 *
 * @module
 */

import { hex, pa, paNum, type Va, va } from "../vm/machine/address.ts";
import { REGISTER_NAMES } from "../vm/machine/hart/registers.ts";
import { satpOf } from "../vm/inspect/translation.ts";
import { readEpc, readRegister } from "../vm/kernel/process/trapframe.ts";
import type { Session, Vm } from "./command.ts";
import { CommandError } from "./errors.ts";
import type { Resolver } from "./expression.ts";
import { symbolsOf } from "./symbols.ts";

/** Bytes that each reading function reads. */
const READS: Readonly<Record<string, number>> = { u8: 1, u16: 2, u32: 4, u64: 8 };
const FUNCTIONS = ["pa", "va", "u8", "u16", "u32", "u64", "refcount", "mappings", "free"];

/** Other names of registers: `x10` is `a0`, `fp` is `s0`. */
function registerNumber(name: string): number {
  const plain = /^x([12]?\d|3[01])$/.exec(name);
  return plain ? Number(plain[1]) : REGISTER_NAMES.indexOf(name === "fp" ? "s0" : name);
}

/** The resolver of a session: without a process in front, names mean the current one's. */
export function namesOf(session: Session): Resolver {
  const vm = session.vm;
  const owner = (pid: number | undefined) => pid ?? session.pid;

  return {
    last: session.last,
    register: (name, pid) => readNamed(vm, name, owner(pid)),
    symbol: (name, pid) => symbolsOf(vm, owner(pid)).get(name),
    call(name, args, pid) {
      if (!FUNCTIONS.includes(name)) return undefined;
      const wanted = name === "free" ? 0 : 1;
      if (args.length !== wanted) {
        throw new CommandError(`${name}() takes ${wanted === 0 ? "nothing" : "one value"}`);
      }
      if (name === "pa") return translate(vm, args[0], owner(pid));
      if (name === "va") return mappedAt(vm, args[0], pid);
      if (name === "free") return BigInt(vm.free().free);
      if (name === "refcount") return BigInt(vm.refcount(args[0]).stored);
      if (name === "mappings") return BigInt(vm.refcount(args[0]).counted);
      return read(vm, args[0], READS[name], owner(pid));
    },
    *names() {
      yield* FUNCTIONS;
      yield* symbolsOf(vm, session.pid).keys();
      yield* REGISTER_NAMES;
      yield* ["pc", "satp", "sstatus", "sepc", "scause", "stval", "instret", "cycle", "time"];
    },
  };
}

/** A register by name: the process's own as it will run on, the hart's where there is no process. */
export function readNamed(vm: Vm, name: string, pid: number): bigint | undefined {
  const { hart, ram } = vm.machine;
  const process = vm.kernel.process(pid);
  const x = registerNumber(name);
  if (x >= 0) return process ? readRegister(ram, process.trapframe, x) : hart.x(x);
  if (name === "pc") return process ? readEpc(ram, process.trapframe) : hart.pc;
  if (name === "satp" && process) return satpOf(process);
  try {
    return hart.csr.read(name);
  } catch (error) {
    // The hart knows no CSR of that name.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function needProcess(vm: Vm, pid: number): void {
  if (pid === 0) {
    throw new CommandError("no current process: spawn one, or name one as in 3:0x4000");
  }
  vm.process(pid);
}

function translate(vm: Vm, address: bigint, pid: number): bigint {
  needProcess(vm, pid);
  const found = vm.process(pid).pte(va(address)).pa;
  if (found === undefined) throw new CommandError(`${pid}:${hex(address)} is not mapped`, 1);
  return found;
}

/** The first place where a frame is mapped, in the process named, if one is. */
function mappedAt(vm: Vm, address: bigint, pid: number | undefined): bigint {
  const { owners } = vm.refcount(pa(address));
  const owner = owners.find((m) => pid === undefined || m.pid === pid);
  if (!owner) {
    const whom = pid === undefined ? "nobody maps" : `pid ${pid} does not map`;
    throw new CommandError(`${whom} ${hex(address)}`, 1);
  }
  return owner.va + (address - owner.pa);
}

/** Bytes of a process, past permissions and faults: looking changes nothing. */
function read(vm: Vm, address: bigint, bytes: number, pid: number): bigint {
  needProcess(vm, pid);
  let value = 0n;
  for (let i = 0; i < bytes; i++) {
    const at: Va = va(address + BigInt(i));
    const where = translate(vm, at, pid);
    value |= BigInt(vm.machine.ram.read8(paNum(Number(where)))) << BigInt(8 * i);
  }
  return value;
}
