/** The shell on a computer that is there already: for `main.ts`, and for a script. */

import type { ArgKind, Session } from "../framework/command.ts";
import type { Vm } from "../vm/vm.ts";
import { candidatesOf } from "../session/candidates.ts";
import { newSession } from "./boot.ts";
import { BatchHost, breathe, clock, denoFiles, denoTty, readStdin } from "./deno_host.ts";
import { isDumb, wantsColor } from "../host/color.ts";
import { History, localStore } from "./history.ts";
import { TerminalInput } from "./input.ts";
import { interact } from "./interact.ts";
import { interactPlain } from "./plain.ts";
import { type Host, Shell } from "./shell.ts";
import { TerminalHost } from "./terminal_host.ts";

/** How the shell is opened; everything has a default. */
export interface OpenOptions {
  /** The process that commands act on at first; none unless given. */
  pid?: number;
  /** One JSON object a command in place of text. */
  json?: boolean;
  /** Colour; unless given, NO_COLOR, FORCE_COLOR, and whether it is a terminal decide. */
  color?: boolean | undefined;
  /** Instructions that one command may run the guest for. */
  budget?: bigint | undefined;
  /** Boots another computer with more flags; where a script holds the computer, none does. */
  boot?: (flags: readonly string[]) => Promise<Vm>;
  /** Printed before the first prompt. */
  banner?: string;
}

/** One keyboard: what is typed ahead of a second shell must not be lost with the first. */
let keyboard: TerminalInput | undefined;

/**
 * Opens the shell on the terminal and returns when the person leaves it, by Ctrl-D or `quit`.
 *
 * @returns the exit code given to `quit`, else 0
 */
export async function openShell(vm: Vm, options: OpenOptions = {}): Promise<number> {
  const history = new History(localStore());
  const session = newSession(
    vm,
    { json: options.json ?? false, keepGoing: false, budget: options.budget },
    {
      color: wantsColor(options.color),
      interactive: true,
      history: () => history.entries,
      ...(options.boot === undefined ? {} : { boot: options.boot }),
    },
  );
  session.pid = options.pid ?? 0;
  const interrupt = { requested: false };
  if (isDumb()) return await openPlain(session, history, interrupt, options.banner);
  const input = keyboard ??= new TerminalInput(readStdin);
  const host = new TerminalHost(denoTty, input, { files: denoFiles, breathe, clock }, {
    interrupt,
    color: () => session.settings.color,
  });
  const shell = new Shell(session, host, interrupt);
  if (options.banner !== undefined) host.output.out(options.banner);

  // A new size redraws: the editor draws after whatever wakes it.
  const listeners: [Deno.Signal, () => void][] = [
    ["SIGWINCH", () => input.wake()],
    // Somebody else's, for the keys are raw: the same as Ctrl-C.
    ["SIGINT", () => {
      interrupt.requested = true;
      input.wake();
    }],
    ["SIGHUP", () => leave(128 + 1)],
    ["SIGTERM", () => leave(128 + 15)],
  ];
  for (const [signal, listener] of listeners) Deno.addSignalListener(signal, listener);
  Deno.stdin.setRaw(true);
  try {
    const candidates = (kind: ArgKind) => candidatesOf(session, kind);
    const code = await interact(shell, host, history, { candidates });
    const closed = await shell.close();
    return code === 0 ? closed : code;
  } finally {
    Deno.stdin.setRaw(false);
    for (const [signal, listener] of listeners) Deno.removeSignalListener(signal, listener);
  }
}

/** The same where the terminal takes no control sequences. */
async function openPlain(
  session: Session,
  history: History,
  interrupt: { requested: boolean },
  banner = "",
): Promise<number> {
  const batch = new BatchHost(interrupt);
  const host: Host = {
    files: batch.files,
    breathe,
    clock,
    output: { ...batch.output, err: (message) => batch.output.out(`${message}\n`) },
    guestInput: (body) => batch.guestInput(body),
  };
  const shell = new Shell(session, host, interrupt);
  const onInterrupt = () => {
    interrupt.requested = true;
  };
  Deno.addSignalListener("SIGINT", onInterrupt);
  try {
    host.output.out(banner);
    const code = await interactPlain(shell, batch.input, host.output.out, history);
    const closed = await shell.close();
    return code === 0 ? closed : code;
  } finally {
    Deno.removeSignalListener("SIGINT", onInterrupt);
  }
}

/** Ended by a signal: the terminal must not stay raw. */
function leave(code: number): never {
  Deno.stdin.setRaw(false);
  Deno.exit(code);
}
