/** What a conversation with a gdb has come to: the record that all its parts work on. */

import type { DebugStop, DebugTarget } from "../vm/debug.ts";
import type { Move } from "./moves.ts";
import { Points } from "./points.ts";
import { interrupted } from "./stops.ts";
import { type GdbRegister, registersOf } from "./target_xml.ts";

/** What a packet is refused with: an errno in decimal digits, as QEMU sends it. */
export const ERROR = {
  /** There is no guest to ask, or it cannot be done to it. */
  fails: "E01",
  /** Another request is still being answered. */
  busy: "E16",
  /** No memory there. */
  fault: "E14",
  /** Not written as the protocol has it. */
  malformed: "E22",
  /** There are too many. */
  full: "E28",
} as const;

/** A conversation's state. */
export interface Dialog {
  readonly target: DebugTarget;
  readonly points: Points;
  /** The registers that the target has, by gdb's numbers. */
  readonly registers: ReadonlyMap<number, GdbRegister>;
  /** The hart whose registers and memory are asked for: `Hg`. */
  hart: number;
  /** The hart that `s` and `bs` move: `Hc`; undefined: any. */
  mover: number | undefined;
  /** Addresses are physical: `Qqemu.PhyMemMode`. */
  physical: boolean;
  /** Packets are acknowledged by `+`. */
  acks: boolean;
  /** `target extended-remote`: the guest may be started again. */
  extended: boolean;
  /** How the guest goes on; undefined: it stands still. */
  move: Move | undefined;
  /** A watched access that is done, which gdb is still to step over, and in which direction. */
  watched: { readonly hart: number; readonly back: boolean } | undefined;
  /** The answer to `?`. */
  stop: string;
  /** A guest that gdb has killed, or that ended by itself, can only be started again. */
  life: "alive" | "killed" | Extract<DebugStop, { kind: "exit" }>;
  /** A `monitor` command that waits to be answered. */
  asked: string | undefined;
  /** Nothing more will be said. */
  over: boolean;
}

/**
 * Answers a packet, given what follows its name. Undefined: there is no reply, or it comes later;
 * empty: it is not supported.
 */
export type Handler = (dialog: Dialog, rest: string) => string | undefined;

/** A conversation that begins; the guest stands still. */
export function newDialog(target: DebugTarget): Dialog {
  return {
    target,
    points: new Points(target),
    registers: registersOf(target),
    hart: target.hart,
    mover: undefined,
    physical: false,
    acks: true,
    extended: false,
    move: undefined,
    watched: undefined,
    stop: interrupted(target.hart, "trap"),
    life: "alive",
    asked: undefined,
    over: false,
  };
}
