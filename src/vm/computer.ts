/** A computer with the built-in kernel: hardware and kernel booted, saved and put back as one. */

import { madeOf, type Settled } from "./boot_options.ts";
import { defaultDisk, FsError } from "./disk.ts";
import { EventLog } from "./events.ts";
import { abiNamed } from "./kernel/abi.ts";
import { makeKernel, restoreKernel, saveKernel } from "./kernel/boot.ts";
import { policyNamed } from "./kernel/fork/policies.ts";
import { makeInit } from "./kernel/manual.ts";
import { noPrograms } from "./kernel/programs.ts";
import { kernelView } from "./kernel/view.ts";
import { Machine } from "./machine/machine.ts";
import type { Parts } from "./parts.ts";
import { type BuiltinState, damaged } from "./state.ts";
import { symbolsView } from "./symbols.ts";

/** RAM, kernel, file systems and process 1. Throws an FsError that names the bad image's option. */
export function bootParts(made: Settled): Parts {
  const { programs = noPrograms, abi, fs, fat } = made;
  const machine = new Machine({ memBytes: made.mem, traps: "host", compile: made.compile });
  const events = new EventLog(machine);
  const { mmu, clock, hart } = machine;
  mmu.marked = (page, pteAddr, before, after) => {
    if (clock.running) events.pc = hart.registers.pcNumber;
    events.walked(page, pteAddr, before, after);
  };
  const kernel = makeKernel(machine, events, programs, {
    policy: policyNamed(made.policy)!,
    superpages: made.superpages,
    superpageCow: made.superpageCow,
    swap: made.swap,
    readAhead: made.readAhead,
    ...(abi === undefined ? {} : { abi: typeof abi === "string" ? abiNamed(abi) : abi }),
    quantum: made.quantum,
    seed: made.seed,
    lazySbrk: made.lazy,
    demandExec: made.exec === "demand",
  });
  const { files } = kernel;
  if (fs !== undefined) mounting("fs", () => files.mountRoot(fs));
  else files.mountRootLater(() => defaultDisk(programs));
  if (fat !== undefined) mounting("fat", () => files.mountFat(fat));
  makeInit(kernel);
  const loaded = new Map<string, Uint8Array>();
  const view = kernelView(kernel, symbolsView(kernel, loaded));
  return { machine, kernel, view, loaded, made: madeOf(made) };
}

/** Mounts the image of an option; an error says of which. */
function mounting(option: "fs" | "fat", mount: () => void): void {
  try {
    mount();
  } catch (error) {
    if (error instanceof FsError) error.option = option;
    throw error;
  }
}

/** All of it as plain data, with the options that it was booted with. */
export function saveParts({ machine, kernel, made }: Parts): BuiltinState {
  return {
    made,
    machine: machine.save(),
    kernel: saveKernel(kernel),
    events: kernel.events.save(),
  };
}

/** What {@link saveParts} returned is put back. */
export function putParts({ machine, kernel }: Parts, state: BuiltinState): void {
  machine.restore(state.machine);
  restoreKernel(kernel, state.kernel);
  kernel.events.restore(state.events);
}

/** The same for a state that may be damaged: then `before` is put back, and a RangeError thrown. */
export function putRestored(parts: Parts, state: BuiltinState, before: BuiltinState): void {
  try {
    putParts(parts, state);
  } catch (error) {
    putParts(parts, before);
    throw damaged((error as Error).message);
  }
}
