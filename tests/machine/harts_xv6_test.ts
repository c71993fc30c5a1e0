/**
 * Real xv6 kernels on several harts: `XV6_TREES` is a folder with one built tree in each of its folders
 * (`kernel/kernel` and `fs.img`), as for machine_xv6_test.ts.
 */

import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { Guest, type GuestOptions } from "../../src/vm/guest.ts";
import { guestMachineOf } from "../../src/vm/parts.ts";
import { TREES, treesIn } from "../trees.ts";

const trees = TREES;

/** How a session went. */
interface Session {
  readonly said: string;
  readonly instret: number;
  /** RAM's SHA-256. */
  readonly ram: string;
}

/** A tree, at its first instruction. */
function booted(tree: string, options: GuestOptions): Guest {
  return new Guest(Deno.readFileSync(`${tree}/kernel/kernel`), {
    disk: Deno.readFileSync(`${tree}/fs.img`),
    budget: 20_000_000_000,
    ...options,
  });
}

/**
 * Types lines at the shell's prompts, and ends at the prompt after them; `between` two slices the
 * guest may go on in another one.
 */
async function session(
  first: Guest,
  lines: readonly string[],
  between = (guest: Guest) => guest,
): Promise<Session> {
  const waiting = [...lines];
  let guest = first;
  let said = "";
  for (;;) {
    const { end } = guest.slice();
    for (const bytes of guest.take()) said += new TextDecoder().decode(bytes);
    assertEquals(end, undefined, said);
    // Before anything is typed, which a guest keeps till it goes on.
    guest = between(guest);
    if (!said.endsWith("$ ")) continue;
    const line = waiting.shift();
    if (line === undefined) break;
    guest.type(new TextEncoder().encode(`${line}\n`));
  }
  const { ram } = guestMachineOf(guest);
  const bytes = new Uint8Array(ram.bytes(ram.base, ram.size));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return { said, instret: guest.instret, ram: digest.toHex() };
}

/** What a session of `ls` and `forktest` must have said, with so many harts. */
function check({ said }: Session, harts: number): void {
  assertStringIncludes(said, "xv6 kernel is booting");
  for (let hart = 1; hart < harts; hart++) assertStringIncludes(said, `hart ${hart} starting`);
  assertStringIncludes(said, "$ ls\n");
  assert(/^README +2 \d+ \d+$/m.test(said), said);
  assertStringIncludes(said, "fork test OK");
}

if (trees === undefined) {
  console.log("xv6 on several harts: skipped, XV6_TREES is not set to a folder of built trees");
} else {
  const names = treesIn(trees);
  const lines = ["ls", "forktest"];
  for (const name of names) {
    const tree = `${trees}/${name}`;
    Deno.test(`xv6 of ${name} on 3 harts: the same seed the same bytes, another one another life`, async () => {
      const one = await session(booted(tree, { harts: 3 }), lines);
      check(one, 3);
      assertEquals(await session(booted(tree, { harts: 3, seed: 0 }), lines), one);
      const other = await session(booted(tree, { harts: 3, seed: 7 }), lines);
      check(other, 3);
      assertNotEquals(other.ram, one.ram);
    });
    Deno.test(`xv6 of ${name} on 8 harts`, async () => {
      check(await session(booted(tree, { harts: 8, seed: 1 }), lines), 8);
    });
  }
  Deno.test("xv6 with short turns, its scheduler with wfi and without", async () => {
    for (const year of ["2021", "2025"]) {
      const tree = `${trees}/${names.find((name) => name.startsWith(year)) ?? names[0]}`;
      check(await session(booted(tree, { harts: 3, quantum: 300 }), lines), 3);
    }
  });

  Deno.test("xv6 on 3 harts goes on in another machine, wherever it was", async () => {
    // A scheduler without wfi: harts are parked most of the time.
    const tree = `${trees}/${names.find((name) => name.startsWith("2021")) ?? names[0]}`;
    const wanted = await session(booted(tree, { harts: 3 }), lines);
    let spare = booted(tree, { harts: 3, seed: 5, quantum: 3000 });
    let [slices, moves] = [0, 0];
    const moved = await session(booted(tree, { harts: 3 }), lines, (guest) => {
      if (++slices % 9 !== 0) return guest;
      moves++;
      const next = spare;
      guestMachineOf(next).restore(guestMachineOf(guest).save());
      spare = guest;
      return next;
    });
    assert(moves > 20);
    assertEquals(moved, wanted);
  });
}
