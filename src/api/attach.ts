/** Somebody's own kernel for a script: booted to its prompt, with the face of any computer. */

import { onlyNames } from "../vm/checks.ts";
import { type Attached, type Booted, GuestBoot } from "../vm/guest_boot.ts";
import { bytesOf, type Size } from "../vm/size.ts";
import type { Vm } from "../vm/vm.ts";
import { openShell } from "./shell.ts";

/** A kernel, its disk and its computer; see {@link attach}. */
export interface AttachOptions {
  /** The kernel's ELF file: its bytes, or its path on the host. */
  kernel: Uint8Array | string;
  /** Its disk image, bytes or a path; it is copied, and never written. None unless given. */
  disk?: Uint8Array | string;
  /** How many harts, 1 to 8; 1 unless given. */
  harts?: number;
  /** Chooses the interleaving of several harts, 0 to 2^32-1; 0 unless given. */
  seed?: number;
  /** Instructions of a hart's turn on average, where there are several; 10,000 unless given. */
  quantum?: number;
  /** Whether code that runs often is translated, `hot` (unless given), or all is interpreted. */
  compile?: "hot" | "never";
  /** RAM; 128 MiB unless given. */
  mem?: Size;
  /** Most instructions of the boot; 20 billion unless given. */
  budget?: number;
  /**
   * What you know better of the kernel than what is found out, as {@link Vm.giveFact} takes it:
   * `["processes=tasks", "kernel=kvm_root"]`. Nothing unless given.
   */
  facts?: readonly string[];
}

/** The names of {@link AttachOptions}. */
export const ATTACH_NAMES: readonly string[] = [
  "kernel",
  "disk",
  "harts",
  "seed",
  "quantum",
  "compile",
  "mem",
  "budget",
  "facts",
];

/** A kernel that could not be attached; the message is one line. */
export class AttachError extends Error {
  /** The class name, as shown before the message. */
  override readonly name = "AttachError";
  /**
   * `kernel` or `disk`: that file cannot be used. Else the kernel did not come to its prompt: it
   * panicked, no hart can go on, all its processes sleep and none for the console, it turned the
   * machine off, or it was not there within its budget.
   */
  readonly reason: "kernel" | "disk" | "panic" | "stuck" | "sleeps" | "off" | "budget";
  /** What it had said on its console; empty where it did not run. */
  readonly console: string;
  /** The computer as far as it came, to look at; undefined where it did not run. */
  readonly vm: Vm | undefined;

  /** Why a kernel could not be attached. */
  constructor(message: string, reason: AttachError["reason"], console = "", vm?: Vm) {
    super(message);
    this.reason = reason;
    this.console = console;
    this.vm = vm;
  }
}

/**
 * Boots a kernel of your own, an xv6 of 2019 to 2025 with whatever was changed in it, and gives the
 * same face to it as {@link boot} to the built-in one. Processes that {@link Vm.spawn} makes do what
 * the script says by *its* system calls and its page faults; {@link Vm.run} types a program into its
 * sh. Everything is deterministic: the same files and options, the same bytes.
 *
 * @example A kernel that copies at fork, asked the questions of the lab
 * ```ts
 * import { attach, AttachError, expect } from "@cowsh/cowsh";
 *
 * function grade(tree: string): string {
 *   const vm = attach({ kernel: `${tree}/kernel/kernel`, disk: `${tree}/fs.img`, harts: 3, seed: 7 });
 *   const parent = vm.spawn();
 *   const va = parent.sbrk("2 pages");
 *   parent.store(va, 42n);
 *   const child = parent.fork();
 *   expect(parent.frame(va)).toBeMappedBy([parent.at(va), child.at(va)]);
 *   child.store(va, 7n);
 *   expect(parent.load(va)).toBe(42n);
 *   expect(vm.run("cowtest")).toSucceed();
 *   expect(vm).toPassAudit();
 *   return "it copies on write";
 * }
 *
 * try {
 *   console.log(grade("xv6-labs-2025"));
 * } catch (error) {
 *   // No such tree, or a kernel that does not come to its prompt: one line says which.
 *   if (!(error instanceof AttachError)) throw error;
 *   console.log(error.message);
 * }
 * ```
 *
 * @throws {AttachError} When a file cannot be used, or the kernel does not come to its prompt.
 * @throws {RangeError} For a number that no such computer can have, or a fact that says nothing.
 */
export function attach(options: AttachOptions): Vm {
  onlyNames("attach", options, ATTACH_NAMES);
  const { kernel, disk, mem, budget, facts = [], ...hardware } = options;
  if (!Array.isArray(facts) || facts.some((one) => typeof one !== "string")) {
    throw new RangeError("attach: facts: want a list of texts, like counts=ref.cnt");
  }
  const files = { elf: nameOf(kernel), disk: disk === undefined ? undefined : nameOf(disk) };
  const boot = booting(
    {
      ...hardware,
      facts,
      ...(mem === undefined ? {} : { memBytes: bytesOf(mem) }),
      ...(disk === undefined ? {} : { disk: fileOf("disk", disk) }),
    },
    fileOf("kernel", kernel),
    files,
    budget,
  );
  let came: Booted | undefined;
  while (came === undefined) came = boot.slice(10_000_000);
  if (came.kind === "prompt") return boot.vm;
  throw new AttachError(
    `${files.elf ?? "the kernel"} did not come to its prompt: ${WHY[came.kind]}`,
    came.kind,
    came.console,
    boot.vm,
  );
}

const WHY: Readonly<Record<Exclude<Booted["kind"], "prompt">, string>> = {
  panic: "it panicked",
  stuck: "no hart can go on",
  sleeps: "all its processes sleep, and none for the console",
  off: "it turned the machine off",
  budget: "not within the instructions of its budget",
};

function booting(
  options: ConstructorParameters<typeof GuestBoot>[1],
  kernel: Uint8Array,
  files: Attached["files"],
  budget: number | undefined,
): GuestBoot {
  try {
    return new GuestBoot(kernel, { ...options, files, interact: openShell }, budget);
  } catch (error) {
    if (!(error instanceof Error) || !/^(Elf|Disk)Error$/.test(error.name)) throw error;
    const [reason, file] = error.name === "DiskError"
      ? ["disk", files.disk] as const
      : ["kernel", files.elf] as const;
    throw new AttachError(`${file ?? `the ${reason}`}: ${error.message}`, reason);
  }
}

function nameOf(file: Uint8Array | string): string | undefined {
  return typeof file === "string" ? file : undefined;
}

/** The bytes of a file. Throws an AttachError when it cannot be read. */
function fileOf(reason: "kernel" | "disk", file: Uint8Array | string): Uint8Array {
  if (file instanceof Uint8Array) return file;
  if (typeof file !== "string") {
    throw new RangeError(`attach: ${reason}: want bytes, or the path of a file`);
  }
  try {
    return Deno.readFileSync(file);
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound
      ? "no such file"
      : error instanceof Error
      ? error.message
      : String(error);
    throw new AttachError(`${file}: ${why}`, reason);
  }
}
