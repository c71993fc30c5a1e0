/**
 * Breakpoints, watchpoints and checks on a loop of seven instructions: what they cost where they are
 * not hit, which should be nothing, and what one hit costs.
 *
 * @module
 */

import { RAM_BASE } from "../../src/vm/machine/address.ts";
import { Machine } from "../../src/vm/machine/machine.ts";
import type { Watch } from "../../src/vm/machine/watch.ts";
import { Assembler } from "../../tests/machine/engine_lab.ts";
import process from "node:process";
import { type Cell, seconds, table, times } from "../report.ts";

const TRIES = 5;
const INSTRUCTIONS = 70_000_000, ROUNDS = INSTRUCTIONS / 7;
/** Fewer, where each round stops. */
const HITS = 300_000;

/** The loop: at each round it loads and stores a doubleword in a page of its own. */
function looping(): Machine {
  const a = new Assembler();
  a.label("loop").put("addi", { rd: 5, rs1: 5, imm: 1 }).put("ld", { rd: 6, rs1: 7 });
  a.put("add", { rd: 6, rs1: 6, rs2: 5 }).put("sd", { rs1: 7, rs2: 6 }).put("xor", { rd: 8 });
  a.put("addi", { rd: 8, rs1: 8, imm: 1 }).put("bne", { rs1: 5, rs2: 0 }, "loop");
  const machine = new Machine({ memBytes: 16 * 1024 * 1024 });
  machine.ram.write(machine.ram.base, a.bytes());
  machine.hart.setX(7, BigInt(DATA));
  machine.run(INSTRUCTIONS / 10);
  return machine;
}

const LOOP = RAM_BASE, DATA = RAM_BASE + 0x4000;
const SECOND = LOOP + 4;

const watch = (start: number, read: boolean): Watch => ({
  ...{ space: "va", start, length: 8, read, write: true },
});

/** CPU seconds of something. */
function cpu(body: () => void): number {
  const before = process.cpuUsage();
  body();
  return process.cpuUsage(before).user / 1e6;
}

/** The fewest CPU seconds that a run takes with some points, and without any, by turns. */
function run(set: (machine: Machine) => void): [number, number] {
  const machines = [looping(), looping()];
  set(machines[0]);
  const fewest: [number, number] = [Infinity, Infinity];
  for (let n = 0; n < TRIES; n++) {
    for (const [i, machine] of machines.entries()) {
      const taken = cpu(() => {
        if (machine.run(INSTRUCTIONS).kind !== "budget") throw new Error("the loop stopped");
      });
      fewest[i] = Math.min(fewest[i], taken);
    }
  }
  return fewest;
}

/** The fewest CPU seconds of one of many. */
function each(one: () => void): string {
  let fewest = Infinity;
  for (let n = 0; n < TRIES; n++) {
    fewest = Math.min(
      fewest,
      cpu(() => {
        for (let i = 0; i < HITS; i++) one();
      }),
    );
  }
  return seconds(fewest / HITS);
}

/** Prints the tables. */
export function points(): Promise<void> {
  const rows: Cell[][] = [];
  const row = (what: string, hits: number, set: (machine: Machine) => void) => {
    const [taken, plain] = run(set);
    const one = hits === 0 ? "" : seconds((taken - plain) / ROUNDS / hits);
    rows.push([what, (INSTRUCTIONS / taken / 1e6).toFixed(0), times(taken / plain), one]);
  };
  row("none", 0, () => {});
  row("a breakpoint on its page", 0, (machine) => machine.addBreak(LOOP + 0x800));
  row("a hundred of them", 0, (machine) => {
    for (let i = 0; i < 100; i++) machine.addBreak(LOOP + 0x800 + 4 * i);
  });
  row("one in it that was removed", 0, (machine) => {
    machine.addBreak(SECOND);
    machine.removeBreak(SECOND);
  });
  row("a watchpoint on another page", 0, (machine) => machine.watch(watch(DATA + 8192, true)));
  row("a check in it, met each round", 1, (machine) => machine.addCheck(SECOND));
  row("stores watched beside its own", 1, (machine) => machine.watch(watch(DATA + 64, false)));
  row("loads, too", 2, (machine) => machine.watch(watch(DATA + 64, true)));
  table("points on a loop", ["POINTS", "MIPS", "TIME/NONE", "EACH"], rows);

  const stopping = (set: (machine: Machine) => void) => {
    const machine = looping();
    set(machine);
    return each(() => {
      if (machine.run(1000).kind === "budget") throw new Error("the loop did not stop");
    });
  };
  const machine = looping();
  for (let i = 0; i < 20; i++) machine.addBreak(LOOP + 0x800 + 4 * i);
  table("one at a time", ["WHAT", "EACH"], [
    ["stop at a breakpoint and go on", stopping((one) => one.addBreak(SECOND))],
    ["stop at a watchpoint and go on", stopping((one) => one.watch(watch(DATA, false)))],
    [
      "a breakpoint taken away and put back",
      each(() => {
        machine.removeBreak(LOOP + 0x800);
        machine.addBreak(LOOP + 0x800);
      }),
    ],
  ]);
  return Promise.resolve();
}
