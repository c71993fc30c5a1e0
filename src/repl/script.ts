/**
 * The shell on a VM that a script holds: one line at a time, or opened for a person in the middle of it.
 *
 * @module
 */

import type { ArgKind, HostFiles, Vm } from "../commands/command.ts";
import { candidatesOf } from "../commands/candidates.ts";
import { CommandError } from "../commands/errors.ts";
import { namesOf } from "../commands/names.ts";
import { COMMANDS } from "../commands/registry.ts";
import { linesOfStdin, runLines } from "./batch.ts";
import { newSession } from "./boot.ts";
import {
  BatchHost,
  breathe,
  clock,
  denoFiles,
  denoTty,
  isInteractive,
  readStdin,
  wantsColor,
} from "./deno_host.ts";
import { History, localStore } from "./history.ts";
import { TerminalInput } from "./input.ts";
import { interact } from "./interact.ts";
import { type Host, Shell } from "./shell.ts";
import { TerminalHost } from "./terminal_host.ts";

const PLAIN = { json: false, keepGoing: true, budget: undefined };

/** What one line of the shell printed, and its status: 0 when all went well. */
export interface LineResult {
  readonly output: string;
  readonly status: number;
}

/** A shell on a VM whose lines come from a script; what they print is handed back. */
export class ScriptShell {
  readonly #shell: Shell;
  #printed = "";

  /** @param files host files; without them commands that read or write one are refused */
  constructor(vm: Vm, options: { color?: boolean; files?: HostFiles } = {}) {
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

  /** Runs one line as if typed. */
  async run(line: string): Promise<LineResult> {
    this.#printed = "";
    const { status } = await this.#shell.run(line);
    return { output: this.#printed, status };
  }
}

const refuse = (path: string): Promise<never> =>
  Promise.reject(new CommandError(`${path}: this shell reaches no host files`));

const noFiles: HostFiles = { read: refuse, write: refuse };

/** Opens the shell on a VM: for a person at a terminal, else for the lines of standard input. */
export async function interactOn(vm: Vm): Promise<void> {
  const interrupt = { requested: false };
  const surroundings = { color: wantsColor(undefined), interactive: isInteractive() };
  if (!surroundings.interactive) {
    const host = new BatchHost(interrupt);
    const session = newSession(vm, PLAIN, { ...surroundings, history: () => [] });
    const shell = new Shell(session, COMMANDS, () => namesOf(session), host, interrupt);
    await runLines(shell, linesOfStdin(host.input), ({ place }) => host.place = place);
    return;
  }
  const history = new History(localStore());
  const session = newSession(vm, PLAIN, { ...surroundings, history: () => history.entries });
  const input = new TerminalInput(readStdin);
  const host = new TerminalHost(denoTty, input, { files: denoFiles, breathe, clock }, {
    interrupt,
    color: () => session.settings.color,
  });
  const shell = new Shell(session, COMMANDS, () => namesOf(session), host, interrupt);
  const processes = vm.processes().map((p) => `${p.pid} ${p.name}`).join(", ");
  host.output.out(`The script waits; Ctrl-D goes on with it. Processes: ${processes}\n`);
  Deno.stdin.setRaw(true);
  try {
    const candidates = (kind: ArgKind) => candidatesOf(session, kind);
    await interact(shell, host, history, { candidates });
  } finally {
    Deno.stdin.setRaw(false);
  }
}
