/** A guest's time: any way through it comes to the same states as a straight one. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { Guest, GuestState } from "../../../src/vm/guest.ts";
import { sameSaved } from "../../../src/vm/machine/saver.ts";
import { busy, bytes, OWN, recordOften, run, said, SHARED, spinning } from "./lab.ts";

Deno.test("a guest goes back to any instruction, and forward again, typed bytes included", () => {
  const guest = busy({ harts: 3 });
  recordOften(guest);
  run(guest, 5001);
  guest.type(bytes("ab"));
  run(guest, 5000);
  guest.type(bytes("cd"));
  run(guest, 10_000);
  assertEquals(said(guest), "abcd");
  const end = guest.save();
  const { instret } = guest;
  guest.goto(4711);
  assertEquals([guest.instret, said(guest), guest.recorded], [4711, "", [0, instret]]);
  run(guest, instret - 4711);
  assertEquals([guest.instret, said(guest)], [instret, "abcd"]);
  assert(sameSaved(guest.save(), end));
  guest.back(15_000);
  guest.goto(instret);
  assertEquals(said(guest), "", "what was said on the way was said before");
  assert(sameSaved(guest.save(), end));
});

Deno.test("what is typed in the past ends the future that was", () => {
  const guest = busy();
  recordOften(guest);
  run(guest, 3000);
  guest.type(bytes("abc"));
  run(guest, 7000);
  guest.goto(2999);
  guest.type(bytes("x"));
  assertEquals(guest.recorded, [0, 2999]);
  assertThrows(
    () => guest.goto(3000),
    RangeError,
    "instruction 3000 is not in the recorded past: 0",
  );
  run(guest, 7000);
  assertEquals(said(guest), "abcx");
});

Deno.test("there is no way where nothing is recorded", () => {
  const guest = busy();
  run(guest, 1000);
  assertEquals(guest.recorded, undefined);
  assertThrows(() => guest.goto(0), RangeError, "nothing is recorded: there is no way back");
  recordOften(guest);
  run(guest, 1000);
  assertThrows(() => guest.goto(999), RangeError, "999 is not in the recorded past: 1000 to 2000");
  assertThrows(() => guest.goto(2001), RangeError, "1000 to 2000");
  assertThrows(() => guest.goto(1000.5), RangeError, "1000 to 2000");
  assertThrows(() => guest.back(0), RangeError, "back 0: want a whole number, at least 1");
  guest.goto(1000);
  assertEquals(guest.instret, 1000);
});

Deno.test("a state is put back bit for bit, in the same guest or another one", () => {
  for (const harts of [1, 3]) {
    const guest = busy({ harts });
    run(guest, 12_345);
    guest.type(bytes("typed, and not given yet"));
    const state = guest.save();
    run(guest, 10_000);
    const end = guest.save();
    const words = said(guest);
    const other = busy({ harts, seed: 99 });
    recordOften(other);
    run(other, 500);
    for (const one of [guest, other]) {
      one.restore(state);
      assert(sameSaved(one.save(), state));
      run(one, 10_000);
      assert(sameSaved(one.save(), end));
      assertEquals(said(one), words);
    }
    assertEquals(other.recorded, [12_345, 22_345], "a record begins anew");
  }
  const [one, two] = [busy(), busy({ harts: 2 })];
  assertThrows(() => one.restore(two.save()), RangeError, "a state of 2 harts");
});

Deno.test("a reset begins again at the first instruction", () => {
  const guest = busy({ harts: 3 });
  recordOften(guest);
  run(guest, 20_000);
  const there = guest.save();
  guest.reset();
  assertEquals([guest.instret, guest.recorded], [0, [0, 0]]);
  run(guest, 20_000);
  assert(sameSaved(guest.save(), there));
});

/** What is done to a guest, with numbers that say where and how much. */
type Deed = readonly ["run" | "type" | "goto" | "back" | "write" | "register" | "state", number];

const deeds = (most: number) =>
  fc.array(
    fc.tuple(
      fc.constantFrom("run", "run", "run", "type", "goto", "goto", "back", "write", "register"),
      fc.nat(1_000_000),
    ) as fc.Arbitrary<Deed>,
    { maxLength: most },
  );

/** What came from outside at a moment, as a straight run has to do it again. */
interface Given {
  readonly instret: number;
  readonly deed: Deed;
}

/** Changes a guest from outside. */
function give(guest: Guest, [what, n]: Deed): void {
  const { debug } = guest;
  const hart = n % debug.harts;
  if (what === "type") guest.type(bytes(`${n}`));
  else if (what === "write") {
    const where = [SHARED, OWN + 256, OWN + 0x1000 * hart + 256 + n % 2048][n % 3];
    debug.write(hart, "pa", BigInt(where), bytes(`${n}`));
  } else debug.setRegister(hart, ["s5", "t3"][n % 2], BigInt(n) * 0x1234_5678n);
}

/** Does it all, and looks at each state that it comes to again. Returns what a straight run does. */
function live(guest: Guest, all: readonly Deed[]): { given: Given[]; end: GuestState } {
  let given: Given[] = [];
  const known = new Map<number, GuestState>();
  const look = () => {
    const now = guest.save();
    const before = known.get(guest.instret);
    if (before !== undefined) {
      assert(sameSaved(before, now), `another state at instruction ${guest.instret}`);
    } else known.set(guest.instret, now);
  };
  /** Typed where the guest stands now, and not given to the machine yet. */
  let typed: Deed[] = [];
  const forget = () => {
    const { instret } = guest;
    given = given.filter((one) =>
      one.instret < instret || (one.instret === instret && one.deed[0] !== "type")
    );
    for (const at of known.keys()) if (at > instret) known.delete(at);
  };
  for (const deed of all) {
    const [what, n] = deed;
    if (what === "run" || what === "goto" || what === "back") {
      for (const one of typed) given.push({ instret: guest.instret, deed: one });
      typed = [];
    }
    // A change that there is hardly room for makes the record begin later.
    if (what === "goto" || what === "back") guest.goto(guest.instret);
    const [from, to] = guest.recorded!;
    if (what === "run") run(guest, 1 + n % 20_000);
    else if (what === "goto") guest.goto(from + n % (to - from + 1));
    else if (what === "back") {
      if (guest.instret > from) guest.back(1 + n % (guest.instret - from));
    } else {
      forget();
      if (what === "type") typed.push(deed);
      else {
        given.push({ instret: guest.instret, deed });
        known.delete(guest.instret);
      }
      give(guest, deed);
    }
    if (typed.length === 0) look();
  }
  // To the end of what is recorded, and somewhat further.
  for (const one of typed) given.push({ instret: guest.instret, deed: one });
  run(guest, guest.recorded![1] - guest.instret + 2000);
  return { given, end: guest.save() };
}

/** The same without any way back. */
function straight(guest: Guest, given: readonly Given[], end: number): GuestState {
  for (const { instret, deed } of given) {
    run(guest, instret - guest.instret);
    give(guest, deed);
  }
  run(guest, end - guest.instret);
  return guest.save();
}

for (
  const [name, make] of [
    ["one hart", () => busy()],
    ["three harts", () => busy({ harts: 3 })],
    ["three harts with long turns", () => busy({ harts: 3, quantum: 1500, seed: 5 })],
    ["three harts, two of them spinning", () => spinning({ harts: 3, seed: 2 })],
  ] as const
) {
  Deno.test(`property: any way through time comes to the states of a straight one: ${name}`, () => {
    fc.assert(
      fc.property(deeds(25), fc.constantFrom(0, 4, 300_000), (all, states) => {
        const guest = make();
        // With many states, with few, and with hardly any room for them.
        recordOften(guest, states === 4 ? { every: 15_000 } : states > 0 ? { bytes: states } : {});
        const { given, end } = live(guest, all);
        const again = straight(make(), given, guest.instret);
        assert(sameSaved(end, again));
      }),
      { numRuns: 40 },
    );
  });
}
