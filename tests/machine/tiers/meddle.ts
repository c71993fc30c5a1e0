/**
 * Does the acts of acts.ts to both machines of a {@link Lockstep}.
 *
 * @module
 */

import type { Machine, MachineState } from "../../../src/vm/machine/machine.ts";
import { type Act, pa } from "./acts.ts";
import type { Cast } from "./cast.ts";
import type { Guest } from "./guest.ts";
import type { Script, Step } from "./lockstep.ts";
import { CODE, RAM, windowOf, windows } from "./places.ts";

/** How often a list of acts is done. */
const TIMES = 12;
/** The CLINT's mtimecmp of hart 0. */
const MTIMECMP = 0x4000;

/** The steps of a list of acts, over and over. What is noted meanwhile is an answer, too. */
export function meddling(acts: readonly Act[], cast: Cast, guest: Guest): Script {
  return function* (): Generator<Step> {
    const meddler = new Meddler(cast, guest);
    for (let i = 0; i < TIMES; i++) {
      for (const act of acts) {
        yield meddler.step(act);
        if ("run" in act) yield { name: "what was noted", do: (machine) => meddler.noted(machine) };
      }
    }
  };
}

/** One list of acts being done. */
class Meddler {
  readonly #cast: Cast;
  readonly #guest: Guest;
  readonly #notes = new Map<Machine, unknown[]>();
  /** Kept states by number, of both machines. */
  readonly #states = new Map<number, Map<Machine, MachineState>>();
  /** How to take away what was set, by what it is. */
  readonly #set = new Map<Machine, Map<string, () => void>>();

  constructor(cast: Cast, guest: Guest) {
    this.#cast = cast;
    this.#guest = guest;
  }

  step(act: Act): Step {
    if ("run" in act && act.pass && !act.only) return act.run;
    const name = JSON.stringify(act, (_, value) => typeof value === "bigint" ? `${value}` : value);
    return { name, do: (machine) => this.#do(act, machine, name) };
  }

  #do(act: Act, machine: Machine, name: string): unknown {
    const { hart, clint, clock, ram } = machine;
    if ("run" in act) {
      return machine.run(act.run, act.pass, act.only ? [machine.harts.length - 1] : undefined);
    }
    if ("stop" in act) {
      const pc = this.#pc(act.stop, act.window);
      return machine.removeBreak(pc) || machine.addBreak(pc);
    }
    if ("watch" in act) {
      const { watch, length, physical, reads } = act;
      const start = pa(watch) + (physical ? 0 : windowOf(this.#cast.world) - RAM);
      const space = physical ? "pa" : "va";
      const one = { space, start, length, read: reads, write: true } as const;
      return machine.unwatch(one) || machine.watch(one);
    }
    if ("probe" in act) {
      const pc = this.#pc(act.probe, 0);
      return this.#toggle(machine, `probe ${pc}`, () =>
        machine.probes.at(pc, ({ xs }) => {
          this.#note(machine, [pc, clock.retired, xs.slice()]);
          if (act.does === "halts") machine.probes.halt();
          if (act.does === "holds") machine.probes.hold();
        }));
    }
    if ("stores" in act) {
      return this.#toggle(
        machine,
        name,
        () =>
          machine.probes.stores(
            pa(act.stores),
            act.length,
            (store) => this.#note(machine, [store, clock.retired]),
          ),
      );
    }
    if ("look" in act) return this.#toggle(machine, name, () => this.#look(machine));
    if ("keep" in act) {
      const states = this.#states.get(act.keep) ?? new Map<Machine, MachineState>();
      this.#states.set(act.keep, states.set(machine, machine.save()));
      return;
    }
    if ("back" in act) {
      const states = this.#states.get(act.back);
      const other = [...states?.keys() ?? []].find((one) => one !== machine);
      const state = states?.get(act.other && other !== undefined ? other : machine);
      return state === undefined ? undefined : machine.restore(state);
    }
    if ("type" in act) return machine.uart.type(new TextEncoder().encode(act.type));
    if ("timer" in act) {
      const due = clock.time + act.timer;
      clint.write(MTIMECMP, 4, due % 2 ** 32);
      return clint.write(MTIMECMP + 4, 4, Math.floor(due / 2 ** 32));
    }
    if ("stopsAtTrap" in act) {
      machine.stopsAtTrapOf = act.stopsAtTrap ? 0 : undefined;
      machine.stopsIdle = act.stopsIdle;
      return;
    }
    if ("poke" in act) {
      const at = pa(act.poke), low = Number(act.value & 0xffff_ffffn);
      if (act.size === 8) ram.write64(at, act.value);
      else if (act.size === 4) ram.write32(at, low);
      else if (act.size === 2) ram.write16(at, low & 0xffff);
      else ram.write8(at, low & 0xff);
    } else if ("register" in act) hart.setX(act.register, act.value);
    else hart.writeCsr(act.csr, act.value);
    machine.changed();
  }

  /** An address in the program, as somebody types it. */
  #pc(n: number, window: number): number {
    const all = windows(this.#cast.world);
    const base = Number(BigInt.asIntN(64, all[window % all.length]!));
    return base + CODE - RAM + 2 * (n % (this.#guest.size >> 1));
  }

  #toggle(machine: Machine, what: string, set: () => () => void): void {
    const all = this.#set.get(machine) ?? new Map<string, () => void>();
    this.#set.set(machine, all);
    const remove = all.get(what);
    remove?.();
    if (remove === undefined) all.set(what, set());
    else all.delete(what);
  }

  #note(machine: Machine, what: unknown): void {
    const notes = this.#notes.get(machine) ?? [];
    this.#notes.set(machine, notes);
    notes.push(what);
  }

  #look(machine: Machine): () => void {
    const note = (...what: unknown[]) => this.#note(machine, [...what, machine.clock.retired]);
    return machine.probes.look({
      trap: ({ cause, interrupt, value, epc, from }) => note(cause, interrupt, value, epc, from),
      returned: ({ pc, mode }, level) => note("returned", pc, mode, level),
      satp: ({ satp, pc }) => note("satp", satp, pc),
      fence: ({ pc }, va, asid) => note("fence", pc, va, asid),
      waits: ({ pc }) => note("waits", pc),
    });
  }

  /** What was told since the last time. */
  noted(machine: Machine): unknown {
    const notes = this.#notes.get(machine) ?? [];
    this.#notes.delete(machine);
    return notes;
  }
}
