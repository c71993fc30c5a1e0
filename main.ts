/**
 * cowsh: flags to a session.
 *
 * @module
 */

import config from "./deno.json" with { type: "json" };
import { asCommandError } from "./src/framework/errors.ts";
import { visible } from "./src/host/visible.ts";
import { stderr, stdout } from "./src/repl/deno_host.ts";
import { helpText, type Options, parseFlags } from "./src/repl/flags.ts";

/** Does what the arguments ask for; the exit code. */
async function main(argv: readonly string[]): Promise<number> {
  let options: Options;
  try {
    options = parseFlags(argv);
  } catch (error) {
    const known = asCommandError(error);
    if (!known) throw error;
    stderr(`cowsh: ${visible(known.message)}\n`);
    return known.exitCode;
  }
  if (options.help || options.version) {
    stdout(options.help ? helpText() : `cowsh ${config.version}\n`);
    return 0;
  }
  const { start } = await import("./src/repl/start.ts");
  return await start(options, config.version);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
