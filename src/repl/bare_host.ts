/** The host of a bare-metal guest: standard streams, and the terminal raw while it has it. */

import { visible } from "../host/visible.ts";
import { bare, type BareHost } from "./bare.ts";
import {
  breathe,
  clock,
  denoFiles,
  isInteractive,
  output,
  readStdin,
  stderr,
} from "./deno_host.ts";
import type { Options } from "./flags.ts";
import { withSignals } from "./raw.ts";

/** Runs a guest with its own kernel on the terminal or in a pipe; the exit code. */
export async function openBare(path: string, options: Options): Promise<number> {
  const terminal = isInteractive();
  const host: BareHost = {
    files: denoFiles,
    out: output,
    err: (message) => stderr(`cowsh: ${visible(message)}\n`),
    read: readStdin,
    terminal,
    breathe,
    clock,
  };
  if (!terminal) return await bare(path, options, host);
  return await withSignals(
    { SIGINT: () => 128 + 2, SIGHUP: () => 128 + 1, SIGTERM: () => 128 + 15 },
    { raw: { cbreak: false } },
    () => bare(path, options, host),
  );
}
