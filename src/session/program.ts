/** Where a program named on the line comes from: the disk, our own programs, or a host file. */

import type { Context } from "../framework/command.ts";
import { CommandError, EXIT } from "../framework/errors.ts";
import { didYouMean } from "../vm/nearest.ts";
import { guestName } from "../vm/programs.ts";

/** A program to run: its name as the guest sees it, and its bytes when they come from the host. */
interface NamedProgram {
  readonly name: string;
  readonly bytes: Uint8Array | undefined;
}

/** The names of all programs that can be run without a path, sorted. */
function programNames(ctx: Context): string[] {
  return [...new Set([...ctx.vm.programNames()])].sort();
}

/**
 * A program by what was typed: a name is looked up on the disk and among our own; what has a `/` in
 * it, or is nowhere to be found there, is a file on the host. A leading `_`, as xv6 names its ELF
 * files, goes. `others` are words that the command takes in a program's place: an error offers
 * them, too.
 */
export async function loadProgram(
  ctx: Context,
  typed: string,
  others: readonly string[] = [],
): Promise<NamedProgram> {
  if (ctx.vm.hasProgram(typed)) return { name: typed, bytes: undefined };
  if (!typed.includes("/") && !typed.includes(".") && !typed.startsWith("_")) {
    const names = [...others, ...programNames(ctx)];
    const kind = others.length === 0 ? "program" : "workload or program";
    throw new CommandError(
      `no ${kind} ${typed}${didYouMean(typed, names) || `; there are ${names.join(", ")}`}` +
        `; a host file needs its path, like ./${typed}`,
      EXIT.load,
    );
  }
  const bytes = await ctx.files.read(typed);
  return { name: guestName(typed), bytes };
}
