/**
 * The flags of somebody's own kernel, `--kernel`, and of a program alone on the machine, `--bare`:
 * those that only their computer has, and which of the others it has in common with the built-in
 * kernel's. `--seed` is one of these: it says which interleaving, there of processes and here of
 * harts.
 */

import { CommandError } from "../framework/errors.ts";
import { BOOT_OPTIONS, type BootOptions } from "../vm/boot_options.ts";
import { GUEST_NUMBERS, type GuestOptions } from "../vm/guest.ts";

/** A guest's computer as the command line asks for it: all but its disk and budget. */
export type GuestFlags = Pick<GuestOptions, "memBytes" | "harts" | "seed" | "quantum" | "compile">;

const { harts: HARTS, quantum: QUANTUM } = GUEST_NUMBERS;

/** The flags that only they have, for `--help`. */
export const GUEST_FLAGS = [
  {
    name: "kernel",
    value: "ELF",
    doc: "your own kernel, booted to its prompt, in place of the built-in one; see below",
  },
  {
    name: "disk",
    value: "IMAGE",
    doc: "the disk of --kernel: a copy in memory, the file is never written",
  },
  {
    name: "harts",
    value: "N",
    doc: `harts of --kernel or --bare, ${HARTS.least} to ${HARTS.most}; 1 when not given`,
  },
  {
    name: "fact",
    value: "NAME=EXPR",
    doc: "what you know better about --kernel: help facts has the NAMEs; may be repeated",
  },
  {
    name: "bare",
    value: "ELF",
    doc: "run a program that is its own kernel and no xv6, without a shell",
  },
] as const;

/** The options of the built-in kernel's computer that a guest's has, too. */
const SHARED: readonly (keyof BootOptions)[] = ["mem", "seed", "quantum", "compile"];

/** Files as the flags name them. */
export interface GuestFiles {
  /** `--kernel`. */
  readonly elf: string | undefined;
  /** `--disk`. */
  readonly disk: string | undefined;
  /** `--bare`. */
  readonly bare: string | undefined;
}

/**
 * The computer of `--kernel` or `--bare`; of none, when neither is given.
 *
 * @param harts `--harts`.
 * @param computer The flags that the built-in kernel's computer has, checked for that one.
 * @throws {CommandError} exit code 2, for a flag that the kernel that is to run does not have, or a
 * number that no guest has
 */
export function guestFlags(
  { elf, disk, bare }: GuestFiles,
  harts: bigint | undefined,
  computer: { readonly boot: BootOptions; readonly paths: Readonly<Record<string, string>> },
): GuestFlags {
  if (elf !== undefined && bare !== undefined) {
    throw new CommandError("--kernel and --bare: one of them; an xv6 is --kernel's");
  }
  const which = elf === undefined ? "--bare" : "--kernel";
  if (disk !== undefined && elf === undefined) {
    throw new CommandError(
      bare === undefined
        ? "--disk is for --kernel; the built-in kernel takes --fs IMAGE"
        : "--disk is for --kernel, which runs an xv6; a program of --bare has no disk",
    );
  }
  if (elf === undefined && bare === undefined) {
    if (harts === undefined) return {};
    throw new CommandError("--harts is for --kernel; the built-in kernel runs on one hart");
  }
  const { boot, paths } = computer;
  for (const { name, flag } of BOOT_OPTIONS) {
    if (SHARED.includes(name) || (boot[name] === undefined && paths[name] === undefined)) continue;
    const instead = name === "fs" ? "; the disk of a kernel of your own is --disk IMAGE" : "";
    throw new CommandError(`--${flag} is for the built-in kernel, not for ${which}${instead}`);
  }
  const inside = within(which);
  const { mem, seed, quantum, compile } = boot;
  return {
    ...(mem === undefined ? {} : { memBytes: Number(mem) }),
    ...(harts === undefined ? {} : { harts: inside("harts", Number(harts), HARTS) }),
    ...(seed === undefined ? {} : { seed }),
    ...(quantum === undefined ? {} : { quantum: inside("quantum", quantum, QUANTUM) }),
    ...(compile === undefined ? {} : { compile }),
  };
}

/** A number, within the bounds of its flag. */
function within(which: string) {
  return (
    flag: string,
    value: number,
    { least, most }: { readonly least: number; readonly most: number },
  ): number => {
    if (value >= least && value <= most) return value;
    throw new CommandError(
      `--${flag} ${value}: want a whole number from ${least} to ${most} with ${which}`,
    );
  };
}
