/** What commands read out of host files: recordings and text. */

import { type Cast, CastError } from "../record/cast.ts";
import { parseCast } from "../record/parse.ts";
import { CommandError, EXIT } from "../framework/errors.ts";
import type { Context } from "../framework/command.ts";
import { size } from "../vm/numbers.ts";

/** Bytes of a recording: hours of a busy terminal. */
const LARGEST = 64 * 2 ** 20;

/** Reads a recording and does something with it. Throws {@linkcode CommandError} 5 for others. */
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

/** A file of text. Throws {@linkcode CommandError} for any other, like an image or a program. */
export function textOf(bytes: Uint8Array, path: string): string {
  const at = bytes.indexOf(0);
  if (at < 0) return new TextDecoder().decode(bytes);
  throw new CommandError(
    `${path}: no text, byte ${at} is 0; an image goes behind --fs or --fat, a program behind run`,
    EXIT.load,
  );
}
