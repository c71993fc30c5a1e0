/** A guest under a debugger: registers, memory, points, steps, forwards and backwards. */

import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { DebugStop, Guest } from "../../../src/vm/guest.ts";
import { sameSaved } from "../../../src/vm/machine/saver.ts";
import type { Watch } from "../../../src/vm/machine/watch.ts";
import { guestMachineOf } from "../../../src/vm/parts.ts";
import { at, busy, bytes, OWN, recordOften, run, said, SHARED } from "./lab.ts";

const watching = (start: number, more: Partial<Watch> = {}): Watch => ({
  space: "va",
  start,
  length: 8,
  read: false,
  write: true,
  ...more,
});

/** Runs until something stops it. */
function go(guest: Guest, only?: readonly number[]): DebugStop {
  for (let i = 0; i < 1000; i++) {
    const stop = guest.debug.run(10_000, only);
    if (stop !== undefined) return stop;
  }
  throw new Error("nothing stopped it");
}

function back(guest: Guest): DebugStop {
  for (;;) {
    const stop = guest.debug.reverseRun(3000);
    if (stop !== undefined) return stop;
  }
}

function stepBack(guest: Guest, hart: number): DebugStop {
  for (;;) {
    const stop = guest.debug.reverseStep(hart, 3000);
    if (stop !== undefined) return stop;
  }
}

Deno.test("a slice of the way back is one, however long the record is between two states", () => {
  const guest = busy({ harts: 1 });
  guest.record(); // states 30 million instructions apart
  while (guest.instret < 4_000_000) guest.debug.run(1_000_000);

  const machine = guestMachineOf(guest);
  const run = machine.run.bind(machine);
  let done = 0;
  machine.run = (budget, ...rest) => {
    const before = machine.instret;
    const stop = run(budget, ...rest);
    done += machine.instret - before;
    return stop;
  };
  // A breakpoint that is never met: all of the record is searched.
  guest.debug.addBreak(0x8000_1ffen);
  for (let calls = 1;; calls++) {
    done = 0;
    const stop = guest.debug.reverseRun(100_000);
    assert(done <= 110_000, `${done} instructions in one call`);
    if (stop === undefined) continue;
    assertEquals(stop.kind, "start");
    assert(calls >= 40, `${calls} calls`);
    break;
  }
});

Deno.test("registers and CSRs have their names, and what can be written is", () => {
  const { debug } = busy({ harts: 2 });
  assertEquals([debug.harts, debug.hart, debug.instret, debug.reversible], [2, 0, 0, false]);
  assertEquals(debug.register(1, "a0"), 1n);
  assertEquals(debug.register(1, "mhartid"), 1n);
  assertEquals([debug.register(0, "pc"), debug.register(0, "priv")], [0x8000_0000n, 3n]);
  assertEquals([debug.register(0, "x10"), debug.register(0, "nothing")], [0n, undefined]);
  for (
    const [name, value, then] of [
      ["s3", 7n, 7n],
      ["x31", -1n, (1n << 64n) - 1n],
      ["pc", 0x8000_1235n, 0x8000_1234n],
      ["mtvec", 0x8000_0003n, 0x8000_0001n],
      ["priv", 1n, 1n],
      ["satp", 8n << 60n | 5n, 8n << 60n | 5n],
    ] as const
  ) {
    assertEquals([debug.setRegister(1, name, value), debug.register(1, name)], [true, then], name);
  }
  for (
    const [name, value] of [["zero", 1n], ["mhartid", 1n], ["priv", 2n], ["nothing", 1n]] as const
  ) {
    assert(!debug.setRegister(0, name, value), name);
  }
  assertEquals(debug.register(0, "s3"), 0n, "of the other hart");
  assertThrows(() => debug.register(2, "a0"), RangeError, "hart 2: there are 0 to 1");
});

/** Page tables at 1 MiB: 0x4000 to a page without R and U only, 0x5000 to the next but one. */
function paged(guest: Guest): void {
  const { debug } = guest;
  const pte = (table: number, index: number, pa: number, flags: number) => {
    const value = new DataView(new ArrayBuffer(8));
    value.setBigUint64(0, BigInt((pa >>> 12) * 1024 + flags), true);
    const where = BigInt(table + 8 * index);
    assertEquals(debug.write(0, "pa", where, new Uint8Array(value.buffer)), 8);
  };
  const root = 0x8010_0000;
  pte(root, 0, root + 0x1000, 1);
  pte(root + 0x1000, 0, root + 0x2000, 1);
  pte(root + 0x2000, 4, 0x8020_0000, 0x01 | 0x08 | 0x10);
  pte(root + 0x2000, 5, 0x8020_2000, 0x01 | 0x02);
  debug.setRegister(0, "satp", 8n << 60n | BigInt(root >>> 12));
}

Deno.test("memory is read and written as the hart translates, without a trace", () => {
  const guest = busy({ harts: 2 });
  const { debug } = guest;
  const machine = guestMachineOf(guest);
  paged(guest);
  const text = bytes("over the page's end");
  // In M-mode nothing is translated.
  assertEquals(debug.read(0, "va", 0x4000n, 4).length, 0);
  debug.setRegister(0, "priv", 1n);
  assertEquals(debug.write(0, "va", 0x5000n - 8n, text), text.length);
  assertEquals(debug.read(0, "va", 0x5000n - 8n, text.length), text);
  assertEquals(debug.read(0, "pa", 0x8020_0ff8n, 8), text.slice(0, 8));
  assertEquals(debug.read(0, "pa", 0x8020_2000n, 11), text.slice(8));
  // What is not there ends it; so does a device, which is not touched.
  assertEquals(debug.read(0, "va", 0x6000n - 2n, 100).length, 2);
  assertEquals(debug.write(0, "va", 0x6000n - 2n, text), 2);
  assertEquals(debug.read(0, "va", 1n << 40n, 8).length, 0);
  assertEquals(debug.read(0, "pa", 0x1000_0000n, 8).length, 0);
  assertEquals(debug.write(0, "pa", 0x1000_0000n, bytes("x")), 0);
  assertEquals(said(guest), "");
  assertEquals(debug.read(0, "pa", BigInt(machine.ram.end) - 3n, 8).length, 3);
  assertEquals(debug.read(0, "pa", (1n << 64n) - 4n, 8).length, 0);
  // No A bit was set, no entry made, and the other hart does not translate.
  assertEquals(debug.read(0, "pa", 0x8010_2020n, 1), Uint8Array.of(0x19));
  assertEquals(machine.harts.flatMap((hart) => hart.mmu.entries()), []);
  assertEquals(debug.read(1, "va", 0x4000n, 4).length, 0);
  // Loads of M-mode with MPRV are translated, and so are the debugger's.
  debug.setRegister(0, "priv", 3n);
  debug.setRegister(0, "mstatus", 1n << 17n | 1n << 11n);
  assertEquals(debug.read(0, "va", 0x5000n, 4), text.slice(8, 12));
});

Deno.test("code that a debugger writes is what is executed", () => {
  const guest = busy();
  recordOften(guest);
  run(guest, 5000);
  // jal zero, 0 in the place of the loop's first instruction.
  const { debug } = guest;
  debug.write(0, "pa", at("loop"), Uint8Array.of(0x6f, 0, 0, 0));
  debug.setRegister(0, "mie", 0n);
  debug.setRegister(0, "pc", at("loop"));
  assertEquals(debug.run(10_000), undefined);
  assertEquals(debug.register(0, "pc"), at("loop"));
  // sb zero, 1(s7) before it: the UART's interrupt is off, so that nothing can end it.
  debug.write(0, "pa", at("loop"), Uint8Array.of(0xa3, 0x80, 0x0b, 0, 0x6f, 0, 0, 0));
  assertEquals(debug.run(1_000_000), { kind: "stuck", hart: 0 });
  assertEquals(debug.register(0, "pc"), at("loop") + 4n);
});

Deno.test("a run stops before breakpoints and after watched accesses, of all harts", () => {
  const guest = busy({ harts: 3 });
  const { debug } = guest;
  debug.addBreak(at("called"));
  const harts = new Set<number>();
  for (let i = 0; i < 30; i++) {
    const stop = go(guest);
    assert(stop.kind === "break");
    assertEquals([stop.pc, debug.register(stop.hart, "pc"), debug.hart], [
      at("called"),
      at("called"),
      stop.hart,
    ]);
    harts.add(stop.hart);
  }
  assertEquals(harts.size, 3);
  assert(debug.removeBreak(at("called")));
  assert(!debug.removeBreak(at("called")));
  const watch = watching(SHARED);
  debug.watch(watch);
  const stop = go(guest);
  assert(stop.kind === "watch");
  assertEquals([stop.watch, stop.va, stop.pc], [watch, BigInt(SHARED), at("quiet") + 8n]);
  assertEquals(debug.register(stop.hart, "pc"), at("quiet") + 12n);
  assert(debug.unwatch({ ...watch }), "the same, though not the same object");
  assert(!debug.unwatch(watch));
  assertEquals(debug.run(20_000), undefined);
});

Deno.test("a breakpoint is passed when the last call stopped there, and stops a run after a slice", () => {
  const guest = busy();
  const { debug } = guest;
  debug.addBreak(at("loop"));
  go(guest);
  const { instret } = guest;
  assertEquals(go(guest).kind, "break");
  assert(guest.instret > instret);
  debug.removeBreak(at("loop"));
  debug.addBreak(at("nocall"));
  // A slice that ends right there has not stopped there.
  const before = guest.instret;
  go(guest);
  const length = guest.instret - before;
  const again = busy();
  recordOften(again);
  again.debug.addBreak(at("loop"));
  go(again), go(again);
  again.debug.removeBreak(at("loop"));
  assertEquals(again.debug.run(length), undefined);
  assertEquals(again.debug.register(0, "pc"), at("nocall"));
  again.debug.addBreak(at("nocall"));
  assertEquals(go(again).kind, "break");
  assertEquals(again.instret, guest.instret);
});

Deno.test("a watchpoint on what is mapped at its own address sees every address space", () => {
  const guest = busy();
  const { debug } = guest;
  run(guest, 2000);
  // 0x4000 means the shared word; the kernel's own address of it is watched.
  debug.watch(watching(SHARED, { read: true }));
  paged(guest);
  const pte = new Uint8Array(8);
  new DataView(pte.buffer).setUint32(0, (SHARED >>> 12) * 1024 + 0xd7, true);
  debug.write(0, "pa", 0x8010_2020n, pte);
  debug.setRegister(0, "mstatus", 1n << 17n); // MPRV, MPP = U
  debug.setRegister(0, "mie", 0n);
  debug.setRegister(0, "s1", 0x4000n);
  debug.setRegister(0, "pc", at("quiet"));
  const stop = go(guest);
  assert(stop.kind === "watch");
  assertEquals([stop.va, stop.pc, stop.watch.space], [0x4000n, at("quiet"), "va"]);
});

Deno.test("a step is one instruction or trap of the hart, whatever the others do meanwhile", () => {
  const guest = busy({ harts: 3 });
  const { debug } = guest;
  run(guest, 10_000);
  const { harts } = guestMachineOf(guest);
  let traps = 0;
  for (let i = 0; i < 300; i++) {
    const hart = i % 7 % 3;
    const before = harts[hart].retired;
    const stop = debug.step(hart, 100_000);
    assertEquals(stop, { kind: "step", hart });
    assertEquals(debug.hart, hart);
    if (harts[hart].retired === before + 1) continue;
    traps++;
    assertEquals(harts[hart].retired, before);
    assertEquals(debug.register(hart, "pc"), debug.register(hart, "mtvec"));
  }
  assert(traps > 0);
  // Only some are let run, and no interrupt takes a step's place.
  debug.setRegister(1, "mie", 0n);
  const others = harts.map(({ retired }) => retired);
  for (let i = 0; i < 50; i++) debug.step(1, 100_000, [1]);
  assertEquals(harts.map(({ retired }) => retired), [others[0], others[1] + 50, others[2]]);
  debug.run(1000, [0, 2]);
  assertEquals(harts[1].retired, others[1] + 50);
  assert(harts[0].retired > others[0] && harts[2].retired > others[2]);
  assertEquals(debug.step(1, 5000, [0]), undefined, "it is not let run");
  // A breakpoint where it stands is passed, another hart's stops.
  debug.addBreak(debug.register(1, "pc")!);
  const { retired } = harts[1];
  for (;;) {
    const stop = debug.step(1, 100_000);
    assert(stop !== undefined);
    if (stop.kind === "step") break;
    assert(stop.kind === "break" && stop.hart !== 1);
  }
  assertEquals(harts[1].retired, retired + 1);
});

Deno.test("a guest that ends says so with its code", () => {
  const guest = busy({ harts: 2 });
  run(guest, 3000);
  guest.type(bytes("q"));
  assertEquals(go(guest), { kind: "exit", hart: 0, code: 3 });
  assertEquals(go(guest).kind, "exit");
});

Deno.test("steps back undo a hart's instructions one by one", () => {
  for (const harts of [1, 3]) {
    const guest = busy({ harts });
    recordOften(guest);
    const { debug } = guest;
    run(guest, 9000);
    const hart = harts - 1;
    const way: [bigint | undefined, bigint | undefined][] = [];
    const here = (): typeof way[number] => [debug.register(hart, "pc"), debug.register(hart, "s5")];
    for (let i = 0; i < 120; i++) {
      way.push(here());
      assertEquals(debug.step(hart, 100_000)?.kind, "step");
    }
    for (const was of way.toReversed()) {
      assertEquals([stepBack(guest, hart), debug.hart], [{ kind: "step", hart }, hart]);
      assertEquals(debug.register(hart, "s5"), was[1]);
    }
    const { instret } = guest;
    assertEquals(debug.step(hart, 100_000)?.kind, "step");
    stepBack(guest, hart);
    assertEquals(guest.instret, instret, "the same way, the same place");
    guest.goto(0);
    assertEquals(stepBack(guest, hart).kind, "start");
  }
});

Deno.test("what a run passes forwards, it passes backwards, in the other order", () => {
  for (const harts of [1, 3]) {
    const guest = busy({ harts });
    recordOften(guest, { every: 3000 });
    const { debug } = guest;
    guest.type(bytes("typed"));
    run(guest, 2000);
    debug.addBreak(at("called"));
    debug.addBreak(at("handler"));
    debug.watch(watching(OWN + 0x1000 * (harts - 1) + 24));
    debug.watch(watching(OWN + 256 + 640, { length: 64 }));
    const forwards: unknown[] = [];
    const states = new Map<number, unknown>();
    for (let i = 0; i < 150; i++) {
      const stop = go(guest);
      const instret = guest.instret - (stop.kind === "watch" ? 1 : 0);
      forwards.push({ ...stop, instret });
      if (stop.kind === "break") states.set(forwards.length - 1, guest.save());
    }
    const kinds = new Set(forwards.map((one) => (one as DebugStop).kind));
    assertEquals([...kinds].sort(), ["break", "watch"]);
    debug.run(500);
    debug.removeBreak(0n);
    const first = back(guest);
    // The slice may have passed some more.
    while (guest.instret > (forwards.at(-1) as { instret: number }).instret) back(guest);
    assertNotEquals(first.kind, "start");
    for (let i = forwards.length - 1;; i--) {
      if (i < forwards.length - 1) {
        const stop = back(guest);
        assertEquals({ ...stop, instret: guest.instret }, forwards[i]);
      }
      assertEquals(debug.hart, (forwards[i] as DebugStop).hart);
      const state = states.get(i);
      if (state !== undefined) assert(sameSaved(guest.save(), state), `stop ${i}`);
      if (i === 0) break;
    }
    for (const at of guestMachineOf(guest).watches.breaks) debug.removeBreak(BigInt(at));
    for (let i = 0;; i++) {
      assert(i < 100);
      if (back(guest).kind === "start") break;
    }
    assertEquals(guest.instret, 0);
  }
});

Deno.test("a watchpoint hit backwards stands before the access, and the next run makes it again", () => {
  const guest = busy({ harts: 2 });
  recordOften(guest);
  const { debug } = guest;
  run(guest, 8000);
  debug.watch(watching(OWN + 24));
  const there = back(guest);
  assert(there.kind === "watch");
  const count = () =>
    new DataView(debug.read(0, "pa", BigInt(OWN + 24), 8).buffer).getUint32(0, true);
  const [before, { instret }] = [count(), guest];
  const again = debug.run(1);
  assertEquals(again, there);
  assertEquals([count(), guest.instret], [before + 1, instret + 1]);
  assertEquals([back(guest), guest.instret, count()], [there, instret, before]);
  assertEquals(debug.step(there.hart, 10_000), there);
  assertEquals(count(), before + 1);
});

Deno.test("what a debugger changes in the past ends the future, and can be gone back behind", () => {
  const guest = busy();
  recordOften(guest);
  const { debug } = guest;
  run(guest, 9000);
  guest.goto(4000);
  debug.setRegister(0, "s5", 99n);
  assertEquals(guest.recorded, [0, 4000]);
  debug.run(3000);
  const end = guest.save();
  guest.goto(3999);
  assertNotEquals(debug.register(0, "s5"), 99n);
  debug.run(1);
  assertEquals(debug.register(0, "s5"), 99n, "the change belongs to its moment");
  guest.goto(7000);
  assert(sameSaved(guest.save(), end));
  guest.goto(4000);
  assertEquals(debug.register(0, "s5"), 99n);
});

/** What somebody does at a debugger. */
const ACTS = ["run", "step", "back", "reverse", "break", "watch", "only", "type", "set"] as const;

Deno.test("property: whatever a debugger does, a moment of the past is as it was", () => {
  const acts = fc.array(fc.tuple(fc.constantFrom(...ACTS), fc.nat(1_000_000)), { maxLength: 30 });
  fc.assert(
    fc.property(acts, fc.constantFrom(1, 3), (all, harts) => {
      const guest = busy({ harts });
      recordOften(guest);
      const { debug } = guest;
      let only: readonly number[] | undefined;
      for (const [act, n] of all) {
        if (act === "run") debug.run(1 + n % 3000, only);
        else if (act === "step") debug.step(n % harts, 2000, only);
        else if (act === "back") debug.reverseStep(n % harts, 2000);
        else if (act === "reverse") debug.reverseRun(1 + n % 3000);
        else if (act === "only") only = n % 2 === 0 ? undefined : [n % harts];
        else if (act === "type") guest.type(bytes(`${n}`));
        else if (act === "set") debug.setRegister(n % harts, "s5", BigInt(n));
        else if (act === "break") {
          const label = ["loop", "called", "handler", "quiet", "back"][n % 5];
          if (!debug.removeBreak(at(label))) debug.addBreak(at(label));
        } else {
          const watch = watching([SHARED, OWN + 24, OWN + 0x1100][n % 3], { read: n % 2 === 0 });
          if (!debug.unwatch(watch)) debug.watch(watch);
        }
      }
      // The present, then somewhere else, and again.
      debug.run(5000, only);
      const [from, to] = guest.recorded!;
      const places = [to, from, Math.floor((from + to) / 2), to - 1, to, from + 1].filter((one) =>
        one >= from && one <= to
      );
      const seen = new Map<number, unknown>();
      for (const place of [...places, ...places.toReversed()]) {
        guest.goto(place);
        const now = guest.save();
        const before = seen.get(place);
        if (before !== undefined) assert(sameSaved(now, before), `at ${place} of ${from} to ${to}`);
        seen.set(place, now);
      }
    }),
    { numRuns: 150 },
  );
});
