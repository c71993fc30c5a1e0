/** A call of the guest's allocator that is made to fail, so that one sees what its kernel does then. */

import type { Machine } from "../machine/machine.ts";
import type { Hart } from "../machine/hart/hart.ts";
import type { Remove } from "../machine/probes.ts";

/** Numbers of registers, and U-mode. */
const RA = 1, A0 = 10, USER = 0;

/** Counts calls of some functions, and stops the machine at the one that is to fail. */
export class FailingCall {
  readonly #machine: Machine;
  /** Whether the machine runs on, and not to come to a moment again. */
  readonly #runs: () => boolean;
  /** Calls that are still to be made before it, and the probes that count them. */
  #planned: { left: number; readonly removes: readonly Remove[] } | undefined;

  /** None yet. */
  constructor(machine: Machine, runs: () => boolean) {
    this.#machine = machine;
    this.#runs = runs;
  }

  /** The call number `n` from now on of functions at these addresses holds the machine. */
  plan(entries: readonly number[], n: number): void {
    const { probes } = this.#machine;
    const count = ({ mode }: Hart) => {
      if (!this.#runs() || mode === USER || this.#planned === undefined) return;
      if (--this.#planned.left === 0) probes.hold();
    };
    this.#planned = { left: n, removes: entries.map((pc) => probes.at(pc, count)) };
  }

  /** None, any more. */
  cancel(): void {
    for (const remove of this.#planned?.removes ?? []) remove();
    this.#planned = undefined;
  }

  /** The function at whose entry the hart stands returns 0. */
  returnZero(hart: Hart): void {
    this.cancel();
    hart.setX(A0, 0n);
    hart.pc = hart.x(RA);
  }
}
