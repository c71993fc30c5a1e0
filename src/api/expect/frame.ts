/** Checks on physical frames. */

import { AssertionError } from "@std/assert";
import { hex } from "../../vm/machine/address.ts";
import type { Place } from "../../vm/process.ts";
import type { Frame, Mapping } from "../../vm/reports.ts";
import { Matchers } from "./matchers.ts";

/** What can be expected of a frame, besides what can be of any value. */
export class FrameMatchers extends Matchers<Frame | undefined> {
  /** The kernel keeps this count for it. */
  toHaveRefcount(count: number): void {
    const { stored } = this.#frame;
    this.check(
      stored === count,
      `frame ${this.#frame}`,
      `have refcount ${count}`,
      `its stored count is ${stored ?? "unknown"}; ${ownersText(this.#frame)}`,
    );
  }

  /** Exactly these places map it, each with one PTE: `[parent.at(va), child.at(va)]`. */
  toBeMappedBy(places: readonly Place[]): void {
    const { owners } = this.#frame;
    const has = owners.map((m) => placeText(m.pid, m.va));
    const wants = places.map(({ pid, va }) => placeText(pid, va - va % 4096n));
    const missing = wants.filter((place) => !has.includes(place));
    const extra = has.filter((place) => !wants.includes(place));
    const fact = [
      ...missing.map((place) => `${place} does not map it`),
      ...extra.map((place) => `${place} maps it, too`),
      ownersText(this.#frame),
    ].join("; ");
    const ok = missing.length === 0 && extra.length === 0 && has.length === wants.length;
    const list = wants.length === 0 ? "nobody" : wants.join(" and ");
    this.check(ok, `frame ${this.#frame}`, `be mapped by ${list}`, fact);
  }

  /** More than one PTE maps it. */
  toBeShared(): void {
    const fact = ownersText(this.#frame);
    this.check(this.#frame.counted > 1, `frame ${this.#frame}`, "be shared", fact);
  }

  /** It can be allocated. */
  toBeFree(): void {
    const { kind } = this.#frame;
    const fact = `it is in use as ${kind}; ${ownersText(this.#frame)}`;
    this.check(kind === "free" || kind === "fresh", `frame ${this.#frame}`, "be free", fact);
  }

  get #frame(): Frame {
    if (this.actual !== undefined) return this.actual;
    throw new AssertionError("expected a frame, but the address is not mapped: there is none");
  }
}

/** `pid 3 at 0x4000`. */
function placeText(pid: number, va: bigint): string {
  return `pid ${pid} at ${hex(va)}`;
}

/** Who maps a frame, with PTEs, in a sentence. */
function ownersText(frame: Frame): string {
  const { owners } = frame;
  if (owners.length === 0) return "nobody maps it";
  return `${owners.map(ownerText).join(", ")} ${owners.length === 1 ? "maps" : "map"} it`;
}

function ownerText(m: Mapping): string {
  return `pid ${m.pid} ${m.name} at ${hex(m.va)} (${m.kind}, PTE ${hex(m.pte)})`;
}
