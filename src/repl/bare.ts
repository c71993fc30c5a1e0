/**
 * `--bare ELF`: a program that is its own kernel, on the machine alone. Its UART is standard output; it ends
 * through the finisher or `tohost`, and its code is ours.
 *
 * @module
 */

import { CommandError, EXIT } from "../commands/errors.ts";
import type { HostFiles } from "../commands/command.ts";
import { runBare } from "../vm/bare.ts";
import type { Options } from "./flags.ts";
import type { Output } from "./shell.ts";

/** Runs it to its end; the exit code. Throws {@linkcode CommandError} 5 for a file that cannot be run. */
export async function bare(path: string, options: Options, files: HostFiles, output: Output) {
  const file = await files.read(path);
  const text = new TextDecoder();
  const result = ((): ReturnType<typeof runBare> => {
    try {
      return runBare(file, {
        memBytes: options.mem,
        ...(options.budget === undefined ? {} : { budget: Number(options.budget) }),
        onConsole: (bytes) => output.out(text.decode(bytes, { stream: true })),
      });
    } catch (error) {
      if (!(error instanceof Error) || error.name !== "ElfError") throw error;
      throw new CommandError(`${path}: ${error.message}`, EXIT.load);
    }
  })();
  if (options.json) {
    const { end, code, instret } = result;
    output.out(
      JSON.stringify({ command: `bare ${path}`, end, code, instructions: instret }) + "\n",
    );
  }
  switch (result.end) {
    case "exit":
      // Only eight bits of a code reach the host: a failure must not look like success.
      return result.code !== 0 && result.code % 256 === 0 ? EXIT.failed : result.code % 256;
    case "reset":
      return EXIT.ok;
    case "budget":
      output.err(`${path}: not finished within ${result.instret} instructions`, undefined);
      return EXIT.budget;
    case "stuck":
      output.err(`${path}: waits for an interrupt that cannot come`, undefined);
      return EXIT.guest;
  }
}
