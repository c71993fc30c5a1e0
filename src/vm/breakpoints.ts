/** Where runs stop: breakpoints and watchpoints, as a person sets them. */

import { onlyNames, whole } from "./checks.ts";
import { pa, va } from "./machine/address.ts";
import { addBreakpoint, type Watched } from "./kernel/breakpoints.ts";
import type { Breakpoint } from "./kernel/kernel.ts";
import type { Stops } from "./parts.ts";

export type { Breakpoint, Watched };

/** What {@link Vm.watch} watches. */
export interface WatchOptions {
  /** Bytes; 8 unless given. */
  size?: number;
  /** Only in this process. */
  pid?: number;
  /** Stop after loads. */
  read?: boolean;
  /** Stop after stores; true unless given. */
  write?: boolean;
  /** The address is a physical one: the frame is watched, whoever maps it. */
  physical?: boolean;
}

/** Most bytes of one watchpoint: more, nobody can mean. */
const MOST_WATCHED = 2 ** 30;

/** Sets a watchpoint. Throws a RangeError for options that nobody can mean. */
export function addWatchpoint(
  stops: Stops,
  address: bigint | number,
  options: WatchOptions,
): Breakpoint {
  onlyNames("watch", options, ["size", "pid", "read", "write", "physical"]);
  const { size = 8, pid, read = false, write = true, physical = false } = options;
  whole("watch size", size, 1, MOST_WATCHED);
  if (!read && !write) throw new RangeError("watch: neither loads nor stores");
  const space = physical ? "pa" : "va";
  const at = physical ? pa(address) : va(address);
  return addBreakpoint(stops, at, pid, { space, length: size, read, write });
}
