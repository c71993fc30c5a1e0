/**
 * gdb's end of the wire: a server on the loopback that one gdb at a time may connect to. The guest
 * belongs to whoever runs it; the server says what shall be done with it:
 *
 *     const gdb = GdbServer.listen(target, { port, held, command, changed: () => bell.ring() });
 *     while (!gdb.killed) {
 *       if (gdb.held) { await bell.sleep(); continue; }      // idle: gdb has stopped the guest
 *       const stop = gdb.turn(SLICE, (only) => target.run(SLICE, only));
 *       if (stop?.kind === "exit") break;
 *       if (!gdb.held) await aTurnOfTheEventLoop();          // where gdb's packets come in
 *     }
 *     await gdb.close();
 *
 * `turn` calls the function that it is given when the guest is to run forwards, which is always so
 * without a gdb, so that there the loop can run it as it does otherwise; steps, and ways back, it
 * asks of the target itself. Ctrl-C is heard between two turns, and rings where the loop waits for
 * a key because the guest is idle.
 */

import type { DebugStop, DebugTarget } from "../vm/debug.ts";
import { type Command, Connection } from "./connection.ts";
import { Refusals } from "./refusals.ts";
import type { Forward } from "./session.ts";

/** How a server is set up. */
export interface GdbOptions {
  /** The port; 0 for any that is free. */
  readonly port: number;
  /** Answers what was typed after `monitor`. */
  readonly command: Command;
  /** Called when `attached`, `held` or `killed` may have changed. */
  readonly changed: () => void;
  /** The guest stands still until a gdb lets it go: `-S`. */
  readonly held?: boolean;
}

/** How long a new gdb waits for the last one to be gone, in ms. */
const HANDOVER_MS = 100;
/** How long a last packet may take to be sent, in ms. */
const FAREWELL_MS = 200;

/** A server for one gdb at a time. */
export class GdbServer {
  readonly #target: DebugTarget;
  readonly #command: Command;
  readonly #changed: () => void;
  readonly #listener: Deno.TcpListener;
  readonly #tasks = new Set<Promise<void>>();
  readonly #refusals = new Refusals();
  #connection: Connection | undefined;
  /** No gdb has spoken, and the guest shall not run before one has. */
  #waiting: boolean;
  #killed = false;
  /** How the guest ended while a gdb in extended mode could still have started it again. */
  #ended: DebugStop | undefined;

  private constructor(target: DebugTarget, options: GdbOptions) {
    this.#target = target;
    this.#command = options.command;
    this.#changed = options.changed;
    this.#waiting = options.held ?? false;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: options.port });
    this.#task(this.#accept());
  }

  /** Listens on the loopback. Throws a `Deno.errors.AddrInUse` when the port is taken. */
  static listen(target: DebugTarget, options: GdbOptions): GdbServer {
    return new GdbServer(target, options);
  }

  /** The port it listens on. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** Whether a gdb is connected. */
  get attached(): boolean {
    return this.#connection !== undefined;
  }

  /** Whether the guest shall stand still. */
  get held(): boolean {
    return this.#connection?.session.holds ?? this.#waiting;
  }

  /** gdb has killed the guest: it is over. */
  get killed(): boolean {
    return this.#killed;
  }

  /**
   * Lets the guest go on for about `slice` instructions as gdb wants it, by `forward` if that is
   * forwards. How it stopped, of which gdb knows; an end only if gdb will not start it again.
   */
  turn(slice: number, forward: Forward): DebugStop | undefined {
    const connection = this.#connection;
    if (connection === undefined) {
      const ended = this.#ended;
      this.#ended = undefined;
      return ended ?? (this.#waiting ? undefined : forward(undefined));
    }
    const stop = connection.session.turn(slice, forward);
    if (stop === undefined) return undefined;
    void connection.flush();
    this.#changed();
    return stop.kind === "exit" && !connection.session.over ? undefined : stop;
  }

  /** Ends it: tells gdb with which code the guest ended, if it does not know; closes all lines. */
  async close(code = 0): Promise<void> {
    const connection = this.#connection;
    if (connection !== undefined) {
      connection.session.farewell(code);
      await within(connection.flush(), FAREWELL_MS);
    }
    this.#listener.close();
    connection?.close();
    this.#refusals.close();
    await Promise.all(this.#tasks);
  }

  #task(work: Promise<void>): void {
    const task = work.finally(() => this.#tasks.delete(task));
    this.#tasks.add(task);
  }

  async #accept(): Promise<void> {
    for await (const conn of this.#listener) this.#task(this.#admit(conn));
  }

  /** One that comes in the moment in which the last one goes is not refused. */
  async #admit(conn: Deno.TcpConn): Promise<void> {
    if (this.#connection !== undefined) {
      this.#refusals.add(conn);
      await within(this.#connection.over, HANDOVER_MS);
      if (this.#connection !== undefined) return this.#refusals.refuse(conn);
      if (!this.#refusals.release(conn)) return;
    }
    await this.#serve(conn);
  }

  async #serve(conn: Deno.TcpConn): Promise<void> {
    const connection = new Connection(conn, this.#target, this.#command);
    const { session } = connection;
    this.#connection = connection;
    this.#changed();
    await connection.talk(this.#changed);
    session.close();
    this.#connection = undefined;
    if (session.spoke) this.#waiting = false;
    this.#killed ||= session.killed;
    this.#ended = session.ended;
    connection.done();
    this.#changed();
  }
}

/** Waits for something, but not longer than so many ms. */
async function within(work: Promise<void>, ms: number): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, ms);
  await Promise.race([work, late.promise]);
  clearTimeout(timer);
}
