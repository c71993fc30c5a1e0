/** The line to a gdb: bytes in and out, and `monitor` commands, which take their time. */

import type { DebugTarget } from "../vm/debug.ts";
import { PacketReader, type Received } from "./packet.ts";
import { Session } from "./session.ts";

/** Answers a line that was typed after `monitor`; Ctrl-C aborts the signal. Never rejects. */
export type Command = (line: string, signal: AbortSignal) => Promise<string>;

/** Bytes read at a time. */
const CHUNK = 4096;

/** A line to a gdb, which is open until {@link Connection.talk} is over. */
export class Connection {
  readonly session: Session;
  /** Resolves when another may take its place. */
  readonly over: Promise<void>;
  /** Says so. */
  readonly done: () => void;
  readonly #conn: Deno.TcpConn;
  readonly #command: Command;
  /** All that was to be sent so far is. */
  #sent: Promise<void> = Promise.resolve();
  #answering: Promise<void> | undefined;
  #abort = new AbortController();
  #closed = false;

  constructor(conn: Deno.TcpConn, target: DebugTarget, command: Command) {
    this.#conn = conn;
    this.#command = command;
    this.session = new Session(target);
    ({ promise: this.over, resolve: this.done } = Promise.withResolvers<void>());
  }

  /**
   * Hears gdb out, until it has no more to say or hangs up; `heard` is called after each packet.
   * No packet is looked at before what was said to the last one is sent, so that a peer that asks
   * and does not read holds up nobody but itself.
   */
  async talk(heard: () => void): Promise<void> {
    const reader = new PacketReader();
    const buffer = new Uint8Array(CHUNK);
    try {
      this.#conn.setNoDelay(true);
      while (!this.session.over) {
        const count = await this.#conn.read(buffer);
        if (count === null) break;
        for (const got of reader.read(buffer.subarray(0, count))) {
          await this.#hear(got);
          heard();
          if (this.session.over) break;
        }
      }
    } catch (error) {
      if (!isGone(error)) throw error;
    } finally {
      this.close();
      await this.#answering;
      await this.#sent;
    }
  }

  /** Sends what there is to say; resolves when it is sent, or the line is closed. */
  flush(): Promise<void> {
    return this.#sent = this.#sent.then(() => this.#send());
  }

  /** Hangs up. */
  close(): void {
    this.#abort.abort();
    if (this.#closed) return;
    this.#closed = true;
    this.#conn.close();
  }

  async #hear(got: Received): Promise<void> {
    if (this.#answering !== undefined) {
      if (got.kind === "break") return this.#abort.abort();
      await this.#answering;
    }
    this.session.receive(got);
    if (this.session.asked !== undefined) this.#answering = this.#answer(this.session.asked);
    await this.flush();
  }

  async #answer(line: string): Promise<void> {
    this.#abort = new AbortController();
    this.session.answer(await this.#command(line, this.#abort.signal));
    this.#answering = undefined;
    await this.flush();
  }

  async #send(): Promise<void> {
    try {
      for (let out = this.session.take(); out.length > 0; out = this.session.take()) {
        for (const bytes of out) await writeAll(this.#conn, bytes);
      }
    } catch (error) {
      if (!isGone(error)) throw error;
      this.close();
    }
  }
}

/** Writes all of some bytes. */
export async function writeAll(conn: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

/** Whether an error says that the line is closed, by the peer or by us. */
export function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.ConnectionAborted ||
    error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.NotConnected ||
    error instanceof Deno.errors.BadResource ||
    error instanceof Deno.errors.Interrupted;
}
