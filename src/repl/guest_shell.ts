/**
 * The shell on a computer that runs a kernel of its own: behind Ctrl-A c at its console, and line
 * by line for a debugger.
 *
 * @module
 */

import type { ArgKind, Session } from "../framework/command.ts";
import { candidatesOf } from "../session/candidates.ts";
import { stopText } from "../session/guest_run.ts";
import type { Guest, GuestStep } from "../vm/guest.ts";
import { sliceToStops, vmOver } from "../vm/guest_computer.ts";
import { newSession } from "./boot.ts";
import { breathe, clock, denoFiles, stdout } from "./deno_host.ts";
import { History, localStore } from "./history.ts";
import { PipedInput, type ReadBytes, TerminalInput } from "./input.ts";
import { interact } from "./interact.ts";
import { interactPlain } from "./plain.ts";
import { type Host, Shell } from "./shell.ts";
import { TerminalHost, type Tty } from "./terminal_host.ts";

/** The terminal that somebody else has, and lends to the shell while it is open. */
export interface GuestTerminal {
  /**
   * Keys of a raw terminal; null: it is gone. Asked only while the shell is open; what it waits for
   * when the person leaves is not wanted any more, so that the next keys are the guest's.
   */
  readonly read: ReadBytes;
  /**
   * Where the shell draws; its lines end in CR LF. Undefined: there is a pipe, or a terminal that
   * takes no control sequences and edits its lines itself.
   */
  readonly tty: Tty | undefined;
  /** Colour in its text. */
  readonly color: boolean;
}

/** How the person left the shell: back to the guest's console, or out of all of it. */
export type GuestShellEnd = "console" | "quit";

/** Columns of what a debugger is told. */
const PLAIN_WIDTH = 80;

/** The shell of one guest. It keeps what it knows from one time that it is open to the next. */
export class GuestShell {
  readonly #guest: Guest;
  readonly #history = new History(localStore());
  #session: Session | undefined;
  #plain: Session | undefined;
  #interrupt = { requested: false };
  #ahead: Uint8Array = new Uint8Array();
  /** The exit code that `quit` was given. */
  code = 0;
  /**
   * How it is opened first: `ends`, Ctrl-D leaves all of it and not only the shell, and there is
   * nobody else's console to go back to.
   */
  settings: {
    readonly json?: boolean;
    readonly budget?: bigint | undefined;
    readonly ends?: boolean;
  } = {};

  /** A shell that nobody has opened yet. */
  constructor(guest: Guest) {
    this.#guest = guest;
  }

  /** Opens it on a terminal until the person leaves it: by `console` or Ctrl-D, or by `quit`. */
  async open({ read, tty, color }: GuestTerminal): Promise<GuestShellEnd> {
    const entries = () => this.#history.entries;
    const session = this.#session ??= sessionOn(this.#guest, color, entries, this.settings);
    session.quit = undefined;
    session.toConsole = false;
    const shell = tty === undefined
      ? await this.#openPlain(session, read)
      : await this.#openFull(session, read, tty);
    // The lines that ran may have set it.
    const toConsole = session.toConsole as Session["toConsole"];
    const leaves = session.quit === undefined && this.settings.ends !== true;
    if (toConsole === true || leaves) return "console";
    const closed = await shell.close();
    this.code = session.quit || closed;
    return "quit";
  }

  async #openFull(session: Session, read: ReadBytes, tty: Tty): Promise<Shell> {
    const interrupt = this.#interrupt;
    interrupt.requested = false;
    const input = new TerminalInput(read);
    const outside = { files: denoFiles, breathe, clock };
    const terminal = new TerminalHost(tty, input, outside, {
      interrupt,
      color: () => session.settings.color,
    });
    const shell = new Shell(session, terminal, interrupt);
    const candidates = (kind: ArgKind) => candidatesOf(session, kind);
    await interact(shell, terminal, this.#history, { candidates });
    this.#ahead = input.takeAhead();
    return shell;
  }

  /** Line by line. */
  async #openPlain(session: Session, read: ReadBytes): Promise<Shell> {
    const host = plainHost(stdout, (message) => stdout(`${message}\n`));
    const shell = new Shell(session, host, this.#interrupt);
    const input = new PipedInput(read);
    await interactPlain(shell, input, stdout, this.#history);
    this.#ahead = input.takeAhead();
    return shell;
  }

  /** Runs a slice of the guest at its console; `why`: where a person has told it to stop. */
  slice(length: number): GuestStep & { readonly why: string | undefined } {
    const { stop, ...step } = sliceToStops(this.#guest, length);
    const why = stop?.kind === "stopped" ? stopText(vmOver(this.#guest), stop) : undefined;
    return { ...step, why };
  }

  /** What was typed behind the line that left the shell: it is for the guest. */
  takeAhead(): Uint8Array {
    const ahead = this.#ahead;
    this.#ahead = new Uint8Array();
    return ahead;
  }

  /**
   * Runs one line; what it prints as plain text without colour and control characters, errors
   * too. A line that runs the guest can be stopped by {@link interrupt}.
   */
  async command(line: string): Promise<string> {
    let said = "";
    const session = this.#plain ??= sessionOn(this.#guest, false, undefined);
    session.quit = undefined;
    session.toConsole = "elsewhere";
    this.#interrupt.requested = false;
    const host = plainHost((text) => said += text, (message) => said += `${message}\n`);
    await new Shell(session, host, this.#interrupt).run(line);
    return said;
  }

  /** What is set from now on when the line at work is to end. */
  set interruptedBy(interrupt: { requested: boolean }) {
    this.#interrupt = interrupt;
  }

  /** Leaves it for the guest's console, as the command does. */
  leave(): void {
    if (this.#session !== undefined) this.#session.toConsole = true;
    this.interrupt();
  }

  /** Ctrl-C for a line that is running; at the prompt it does nothing. */
  interrupt(): void {
    this.#interrupt.requested = true;
  }
}

/** What a shell without a terminal stands on. */
function plainHost(out: (text: string) => void, err: (message: string) => void): Host {
  return {
    output: { out, err, progress: () => {}, width: () => PLAIN_WIDTH },
    files: denoFiles,
    breathe,
    clock,
    // The guest's keyboard is at its own console.
    guestInput: (body) => body({ take: () => new Uint8Array(), ended: true, wait: async () => {} }),
  };
}

/** A session on a guest; with a history somebody sits in front of it. */
function sessionOn(
  guest: Guest,
  color: boolean,
  history: (() => readonly string[]) | undefined,
  { json = false, budget }: GuestShell["settings"] = {},
): Session {
  const session = newSession(
    vmOver(guest),
    { json, keepGoing: false, budget },
    { color, interactive: history !== undefined, history: history ?? (() => []) },
  );
  return session;
}

const shells = new WeakMap<Guest, GuestShell>();

/** The shell of a guest: one, whoever opens it. */
export function shellOf(guest: Guest): GuestShell {
  const known = shells.get(guest) ?? new GuestShell(guest);
  shells.set(guest, known);
  return known;
}

/** Opens the shell of a guest on a terminal that somebody lends it; how the person left it. */
export function openGuestShell(guest: Guest, terminal: GuestTerminal): Promise<GuestShellEnd> {
  return shellOf(guest).open(terminal);
}
