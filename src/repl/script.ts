/** The shell on a VM that a script holds: one line at a time, or opened for a person. */

import type { HostFiles, Session } from "../framework/command.ts";
import type { Vm } from "../vm/vm.ts";
import { CommandError } from "../framework/errors.ts";
import { visible } from "../host/visible.ts";
import { linesOfStdin, runLines } from "./batch.ts";
import { newSession } from "./boot.ts";
import { BatchHost, breathe, clock, isInteractive } from "./deno_host.ts";
import { wantsColor } from "../host/color.ts";
import { guestOf } from "../vm/guest_computer.ts";
import { openShell } from "./open.ts";
import { type Host, Shell } from "./shell.ts";

const PLAIN = { json: false, keepGoing: true, budget: undefined };

/** What one line of the shell printed, and its status: 0 when all went well. */
export interface LineResult {
  readonly output: string;
  readonly status: number;
}

/** A shell whose lines come from a program; what they print is handed back. */
export class LineShell {
  /** What lives from line to line. */
  readonly session: Session;
  readonly #shell: Shell;
  #printed = "";

  /**
   * @param options.files host files; without them commands that read or write one are refused
   * @param options.boot boots another computer with more flags; without it `boot` is refused
   */
  constructor(
    vm: Vm,
    options: {
      color?: boolean;
      files?: HostFiles;
      boot?: (flags: readonly string[]) => Promise<Vm>;
    } = {},
  ) {
    const ran: string[] = [];
    this.session = newSession(vm, PLAIN, {
      color: options.color ?? false,
      interactive: false,
      history: () => ran,
      ...(options.boot === undefined ? {} : { boot: options.boot }),
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
    this.#shell = new Shell(this.session, host);
  }

  /** Runs one line as if typed. */
  async run(line: string): Promise<LineResult> {
    this.#printed = "";
    const { status } = await this.#shell.run(line);
    return { output: this.#printed, status };
  }
}

/** A shell on a VM that a script holds. */
export class ScriptShell extends LineShell {
  /** Runs one line as if typed, in the process of {@linkcode manualLast} or the one of `use`. */
  override run(line: string): Promise<LineResult> {
    const { session } = this;
    if (!session.vm.hasProcess(session.pid)) {
      session.pid = manualLast(session.vm);
    }
    return super.run(line);
  }
}

/** The process that would be current had the script's calls been typed: spawned last, or 0. */
function manualLast(vm: Vm): number {
  // Whoever is spawned is a child of init, pid 1.
  const spawned = vm.processes().filter((p) => p.manual && p.parent === 1 && p.alive);
  return spawned.at(-1)?.pid ?? 0;
}

const refuse = (path: string): never => {
  throw new CommandError(`${path}: this shell reaches no host files`);
};

const noFiles: HostFiles = { read: refuse, check: refuse, write: refuse, grow: refuse };

/** Opens the shell on a VM: for a person at a terminal, else for the lines of standard input. */
export async function interactOn(vm: Vm): Promise<void> {
  if (isInteractive() && vm.guest) {
    const { sitAtGuest } = await import("./kernel.ts");
    const banner =
      "The script waits; Ctrl-D goes on with it. console goes to the guest's, C-a c comes back.\n";
    await sitAtGuest(guestOf(vm), banner);
    return;
  }
  if (isInteractive()) {
    const processes = vm.processes().map((p) => `${p.pid} ${visible(p.name)}`).join(", ");
    const banner = `The script waits; Ctrl-D goes on with it. Processes: ${processes}\n`;
    await openShell(vm, { banner, pid: manualLast(vm) });
    return;
  }
  const interrupt = { requested: false };
  const host = new BatchHost(interrupt);
  const surroundings = { color: wantsColor(undefined), interactive: false, history: () => [] };
  const session = newSession(vm, PLAIN, surroundings);
  session.pid = manualLast(vm);
  const shell = new Shell(session, host, interrupt);
  await runLines(shell, linesOfStdin(host.input), ({ place }) => host.place = place);
  await shell.close();
}
