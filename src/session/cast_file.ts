/**
 * Recordings out of host files, for the commands that show them.
 *
 * @module
 */

import { type Cast, CastError, parseCast } from "../record/mod.ts";
import { CommandError, type Context, EXIT } from "../framework/command.ts";
import { size } from "../vm/numbers.ts";

/** Bytes of a recording: hours of a busy terminal. */
const LARGEST = 64 * 2 ** 20;

/** Reads a recording and does something with it. Throws {@linkcode CommandError} 5 for what is none. */
export async function withCast<T>(ctx: Context, file: string, body: (cast: Cast) => T): Promise<T> {
  const bytes = await ctx.files.read(file);
  if (bytes.length > LARGEST) {
    throw new CommandError(
      `${file}: larger than ${size(LARGEST)}, the most of a recording`,
      EXIT.load,
    );
  }
  try {
    return await body(parseCast(new TextDecoder().decode(bytes)));
  } catch (error) {
    if (!(error instanceof CastError)) throw error;
    throw new CommandError(`${file}: ${error.message}`, EXIT.load);
  }
}
