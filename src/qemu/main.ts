/**
 * `bin/qemu-system-riscv64`: a kernel on the machine of xv6's Makefiles, in QEMU's place.
 *
 * @module
 */

import { asCommandError } from "../framework/errors.ts";
import { readFile } from "../host/file.ts";
import { isDumb, wantsColor } from "../host/color.ts";
import { ImageFile } from "../host/image.ts";
import { visible } from "../host/visible.ts";
import { breathe, clock, denoTty, output, stderr } from "../repl/deno_host.ts";
import { Hearing } from "../repl/hearing.ts";
import { withSignals } from "../repl/raw.ts";
import { Emulator } from "./emulator.ts";
import { NAME, parseFlags } from "./flags.ts";

/** A line of ours on standard error. */
function say(message: string): void {
  stderr(`${NAME}: ${visible(message)}\n`);
}

/** What QEMU says and returns when a signal ends it. */
function ended(signal: number): () => number {
  return () => {
    say(`terminating on signal ${signal}`);
    return 0;
  };
}

/** Does what the arguments ask for; the exit code. */
async function main(argv: readonly string[]): Promise<number> {
  try {
    const options = parseFlags(argv);
    const keyboard = Deno.stdin.isTerminal();
    const hearing = new Hearing(["SIGINT", "SIGTERM", "SIGHUP"]);
    const raw = { cbreak: options.escape === undefined };
    const kernel = await readFile(options.kernelFile);
    const { disk } = options;
    const image = disk && ImageFile.open(disk.file, { write: !disk.snapshot });
    const emulator = new Emulator(options, kernel, image, {
      read: hearing.read,
      hearInterrupt: () => hearing.watch(keyboard),
      out: output,
      err: say,
      breathe,
      clock,
      person: keyboard,
      // Behind `| tee` sits a person, too.
      watched: keyboard || Deno.stdout.isTerminal(),
      tty: keyboard && Deno.stdout.isTerminal() && !isDumb() ? denoTty : undefined,
      color: wantsColor(),
      setRaw: (on) => {
        if (keyboard) Deno.stdin.setRaw(on, raw);
      },
    });
    await emulator.listen();
    return await withSignals(
      { SIGINT: ended(2), SIGTERM: ended(15), SIGHUP: ended(1) },
      keyboard ? { raw } : {},
      () => emulator.run(),
    );
  } catch (error) {
    const known = asCommandError(error);
    if (!known) throw error;
    say(known.message);
    return known.exitCode;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
