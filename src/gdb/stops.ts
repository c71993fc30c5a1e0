/** Why the guest stopped, as gdb is told (GDB manual, "Stop Reply Packets"). */

import type { DebugStop } from "../vm/debug.ts";
import { textToHex } from "./hex.ts";

/** gdb's numbers of the signals that are used here: what QEMU uses for the like. */
const SIGNAL = { interrupt: 2, trap: 5, abort: 6 } as const;

const STUCK = "cowsh: stuck: no hart will ever execute another instruction: each waits for an " +
  "interrupt that cannot come, or its trap handler traps at once\n";

/** The number by which gdb knows a hart: threads count from 1. */
export function threadOf(hart: number): string {
  return (hart + 1).toString(16);
}

/** The reply to a stop; for one that needs words, a text for the console before it. */
export function stopReplies(stop: DebugStop): string[] {
  const thread = `thread:${threadOf(stop.hart)};`;
  switch (stop.kind) {
    case "break":
    case "step":
      return [signal(SIGNAL.trap) + thread];
    case "watch": {
      const { read, write, start } = stop.watch;
      const kind = !write ? "rwatch" : read ? "awatch" : "watch";
      // gdb finds the watchpoint by an address inside it; a wide access may begin before it.
      const first = BigInt.asUintN(64, BigInt(start));
      const va = stop.va < first ? first : stop.va;
      const at = stop.watch.space === "va" ? va : first;
      return [`${signal(SIGNAL.trap)}${kind}:${at.toString(16)};${thread}`];
    }
    case "start":
      return [`${signal(SIGNAL.trap)}replaylog:begin;${thread}`];
    case "stuck":
      return [`O${textToHex(STUCK)}`, signal(SIGNAL.abort) + thread];
    case "exit":
      return [`W${stop.code.toString(16).padStart(2, "0")}`];
  }
}

/** The reply when nothing but gdb itself, or a connection, stopped the guest. */
export function interrupted(hart: number, signal_: "interrupt" | "trap"): string {
  return `${signal(SIGNAL[signal_])}thread:${threadOf(hart)};`;
}

function signal(number: number): string {
  return "T" + number.toString(16).padStart(2, "0");
}
