/** How gdb wants the guest to go on: `c`, `s`, `vCont`, `bc` and `bs`. */

import { hexNumber } from "./hex.ts";

/** A way to go on. `only`: the harts that run, all when absent. */
export type Move =
  /** On, until something stops it. */
  | { readonly kind: "run"; readonly only: readonly number[] | undefined }
  /** One instruction of a hart; with a range as many as its pc stays in there. */
  | {
    readonly kind: "step";
    readonly hart: number;
    readonly only: readonly number[] | undefined;
    /** It was named alone, as it is to step over a breakpoint or a watched access. */
    readonly alone: boolean;
    /** From the first address to before the second. */
    readonly range: readonly [bigint, bigint] | undefined;
  }
  /** Back, until something stops it. */
  | { readonly kind: "back" }
  /** Back by one instruction of a hart. */
  | { readonly kind: "backstep"; readonly hart: number };

/** What one hart shall do. */
type Action = { readonly step: boolean; readonly range?: readonly [bigint, bigint] };

/** What a thread's name stands for: every hart, any one, or one; undefined: it is no name. */
export function threadName(text: string): "all" | "any" | number | undefined {
  if (text === "-1") return "all";
  const number = hexNumber(text);
  if (number === undefined || number > 0xffffn) return undefined;
  return number === 0n ? "any" : Number(number) - 1;
}

/**
 * The move of a `vCont`'s actions: `c`, `C sig`, `s`, `S sig`, `r start,end` and `t`, each for a
 * thread or for those that no other is for. The guest has no use for signals, they are left out.
 * Undefined: it is not written so, or nobody is to move.
 */
export function readActions(text: string, harts: number, current: number): Move | undefined {
  const actions = new Map<number, Action | undefined>();
  for (const part of text.split(";")) {
    const [what, thread, ...rest] = part.split(":");
    const action = readAction(what);
    const name = thread === undefined ? "all" : threadName(thread);
    if (action === undefined || name === undefined || rest.length > 0) return undefined;
    const whose = typeof name === "number" ? [name] : name === "any" ? [current] : range(harts);
    if (whose.some((hart) => hart >= harts)) return undefined;
    // The leftmost action that matches a thread is its own.
    for (const hart of whose) {
      if (!actions.has(hart)) actions.set(hart, action === "stay" ? undefined : action);
    }
  }
  const moving = range(harts).filter((hart) => actions.get(hart) !== undefined);
  if (moving.length === 0) return undefined;
  const only = moving.length === harts ? undefined : moving;
  const steppers = moving.filter((hart) => actions.get(hart)!.step);
  if (steppers.length === 0) return { kind: "run", only };
  // Whoever steps first ends the move for all.
  const hart = steppers.includes(current) ? current : steppers[0];
  const alone = /^[^;]*:[0-9a-fA-F]+$/.test(text);
  return { kind: "step", hart, only, alone, range: actions.get(hart)!.range };
}

function readAction(text: string): Action | "stay" | undefined {
  if (/^c$|^C[0-9a-fA-F]{2}$/.test(text)) return { step: false };
  if (/^s$|^S[0-9a-fA-F]{2}$/.test(text)) return { step: true };
  if (text === "t") return "stay";
  const range = /^r([^,]*),([^,]*)$/.exec(text);
  const start = hexNumber(range?.[1]);
  const end = hexNumber(range?.[2]);
  if (start === undefined || end === undefined) return undefined;
  return { step: true, range: [start, end] };
}

function range(harts: number): number[] {
  return Array.from({ length: harts }, (_, hart) => hart);
}
