/**
 * What a system call is: one row with its name, its arguments (so that `strace` can print them) and
 * its handler.
 *
 * A handler returns the call's result for a0, or `undefined` when there is none now: either the
 * process sleeps and the call is run again when it wakes, or it has exited.
 */

import { print } from "../console.ts";
import { MAXVA, type VaNum, vaNum } from "../../machine/address.ts";
import type { CallName } from "../abi.ts";
import type { File } from "../files/file.ts";
import type { Kernel } from "../kernel.ts";
import { fileOf } from "../files/table.ts";
import type { Proc } from "../process/proc.ts";
import { A0, A7, readInt, readRegister, registerPa } from "../process/trapframe.ts";
import { addressOf } from "../memory/faults/copyin.ts";
import type { Outcome, Refused } from "../memory/outcome.ts";

/**
 * What an argument is, for `strace`: a number, an address, a descriptor, a string in user memory, a
 * buffer the kernel reads or fills (its length is the next argument), an argv array, open flags,
 * mmap protection and flags, or clone flags.
 */
export type ArgumentKind =
  | "int"
  | "size"
  | "address"
  | "fd"
  | "path"
  | "in"
  | "out"
  | "argv"
  | "open-flags"
  | "prot"
  | "map-flags"
  | "clone-flags"
  | "sbrk-how";

/** One argument of a call. */
export interface Argument {
  readonly name: string;
  readonly kind: ArgumentKind;
}

/** What a handler answers: the result for a0; -1 with its reason; or undefined: see above. */
export type CallResult = number | Refused | undefined;

/** The result for a0 of a memory call that answers with a number, or its refusal. */
export function valueOf(outcome: Outcome<number>): number | Refused {
  return outcome.ok ? outcome.value : outcome;
}

/** One system call. */
export interface Call {
  readonly name: CallName;
  readonly arguments: readonly Argument[];
  /**
   * Whether the result is an address (printed in hex) or a number; `registers` when the call has
   * set them all, a0 with them.
   */
  readonly returns: "int" | "address" | "nothing" | "registers";
  /** Of what this kernel lacks: it says so and returns -1. */
  readonly absent: boolean;
  run(k: Kernel, p: Proc): CallResult;
}

/** Declares a call; `args` reads like a C prototype: `"int fd, in buf, size n"`. */
export function call(
  name: CallName,
  args: string,
  run: (k: Kernel, p: Proc) => CallResult,
  returns: Call["returns"] = "int",
): Call {
  const list = args === "" ? [] : args.split(", ").map((text) => {
    const [kind, argument] = text.split(" ");
    return { kind: kind as ArgumentKind, name: argument };
  });
  return { name, arguments: list, returns, absent: false, run };
}

/** A lab's call that this kernel lacks: a line on the console says whose it is, and why. */
export function absent(name: CallName, args: string, why: string): Call {
  const row = call(name, args, (k, p) => {
    const number = readInt(k.ram, p.trapframe, A7);
    return refuse(k, p, `${name} (${number}) ${why}`);
  });
  return { ...row, absent: true };
}

/** The result -1, with a line on the console that says why. */
export function refuse(k: Kernel, p: Proc, why: string): number {
  print(k, `${p.pid} ${p.name}: ${why}: -1\n`);
  return -1;
}

/** Argument `n` as the full register. */
export function argument(k: Kernel, p: Proc, n: number): bigint {
  return readRegister(k.ram, p.trapframe, A0 + n);
}

/** Argument `n` as a C int: its low 32 bits, signed (xv6's argint). */
export function argInt(k: Kernel, p: Proc, n: number): number {
  return readInt(k.ram, p.trapframe, A0 + n);
}

/** Argument `n` as a user address; undefined when it is not below MAXVA. */
export function argAddress(k: Kernel, p: Proc, n: number): VaNum | undefined {
  const at = registerPa(p.trapframe, A0 + n);
  const address = addressOf(k.ram.readPte(at), k.ram.readPteHigh(at));
  return address < 0 ? undefined : address as VaNum;
}

const BEYOND = BigInt(MAXVA);

/** A 64-bit value as a user address; undefined when it is not below MAXVA. */
export function userAddress(value: bigint): VaNum | undefined {
  return value < BEYOND ? vaNum(Number(value)) : undefined;
}

/** The open file that argument `n` names; undefined when there is none (xv6's argfd). */
export function argFile(k: Kernel, p: Proc, n: number): File | undefined {
  return fileOf(k, p, argInt(k, p, n));
}
