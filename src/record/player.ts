/** Plays a recording into a terminal, on a clock that the caller owns. */
import type { Cast } from "./cast.ts";

/** What a player needs from the outside. */
interface PlayOptions {
  /** Shows text. */
  readonly write: (text: string) => void | Promise<void>;
  /** Resolves after so many seconds. */
  readonly sleep: (seconds: number) => Promise<void>;
  /** How much faster than it was recorded; 1 if not given. */
  readonly speed?: number;
  /** The longest pause in recorded seconds; without it pauses are as they were recorded. */
  readonly idle?: number;
  /** Playing ends before the next event once this is requested. */
  readonly interrupt?: { readonly requested: boolean };
}

/**
 * Plays a recording's output and resolves at its end, to `true`, or to `false` when it was
 * interrupted.
 *
 * @throws {RangeError} For a speed that is not a positive number.
 */
export async function play(cast: Cast, options: PlayOptions): Promise<boolean> {
  const { speed = 1, idle = Infinity, interrupt } = options;
  if (!(speed > 0)) throw new RangeError(`speed must be a positive number, not ${speed}`);
  let before = 0;
  for (const { time, code, data } of cast.events) {
    const pause = Math.min(time - before, idle) / speed;
    before = time;
    if (interrupt?.requested) return false;
    if (pause > 0 && pause !== Infinity) await options.sleep(pause);
    if (interrupt?.requested) return false;
    if (code === "o") await options.write(data);
  }
  return true;
}
