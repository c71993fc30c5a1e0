/**
 * The terminal raw while something has it, and as it was afterwards, whatever ends it. What Deno
 * makes raw are the keys: a line feed that is written is a new line as before.
 */

/** What signals end the program with: an exit code, after what else is to be done. */
export type SignalEnds = Readonly<Partial<Record<Deno.Signal, () => number>>>;

/** What is done to the terminal. */
export interface TerminalOptions {
  /** Keys come one by one; `cbreak` leaves those that are signals, like Ctrl-C, what they are. */
  readonly raw?: Deno.SetRawOptions;
}

/** Runs `body`; its exit code. A signal ends the program instead, with the terminal as it was. */
export async function withSignals(
  ends: SignalEnds,
  { raw }: TerminalOptions,
  body: () => Promise<number>,
): Promise<number> {
  const restore = () => {
    if (raw !== undefined) Deno.stdin.setRaw(false);
  };
  const listeners = Object.entries(ends).map(([signal, end]): [Deno.Signal, () => void] => [
    signal as Deno.Signal,
    () => {
      restore();
      Deno.exit(end());
    },
  ]);
  // A shell that stopped us has the terminal as it likes it, till we go on.
  if (raw !== undefined) listeners.push(["SIGCONT", () => Deno.stdin.setRaw(true, raw)]);
  for (const [signal, listener] of listeners) Deno.addSignalListener(signal, listener);
  if (raw !== undefined) Deno.stdin.setRaw(true, raw);
  try {
    return await body();
  } finally {
    restore();
    for (const [signal, listener] of listeners) Deno.removeSignalListener(signal, listener);
  }
}
