/** From the command line to a running shell, interactive or not. */

import { asCommandError, EXIT } from "../framework/errors.ts";
import { textOf } from "../session/host_files.ts";
import { wholeLines } from "../framework/split.ts";
import { size } from "../vm/numbers.ts";
import { type Line, linesOf, linesOfStdin, runLines } from "./batch.ts";
import { boot, bootAgain, newSession } from "./boot.ts";
import { BatchHost, denoFiles, isInteractive } from "./deno_host.ts";
import { wantsColor } from "../host/color.ts";
import { makeLimitsErrors } from "../host/file.ts";
import type { Options } from "./flags.ts";
import { Hearing } from "./hearing.ts";
import type { BootedKernel } from "./kernel.ts";
import { Shell } from "./shell.ts";

/** Runs what the options ask for; the exit code. */
export async function start(options: Options, version: string): Promise<number> {
  const hearing = new Hearing(["SIGINT"]);
  const batch = new BatchHost(hearing.interrupt);
  makeLimitsErrors();
  try {
    const { bare, elf } = options.own;
    if (bare !== undefined) {
      const { openBare } = await import("./bare_host.ts");
      return await openBare(bare, options);
    }
    const given = options.commands.length > 0 || options.files.length > 0;
    const person = !given && isInteractive();
    if (elf !== undefined) {
      const { bootKernel, sitAtKernel } = await import("./kernel.ts");
      const booted = await bootKernel(options, person);
      if (person) return await sitAtKernel(booted, options, version);
      return await runBatch(options, batch, hearing, given, booted);
    }
    if (person) return await sit(options, version);
    return await runBatch(options, batch, hearing, given);
  } catch (error) {
    const known = asCommandError(error);
    if (!known) throw error;
    batch.output.err(known.message);
    return known.exitCode;
  }
}

async function runBatch(
  options: Options,
  host: BatchHost,
  hearing: Hearing,
  given: boolean,
  kernel?: BootedKernel,
): Promise<number> {
  const vm = kernel?.vm ?? await boot(options, denoFiles);
  const trouble = kernel?.trouble;
  if (trouble !== undefined) host.output.err(trouble.line);
  if (trouble?.code === EXIT.interrupted) return trouble.code;
  const ran: string[] = [];
  const session = newSession(vm, options, {
    color: wantsColor(options.color),
    interactive: false,
    history: () => ran.slice(0, -1),
    ...(kernel === undefined ? { boot: (flags) => bootAgain(options, flags, denoFiles) } : {}),
  });
  const { interrupt } = hearing;
  const shell = new Shell(session, host, interrupt);
  let heard = false;
  Deno.addSignalListener("SIGINT", () => {
    // A command that does not look is ended by the second one.
    if (heard) Deno.exit(EXIT.interrupted);
    heard = true;
    interrupt.requested = true;
    host.input.end();
  });
  // Only a guest's own kernel has work that holds the event loop up.
  if (kernel !== undefined) hearing.watch(false);
  const lines = given ? givenLines(options) : linesOfStdin(host.input);
  const code = await runLines(shell, lines, (line) => {
    host.place = line.place;
    ran.push(line.text);
  });
  host.place = undefined;
  const closed = await shell.close();
  return code || closed || (trouble?.code ?? EXIT.ok);
}

/** Command files first, then the `-c` lines. */
async function* givenLines(options: Options): AsyncGenerator<Line> {
  for (const path of options.files) {
    yield* linesOf(textOf(await denoFiles.read(path), path), path);
  }
  for (const lines of options.commands) {
    for (const { text } of wholeLines(lines)) yield { text, place: undefined };
  }
}

/** With a person in front of it. */
async function sit(options: Options, version: string): Promise<number> {
  const vm = await boot(options, denoFiles);
  const { openShell } = await import("./open.ts");
  const { free, total } = vm.free();
  const banner =
    `cowsh ${version}: RV64, ${size(vm.ram.size)} RAM, ${free} of ${total} frames free, ` +
    `policy ${vm.policy}\nhelp lists the commands, Tab completes, Ctrl-D ends.\n`;
  return await openShell(vm, {
    ...options,
    banner,
    boot: (flags) => bootAgain(options, flags, denoFiles),
  });
}
