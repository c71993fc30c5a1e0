/** From flags to a session on a booted computer. */

import { program, programNames } from "../../user/programs.ts";
import type { HostFiles, Session } from "../framework/command.ts";
import { type BootOptions, type Vm, Vm as Computer } from "../vm/vm.ts";
import { keepEntries } from "../session/scenario.ts";
import { textOf } from "../session/host_files.ts";
import { CommandError, EXIT } from "../framework/errors.ts";
import { type Abi, parseAbi } from "../vm/calls.ts";
import { FsError } from "../vm/disk.ts";
import { type Options, parseFlags } from "./flags.ts";

/** Boots as the flags say. Throws {@linkcode CommandError} with exit code 5, for a bad name 2. */
export async function boot(options: Options, files: HostFiles): Promise<Vm> {
  const { fs, fat, abi } = options.paths;
  const wanted: BootOptions = {
    ...options.boot,
    programs: { get: program, list: () => [...programNames] },
    ...(abi === undefined ? {} : { abi: await abiOf(abi, files) }),
    ...(fs === undefined ? {} : { fs: await files.read(fs) }),
    ...(fat === undefined ? {} : { fat: await files.read(fat) }),
  };
  try {
    return new Computer(wanted);
  } catch (error) {
    if (!(error instanceof Error) || error.name === "TypeError") throw error;
    const image = error instanceof FsError ? error.option : undefined;
    const where = image === undefined ? "" : `${options.paths[image]}: `;
    const code = error instanceof RangeError ? EXIT.usage : EXIT.load;
    throw new CommandError(where + error.message, code);
  }
}

/** Boots as the session's flags say, and these of the computer over them. */
export async function bootAgain(
  options: Pick<Options, "typed">,
  flags: readonly string[],
  files: HostFiles,
): Promise<Vm> {
  return await boot(parseFlags([...options.typed, ...flags]), files);
}

/** A numbering of system calls from a JSON file. */
async function abiOf(path: string, files: HostFiles): Promise<Abi> {
  const text = textOf(await files.read(path), path);
  try {
    return parseAbi(text, path);
  } catch (error) {
    throw new CommandError((error as Error).message, EXIT.load);
  }
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
  vm.history.start();
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
    toConsole: undefined,
    store: new Map(),
    watchers: new Set(),
    closers: new Set(),
  };
  keepEntries(session);
  return session;
}
