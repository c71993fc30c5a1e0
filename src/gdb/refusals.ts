/** What becomes of a second gdb: it is told that there is one already, and the line is closed. */

import { isGone, writeAll } from "./connection.ts";
import { fromLatin1 } from "./hex.ts";
import { ACK, frame, PacketReader } from "./packet.ts";

/** The answer to its first packet, which gdb shows. */
const REFUSAL = "E.another gdb is connected to this guest; one at a time";
/** How long it has to send one, in ms. */
const PATIENCE = 1000;
/** So many are told why at a time; the line to any more is just closed. */
const MOST = 4;

/** Those that are being refused. */
export class Refusals {
  readonly #open = new Set<Deno.TcpConn>();

  /** One that is likely to be refused. */
  add(conn: Deno.TcpConn): void {
    this.#open.add(conn);
  }

  /** One that is not refused after all; false: it is closed already. */
  release(conn: Deno.TcpConn): boolean {
    return this.#open.delete(conn);
  }

  /** Refuses one that was added. */
  async refuse(conn: Deno.TcpConn): Promise<void> {
    if (this.#open.size > MOST) return this.#close(conn);
    const late = setTimeout(() => this.#close(conn), PATIENCE);
    try {
      conn.setNoDelay(true);
      const reader = new PacketReader();
      const buffer = new Uint8Array(1024);
      for (;;) {
        const count = await conn.read(buffer);
        if (count === null) break;
        const heard = [...reader.read(buffer.subarray(0, count))];
        if (!heard.some(({ kind }) => kind === "packet")) continue;
        await writeAll(conn, new Uint8Array([...ACK, ...frame(fromLatin1(REFUSAL))]));
        break;
      }
    } catch (error) {
      if (!isGone(error)) throw error;
    } finally {
      clearTimeout(late);
      this.#close(conn);
    }
  }

  /** Hangs up on all of them. */
  close(): void {
    for (const conn of this.#open) this.#close(conn);
  }

  #close(conn: Deno.TcpConn): void {
    if (this.#open.delete(conn)) conn.close();
  }
}
