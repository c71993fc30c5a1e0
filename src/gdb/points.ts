/** The breakpoints and watchpoints that gdb has set: `Z` and `z`. */

import type { DebugTarget, Watch } from "../vm/debug.ts";
import { hexNumber } from "./hex.ts";

/** As many as one gdb may have at a time. */
const MOST = 4096;
/** Most bytes of a watchpoint. */
const LONGEST = 2n ** 20n;

/** How setting or removing one went; `unsupported` is a type that is none. */
export type PointAnswer = "done" | "malformed" | "unsupported" | "full";

/** What a gdb has set, and takes away when it goes. Setting what is there already is no mistake. */
export class Points {
  readonly #target: DebugTarget;
  readonly #breaks = new Map<string, bigint>();
  readonly #watches = new Map<string, Watch>();

  constructor(target: DebugTarget) {
    this.#target = target;
  }

  /** Whether there is a breakpoint at an address. */
  breaksAt(va: bigint): boolean {
    for (const one of this.#breaks.values()) if (one === va) return true;
    return false;
  }

  /**
   * `Z` with `0,ADDRESS,KIND` (software breakpoint), 1 (hardware: the same here), 2, 3 or 4
   * (watchpoints for stores, loads, both; KIND is their length), in a space of addresses.
   */
  set(text: string, space: Watch["space"]): PointAnswer {
    const point = readPoint(text);
    if (typeof point === "string") return point;
    const { key, type, address, length } = point;
    if (this.#breaks.has(key) || this.#watches.has(key)) return "done";
    if (this.#breaks.size + this.#watches.size >= MOST) return "full";
    if (type < 2) {
      if (!this.breaksAt(address)) this.#target.addBreak(address);
      this.#breaks.set(key, address);
      return "done";
    }
    const start = Number(space === "va" ? BigInt.asIntN(64, address) : address);
    const watch = { space, start, length, read: type !== 2, write: type !== 3 };
    this.#target.watch(watch);
    this.#watches.set(key, watch);
    return "done";
  }

  /** The reverse: `z`. */
  remove(text: string): PointAnswer {
    const point = readPoint(text);
    if (typeof point === "string") return point;
    const { key, address } = point;
    const watch = this.#watches.get(key);
    if (watch !== undefined) {
      this.#target.unwatch(watch);
      this.#watches.delete(key);
    } else if (this.#breaks.delete(key) && !this.breaksAt(address)) {
      this.#target.removeBreak(address);
    }
    return "done";
  }

  /** Removes all. */
  clear(): void {
    for (const va of new Set(this.#breaks.values())) this.#target.removeBreak(va);
    for (const watch of this.#watches.values()) this.#target.unwatch(watch);
    this.#breaks.clear();
    this.#watches.clear();
  }
}

interface Point {
  /** What tells it from others. */
  readonly key: string;
  readonly type: number;
  readonly address: bigint;
  readonly length: number;
}

function readPoint(text: string): Point | PointAnswer {
  const [type, at, kind, ...rest] = text.split(",");
  if (!/^[0-4]$/.test(type)) return "unsupported";
  const address = hexNumber(at);
  const length = hexNumber(kind);
  if (address === undefined || length === undefined || rest.length > 0) return "malformed";
  // No hart has addresses that are no exact numbers when taken as signed.
  if (!Number.isSafeInteger(Number(BigInt.asIntN(64, address)))) return "malformed";
  const watches = Number(type) >= 2;
  if (watches && (length === 0n || length > LONGEST || address + length > 2n ** 64n)) {
    return "malformed";
  }
  const key = `${type},${address},${length}`;
  return { key, type: Number(type), address, length: Number(length) };
}
