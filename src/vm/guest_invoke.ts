/**
 * Functions of a guest's kernel, called by who only wants to know what they return: the machine runs
 * them, and is made what it was. What they store is forgotten.
 */

import { quietly } from "./guest/quietly.ts";
import type { GuestView } from "./guest/view.ts";
import { KernelError } from "./kernel/manual.ts";
import { hex, type PaNum } from "./machine/address.ts";
import { causeName } from "./machine/cause.ts";
import { counted } from "./machine/counted.ts";
import type { Hart } from "./machine/hart/hart.ts";
import type { GuestParts } from "./parts.ts";

/** Most instructions of one call: who waits for a lock that is held never comes back. */
const BUDGET = 20_000_000;
/** Most arguments that registers hold. */
const ARGUMENTS = 8;
const RA = 1, SP = 2, TP = 4, A0 = 10;
const USER = 0, SUPERVISOR = 1, MACHINE = 3;
/** sstatus.SIE. */
const SIE = 2n;
/** Where `struct trapframe` has kernel_satp and kernel_sp, in bytes. */
const KERNEL_SATP = 0, KERNEL_SP = 8;

/**
 * What a function of the kernel returns, as it would be called now by the present hart: `a0`
 * afterwards. Throws a KernelError where it cannot be called, or does not come back.
 */
export function invoke(
  { machine, history }: GuestParts,
  view: GuestView,
  entry: bigint,
  args: readonly bigint[],
): bigint {
  const name = view.symbols.at(0, entry)?.name ?? hex(entry);
  if (args.length > ARGUMENTS) {
    throw new KernelError(`${name} has ${args.length} arguments; ${ARGUMENTS} fit into registers`);
  }
  const { hart } = machine;
  const stack = stackFor(hart, view, machine.ram);
  const back = BigInt(view.known.symbols.start);
  let answer: bigint | undefined;
  let why = "";
  history.aside(() => {
    if (stack !== undefined) {
      hart.mode = SUPERVISOR;
      hart.satp = stack.satp;
      hart.setX(SP, stack.sp);
      hart.setX(TP, BigInt(hart.hartid));
    }
    hart.writeCsr("sstatus", hart.readCsr("sstatus") & ~SIE);
    hart.setX(SP, hart.x(SP) & ~15n);
    hart.setX(RA, back);
    args.forEach((value, i) => hart.setX(A0 + i, value));
    hart.pc = entry;
    hart.waiting = false;
    quietly(machine, () => {
      const trap = hart.readCsr("stvec") & ~3n;
      const panic = view.known.symbols.table.get("panic");
      const ends = [back, trap, ...(panic === undefined ? [] : [panic])];
      for (const at of ends) machine.addBreak(signed(at));
      const stop = machine.run(BUDGET, false, [hart.hartid]);
      for (const at of ends) machine.removeBreak(signed(at));
      if (stop.kind !== "break") {
        why = `it is not back after ${counted(BUDGET, "instruction")}: it may wait for a lock`;
      } else if (stop.pc === back) answer = hart.x(A0);
      else if (stop.pc === trap) {
        const cause = causeName(Number(hart.readCsr("scause")));
        why = `${cause} at ${hex(hart.readCsr("stval"))}`;
      } else why = "it panics";
    });
  });
  if (answer === undefined) throw new KernelError(`${name}: ${why}`);
  return answer;
}

/** The kernel's page table and stack, where the hart does not have them now. */
function stackFor(
  hart: Hart,
  view: GuestView,
  ram: GuestParts["machine"]["ram"],
): { readonly satp: bigint; readonly sp: bigint } | undefined {
  const { mode } = hart;
  if (mode === MACHINE) {
    throw new KernelError("the hart is in machine mode: no function of the kernel's can be called");
  }
  const own = view.now.kernelRoot;
  if (mode !== USER && own !== undefined && hart.mmu.root === own) return undefined;
  const record = view.processes().find(({ hart: at }) => at === hart.hartid);
  const frame = view.now.slots.find(({ pid }) => pid === record?.pid)?.trapframe;
  if (frame === undefined) {
    throw new KernelError("the process's trapframe is unknown, and so the kernel's stack");
  }
  const long = (at: number) => ram.read64((frame + at) as PaNum);
  return { satp: long(KERNEL_SATP), sp: long(KERNEL_SP) };
}

const signed = (at: bigint): number => Number(BigInt.asIntN(64, at));
