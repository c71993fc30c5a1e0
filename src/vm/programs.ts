/** Programs by their names: of the disk, of the program source, or of a file on the host. */

import { isText, shown } from "./checks.ts";
import { makeProgram } from "./kernel/manual.ts";
import type { Proc } from "./kernel/process/proc.ts";
import { guestName, type ProgramSource } from "./kernel/programs.ts";
import type { Parts } from "./parts.ts";

export { guestName, type ProgramSource };

/** Throws a RangeError for what can be no program's name, arguments or file. */
export function checkProgram(program: unknown, args: unknown, bytes: unknown): void {
  isText("program", program);
  if (!Array.isArray(args)) throw new RangeError(`arguments ${shown(args)}: want a list of texts`);
  for (const arg of args) isText("argument", arg);
  if (bytes !== undefined && !(bytes instanceof Uint8Array)) {
    throw new RangeError(`file of ${program} ${shown(bytes)}: want its bytes, a Uint8Array`);
  }
}

/** A program of the disk or the source by name; or of a file, named as its path ends. */
export function loadProgram(
  { kernel, loaded }: Parts,
  program: string,
  args: readonly string[],
  bytes: Uint8Array | undefined,
): Proc {
  const fromFile = bytes === undefined && program !== guestName(program) &&
    !kernel.files.isFile(program);
  const file = fromFile ? kernel.programs.get(program) : bytes;
  const name = fromFile && file !== undefined ? guestName(program) : program;
  const p = makeProgram(kernel, name, [name, ...args], file);
  if (file === undefined) loaded.delete(p.name);
  else loaded.set(p.name, file);
  return p;
}
