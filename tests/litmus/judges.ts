/**
 * What the programs of this folder may say, here and on any hart.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { type Interleaving, named, run, type Told } from "./lab.ts";
import { histogramsOf } from "./shapes.ts";

/** A program, and how what it says is judged. */
export interface Program {
  readonly name: string;
  /** Most harts that it is run with. */
  readonly most: number;
  /** It asks for more than the specification does, and QEMU 7.2 does otherwise. */
  readonly onlyHere?: boolean;
  /** Throws when what it said may not be; `here`: on this machine, where `how` is known. */
  judge(lines: readonly string[], harts: number, here?: { how: Interleaving; told: Told }): void;
}

/** How often each hart counts. */
const ROUNDS = 100;
const ALL = ["amoadd.w", "amoadd.d", "lr.w", "lr.d", "compare", "spinlock", "lr-lock", "ticket"];

/** Everything that protects its counter is exact. */
function counters(lines: readonly string[], harts: number, sequential: boolean): void {
  const { unprotected, peterson, ...exact } = named(lines);
  const wanted = { harts: `${harts}`, "peterson+fences": `${2 * ROUNDS}` };
  const all = Object.fromEntries(ALL.map((name) => [name, `${harts * ROUNDS}`]));
  assertEquals(exact, { ...wanted, ...all });
  if (sequential) assertEquals(Number(peterson), 2 * ROUNDS);
  assert(Number(unprotected) > 0 && Number(unprotected) <= harts * ROUNDS, unprotected);
}

/** What hart 1 does, and what is in the cell afterwards; 5 was there, 9 is what hart 0's SC stores. */
const STORED: Record<string, number> = {
  store: 7,
  half: 7,
  byte: 7 * 2 ** 56 + 5,
  amo: 12,
  "lr-sc": 7,
  "same-value": 5,
  "there-and-back": 5,
};
const NOT_STORED = ["nothing", "load", "far-store", "others-sc", "others-place"];

function reservations(lines: readonly string[], exceptions: readonly string[]): void {
  const told = named(lines);
  assertEquals(Object.keys(told).sort(), [...Object.keys(STORED), ...NOT_STORED].sort());
  for (const [name, rest] of Object.entries(told)) {
    const [answer, cell] = rest.split(" ").map(Number);
    // A reservation may be lost for no reason; one that is kept stores 9.
    if (name in STORED && !exceptions.includes(name)) {
      assertEquals([name, answer, cell], [name, 1, STORED[name]]);
    } else assertEquals([name, cell], [name, answer === 0 ? 9 : 5]);
  }
}

/** `name 3` for each name. */
const all = (names: readonly string[], value: number) => names.map((name) => `${name} ${value}`);

const OLD = 100;
/** Cases of shootdown.S: what is found in the end, where nobody or somebody asked for a fence. */
const FORGOTTEN: Record<string, number> = {
  forgotten: 2,
  "forgotten-store": 2,
  "forgotten-code": 2,
  revoked: 13,
  "revoked-store": 15,
  "revoked-code": 12,
  protected: 15,
  "no-code": 12,
  "table-gone": 13,
  "fence-of-page": 2,
  "fence-of-asid": 2,
};
const SHOT_DOWN: Record<string, number> = {
  "shot-down": 2,
  "shot-down-store": 2,
  "shot-down-code": 2,
  "shot-down-revoked": 13,
  "shot-down-protected": 15,
};
/** Without a fence for the page the old one may be found, or the new one; here it is the old one. */
const UNFENCED = ["fence-of-other", "no-fence"];

const WAYS = ("load load-for-amo load-for-sc load-for-byte lr call lock lr-lock store progress " +
  "table time mtime mip msip uart plic interrupt timer counting").split(" ");

/** All programs. */
export const PROGRAMS: readonly Program[] = [
  {
    name: "order",
    most: 4,
    judge: (lines, harts, here) => void histogramsOf(lines, harts, here === undefined),
  },
  {
    name: "counters",
    most: 8,
    // Peterson's lock without fences is right under sequential consistency only.
    judge: (lines, harts, here) => counters(lines, harts, here !== undefined),
  },
  {
    name: "reservation",
    most: 2,
    // QEMU's SC compares what is there with what LR saw, and does not notice stores of the same.
    judge: (lines, _harts, here) =>
      reservations(lines, here ? [] : ["same-value", "there-and-back"]),
  },
  {
    name: "own",
    most: 8,
    judge(lines, harts, here) {
      assertEquals(lines.length, harts);
      // QEMU's minstret goes by its clock.
      if (here) assertEquals(lines, new Array(harts).fill("instret 2001"));
    },
  },
  {
    name: "ipi",
    most: 8,
    judge(lines, harts, here) {
      assertEquals(lines, new Array(harts).fill("interrupted 50"));
      // Who sleeps takes no turns: only barriers cost some, in which third harts spin.
      if (here && harts === 2) assert(here.told.instret < 10_000 + 20 * here.how.quantum);
    },
  },
  {
    name: "timers",
    most: 8,
    judge(lines, harts, here) {
      assertEquals(lines.length, 8);
      lines.forEach((line, round) => {
        const [, how, order, late] = /^(wfi|spin)((?: \d)+) late (\d+)$/.exec(line)!;
        assertEquals(how, round < 4 ? "wfi" : "spin");
        const harts_ = order.trim().split(" ").map(Number);
        assertEquals(harts_.toSorted(), Array.from({ length: harts }, (_, hart) => hart));
        if (!here || how === "spin") return;
        // Asleep, they wake in the order of their times, each at once; ten instructions a tick.
        const due = (hart: number) => (harts - 1 - hart + round) % harts;
        assertEquals(harts_, harts_.toSorted((a, b) => due(a) - due(b)));
        assert(Number(late) <= 3, line);
      });
      // 40,000 ticks for each hart in four rounds: time jumped over them.
      if (here) {
        const spinning = 4 * (5000 + 1000 * harts) * 10;
        assert(here.told.instret < 2 * spinning + 100 * harts * here.how.quantum);
      }
    },
  },
  {
    name: "claim",
    most: 8,
    judge(lines, harts) {
      const told = named(lines);
      const parts = ["all", "disabled-0", "threshold-1", "supervisor-1"];
      assertEquals(Object.keys(told), parts);
      for (const part of parts) {
        const [, claims, empty] = /^claimed((?: \d+)+) empty (\d+)$/.exec(told[part])!;
        const by = claims.trim().split(" ").map(Number);
        assertEquals([part, by.length, by.reduce((sum, n) => sum + n, 0)], [part, harts, 40]);
        if (part === "disabled-0") assertEquals(by[0], 0);
        if (part === "threshold-1") assertEquals(by[1], 0);
        if (part === "supervisor-1") assertEquals([by[1], empty], [40, "0"]);
      }
    },
  },
  {
    name: "shootdown",
    most: 2,
    judge(lines, _harts, here) {
      const told = named(lines);
      const names = [...Object.keys(FORGOTTEN), ...Object.keys(SHOT_DOWN), ...UNFENCED];
      assertEquals(Object.keys(told).sort(), names.sort());
      for (const [name, rest] of Object.entries(told)) {
        const [old, found] = rest.split(" ").map(Number);
        if (name in SHOT_DOWN) assertEquals([name, old, found], [name, 0, SHOT_DOWN[name]]);
        else if (name in FORGOTTEN) assertEquals([name, found], [name, FORGOTTEN[name]]);
        else if (here) assertEquals([name, found], [name, 1]);
        // Here a stale entry stays until its own hart's fence, however often others run.
        if (here && !(name in SHOT_DOWN)) assertEquals([name, old], [name, OLD]);
      }
    },
  },
  {
    name: "code",
    most: 2,
    judge: (lines) => assertEquals(lines, ["fenced 60", "data 500", "calls 400"]),
  },
  {
    name: "rewrite",
    most: 2,
    onlyHere: true,
    judge: (lines) => assertEquals(lines, ["unfenced 60", "backwards 0", "freed 3"]),
  },
  {
    name: "spins",
    most: 8,
    judge(lines, harts, here) {
      assertEquals(lines.slice(0, -1), all(WAYS, harts - 1));
      if (here) assertEquals(lines.at(-1), "loops 0");
    },
  },
  {
    name: "lull",
    most: 8,
    judge(lines, harts, here) {
      assertEquals(lines.length, 4);
      for (const i of [0, 2]) {
        const { waited, counted } = named(lines.slice(i, i + 2));
        assert(Number(counted) > 0 && Number(counted) <= 200, counted);
        // Of 1,500,000 instructions that hart 0 works: short turns are all as drawn for a million
        // of all harts, then who only waits has none; with longer ones it has none from the start.
        if (here === undefined) continue;
        const { quantum } = here.how;
        const most = quantum < 1000 ? 1_000_000 / harts : 100_000;
        assert(Number(waited) < 1.1 * most + 30 * quantum, `${waited}, not ${most}`);
      }
    },
  },
];

/** Runs a program here and judges it. */
export function judged({ name, judge }: Program, how: Interleaving): Told {
  const told = run(name, how);
  assertEquals(told.code, 0, `line of ${name}.S with ${JSON.stringify(how)}`);
  judge(told.lines, how.harts, { how, told });
  return told;
}
