/** What is behind {@link Vm}, {@link Process}, {@link Guest}: for src/vm and tests alone. */

import type { Guest } from "./guest.ts";
import type { Made } from "./boot_options.ts";
import type { KernelView } from "./inspect/view.ts";
import type { Kernel } from "./kernel/kernel.ts";
import type { Proc } from "./kernel/process/proc.ts";
import type { Machine } from "./machine/machine.ts";
import type { Process } from "./process.ts";
import type { Recorder } from "./recorder.ts";
import type { Vm } from "./vm.ts";

/** What a computer is made of. */
export interface Parts {
  /** RAM, hart, MMU, devices. */
  readonly machine: Machine;
  /** The built-in kernel. */
  readonly kernel: Kernel;
  /** The kernel as inspectors ask any kernel. */
  readonly view: KernelView;
  /** The files that programs were loaded from, by name, where not the disk's: for symbols. */
  readonly loaded: Map<string, Uint8Array>;
  /** What it was made with, as a state holds it. */
  readonly made: Made;
}

/** How to look inside: the classes say it, since only they see their private fields. */
interface Doors {
  vm(vm: Vm): Parts;
  recorder(vm: Vm): Recorder;
  process(p: Process): Proc;
  guest(run: Guest): Machine;
}

const doors = {} as Doors;

/** For the classes: how one looks into them. */
export function openDoor<Name extends keyof Doors>(name: Name, look: Doors[Name]): void {
  doors[name] = look;
}

/** The parts of a computer. */
export function partsOf(vm: Vm): Parts {
  return doors.vm(vm);
}

/** The built-in kernel of a computer. */
export function kernelOf(vm: Vm): Kernel {
  return doors.vm(vm).kernel;
}

/** The hardware of a computer. */
export function machineOf(vm: Vm): Machine {
  return doors.vm(vm).machine;
}

/** What records all that is done to a computer. */
export function recorderOf(vm: Vm): Recorder {
  return doors.recorder(vm);
}

/** The kernel's record of a process. Throws KernelError when the process is gone. */
export function recordOf(p: Process): Proc {
  return doors.process(p);
}

/** The hardware on which a program of its own kernel runs. */
export function guestMachineOf(run: Guest): Machine {
  return doors.guest(run);
}
