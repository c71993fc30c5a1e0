/** A computer with the built-in kernel, as its face asks it. */

import { access } from "./access.ts";
import { accessBytes, forkProcess, systemCall } from "./actions.ts";
import type { Settled } from "./boot_options.ts";
import { bootParts, putRestored } from "./computer.ts";
import { builtinDisk } from "./disk.ts";
import { audit } from "./inspect/audit.ts";
import { checkBuiltin } from "./inspect/builtin/audit.ts";
import { translation } from "./inspect/translation.ts";
import { verdicts } from "./inspect/builtin/verdict.ts";
import { type } from "./kernel/console.ts";
import type { Kernel } from "./kernel/kernel.ts";
import { usageOf } from "./kernel/memory/areas/usage.ts";
import { census, frameTotal } from "./kernel/memory/frames/frames.ts";
import { endNow, KernelError, makeManual } from "./kernel/manual.ts";
import type { Proc } from "./kernel/process/proc.ts";
import { failAllocation } from "./kernel/memory/frames/frames.ts";
import { findProc, spaceOf } from "./kernel/process/table.ts";
import { rootOf, savedView } from "./kernel/view.ts";
import type { Computer } from "./parts.ts";
import { Recorder } from "./recorder.ts";
import { trapframeRegisters } from "./registers.ts";
import { type BuiltinState, checkRestorable, isGuests, whose } from "./state.ts";
import { makeSatp } from "./machine/sv39.ts";
import { programImages } from "./symbols.ts";

/** Boots RAM, kernel, disk and process 1. Throws an FsError that names the bad image's option. */
export function bootComputer(options: Settled): Computer {
  const parts = bootParts(options);
  const { machine, kernel, view } = parts;
  const recorder = new Recorder(parts);
  const space = (pid: number) => spaceOf(kernel, procOf(kernel, pid));
  return {
    ...parts,
    guest: false,
    attached: undefined,
    policy: kernel.policy.name,
    changes: recorder,
    disk: builtinDisk(kernel.files),
    stops: kernel,
    acts: {
      spawn: () => makeManual(kernel).pid,
      isManual: (pid) => procOf(kernel, pid).manual,
      fork: (pid) => forkProcess(kernel, procOf(kernel, pid)),
      access: (pid, ...rest) => access(parts, procOf(kernel, pid), ...rest),
      bytes: (pid, ...rest) => accessBytes(kernel, procOf(kernel, pid), ...rest),
      call: (pid, ...rest) => systemCall(kernel, procOf(kernel, pid), ...rest),
      kill: (pid) => endNow(kernel, procOf(kernel, pid)),
      run: undefined,
    },
    ticks: () => kernel.state.ticks,
    happened: () => kernel.events,
    forks: () => kernel.state.forkTotals,
    listening: undefined,
    failAllocation: (n) => failAllocation(kernel, n),
    images: () => programImages(kernel, parts.loaded),
    countPlace: () => undefined,
    invoke: () => {
      throw new KernelError(
        "invoke: the built-in kernel is TypeScript, and has no functions in memory",
      );
    },
    lastStores: () => {
      throw new KernelError("lastStores: what programs store is not recorded");
    },
    translate: (pid, at) => {
      const root = rootOf(kernel, procOf(kernel, pid));
      return translation(view, machine.ram, root, at, verdicts(kernel, space(pid), at));
    },
    registers: (pid) => {
      const satp = () => makeSatp(space(pid).root);
      return trapframeRegisters(machine.ram, () => procOf(kernel, pid).trapframe, satp);
    },
    setRegister: () => false,
    type: (bytes) => type(kernel, bytes),
    usage: (pid) => usageOf(kernel, space(pid)),
    audit: () =>
      audit(view, machine.ram, [machine.mmu], (...found) => checkBuiltin(kernel, view, ...found)),
    auditEach: () => undefined,
    giveFacts: () => {},
    trail: () => [],
    census: () => {
      const { free, lowest } = kernel.state.frames;
      return { free, total: frameTotal(kernel), lowest, kinds: census(kernel) };
    },
    reset: () => {},
    savedView: (state) => {
      if (isGuests(state)) throw new RangeError(`diff: ${whose(state)}`);
      if ("kernel" in state && "events" in state) return savedView(state as BuiltinState);
      throw new RangeError("diff: this is no state of a computer; save() makes one");
    },
    restore: (state) => {
      const before = recorder.state();
      checkRestorable(state, before);
      recorder.jump(state, () => putRestored(parts, state, before));
    },
  };
}

function procOf(kernel: Kernel, pid: number): Proc {
  const p = findProc(kernel, pid);
  if (p === undefined) throw new KernelError(`no process ${pid}: it is gone`);
  return p;
}
