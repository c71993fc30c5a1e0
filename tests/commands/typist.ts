/**
 * A session on a freshly booted computer: lines typed one after the other, and what each answers.
 */

import type { HostFiles, Session } from "../../src/framework/command.ts";
import { boot, bootAgain, newSession } from "../../src/repl/boot.ts";
import { DenoFiles } from "../../src/repl/deno_host.ts";
import { parseFlags } from "../../src/repl/flags.ts";
import { type Host, Shell } from "../../src/repl/shell.ts";
import type { Vm } from "../../src/vm/vm.ts";

/** What a line printed, errors included, and its exit code. */
export interface Answer {
  line: string;
  text: string;
  status: number;
}

/** A session that was started with some flags, and a keyboard for it. */
export interface Typist {
  /** Types a line; what it answers. */
  type(line: string): Promise<Answer>;
  /** The host's files as the session sees them; a test may put others in their place. */
  readonly files: HostFiles;
  /** What lives from line to line. */
  readonly session: Session;
}

/** What else a session may be given. */
export interface Surroundings {
  /** Its computer; one of its own, as the flags say, unless given. */
  vm?: Vm;
  /** What a person at a terminal types while the guest has it, in pieces; an empty piece is the escape key. */
  keys?: string[];
  /** Columns of its terminal; none unless given. */
  width?: number;
  /** Set by Ctrl-C. */
  interrupt?: { requested: boolean };
}

/** A new session. */
export async function newTyped(
  flags: string[] = [],
  { vm, keys, width, interrupt }: Surroundings = {},
): Promise<Typist> {
  let said = "";
  const files: HostFiles = new DenoFiles();
  const host: Host = {
    output: {
      out: (text) => void (said += text),
      err: (message) => void (said += message + "\n"),
      progress: () => {},
      width: () => width,
    },
    files,
    breathe: () => Promise.resolve(),
    clock: () => 0,
    guestInput: (body) =>
      body({
        take: () => new TextEncoder().encode(keys?.shift() ?? ""),
        ended: true,
        wait: () => Promise.resolve(),
      }),
  };
  const options = parseFlags(flags);
  const s = newSession(vm ?? await boot(options, host.files), options, {
    color: options.color ?? false,
    interactive: keys !== undefined,
    history: () => [],
    boot: (more) => bootAgain(options, more, host.files),
  });
  const shell = new Shell(s, host, interrupt);
  return {
    files,
    session: s,
    async type(line) {
      said = "";
      const { status } = await shell.run(line);
      return { line, text: said, status };
    },
  };
}

/** Types lines into a new session that was started with some flags; the answer to each. */
export async function typed(
  lines: readonly string[],
  flags: string[] = [],
  surroundings: Surroundings = {},
): Promise<Answer[]> {
  const typist = await newTyped(flags, surroundings);
  const answers: Answer[] = [];
  for (const line of lines) answers.push(await typist.type(line));
  return answers;
}

/** The answer to the last of some lines. */
export async function lastOf(lines: readonly string[], flags: string[] = []): Promise<Answer> {
  return (await typed(lines, flags)).at(-1)!;
}
