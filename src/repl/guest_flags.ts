/**
 * The flags of `--bare`: those that only a guest's computer has, and which of the others it has in
 * common with the built-in kernel's. `--seed` is one of these: it says which interleaving, there of
 * processes and here of harts.
 */

import { CommandError } from "../framework/errors.ts";
import { BOOT_OPTIONS, type BootOptions } from "../vm/boot_options.ts";
import { GUEST_NUMBERS, type GuestOptions } from "../vm/guest.ts";

/** A guest's computer as the command line asks for it: all but its disk and budget. */
export type GuestFlags = Pick<GuestOptions, "memBytes" | "harts" | "seed" | "quantum">;

const { harts: HARTS, quantum: QUANTUM } = GUEST_NUMBERS;

/** The flags that only `--bare` has, and itself, for `--help`. */
export const GUEST_FLAGS = [
  {
    name: "bare",
    value: "ELF",
    doc: "run a program that is its own kernel, like your xv6; see below",
  },
  { name: "disk", value: "IMAGE", doc: "its disk, in memory: the file is never written" },
  {
    name: "harts",
    value: "N",
    doc: `its harts, ${HARTS.least} to ${HARTS.most}; 1 when not given`,
  },
] as const;

/** The options of the built-in kernel's computer that a guest's has, too. */
const SHARED: readonly (keyof BootOptions)[] = ["mem", "seed", "quantum"];

/**
 * The computer of `--bare ELF`; of none, when that is not given.
 *
 * @param harts `--harts`.
 * @param computer The flags that the built-in kernel's computer has, checked for that one.
 * @throws {CommandError} exit code 2, for a flag that the kernel that is to run does not have, or a
 * number that no guest has
 */
export function guestFlags(
  bare: string | undefined,
  disk: string | undefined,
  harts: bigint | undefined,
  computer: { readonly boot: BootOptions; readonly paths: Readonly<Record<string, string>> },
): GuestFlags {
  if (bare === undefined) {
    if (disk !== undefined) {
      throw new CommandError("--disk is for --bare; the built-in kernel takes --fs IMAGE");
    }
    if (harts !== undefined) {
      throw new CommandError("--harts is for --bare; the built-in kernel runs on one hart");
    }
    return {};
  }
  const { boot, paths } = computer;
  for (const { name, flag } of BOOT_OPTIONS) {
    if (SHARED.includes(name) || (boot[name] === undefined && paths[name] === undefined)) continue;
    const instead = name === "fs" ? "; the disk of a kernel of your own is --disk IMAGE" : "";
    throw new CommandError(`--${flag} is for the built-in kernel, not for --bare${instead}`);
  }
  const { mem, seed, quantum } = boot;
  return {
    ...(mem === undefined ? {} : { memBytes: Number(mem) }),
    ...(harts === undefined ? {} : { harts: inside("harts", Number(harts), HARTS) }),
    ...(seed === undefined ? {} : { seed }),
    ...(quantum === undefined ? {} : { quantum: inside("quantum", quantum, QUANTUM) }),
  };
}

/** A number, within the bounds of its flag. */
function inside(
  flag: string,
  value: number,
  { least, most }: { readonly least: number; readonly most: number },
): number {
  if (value >= least && value <= most) return value;
  throw new CommandError(
    `--${flag} ${value}: want a whole number from ${least} to ${most} with --bare`,
  );
}
