/** Back in a guest's time to an event, and right behind one that is known. */

import { type EventFilter, eventMeant, type VmEvent } from "./events.ts";
import type { GuestEvents } from "./guest/events.ts";
import { LOOK_BACK } from "./guest/events.ts";
import type { GuestHistory } from "./guest/history.ts";
import { quietly } from "./guest/quietly.ts";
import { filterText } from "./history.ts";

/** Most instructions that are listened to again in one go. */
const MOST = 64 * LOOK_BACK;

/** Events that happen with a trap, and not with an instruction. */
const OF_TRAPS: ReadonlySet<string> = new Set(["fault", "syscall", "trap"]);

/**
 * Goes back to right behind the last event that a filter means before the present moment; again, to
 * the one before. Throws a RangeError when there is none in what is recorded.
 */
export function backToEvent(
  history: GuestHistory,
  listening: GuestEvents,
  filter: EventFilter,
): VmEvent {
  const { now } = history;
  const [start] = history.span!;
  const { settled } = history;
  const isBefore = ({ kind, instret }: VmEvent) =>
    OF_TRAPS.has(kind) ? instret < now : settled ? instret < now - 1 : instret < now;
  let end = now;
  for (let window = LOOK_BACK;; window = Math.min(2 * window, MOST)) {
    listening.listenSince(end - window);
    const { log } = listening;
    for (let n = log.next - 1; n >= log.oldest; n--) {
      const event = eventMeant(log, n, filter);
      if (event === undefined || !isBefore(event)) continue;
      goBehind(history, listening, event);
      return event;
    }
    const since = listening.since!;
    const lost = log.oldest > 0;
    if (!lost && since <= start) {
      if (end !== now) history.goto(now);
      const begins = `what is recorded begins at instruction ${start}`;
      throw new RangeError(`back: there is no ${filterText(filter)} before this; ${begins}`);
    }
    if (lost && log.oldest < log.next) end = log.at(log.oldest).instret;
    else if (!lost) end = since;
    history.goto(end);
    // Listened to again from further back, up to there.
    listening.stop();
  }
}

/** Goes to right behind an event of the log. */
export function goBehind(
  history: GuestHistory,
  listening: GuestEvents,
  { n, instret }: VmEvent,
): void {
  history.goto(instret);
  quietly(history.machine, () => {
    const found = listening.waitingFor({ from: n }, () => void history.scan(instret + 1, true));
    if (found?.n !== n) throw new Error(`event ${n} did not happen again at ${instret}`);
  });
}
