/**
 * Runs a guest program in slices with its console attached: output as it comes, keys when it reads.
 *
 * @module
 */

import type { Context, GuestInput } from "../framework/command.ts";
import type { Running } from "../vm/run.ts";
import type { Vm } from "../vm/vm.ts";

/** What a console ends its input with. */
const CTRL_D = "\x04";

/** How a drive ended. */
export type Ending =
  /** The run is over, or its budget used up: its report says. */
  | "over"
  /** Ctrl-C: the program was killed, or is still there when it is to be kept. */
  | "interrupted"
  /** The escape key: the program is still there. */
  | "escaped";

/** How a program is driven. */
export interface Drive {
  /** What it reads from the console; without it, what comes on the terminal or the pipe. */
  readonly typed?: string | undefined;
  /** Ctrl-C stops it where it is; else it is killed. */
  readonly keep?: boolean;
}

/**
 * Runs until the program ends or cannot go on. A program that reads the console gets a line of what
 * is typed whenever it waits for one, and then the end of file.
 */
export async function runInSlices(
  ctx: Context,
  running: Running,
  { typed, keep = false }: Drive = {},
): Promise<Ending> {
  const { budget } = ctx.session.settings;
  let left = budget === undefined ? Number.MAX_SAFE_INTEGER : Number(budget);
  let line = linesLeft(ctx).get(running.pid) ?? "";
  linesLeft(ctx).delete(running.pid);
  ctx.emit(line);
  const slices = () =>
    ctx.inSlices((n) => {
      const part = Math.min(n, left);
      const over = running.slice(part);
      left -= part;
      const text = running.takeOutput();
      if (text !== "") ctx.emit(text);
      line = (line + text).slice((line + text).lastIndexOf("\n") + 1);
      return over || left <= 0 ? true : undefined;
    });
  const script = typed === undefined ? undefined : scriptOf(typed);
  return await ctx.guestInput(async (input) => {
    for (let ends = 0; ends < 2;) {
      if (await slices() === "interrupted" || ctx.interrupt.requested) {
        if (!keep) running.interrupt();
        return "interrupted";
      }
      if (left <= 0 || !running.waitsForConsole()) return "over";
      // What a program left behind is not given what is typed next; an --input was meant for all of
      // it.
      if (running.ended && script === undefined) return "over";
      const keys = script === undefined ? await nextKeys(input) : script.shift();
      if (keys !== undefined) {
        ctx.vm.type(keys);
      } else if (ctx.interrupt.requested) continue;
      else if (ctx.session.interactive && script === undefined) {
        linesLeft(ctx).set(running.pid, line);
        return "escaped";
      } else {
        ctx.vm.type(CTRL_D);
        ends++;
      }
    }
    return "over";
  });
}

/**
 * The lines at whose end programs that a person left wait, their prompts, by pid: shown when they
 * come back to one.
 */
function linesLeft({ vm }: Context): Map<number, string> {
  const lines = LEFT.get(vm) ?? new Map<number, string>();
  LEFT.set(vm, lines);
  return lines;
}

const LEFT = new WeakMap<Vm, Map<number, string>>();

/** A text as a person would type it: line by line, and Ctrl-D behind the last. */
function scriptOf(text: string): Uint8Array[] {
  const lines = text.split("\n").map((line, i, all) => line + (i < all.length - 1 ? "\n" : CTRL_D));
  return lines.map((line) => new TextEncoder().encode(line));
}

/** What is typed next; undefined at the end, at the escape key and at Ctrl-C. */
async function nextKeys(input: GuestInput): Promise<Uint8Array | undefined> {
  await input.wait();
  const bytes = input.take();
  return bytes.length === 0 ? undefined : bytes;
}
