/** The host of a bare-metal guest: standard streams, and the terminal raw while it has it. */

import { wantsColor } from "../host/color.ts";
import { visible } from "../host/visible.ts";
import { bare, type BareHost } from "./bare.ts";
import {
  breathe,
  clock,
  denoFiles,
  isInteractive,
  readStdin,
  stderr,
  stdout,
} from "./deno_host.ts";
import type { Options } from "./flags.ts";
import { paint } from "./paint.ts";

/** Runs a guest with its own kernel on the terminal or in a pipe; the exit code. */
export async function openBare(path: string, options: Options): Promise<number> {
  const terminal = isInteractive();
  const dim = paint(wantsColor(options.color)).tone("dim");
  let midLine = false;
  const out = (said: string) => {
    if (said === "") return;
    midLine = !said.endsWith("\n");
    // In raw mode nobody else turns a line feed into a new line.
    stdout(terminal ? said.replace(/\r?\n/g, "\r\n") : said);
  };
  const freshLine = () => {
    if (terminal && midLine) out("\n");
  };
  const host: BareHost = {
    files: denoFiles,
    out,
    err(message) {
      freshLine();
      stderr(`cowsh: ${visible(message)}${terminal ? "\r" : ""}\n`);
    },
    note(message) {
      freshLine();
      out(`${dim(message)}\n`);
    },
    read: readStdin,
    terminal,
    breathe,
    clock,
  };
  return terminal ? await raw(() => bare(path, options, host)) : await bare(path, options, host);
}

/** The terminal raw while `body` runs, and as it was afterwards, whatever ends it. */
async function raw(body: () => Promise<number>): Promise<number> {
  const leave = (code: number) => () => {
    Deno.stdin.setRaw(false);
    Deno.exit(code);
  };
  const listeners: [Deno.Signal, () => void][] = [
    ["SIGHUP", leave(128 + 1)],
    ["SIGTERM", leave(128 + 15)],
  ];
  for (const [signal, listener] of listeners) Deno.addSignalListener(signal, listener);
  Deno.stdin.setRaw(true);
  try {
    return await body();
  } finally {
    Deno.stdin.setRaw(false);
    for (const [signal, listener] of listeners) Deno.removeSignalListener(signal, listener);
  }
}
