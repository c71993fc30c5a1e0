/** What tests of gdb's protocol share: a peer that speaks raw packets, a loop that runs the guest, the real gdb. */

import type { DebugTarget } from "../../src/vm/debug.ts";
import { type GdbOptions, GdbServer } from "../../src/gdb/server.ts";
import { fromLatin1, latin1 } from "../../src/gdb/hex.ts";
import { frame, type Received } from "../../src/gdb/packet.ts";
import { Session } from "../../src/gdb/session.ts";

/** A packet as it comes in. */
export function packet(text: string): Received {
  return { kind: "packet", body: fromLatin1(text) };
}

/** What a session has to say, packets without their frame, `+` and `-` as they are. */
export function said(session: Session): string[] {
  return session.take().map((bytes) => {
    const text = latin1(bytes);
    return text[0] === "$" ? text.slice(1, -3) : text;
  });
}

/** A session without acknowledgements, which is asked packet by packet. */
export function talk(target: DebugTarget): { session: Session; ask(text: string): string[] } {
  const session = new Session(target);
  const ask = (text: string) => {
    session.receive(packet(text));
    return said(session);
  };
  ask("QStartNoAckMode");
  return { session, ask };
}

/** A server whose changes can be waited for. */
export class Served {
  readonly gdb: GdbServer;
  #change = Promise.withResolvers<void>();

  constructor(target: DebugTarget, options: Partial<GdbOptions> = {}) {
    this.gdb = GdbServer.listen(target, {
      port: 0,
      held: true,
      command: (line) => Promise.resolve(`${line}?\n`),
      changed: () => this.ring(),
      ...options,
    });
  }

  /** Something has changed. */
  ring(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }

  /** Waits until something is so. */
  async until(so: (gdb: GdbServer) => boolean): Promise<void> {
    while (!so(this.gdb)) await this.#change.promise;
  }
}

/** How a test drives the guest. */
export interface Drive extends Partial<GdbOptions> {
  /** Instructions of a slice; 1000 when absent. */
  readonly slice?: number;
  /** Called after each slice. */
  readonly after?: () => void;
}

/**
 * A server over a target, with the loop that who owns the guest has. `use` is over, or what ended
 * the guest: that is returned.
 */
export async function serving(
  target: DebugTarget,
  use: (served: Served) => Promise<void>,
  { slice = 1000, after = () => {}, ...options }: Drive = {},
): Promise<string> {
  const served = new Served(target, options);
  const { gdb } = served;
  let left = false;
  const loop = async () => {
    for (;;) {
      await served.until(() => !gdb.held || gdb.killed || left);
      if (gdb.killed) return "killed";
      const stop = gdb.turn(slice, (only) => target.run(slice, only));
      after();
      if (stop?.kind === "exit") return `exit ${stop.code}`;
      if (left) return "left";
      if (!gdb.held) await new Promise((resolve) => setTimeout(resolve, 0));
    }
  };
  const running = loop();
  try {
    await use(served);
  } finally {
    left = true;
    served.ring();
    await running;
    await gdb.close();
  }
  return await running;
}

/** A raw client of a server. */
export class Client {
  readonly #conn: Deno.TcpConn;
  #heard = "";

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  static async to(gdb: GdbServer): Promise<Client> {
    return new Client(await Deno.connect({ hostname: "127.0.0.1", port: gdb.port }));
  }

  /** Sends bytes as they are. */
  async send(text: string): Promise<void> {
    const bytes = fromLatin1(text);
    for (let at = 0; at < bytes.length;) at += await this.#conn.write(bytes.subarray(at));
  }

  /** Sends a packet. */
  packet(text: string): Promise<void> {
    return this.send(latin1(frame(fromLatin1(text))));
  }

  /** Reads on until all that was heard since the last call fits, and returns it; `null`: hung up. */
  async hear(until: RegExp): Promise<string | null> {
    const buffer = new Uint8Array(65536);
    while (!until.test(this.#heard)) {
      const count = await this.#conn.read(buffer).catch(() => null);
      if (count === null) return null;
      this.#heard += latin1(buffer.subarray(0, count));
    }
    const heard = this.#heard;
    this.#heard = "";
    return heard;
  }

  /** Whether the other end has hung up; what it still said is dropped. */
  async gone(): Promise<boolean> {
    return await this.hear(/^\b$/) === null;
  }

  close(): void {
    this.#conn.close();
  }
}

/** Why the real gdb cannot be asked; undefined: it can. */
export const noGdb: string | undefined = (() => {
  try {
    const { success } = new Deno.Command("gdb-multiarch", { args: ["--version"] }).outputSync();
    return success ? undefined : "gdb-multiarch does not run";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "gdb-multiarch is not installed";
    throw error;
  }
})();
if (noGdb !== undefined) console.log(`the real gdb is not asked: ${noGdb}`);

/**
 * What the real gdb says to some commands, both streams, as a person would see it. It is connected to a port before,
 * if one is given. A command that fails does not end it; it is killed if it is not through within two minutes.
 */
export async function realGdb(
  port: number | undefined,
  commands: readonly string[],
  options: { cwd?: string } = {},
): Promise<string> {
  const start = ["set confirm off", "set pagination off", "set architecture riscv:rv64"];
  if (port !== undefined) start.push(`target remote 127.0.0.1:${port}`);
  const all = [...start, ...commands, "quit"].flatMap((command) => ["-ex", command]);
  const { stdout, stderr } = await new Deno.Command("gdb-multiarch", {
    args: ["-nx", "-q", ...all],
    stdin: "null",
    signal: AbortSignal.timeout(120_000),
    ...options,
  }).output();
  const text = new TextDecoder();
  return text.decode(stdout) + text.decode(stderr);
}
