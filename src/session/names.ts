/** What names in expressions mean on a computer: `$a0`, `$satp`, `main`, `pa(…)`, `u64(…)`. */

import { hex, type Pa, pa, paNum, va } from "../vm/machine/address.ts";
import { REGISTER_NAMES } from "../vm/machine/isa/register_names.ts";
import type { Session } from "../framework/command.ts";
import type { Process } from "../vm/process.ts";
import type { Vm } from "../vm/vm.ts";
import { CommandError } from "../framework/errors.ts";
import type { LineCode, Resolver } from "../framework/evaluate.ts";
import type { Space } from "../framework/result.ts";
import {
  addressOf,
  cast,
  type CValue,
  element,
  enumeratorNamed,
  field,
  globalNamed,
  localNamed,
  returned,
  scalarOf,
  target,
  typeNamed,
} from "../vm/c_values.ts";
import { hasFile, inlinedSites, lineSites, symbolsOf } from "../vm/symbols.ts";
import { frameInSight } from "./frames.ts";
import { whoHas } from "./target.ts";

/** Bytes that each reading function reads. */
const READS: Readonly<Record<string, number>> = { u8: 1, u16: 2, u32: 4, u64: 8 };
/** The functions of expressions: what kind of address each takes and gives. */
const FUNCTIONS: Readonly<Record<string, { takes?: Space; gives?: Space }>> = {
  pa: { takes: "va", gives: "pa" },
  va: { takes: "pa", gives: "va" },
  u8: { takes: "va" },
  u16: { takes: "va" },
  u32: { takes: "va" },
  u64: { takes: "va" },
  refcount: { takes: "pa" },
  mappings: { takes: "pa" },
  pa2idx: { takes: "pa" },
  free: {},
};

/** The resolver of a session: without a process in front, names mean the current one's. */
export function namesOf(session: Session): Resolver {
  const vm = session.vm;
  const owner = (pid: number | undefined) => pid ?? session.pid;

  return {
    place: session.place,
    last: session.last,
    spaces: (name) => Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : {},
    register: (name, pid) => readNamed(vm, name, owner(pid)),
    symbol: (name, pid) => symbolNamed(vm, name, pid, session.pid),
    variable: (name, pid) => variableNamed(session, name, pid),
    type: (name, pid) =>
      programsMeant(session, pid).map((one) => typeNamed(vm, name, one)).find((type) =>
        type !== undefined
      ),
    inlined: (name, pid) =>
      programsMeant(session, pid).map((one) => inlinedSites(vm, one, name)).find((code) =>
        code !== undefined
      ),
    line: (file, line, pid, at) => codeOf(vm, programsMeant(session, pid), file, line, at),
    c: {
      scalar: (value) => scalarOf(vm, value),
      field: (value, name) => field(vm, value, name),
      element: (value, index) => element(vm, value, index),
      target: (value) => target(vm, value),
      address: addressOf,
      cast: (type, pid, value) => cast(type, pid ?? programsMeant(session, pid)[0], value),
    },
    // Ours come first, but for one that is the kernel's own where it has it.
    returned: (name, args) =>
      Object.hasOwn(FUNCTIONS, name) && name !== "pa2idx" ? undefined : returned(vm, name, args),
    call(name, args, pid) {
      if (!Object.hasOwn(FUNCTIONS, name)) return undefined;
      const wanted = FUNCTIONS[name].takes === undefined ? 0 : 1;
      if (args.length !== wanted) {
        throw new CommandError(`${name}() takes ${wanted === 0 ? "nothing" : "one value"}`);
      }
      if (name === "pa") return translate(vm, args[0], owner(pid), pid !== undefined);
      if (name === "va") return mappedAt(vm, args[0], pid);
      if (name === "free") return BigInt(vm.free().free);
      if (name === "refcount") return storedAt(vm, args[0]);
      if (name === "pa2idx") return indexOf(vm, inRam(vm, args[0]));
      if (name === "mappings") return BigInt(vm.refcount(inRam(vm, args[0])).counted);
      return read(vm, args[0], READS[name], owner(pid), pid !== undefined);
    },
    *names() {
      yield* Object.keys(FUNCTIONS);
      yield* symbolsOf(vm, session.pid).keys();
      for (const name of [...REGISTER_NAMES, ...CSR_NAMES]) yield `$${name}`;
    },
  };
}

/** The element of a guest's array of counts that is a frame's. */
function indexOf(vm: Vm, frame: Pa): bigint {
  if (!vm.guest) throw new CommandError("pa2idx() is of a guest's counts; refcount() is the count");
  const place = vm.countPlace(frame);
  if (place !== undefined) return BigInt(place.index);
  throw new CommandError("pa2idx(): how the kernel counts is unknown; facts says what is known");
}

/** Those that are asked for most. */
const CSR_NAMES = [
  "pc",
  "satp",
  "sstatus",
  "sepc",
  "scause",
  "stval",
  "instret",
  "cycle",
  "time",
] as const;

/** In whose program a name is meant: a guest's kernel before its process, unless one is named. */
export function programsMeant({ vm, pid: current }: Session, pid: number | undefined): number[] {
  if (!vm.guest) return [pid ?? current];
  const owner = pid ?? (current || vm.here?.pid || 0);
  return pid === undefined ? [...new Set([0, owner])] : [owner];
}

/**
 * A variable that is in sight of the selected frame, or a global one; with a process in front, only
 * one of that. A constant of an enumeration, too.
 */
function variableNamed(
  session: Session,
  name: string,
  pid: number | undefined,
): CValue | undefined {
  const { vm } = session;
  const frame = pid === undefined ? frameInSight(session) : undefined;
  const local = frame && localNamed(frame, name);
  if (local !== undefined) return local;
  for (const one of programsMeant(session, pid)) {
    const found = globalNamed(vm, name, one) ?? enumeratorNamed(vm, name, one);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A line's code: of the first of these programs that has such a file. */
function codeOf(
  vm: Vm,
  pids: readonly number[],
  file: string,
  line: number,
  at: number,
): LineCode {
  for (const pid of pids) {
    const sites = lineSites(vm, pid, file, line);
    if (sites !== undefined) return { ...sites, asked: line };
  }
  const why = pids.some((pid) => hasFile(vm, pid, file))
    ? `${file} has no code at line ${line} or behind it`
    : `no source file ${file} is known`;
  throw CommandError.at(at, why);
}

/**
 * A symbol of the process named, or of the current one. Of a guest, a name that its kernel has is
 * the kernel's unless a process is named in front: programs have a `fork` of their own.
 */
function symbolNamed(
  vm: Vm,
  name: string,
  pid: number | undefined,
  current: number,
): bigint | undefined {
  if (!vm.guest) return symbolsOf(vm, pid ?? current).get(name);
  const owner = pid ?? (current || vm.here?.pid || 0);
  const kernels = pid === undefined ? symbolsOf(vm, 0).get(name) : undefined;
  return kernels ?? symbolsOf(vm, owner).get(name);
}

/** A register by name: the process's own as it will run on, or the hart's without a process. */
export function readNamed(vm: Vm, name: string, pid: number): bigint | undefined {
  const own = vm.hasProcess(pid) ? vm.process(pid).registers.get(name) : undefined;
  return own ?? vm.register(name);
}

/** A physical address in RAM. Throws {@linkcode CommandError} for others, likely virtual ones. */
export function inRam(vm: Vm, address: bigint): Pa {
  const { base, end } = vm.ram;
  const physical = pa(address);
  if (physical >= BigInt(base) && physical < BigInt(end)) return physical;
  const hint = physical < BigInt(base) ? `; if it is a virtual one, try pa(${hex(physical)})` : "";
  throw new CommandError(
    `physical address ${hex(physical)} is outside RAM, ${hex(base)}..${hex(end - 1)}${hint}`,
  );
}

/** The process whose addresses are meant; of a guest, without one, who its hart is in. */
function whose(vm: Vm, pid: number): Process {
  const p = pid === 0 ? vm.here : vm.process(pid);
  if (p !== undefined) return p;
  throw new CommandError("no current process: spawn one, or name one as in 3:0x4000");
}

function translate(vm: Vm, address: bigint, pid: number, named: boolean): bigint {
  const one = whose(vm, pid);
  const p = named ? one : whoHas(vm, one, va(address));
  const found = p.pte(va(address)).pa;
  if (found === undefined) throw new CommandError(`${p.pid}:${hex(address)} is not mapped`, 1);
  return found;
}

/** The count that the kernel keeps for a frame. */
function storedAt(vm: Vm, address: bigint): bigint {
  const { stored } = vm.refcount(inRam(vm, address));
  if (stored !== undefined) return BigInt(stored);
  throw new CommandError(`the count of frame ${hex(address)} is unknown`, 1);
}

/** The first place where a frame is mapped, in the process named, if one is. */
function mappedAt(vm: Vm, address: bigint, pid: number | undefined): bigint {
  const { owners } = vm.refcount(inRam(vm, address));
  const owner = owners.find((m) => pid === undefined || m.pid === pid);
  if (!owner) {
    const whom = pid === undefined ? "nobody maps" : `pid ${pid} does not map`;
    throw new CommandError(`${whom} ${hex(address)}`, 1);
  }
  return owner.va + (address - owner.pa);
}

/** Bytes of a process, past permissions and faults: looking changes nothing. */
function read(
  vm: Vm,
  address: bigint,
  bytes: number,
  pid: number,
  named: boolean,
): bigint {
  let value = 0n;
  for (let i = 0; i < bytes; i++) {
    const where = translate(vm, address + BigInt(i), pid, named);
    value |= BigInt(vm.ram.read8(paNum(Number(where)))) << BigInt(8 * i);
  }
  return value;
}
