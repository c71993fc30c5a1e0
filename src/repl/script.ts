/**
 * The shell on a VM that a script holds: one line at a time, or opened for a person in the middle of it.
 *
 * @module
 */

import type { HostFiles, Vm } from "../commands/command.ts";
import { CommandError } from "../commands/errors.ts";
import { namesOf } from "../commands/names.ts";
import { COMMANDS } from "../commands/registry.ts";
import { INIT_PID } from "../vm/kernel/process/lifecycle.ts";
import { linesOfStdin, runLines } from "./batch.ts";
import { newSession } from "./boot.ts";
import { BatchHost, breathe, clock, isInteractive, wantsColor } from "./deno_host.ts";
import { openShell } from "./open.ts";
import { type Host, Shell } from "./shell.ts";

const PLAIN = { json: false, keepGoing: true, budget: undefined };

/** What one line of the shell printed, and its status: 0 when all went well. */
export interface LineResult {
  readonly output: string;
  readonly status: number;
}

/** A shell on a VM whose lines come from a script; what they print is handed back. */
export class ScriptShell {
  readonly #shell: Shell;
  readonly #vm: Vm;
  #printed = "";

  /** @param files host files; without them commands that read or write one are refused */
  constructor(vm: Vm, options: { color?: boolean; files?: HostFiles } = {}) {
    this.#vm = vm;
    const ran: string[] = [];
    const session = newSession(vm, PLAIN, {
      color: options.color ?? false,
      interactive: false,
      history: () => ran,
    });
    const print = (text: string) => void (this.#printed += text);
    const host: Host = {
      output: {
        out: print,
        err: (message) => print(`${message}\n`),
        progress: () => {},
        width: () => undefined,
      },
      files: options.files ?? noFiles,
      breathe,
      clock,
      guestInput: (body) =>
        body({ take: () => new Uint8Array(), ended: true, wait: () => Promise.resolve() }),
    };
    this.#shell = new Shell(session, COMMANDS, () => namesOf(session), host);
  }

  /** Runs one line as if typed, for the process that {@linkcode standingLast} names unless `use` named another. */
  async run(line: string): Promise<LineResult> {
    this.#printed = "";
    const { session } = this.#shell;
    if (this.#vm.kernel.process(session.pid) === undefined) session.pid = standingLast(this.#vm);
    const { status } = await this.#shell.run(line);
    return { output: this.#printed, status };
  }
}

/** The process that a person would be at, had the script's calls been typed: spawned last, not forked; 0 for none. */
function standingLast(vm: Vm): number {
  const spawned = vm.processes().filter(({ record }) =>
    record.standing && record.parent === INIT_PID && record.state !== "zombie"
  );
  return spawned.at(-1)?.pid ?? 0;
}

const refuse = (path: string): never => {
  throw new CommandError(`${path}: this shell reaches no host files`);
};

const noFiles: HostFiles = { read: refuse, check: refuse, write: refuse, grow: refuse };

/** Opens the shell on a VM: for a person at a terminal, else for the lines of standard input. */
export async function interactOn(vm: Vm): Promise<void> {
  if (isInteractive()) {
    const processes = vm.processes().map((p) => `${p.pid} ${p.name}`).join(", ");
    const banner = `The script waits; Ctrl-D goes on with it. Processes: ${processes}\n`;
    await openShell(vm, { banner, pid: standingLast(vm) });
    return;
  }
  const interrupt = { requested: false };
  const host = new BatchHost(interrupt);
  const surroundings = { color: wantsColor(undefined), interactive: false, history: () => [] };
  const session = newSession(vm, PLAIN, surroundings);
  session.pid = standingLast(vm);
  const shell = new Shell(session, COMMANDS, () => namesOf(session), host, interrupt);
  await runLines(shell, linesOfStdin(host.input), ({ place }) => host.place = place);
  await shell.close();
}
