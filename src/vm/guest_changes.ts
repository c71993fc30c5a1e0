/** What is done to a computer with a kernel of its own: little, and the rest is refused. */

import type { Guest } from "./guest.ts";
import type { HistoryEntry, Moment } from "./history.ts";
import type { KernelStop } from "./kernel/run.ts";
import type { Machine } from "./machine/machine.ts";
import type { Changes } from "./parts.ts";
import { refusalOf } from "./refusals.ts";
import type { VmState } from "./state.ts";

/** What of the face may change a guest's computer. */
const MAY = new Set(["type", "breakAt", "watch", "removeBreakpoint", "set", "setRegister"]);

/** The changes of a guest. */
export class GuestChanges implements Changes {
  readonly #guest: Guest;
  readonly #machine: Machine;
  readonly recording = false;
  #revision = 0;

  /** Of a guest and its machine. */
  constructor(guest: Guest, machine: Machine) {
    this.#guest = guest;
    this.#machine = machine;
  }

  /** Another number after each thing that changed the computer, by whomever. */
  get revision(): number {
    return this.#revision + this.#machine.instret;
  }

  /** The same, as something to compare. */
  get moment(): unknown {
    return this.revision;
  }

  /** @inheritdoc */
  start(): void {}

  /** @inheritdoc */
  stop(): void {}

  /** @inheritdoc */
  entries(): HistoryEntry[] {
    return [];
  }

  /** @inheritdoc */
  begin(): () => void {
    return () => {};
  }

  /** @inheritdoc */
  call<T>(what: string, _args: readonly unknown[], body: () => T): T {
    if (!MAY.has(what.split(".").at(-1)!)) throw refusalOf(what);
    this.#revision++;
    return body();
  }

  /** @inheritdoc */
  group<T>(_what: string, _args: readonly unknown[], body: () => T): T {
    return body();
  }

  /** @inheritdoc */
  takeOutput(): Uint8Array {
    const parts = this.#guest.take();
    const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  /** @inheritdoc */
  hold(): void {
    throw refusalOf("hold");
  }

  /** @inheritdoc */
  run(): KernelStop {
    throw refusalOf("run");
  }

  /** @inheritdoc */
  state(): VmState {
    const { machine } = { machine: this.#machine.save() };
    return { made: { mem: this.#machine.ram.size, harts: this.#machine.harts.length }, machine };
  }

  /** Puts back a saved state. */
  restore(_state: VmState): void {
    throw refusalOf("restore");
  }

  /** @inheritdoc */
  step(what: "undo" | "redo"): HistoryEntry[] {
    throw refusalOf(what);
  }

  /** @inheritdoc */
  travel(): Moment {
    throw refusalOf("back");
  }

  /** @inheritdoc */
  pin(): void {}
}
