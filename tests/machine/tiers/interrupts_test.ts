/**
 * An interrupt at every instruction count: a few programs, made warm, and from there on a timer that fires after one
 * instruction, after two, and so on. Where it is taken, and what comes of it, is the same in both tiers.
 */

import { assert, assertEquals } from "@std/assert";
import type { Machine, MachineState, Stop } from "../../../src/vm/machine/machine.ts";
import { tries } from "./cast.ts";
import { guestOf, load } from "./guest.ts";
import { Lockstep, maker, type Step } from "./lockstep.ts";
import type { World } from "./places.ts";
import type { Item, Program } from "./tree.ts";

const call = (n: number): Item => ({ call: n, how: "jal", window: 0 });
const loop = (times: number, ...body: Item[]): Item => ({ loop: "down", times, body });
const data = (offset: number) => ({ area: "data" as const, offset });

/** Loops in loops, calls in them, stores, atomics, byte loops: what compiled code is made of. */
const PROGRAMS: Readonly<Record<string, Pick<Program, "main" | "functions">>> = {
  "loops and calls": {
    main: [
      loop(
        5,
        "add a0, a0, a1\nsd a0, 8(s0)",
        loop(3, "mul a1, a0, a2\nxor a2, a2, a1", call(0)),
        "ld a3, 8(s0)",
      ),
      { unless: "blt a0, a1", body: ["addi a4, a4, 1", call(1)], otherwise: ["addi a5, a5, 3"] },
    ],
    functions: [
      {
        body: ["add a4, a4, a5\nlw t0, 16(s0)\nsw t0, 20(s0)", call(0)],
        ...{ leaf: false, tail: false, again: true, returns: "c.jr", before: 30 },
      },
      {
        body: ["c.addi a5, 1\nsltu t1, a4, a5"],
        ...{ leaf: true, tail: false, again: false, returns: "jalr" },
      },
    ],
  },
  "bytes and atomics": {
    main: [
      { bytes: "fill", short: true, swapped: false, count: 40, from: data(0), to: data(4080) },
      { bytes: "up", short: false, swapped: false, count: 37, from: data(4090), to: data(600) },
      { bytes: "down", short: false, swapped: true, count: 30, from: data(700), to: data(703) },
      loop(
        4,
        "andi t6, s0, -8\namoadd.d t0, a0, (t6)\nagain%:\nlr.w t4, (t6)\naddi t5, t4, 1\n" +
          "sc.w t3, t5, (t6)\nbne t3, zero, again%",
        { on: "a0", cases: [["addi a0, a0, 1"], ["addi a0, a0, 3"]] },
      ),
    ],
    functions: [],
  },
  "sstatus and faults": {
    main: [
      loop(
        4,
        "csrrci t0, sstatus, 2\nld a0, 0(s1)\nsd a0, 64(s1)\ncsrrsi zero, sstatus, 2\ncsrrs t1, sstatus, zero",
        { pte: 0, flip: 4, fence: 1, space: 0 },
        "csrrs t2, sepc, zero\ncsrrs t3, time, zero\nsfence.vma zero, zero",
      ),
      { visit: ["addi a1, a1, 1\nsd a1, 32(s0)"], by: "sret" },
    ],
    functions: [],
  },
};

const PLAIN = {
  delegated: true,
  every: 1_000_000,
  tick: 1,
  lazy: false,
  pmp: "off",
  seed: 5,
} as const;
const WORLDS: Readonly<Record<string, World>> = {
  "M, CLINT": { ...PLAIN, mode: "M", paged: false, timer: "clint" },
  "S, Sstc": { ...PLAIN, mode: "S", paged: true, timer: "sstc" },
  "U, through M": { ...PLAIN, mode: "U", paged: true, timer: "forwarded" },
};

/** Instructions before which both machines are warm, and after each interrupt. */
const WARM = 6000, AFTER = [1, 7, 101, 150];
/** How far the timer goes up. */
const COUNTS = tries(150);

/** Lets the timer fire when so many more instructions are retired. */
const fire = (after: number): Step => ({
  name: `the timer fires after ${after}`,
  do: ({ clint, clock, hart }: Machine) => {
    const due = clock.time + after;
    if (hart.state.menvcfg !== 0n) return hart.writeCsr("stimecmp", BigInt(due));
    clint.write(0x4000, 4, due);
    clint.write(0x4004, 4, 0);
  },
});

const stopAtTraps = (stop: boolean): Step => ({
  name: `stop at traps: ${stop}`,
  do: (machine: Machine) => void (machine.stopsAtTrapOf = stop ? 0 : undefined),
});

/** Goes back to where it was warm. */
const again = (states: ReadonlyMap<Machine, MachineState>): Step => ({
  name: "once more",
  do: (machine) => machine.restore(states.get(machine)!),
});

/** Whether the trap just taken is an interrupt. */
const interrupted = ({ hart }: Machine) =>
  hart.readCsr(hart.mode === 3 ? "mcause" : "scause") >> 63n === 1n;

for (const [name, parts] of Object.entries(PROGRAMS)) {
  for (const [where, world] of Object.entries(WORLDS)) {
    Deno.test(`a timer at every instruction count: ${name}, ${where}`, () => {
      const long = Array.from({ length: 17 }, () => "addi a0, a0, 1");
      const program = { ...parts, rounds: 2000, long, short: [] };
      const guest = guestOf(program, world);
      const make = maker({ instructionsPerTick: 1 }, (machine) => load(machine, guest));
      const pair = new Lockstep(make);
      for (let i = 0; i < WARM; i += 100) pair.step(100);
      const states = new Map([pair.one, pair.two].map((machine) => [machine, machine.save()]));
      let taken = 0;
      for (let count = 1; count <= COUNTS; count++) {
        for (const step of [again(states), fire(count), stopAtTraps(true)]) pair.step(step);
        const end = pair.one.instret + 2 * COUNTS;
        const begun = pair.one.instret;
        // In one run, or in many; past the program's own traps.
        const slice = [4 * COUNTS, 7, 1][count % 3]!;
        while (pair.one.instret < end) {
          if ((pair.step(slice) as Stop).kind === "trapped" && interrupted(pair.one)) break;
        }
        if (pair.one.instret === begun + count) taken++;
        pair.step(stopAtTraps(false));
        for (const length of AFTER) pair.step(length);
        assertEquals(pair.over, false);
      }
      pair.end();
      // Some come later: interrupts are off in trap handlers, and in the program now and then.
      assert(taken > COUNTS / 3, `${taken} of ${COUNTS}`);
    });
  }
}
