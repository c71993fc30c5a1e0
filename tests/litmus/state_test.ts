/**
 * A machine of several harts as state: saved at any moment it goes on in another machine, the way a run is
 * cut changes nothing, one seed is one life, and every hart gets its turns.
 */
import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { Machine } from "../../src/vm/machine/machine.ts";
import { QUANTUM, Schedule } from "../../src/vm/machine/schedule.ts";
import { BUDGET, type Interleaving, loaded, toldBy } from "./lab.ts";

/** The programs, with how many harts they are run here, in the order of their length. */
const PROGRAMS = {
  ipi: 3,
  reservation: 2,
  code: 2,
  rewrite: 2,
  own: 3,
  counters: 4,
  claim: 2,
  timers: 3,
  shootdown: 2,
  spins: 2,
  lull: 2,
} as const;
type Name = keyof typeof PROGRAMS;
const names = Object.keys(PROGRAMS) as Name[];

/** A machine at a program's first instruction, and a run of the same to its end. */
function start(
  name: Name,
  quantum: number,
  seed: number,
): { fresh: () => Machine; whole: Machine } {
  const how: Interleaving = { harts: PROGRAMS[name], quantum, seed };
  const fresh = () => loaded(name, how);
  const whole = fresh();
  assertEquals(whole.run(BUDGET), { kind: "finisher", code: 0, reset: false });
  return { fresh, whole };
}

/** Runs on in pieces of these lengths, one after the other and over again; `between` at each cut. */
function inPieces(
  machine: Machine,
  pieces: readonly number[],
  between: (machine: Machine) => Machine,
): Machine {
  let now = machine;
  for (let i = 0;; i++) {
    const stop = now.run(pieces[i % pieces.length]);
    if (stop.kind === "finisher") return now;
    assertEquals(stop.kind, "budget");
    now = between(now);
  }
}

/** Short ones, and those at which harts that spin are parked. */
const quanta = fc.oneof(fc.integer({ min: 2, max: 40 }), fc.integer({ min: 1000, max: 4000 }));
const seeds = fc.integer({ min: 0, max: 0xffff_ffff });

Deno.test("property: however a run is cut, the same state is at its end", () => {
  // One instruction at a time is slow; a few of them between longer pieces are not.
  const pieces = fc.array(
    fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 100, max: 30_000 })),
    { minLength: 1, maxLength: 6 },
  ).map((list) => [...list, 5000]);
  fc.assert(
    fc.property(fc.constantFrom(...names), quanta, seeds, pieces, (name, quantum, seed, cuts) => {
      const { fresh, whole } = start(name, quantum, seed);
      const cut = inPieces(fresh(), cuts, (machine) => machine);
      assertEquals(cut.save(), whole.save());
      whole.harts.forEach(({ mmu }, hart) => {
        assertEquals(cut.harts[hart].mmu.counters(), mmu.counters());
      });
    }),
    { numRuns: 40 },
  );
});

for (const [name, quantum] of [["ipi", 13], ["reservation", 1000], ["code", 13], ["code", 1500]]) {
  const which = `${name}, turns of ${quantum}`;
  Deno.test(`run one instruction at a time, the same state is at its end: ${which}`, () => {
    const { fresh, whole } = start(name as Name, Number(quantum), 4);
    assertEquals(inPieces(fresh(), [1], (machine) => machine).save(), whole.save());
  });
}

for (const name of names) {
  Deno.test(`a program that changes its machine at random moments ends the same: ${name}`, () => {
    fc.assert(
      fc.property(quanta, seeds, fc.nat(), (quantum, seed, jitter) => {
        const { fresh, whole } = start(name, quantum, seed);
        const wanted = whole.save();
        const every = Math.max(1, Math.floor(whole.instret / 40));
        // The other machine has another seed and quantum, and has been elsewhere in the program.
        const how = { harts: PROGRAMS[name], quantum: quantum + 1, seed: (seed ^ 1) >>> 0 };
        const spare = loaded(name, how);
        spare.run(every * 3 + 7);
        let other = spare;
        const end = inPieces(fresh(), [every, 1 + jitter % every], (machine) => {
          const next = other;
          other = machine;
          next.restore(machine.save());
          return next;
        });
        assertEquals(end.save(), wanted);
      }),
      { numRuns: 4 },
    );
  });
}

Deno.test("a state saved once begins as many lives as one likes, all the same", () => {
  const { fresh, whole } = start("counters", 30, 9);
  const machine = fresh();
  machine.run(Math.floor(whole.instret / 2));
  const state = structuredClone(machine.save());
  for (let i = 0; i < 3; i++) {
    machine.run(1000 * i);
    machine.restore(state);
    assertEquals(machine.save(), state);
    machine.run(BUDGET);
    assertEquals(machine.save(), whole.save());
  }
});

Deno.test("the same seed is the same life, to the byte; another seed or quantum is another one", () => {
  for (const name of ["counters", "own", "claim"] as const) {
    const [one, again, seed, quantum] = [[50, 1], [50, 1], [50, 2], [51, 1]]
      .map(([quantum, seed]) => start(name, quantum, seed).whole);
    assertEquals(again.save(), one.save());
    for (const other of [seed, quantum]) {
      assertNotEquals([other.instret, other.save().ram], [one.instret, one.save().ram], name);
    }
    assertEquals(toldBy(again), toldBy(one));
  }
});

Deno.test("a state of another number of harts is refused in one line, and changes nothing", () => {
  const three = loaded("own", { harts: 3, quantum: 50, seed: 0 });
  const one = loaded("own", { harts: 1, quantum: 50, seed: 0 });
  three.run(500);
  one.run(5);
  for (
    const [to, from, line] of [
      [one, three, "a state of 3 harts, and the machine has 1"],
      [three, one, "a state of 1 hart, and the machine has 3"],
    ] as const
  ) {
    const before = to.save();
    assertThrows(() => to.restore(from.save()), RangeError, line);
    assertEquals(to.save(), before);
  }
});

Deno.test("bad numbers of harts, quanta and seeds are refused", () => {
  const cases: [Partial<Interleaving>, string][] = [
    [{ harts: 0 }, "a machine has 1 to 8 harts, not 0"],
    [{ harts: 9 }, "a machine has 1 to 8 harts, not 9"],
    [{ harts: 1.5 }, "a machine has 1 to 8 harts, not 1.5"],
    [{ quantum: 1 }, "a quantum is 2 to 1073741824 instructions, not 1"],
    [{ quantum: 2 ** 31 }, "a quantum is 2 to 1073741824 instructions, not 2147483648"],
    [{ seed: -1 }, "a seed is 0 to 2^32-1, not -1"],
    [{ seed: 2 ** 32 }, "a seed is 0 to 2^32-1, not 4294967296"],
  ];
  for (const [wrong, line] of cases) {
    const how = { harts: 2, quantum: 50, seed: 0, ...wrong };
    assertThrows(() => loaded("own", how), RangeError, line);
  }
});

Deno.test("property: every hart that works gets its turns, in the order of their numbers", () => {
  const harts = fc.integer({ min: 2, max: 8 });
  const quantum = fc.integer({ min: 2, max: 60 });
  fc.assert(
    fc.property(harts, quantum, seeds, (harts, quantum, seed) => {
      const machine = loaded("own", { harts, quantum, seed });
      // In own.S, harts wait only at the start; then each works for 14,000 instructions.
      machine.run(3000 + 500 * harts);
      let { hartid } = machine.hart;
      let [length, turns] = [0, 0];
      const began = machine.harts.map((hart) => hart.retired);
      for (let i = 0; i < 400 * harts; i++) {
        machine.run(1);
        if (machine.hart.hartid === hartid) {
          length++;
          continue;
        }
        // The first turn was under way.
        if (turns > 0) assert(length >= quantum >>> 1, `a turn of ${length}`);
        assert(length < (quantum >>> 1) + quantum, `a turn of ${length}`);
        assertEquals(machine.hart.hartid, (hartid + 1) % harts);
        ({ hartid } = machine.hart);
        turns++;
        length = 1;
      }
      const ran = machine.harts.map((hart, i) => hart.retired - began[i]);
      assertEquals(ran.reduce((sum, n) => sum + n), 400 * harts);
      for (const n of ran) assert(n > 0);
    }),
    { numRuns: 20 },
  );
});

Deno.test("turns have from half a quantum to one and a half, and a quantum on average", () => {
  for (const quantum of [2, 3, 10, 1000, QUANTUM]) {
    const schedule = new Schedule(quantum, 5);
    const lengths = Array.from({ length: 4000 }, (_, i) => {
      schedule.begin(i % 3);
      return schedule.left;
    });
    const half = quantum >>> 1;
    const mean = lengths.reduce((sum, n) => sum + n) / lengths.length;
    assertEquals(Math.min(...lengths.slice(0, 4000)) >= half, true);
    assert(Math.max(...lengths) < half + quantum);
    assert(Math.abs(mean - (half + (quantum - 1) / 2)) < quantum / 20, `${quantum}: ${mean}`);
  }
});

Deno.test("a turn goes on while its hart holds a reservation, for sixteen instructions at most", () => {
  for (const quantum of [10, 10_000]) {
    const schedule = new Schedule(quantum, 0);
    schedule.ran(schedule.left);
    assertEquals([schedule.extension(true, false), schedule.extension(true, true)], [0, 1]);
    schedule.ran(15);
    assertEquals([schedule.extension(true, false), schedule.extension(true, true)], [0, 1]);
    schedule.ran(1);
    assertEquals([schedule.extension(true, false), schedule.extension(true, true)], [0, 0]);
  }
});

Deno.test("most turns of a long quantum do not end with interrupts off, those of a short one do", () => {
  const extended = (quantum: number) => {
    const schedule = new Schedule(quantum, 3);
    return Array.from({ length: 800 }, () => {
      schedule.begin(0);
      schedule.ran(schedule.left + 10);
      const longer = schedule.extension(false, false);
      assertEquals(longer === 0 || longer === quantum - 10, true);
      schedule.ran(quantum - 10);
      assertEquals(schedule.extension(false, false), 0);
      return longer > 0;
    }).filter(Boolean).length;
  };
  assertEquals(extended(999), 0);
  const many = extended(1000);
  assert(many > 800 * 0.8 && many < 800 * 0.95, `${many} of 800`);
});
