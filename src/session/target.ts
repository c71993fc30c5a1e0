/** Which process a command is about, and how the computer's refusals become the shell's. */

import type { Context, VaArg } from "../framework/command.ts";
import { CommandError, EXIT } from "../framework/errors.ts";
import { wantSpace } from "../framework/evaluate.ts";
import type { Process } from "../vm/process.ts";
import { FsError } from "../vm/disk.ts";
import { KernelError, type Vm } from "../vm/vm.ts";
import type { Va } from "../vm/machine/address.ts";

/**
 * The process named, or the current one, or who the hart of a guest is in. Throws {@linkcode
 * CommandError} when there is none.
 */
export function processFor(ctx: Context, pid: number | undefined): Process {
  const wanted = pid ?? ctx.session.pid;
  const { here } = ctx.vm;
  if (wanted === 0 && here !== undefined) return here;
  if (wanted === 0) {
    throw new CommandError("no current process; spawn makes one, use PID picks one");
  }
  return refusing(() => ctx.vm.process(wanted));
}

/** The virtual address of an argument, and the process that it or `-p` names; not two of them. */
export function addressOf(
  arg: VaArg,
  pid: number | undefined,
  physical = false,
): { va: Va; pid: number | undefined } {
  if (arg.pid !== undefined && pid !== undefined && arg.pid !== pid) {
    throw new CommandError(`${arg.pid}:… and -p ${pid} name two processes`);
  }
  if (arg.physical !== undefined && !physical) {
    wantSpace("va", arg.physical, { value: arg.va, space: "pa" }, undefined);
  }
  return { va: arg.va, pid: arg.pid ?? pid };
}

/**
 * The process, by default the current one, and the virtual address that an argument and `-p` name.
 *
 * @param physical a physical address is wanted in its place
 */
export function placeOf(
  ctx: Context,
  arg: VaArg,
  pid: number | undefined,
  physical = false,
): { p: Process; va: Va } {
  const named = addressOf(arg, pid, physical);
  const p = processFor(ctx, named.pid);
  return { p: named.pid === undefined ? whoHas(ctx.vm, p, named.va) : p, va: named.va };
}

/**
 * Who an address means where nobody is named: a guest's kernel, when it has it and the process has
 * neither mapped it nor an area there. So the kernel's variables can be asked for whatever the hart
 * is in.
 */
export function whoHas(vm: Vm, p: Process, address: Va): Process {
  if (!vm.guest || p.pid === 0 || p.maps(address)) return p;
  const kernel = vm.process(0);
  if (!kernel.maps(address)) return p;
  const { kind } = p.pte(address);
  return kind === "unknown" || kind === "none" ? kernel : p;
}

/** Runs something that may refuse; what the computer says becomes one clear line. */
export function refusing<T>(body: () => T, code: number = EXIT.usage): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof KernelError || error instanceof RangeError || error instanceof FsError) {
      throw new CommandError(error.message, code);
    }
    throw error;
  }
}

/** The current process changes: the child that was made, the process that was picked, none. */
export function setCurrent(ctx: Context, pid: number): void {
  ctx.session.pid = pid;
}

/** The end of the page that a range's last byte is in: calls work on whole pages. */
export function pageEnd(end: bigint): bigint {
  return (end + 4095n) & ~4095n;
}
