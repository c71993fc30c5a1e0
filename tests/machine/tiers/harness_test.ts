/**
 * The lockstep itself: bugs planted into the second machine are found, and named.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import type { PaNum } from "../../../src/vm/machine/address.ts";
import { PC, X } from "../../../src/vm/machine/layout.ts";
import type { Compile, Machine } from "../../../src/vm/machine/machine.ts";
import { type Cast, casts, makerOf, playCast } from "./cast.ts";
import { type Guest, guestOf } from "./guest.ts";
import { Parted } from "./lockstep.ts";
import { DATA } from "./places.ts";

/** A guest that runs for long, and whether it does. */
const [cast] = fc.sample(casts, { seed: 7, numRuns: 60 }).filter((cast) => {
  if (cast.world.mode !== "S" || !cast.world.paged || cast.slices.length < 3) return false;
  const machine = makerOf(cast, guestOf(cast.program, cast.world))("never");
  return machine.run(30_000).kind === "budget";
}) as [Cast];

/** Instructions after which the bugs come. */
const WHEN = 3001;

/** Plays the guest with a second machine in which something happens once. */
function planted(bug: (machine: Machine) => void): string {
  const make = (cast: Cast, guest: Guest) => (compile: Compile) => {
    const machine = makerOf(cast, guest)("never");
    if (compile === "never") return machine;
    const run = machine.run.bind(machine);
    let done = false;
    machine.run = (budget, ...rest) => {
      const stop = run(budget, ...rest);
      if (!done && machine.instret > WHEN) bug(machine);
      done ||= machine.instret > WHEN;
      return stop;
    };
    return machine;
  };
  try {
    playCast(cast, undefined, true, make);
  } catch (error) {
    if (error instanceof Parted) return error.message;
    throw error;
  }
  throw new Error("the bug was not found");
}

const BUGS: Readonly<Record<string, readonly [(machine: Machine) => void, RegExp]>> = {
  "a register": [({ hart }) => hart.setX(24, hart.x(24) ^ 1n << 40n), /registers\.s8: 0x\w+ 0x\w+/],
  "pc": [({ hart }) => hart.registers.header[PC / 4]! += 2, /registers\.pc: /],
  "the upper half of a register": [
    ({ hart }) => hart.registers.header[X / 4 + 2 * 25 + 1]! ^= 1,
    /registers\.s9: /,
  ],
  "a byte of memory": [
    ({ ram }) => ram.write8(DATA + 77 as PaNum, ram.read8(DATA + 77 as PaNum) ^ 4),
    /RAM at 0x80020048: /,
  ],
  "a CSR": [({ hart }) => hart.writeCsr("mepc", hart.readCsr("mepc") ^ 4n), /mepc: 0x\w+ 0x\w+/],
  "a CSR in linear memory": [
    ({ hart }) => hart.writeCsr("stval", hart.readCsr("stval") ^ 4n),
    /stval: 0x\w+ 0x\w+/,
  ],
  "a counter of the TLB": [({ mmu }) => mmu.tlb.countHit(1, 0), /tlb\.hits\[3\]: 0x\w+ 0x\w+/],
  "an entry of the TLB": [
    ({ mmu }) => mmu.tlb.insert(5, 0, 0, 0x123, 0x8_0123, 0xff),
    /tlb\.page\[bank 5, reads, entry 35\]: -0x1 0x123/,
  ],
  "mtime": [({ clock }) => clock.time++, /clock\.skew: 0x\w+ 0x\w+/],
  "a device": [({ clint }) => clint.write(0x4000, 4, 12_345), /clint\.mtimecmp/],
  "what was sent": [({ uart }) => uart.write(0, 1, 65), /uart\.sent/],
};

for (const [name, [bug, named]] of Object.entries(BUGS)) {
  Deno.test(`the lockstep finds and names what differs: ${name}`, () => {
    const message = planted(bug);
    assertMatch(message, named);
    assertMatch(message, /after step \d+, \d+ instructions/);
    assertMatch(message, /a run of \d+, interpreted/);
    assertMatch(message, /the program:\n.*\nstart:/);
  });
}

Deno.test("the lockstep finds another end of a run, and says both", () => {
  const guest = guestOf(cast.program, cast.world);
  const make = makerOf(cast, guest);
  const other = (cast: Cast, guest: Guest) => (compile: Compile) => {
    const machine = makerOf(cast, guest)(compile);
    if (compile !== "never") machine.addBreak(guest.labels.get("round")!);
    return machine;
  };
  assertEquals(make("never").instret, 0);
  try {
    playCast(cast, undefined, true, other);
    assert(false, "not found");
  } catch (error) {
    assert(error instanceof Parted);
    assertMatch(error.message, /answers \{"kind":"budget"\} and \{"kind":"break","pc":"0x\w+"\}/);
  }
});
