/** The launcher with a gdb beside it, spoken to in raw packets as the labs' grading scripts do. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { echoGuest, elf } from "../machine/bare_lab.ts";
import { flags, Launched, LAUNCHER } from "./launch.ts";

/** A port that nobody listens on. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** The launcher with gdb's flags, both its outputs in one, as a grading script has them. */
async function withGuest(
  more: (port: number) => string[],
  body: (run: Launched, port: number) => Promise<void>,
): Promise<void> {
  const kernel = await Deno.makeTempFile();
  await Deno.writeFile(kernel, elf(echoGuest()));
  const port = freePort();
  const args = ["-c", 'exec "$0" "$@" 2>&1', LAUNCHER, ...flags(kernel), ...more(port)];
  const run = new Launched("sh", { args });
  try {
    await run.until(`qemu-system-riscv64: gdb may connect to 127.0.0.1:${port}\n`);
    await body(run, port);
  } finally {
    run.kill();
    await run.end();
    await Deno.remove(kernel);
  }
}

/** gdb's end of the wire. */
class Peer {
  readonly #conn: Deno.TcpConn;
  #heard = "";

  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  static async connect(port: number): Promise<Peer> {
    return new Peer(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  async send(packet: string): Promise<void> {
    const sum = [...packet].reduce((sum, c) => (sum + c.charCodeAt(0)) & 0xff, 0);
    const text = `$${packet}#${sum.toString(16).padStart(2, "0")}`;
    await this.#conn.write(new TextEncoder().encode(text));
  }

  /** Reads until something was said. */
  async until(wanted: string): Promise<void> {
    const buffer = new Uint8Array(4096);
    while (!this.#heard.includes(wanted)) {
      const count = await this.#conn.read(buffer);
      if (count === null) throw new Error(`no ${wanted} in ${this.#heard}`);
      this.#heard += new TextDecoder().decode(buffer.subarray(0, count));
    }
    this.#heard = "";
  }

  close(): void {
    this.#conn.close();
  }
}

/** Where {@link echoGuest} goes on when a byte has come. */
const WOKEN = "800000a0";

Deno.test("held by -S until a grading script says c; a breakpoint of its kind ends the test", async () => {
  await withGuest((port) => ["-S", "-gdb", `tcp::${port}`], async (run, port) => {
    const peer = await Peer.connect(port);
    // No `+`, no greeting: that is all that gradelib says.
    await peer.send(`Z1,${WOKEN},1`);
    await peer.send("c");
    await run.until("ready\n");
    await run.type("x");
    await peer.until("$T05");
    assertEquals(run.out.endsWith("ready\n"), true);
    await peer.send(`z1,${WOKEN},1`);
    await peer.send("c");
    await run.until("ready\nx");
    peer.close();
    // It has gone, and the guest runs on.
    await run.type("y");
    await run.until("ready\nxy");
    run.child.kill("SIGTERM");
    await run.until("terminating on signal 15\n");
  });
});

Deno.test("without -S the guest runs, and stops for a gdb that comes", async () => {
  await withGuest((port) => ["-gdb", `tcp::${port}`], async (run, port) => {
    await run.until("ready\n");
    const peer = await Peer.connect(port);
    await peer.send("qSupported:swbreak+");
    // A gdb that may want to go back can.
    await peer.until("ReverseStep+");
    await peer.send("p20");
    await peer.until("$a000008000000000#");
    await run.type("held");
    await peer.send("c");
    await run.until("ready\nheld");
    // A command of cowsh's shell, by gdb's `monitor`.
    const hex = [..."reg pc"].map((c) => c.charCodeAt(0).toString(16)).join("");
    await peer.send(`qRcmd,${hex}`);
    const said = [..."pc 0x800000a0"].map((c) => c.charCodeAt(0).toString(16)).join("");
    await peer.until(`$O${said}`);
    await peer.send("k");
    assertEquals((await run.end()).code, 0);
    peer.close();
  });
});

Deno.test("Ctrl-A c and Ctrl-A x work while gdb holds the guest", async () => {
  await withGuest((port) => ["-S", "-gdb", `tcp::${port}`], async (run) => {
    await run.type("\x01creg pc\n");
    await run.until("> pc 0x80000000\n");
    await run.type("\x01c\x01x");
    await run.until("QEMU: Terminated\n");
    assertEquals((await run.end()).code, 0);
  });
});

Deno.test("a port that is taken is one line; -S without gdb is refused", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const kernel = await Deno.makeTempFile();
  await Deno.writeFile(kernel, elf(echoGuest()));
  const outcome = async (...more: string[]) => {
    const run = new Launched(LAUNCHER, { args: [...flags(kernel), ...more], stdin: "null" });
    return { ...await run.end(), out: run.out };
  };
  const taken = await outcome("-gdb", `tcp::${port}`);
  assertEquals([taken.code, taken.out], [5, ""]);
  assertStringIncludes(taken.err, `-gdb tcp::${port}: the port is in use`);
  const held = await outcome("-S");
  assertEquals(held.code, 2);
  assertMatch(held.err, /^qemu-system-riscv64: -S: only gdb lets it go: .*\n$/);
  await Deno.remove(kernel);
});
