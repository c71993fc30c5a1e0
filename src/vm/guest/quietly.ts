/** Runs that are nobody's: to look ahead, or to come to a moment again. */

import type { Machine } from "../machine/machine.ts";

/** Does something to a machine that nothing stops meanwhile: no point, no trap, no time to wait for. */
export function quietly<T>(machine: Machine, body: () => T): T {
  const breaks = [...machine.watches.breaks], watches = [...machine.watches.watches];
  const { stopsIdle, stopsAtTrapOf } = machine;
  machine.stopsIdle = false;
  machine.stopsAtTrapOf = undefined;
  for (const at of breaks) machine.removeBreak(at);
  for (const watch of watches) machine.unwatch(watch);
  try {
    return body();
  } finally {
    machine.stopsIdle = stopsIdle;
    machine.stopsAtTrapOf = stopsAtTrapOf;
    for (const at of breaks) machine.addBreak(at);
    for (const watch of watches) machine.watch(watch);
  }
}
