/**
 * From flags to a session on a booted computer.
 *
 * @module
 */

import { program, programNames } from "../../user/programs.ts";
import type { HostFiles, Session, Vm } from "../commands/command.ts";
import { keepEntries } from "../commands/save.ts";
import { textOf } from "../commands/source.ts";
import { CommandError, EXIT } from "../commands/errors.ts";
import { type Abi, parseAbi } from "../vm/kernel/abi.ts";
import { type BootOptions, Vm as Computer } from "../vm/vm.ts";
import { checkMachineFlags, type Options, parseFlags } from "./flags.ts";

/** Boots as the flags say. Throws {@linkcode CommandError} with exit code 5, for a bad name 2. */
export async function boot(options: Options, files: HostFiles): Promise<Vm> {
  const wanted: BootOptions = {
    mem: options.mem,
    programs: { get: program, list: () => [...programNames] },
  };
  if (options.policy !== undefined) wanted.policy = options.policy;
  if (options.seed !== undefined) wanted.seed = options.seed;
  if (options.abi !== undefined) wanted.abi = await abiNamed(options.abi, files);
  if (options.exec !== undefined) wanted.exec = execNamed(options.exec);
  if (options.fs !== undefined) wanted.fs = await files.read(options.fs);
  if (options.sbrk !== undefined) wanted.lazy = options.sbrk === "lazy";
  if (options.swap !== undefined) wanted.swap = options.swap;
  if (options.readAhead !== undefined) wanted.readAhead = options.readAhead;
  if (options.superpages) wanted.superpages = true;
  if (options.hugeCow !== undefined) wanted.hugeCow = options.hugeCow as "split" | "whole";
  if (options.quantum !== undefined) wanted.quantum = options.quantum;
  if (options.fat !== undefined) wanted.fat = await files.read(options.fat);
  try {
    return new Computer(wanted);
  } catch (error) {
    if (!(error instanceof Error) || error.name === "TypeError") throw error;
    const images = [options.fs, options.fat].filter((path) => path !== undefined);
    const where = error.name === "FsError" && images.length > 0 ? `${images.join(", ")}: ` : "";
    const code = error instanceof RangeError ? EXIT.usage : EXIT.load;
    throw new CommandError(where + error.message, code);
  }
}

/** Boots as the session's flags say, and these over them. Throws {@linkcode CommandError} for one that is not the computer's. */
export async function bootAgain(
  options: Pick<Options, "typed">,
  flags: readonly string[],
  files: HostFiles,
): Promise<Vm> {
  checkMachineFlags(flags);
  return await boot(parseFlags([...options.typed, ...flags]), files);
}

/** A numbering of system calls by name, or from a JSON file when it is no plain name. */
async function abiNamed(abi: string, files: HostFiles): Promise<string | Abi> {
  if (!/[./]/.test(abi)) return abi;
  const text = textOf(await files.read(abi), abi);
  try {
    return parseAbi(text, abi);
  } catch (error) {
    throw new CommandError((error as Error).message, EXIT.load);
  }
}

function execNamed(how: string): "eager" | "demand" {
  if (how === "eager" || how === "demand") return how;
  throw new CommandError(`--exec ${how}: eager or demand`);
}

/** A session that begins now. */
export function newSession(
  vm: Vm,
  options: Pick<Options, "json" | "keepGoing" | "budget">,
  surroundings: {
    color: boolean;
    interactive: boolean;
    history: () => readonly string[];
    boot?: (flags: readonly string[]) => Promise<Vm>;
  },
): Session {
  const session: Session = {
    vm,
    boot: surroundings.boot,
    pid: 0,
    place: undefined,
    last: 0n,
    settings: {
      json: options.json,
      color: surroundings.color,
      keepGoing: options.keepGoing,
      budget: options.budget,
      ts: false,
    },
    get history() {
      return surroundings.history();
    },
    interactive: surroundings.interactive,
    quit: undefined,
    store: new Map(),
    watchers: new Set(),
    closers: new Set(),
  };
  keepEntries(session);
  return session;
}
