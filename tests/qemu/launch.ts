/** The launcher as a process of its own, as make runs it. */

import { assert } from "@std/assert";

/** The project's folder. */
export const ROOT = decodeURIComponent(new URL("../../", import.meta.url).pathname);
/** The folder that stands first in PATH. */
export const BIN = `${ROOT}bin`;
/** The launcher. */
export const LAUNCHER = `${BIN}/qemu-system-riscv64`;

/** PATH for a program that shall find the launcher, and deno. */
export function path(): string {
  return `${BIN}:${Deno.execPath().replace(/\/[^/]*$/, "")}:${Deno.env.get("PATH")}`;
}

/** A process with a line to each end of it. */
export class Launched {
  /** What has come on standard output so far. */
  out = "";
  readonly child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array> | undefined;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #err: Promise<string>;
  readonly #text = new TextDecoder();

  constructor(command: string, options: Deno.CommandOptions = {}) {
    this.child = new Deno.Command(command, {
      env: { PATH: path() },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      ...options,
    }).spawn();
    if (options.stdin === undefined) this.#writer = this.child.stdin.getWriter();
    this.#reader = this.child.stdout.getReader();
    this.#err = new Response(this.child.stderr).text();
  }

  /** Types a text. */
  async type(text: string): Promise<void> {
    await this.#writer!.write(new TextEncoder().encode(text));
  }

  /** Ends standard input. */
  async endInput(): Promise<void> {
    await this.#writer!.close();
  }

  /** Reads until the output fits, or is over. */
  async until(wanted: string | RegExp | ((out: string) => boolean)): Promise<void> {
    const fits = () =>
      typeof wanted === "string"
        ? this.out.includes(wanted)
        : wanted instanceof RegExp
        ? wanted.test(this.out)
        : wanted(this.out);
    while (!fits()) {
      const { value, done } = await this.#reader.read();
      assert(!done, `no ${wanted} in:\n${this.out}\n${done ? await this.#err : ""}`);
      this.out += this.#text.decode(value, { stream: true });
    }
  }

  /** Does not read any more: whoever writes finds the pipe closed. */
  async closeOutput(): Promise<void> {
    await this.#reader.cancel();
  }

  /** Ends it, if it still runs. */
  kill(): void {
    try {
      this.child.kill("SIGKILL");
    } catch (error) {
      // It is gone already.
      if (!(error instanceof TypeError)) throw error;
    }
  }

  /** Waits for the end; what has come since is in `out`. */
  async end(): Promise<{ code: number; signal: Deno.Signal | null; err: string }> {
    for (;;) {
      const { value, done } = await this.#reader.read();
      if (done) break;
      this.out += this.#text.decode(value, { stream: true });
    }
    const { code, signal } = await this.child.status;
    await this.#writer?.close().catch(() => {});
    return { code, signal, err: await this.#err };
  }
}

/** The flags of a machine with this kernel, with a disk if one is given. */
export function flags(kernel: string, disk?: string): string[] {
  const base = ["-machine", "virt", "-bios", "none", "-kernel", kernel, "-m", "16M", "-nographic"];
  if (disk === undefined) return base;
  return [
    ...base,
    ...["-global", "virtio-mmio.force-legacy=false"],
    ...["-drive", `file=${disk},if=none,format=raw,id=x0`],
    ...["-device", "virtio-blk-device,drive=x0,bus=virtio-mmio-bus.0"],
  ];
}
