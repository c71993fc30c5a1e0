/** A gdb beside the console: `-gdb`, `-s`, `-S`. */

import { CommandError, EXIT } from "../framework/errors.ts";
import { GdbServer } from "../gdb/server.ts";
import type { GuestShell } from "../repl/guest_shell.ts";
import type { Guest, GuestStep } from "../vm/guest.ts";

/** How gdb is let in. */
export interface GdbPlace {
  readonly port: number;
  /** The guest stands still until gdb lets it go. */
  readonly halted: boolean;
  /** Called when a gdb has come or gone, or said something. */
  readonly changed: () => void;
  /** The shell that `monitor` asks. */
  readonly shell: () => Promise<GuestShell>;
  /** Called when a `monitor` command may have changed the guest. */
  readonly commanded: () => Promise<void>;
}

/** A guest that a gdb may drive. */
export class Debugged {
  readonly #guest: Guest;
  readonly #server: GdbServer;
  readonly #place: GdbPlace;

  /** Lets gdb in. Throws a {@link CommandError} when the port is taken. */
  constructor(guest: Guest, place: GdbPlace) {
    this.#guest = guest;
    this.#place = place;
    const { port, halted: held, changed } = place;
    try {
      this.#server = GdbServer.listen(guest.debug, {
        port,
        held,
        changed,
        command: (line, signal) => this.#command(line, signal),
      });
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
      const why = "the port is in use, by another machine perhaps";
      throw new CommandError(`-gdb tcp::${port}: ${why}`, EXIT.load);
    }
  }

  /** Whether a gdb is there. */
  get attached(): boolean {
    return this.#server.attached;
  }

  /** Whether the guest stands still. */
  get held(): boolean {
    return this.#server.held;
  }

  /** Whether gdb has ended the run. */
  get killed(): boolean {
    return this.#server.killed;
  }

  /** Runs a slice as gdb wants it, without one as usual; undefined: a step or backwards. */
  run(length: number, usual: (length: number) => GuestStep): GuestStep | undefined {
    const guest = this.#guest;
    let step: GuestStep | undefined;
    const stop = this.#server.turn(length, (only) => {
      if (!this.attached) {
        step = usual(length);
        return undefined;
      }
      const stop = guest.debug.run(length, only);
      step = { end: undefined, doing: guest.doing, idle: guest.idle };
      return stop;
    });
    if (stop?.kind !== "exit") return step;
    return { end: { end: "exit", code: stop.code }, doing: "works", idle: undefined };
  }

  /** Tells gdb that the run is over. */
  async close(code: number): Promise<void> {
    await this.#server.close(code);
  }

  /** A line behind `monitor`: cowsh's shell runs it. */
  async #command(line: string, signal: AbortSignal): Promise<string> {
    const shell = await this.#place.shell();
    const interrupt = () => shell.interrupt();
    signal.addEventListener("abort", interrupt);
    const said = await shell.command(line);
    signal.removeEventListener("abort", interrupt);
    await this.#place.commanded();
    return said;
  }
}
