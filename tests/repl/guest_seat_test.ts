/** The pieces between a guest and who sits in front of it: keys that are lent, real time for waiting. */

import { assertEquals } from "@std/assert";
import { Bell, Keyboard, type Press } from "../../src/repl/guest_keys.ts";
import { Pace, type Waiting } from "../../src/repl/guest_pace.ts";
import { TICKS_PER_SECOND } from "../../src/vm/guest.ts";
import { attend, type Seat } from "../../src/repl/guest_seat.ts";

const text = (bytes: Uint8Array | null) => bytes && new TextDecoder().decode(bytes);

/** A keyboard on which `!` is a word, and what is typed on it. */
function keyboard() {
  const pieces: string[] = [];
  let wake = () => {};
  const press: Press<"word"> = (byte) => byte === 0x21 ? "word" : byte;
  const bell = new Bell();
  const keys = new Keyboard(
    async () => {
      while (pieces.length === 0) await new Promise<void>((resolve) => wake = resolve);
      const piece = pieces.shift()!;
      return piece === "" ? null : new TextEncoder().encode(piece);
    },
    press,
    bell,
  );
  const type = async (piece: string) => {
    keys.listen();
    pieces.push(piece);
    wake();
    // Until it has arrived.
    await new Promise((resolve) => setTimeout(resolve, 0));
  };
  return { keys, type };
}

Deno.test("keys that are lent from a byte on are somebody else's from that byte on", async () => {
  const { keys, type } = keyboard();
  let lent: ReturnType<typeof keys.lend> | undefined;
  keys.onWord = () => {
    if (lent === undefined) lent = keys.lend();
    else lent.close();
  };
  await type("a!bc");
  assertEquals(text(keys.take(Infinity)), "a");
  assertEquals(text(await lent!.read()), "bc");
  // The word takes them back in the middle of what arrives; what was lent is read to its end.
  await type("d!e");
  assertEquals(text(keys.take(1)), "e");
  assertEquals([text(await lent!.read()), await lent!.read()], ["d", null]);
  lent!.back(new TextEncoder().encode("b"));
  assertEquals(text(keys.take(Infinity)), "b");

  lent = keys.lend();
  await type("fg");
  // Given back with half of it used.
  assertEquals(text(await lent.read()), "fg");
  lent.back(new TextEncoder().encode("g"));
  await type("h");
  assertEquals(text(keys.take(Infinity)), "gh");
  await type("");
  assertEquals([keys.ended, await keys.lend().read()], [true, null]);
});

Deno.test("a bell that rang before anybody slept wakes the next one who does", async () => {
  const bell = new Bell();
  bell.ring();
  await bell.sleep();
  const both = Promise.all([bell.sleep(), bell.sleep()]);
  bell.ring();
  await both;
  await bell.sleep(0);
});

/** Ticks of mtime in a millisecond. */
const MS = 10_000;

Deno.test("a guest that waits is let go on when as much real time has passed", () => {
  let now = 1000;
  const pace = new Pace(() => now);
  // It booted in no time and stands at 5 s of its own.
  let time = 5000 * MS;
  assertEquals(pace.until(time, 100 * MS), 100);
  now += 40;
  assertEquals(pace.until(time, 100 * MS), 60);
  // A key: it works for a little, and waits for the same timer.
  time += 1 * MS;
  assertEquals(pace.until(time, 99 * MS), 60);
  now += 61;
  assertEquals(pace.until(time, 99 * MS), -1);
  // Time jumps. The millisecond that the host came late is made up for.
  time += 100 * MS;
  assertEquals(pace.until(time, 100 * MS), 100);
  now += 101;
  time += 100 * MS;
  assertEquals(pace.until(time, 50 * MS), 49);
});

Deno.test("work is not made up for, and a key in a long wait does not make it longer", () => {
  let now = 0;
  const pace = new Pace(() => now);
  let time = 0;
  assertEquals(pace.until(time, 10_000 * MS), 10_000);
  now += 9_000;
  time += 1 * MS;
  assertEquals(pace.until(time, 9_999 * MS), 1_000);
  now += 1_000;
  time += 9_999 * MS;
  // Ten seconds of its time in one of ours, and the other way round.
  for (const [guest, real] of [[10_000, 1_000], [1_000, 10_000]]) {
    time += guest * MS;
    now += real;
    assertEquals(pace.until(time, 100 * MS), 100);
    now += 100;
    time += 100 * MS;
  }
});

Deno.test("slices stay short for who wants to stop a guest, however slow it becomes", async () => {
  let now = 0, slices = 0, held = false;
  /** Milliseconds of an instruction: a plain guest, and one on a page that is watched. */
  const costs = [
    ...new Array(30).fill(2e-6),
    ...new Array(5).fill(2e-4),
    ...new Array(9).fill(2e-6),
  ];
  const lengths: number[] = [], durations: number[] = [];
  const bell = new Bell();
  const seat = {
    guest: { hears: false, read: false, idle: undefined },
    console: { slice: <Step>(run: () => Step) => Promise.resolve(run()) },
    keyboard: { listen: () => {}, take: () => new Uint8Array() },
    bell,
    clock: () => now,
    ends: () => undefined,
    between: () => {
      // A debugger stops it after 40 slices, and lets it go on.
      held = slices === 40 && !held;
      if (held) bell.ring();
      return Promise.resolve(slices === costs.length ? "over" : undefined);
    },
    held: () => held,
    rest: () => 0,
    run: (length: number) => {
      const ms = length * costs[slices++]!;
      now += ms;
      lengths.push(length);
      durations.push(ms);
      return { end: undefined, doing: "works" };
    },
  };
  assertEquals(await attend(seat as unknown as Seat<string>), "over");
  assertEquals([lengths[0], lengths[29]], [100_000, 1_000_000]);
  // The slice in which it became slow is as long as it is; the next one is short again.
  assertEquals(durations.slice(30, 33).map(Math.round), [200, 5, 5]);
  assertEquals(lengths[40], 100_000);
});

Deno.test("time jumps for a program that waits for a sleep, until the guest has been silent for a day", () => {
  const pace = new Pace(() => 0);
  const tick = TICKS_PER_SECOND / 10, day = 24 * 3600 * TICKS_PER_SECOND;
  const rest = (more: Partial<Waiting>, ticks = tick) =>
    pace.rest(5 * day, ticks, { person: false, sleeps: true, silent: 0, ...more });
  assertEquals(rest({}), 0);
  assertEquals(rest({ silent: day - 1 }), 0);
  assertEquals(rest({ silent: day }), 100);
  assertEquals(rest({ sleeps: false }), 100);
  assertEquals(rest({ person: true }), 100);
  assertEquals(rest({}, Infinity), Infinity);
});
