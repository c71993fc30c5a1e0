/** Checks on how an address is translated: what the hardware allows, what the kernel would do. */

import { hex } from "../../vm/machine/address.ts";
import type { Translation, Verdict } from "../../vm/reports.ts";
import { Matchers } from "./matchers.ts";

/** What can be expected of a translation (`process.pte(va)`), besides what can be of any value. */
export class PageMatchers extends Matchers<Translation> {
  /** A valid leaf PTE leads to a frame. */
  toBeMapped(): void {
    this.check(this.actual.pte !== undefined, this.#subject, "be mapped", this.#fact);
  }

  /** A load goes through without a fault. */
  toBeReadable(): void {
    this.check(this.#verdict("read").allowed, this.#subject, "be readable", this.#fact);
  }

  /** A store goes through without a fault. */
  toBeWritable(): void {
    this.check(this.#verdict("write").allowed, this.#subject, "be writable", this.#fact);
  }

  /** A fetch goes through without a fault. */
  toBeExecutable(): void {
    this.check(this.#verdict("execute").allowed, this.#subject, "be executable", this.#fact);
  }

  /** It is mapped without W, and a store faults and then succeeds: by a copy, or in place. */
  toBeCow(): void {
    const { allowed, survives } = this.#verdict("write");
    const cow = this.actual.pte !== undefined && !allowed && survives === true;
    this.check(cow, this.#subject, "be copy-on-write", this.#fact);
  }

  /** This access would kill the process. */
  toKillOn(access: Verdict["access"]): void {
    const { survives } = this.#verdict(access);
    this.check(survives === false, this.#subject, `kill on ${access}`, this.#fact);
  }

  /** Bytes that the leaf maps: 4096, or 2 MiB for a superpage. */
  toHaveSize(bytes: number): void {
    const { size } = this.actual;
    this.check(size === bytes, this.#subject, `be mapped by a leaf of ${bytes} bytes`, this.#fact);
  }

  #verdict(access: Verdict["access"]): Verdict {
    return this.actual.verdicts.find((v) => v.access === access)!;
  }

  get #subject(): string {
    return `address ${hex(this.actual.va)} of pid ${this.actual.pid} ${this.actual.name}`;
  }

  /** PTE, flags, frame, verdicts. */
  get #fact(): string {
    const { pte, frame, levels, fail, verdicts, kind, owners } = this.actual;
    const mapping = pte === undefined
      ? `it is not mapped (${fail ?? "no leaf"}; ${kind === "none" ? "no area" : `${kind} area`})`
      : `its PTE is ${hex(pte)} (${levels.at(-1)!.flags}) of the ${kind} area, ` +
        `frame ${frame} with count ${owners?.stored ?? "unknown"}`;
    const outcomes = verdicts.map((v) => `${v.access}: ${v.text}`).join(", ");
    return `${mapping}; ${outcomes}`;
  }
}
