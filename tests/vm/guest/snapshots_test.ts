/** What is kept of a guest's past: how much room it takes, and what is left out when there is too little. */

import { assert, assertEquals } from "@std/assert";
import { guestPartsOf } from "../../../src/vm/parts.ts";
import { stateBytes } from "../../../src/vm/state_size.ts";
import { type Snapshot, Snapshots } from "../../../src/vm/guest/snapshots.ts";
import { busy, recordOften, run } from "./lab.ts";

/** States of a guest on its way, some thousand instructions apart. */
function states(count: number): Snapshot[] {
  const guest = busy({ harts: 2 });
  const { machine } = guestPartsOf(guest);
  return Array.from({ length: count }, () => {
    run(guest, 3000);
    return {
      instret: guest.instret,
      inputs: 0,
      only: undefined,
      settled: true,
      state: machine.save(),
      pinned: false,
      followed: undefined,
    };
  });
}

function kept(all: readonly Snapshot[], most: number): Snapshots {
  const [first, ...rest] = all;
  const snapshots = new Snapshots(first, most);
  for (const one of rest) snapshots.add(one);
  return snapshots;
}

/** The moments that are kept. */
const moments = (
  all: readonly Snapshot[],
  snapshots: Snapshots,
) => [...new Set(all.map(({ instret }) => snapshots.before(instret)!.instret))];

Deno.test("the room that states take is told about right, and what they share is told once", () => {
  const all = states(40);
  const { bytes, count } = kept(all, 2 ** 30);
  const really = stateBytes(all);
  assertEquals(count, 40);
  assert(bytes > really / 3 && bytes < really * 3, `${bytes} for ${really}`);
});

Deno.test("with too little room the past is thinned out, the more the older it is", () => {
  const all = states(200);
  const whole = kept(all, 2 ** 30);
  const most = whole.bytes / 4;
  const thin = kept(all, most);
  assert(thin.bytes <= most && thin.count > 20 && thin.count < 100, `${thin.count}`);
  const left = moments(all, thin);
  assertEquals(left.length, thin.count);
  assertEquals([left[0], left.at(-1)], [all[0].instret, all.at(-1)!.instret]);
  const gaps = left.slice(1).map((at, i) => at - left[i]);
  const mean = (list: number[]) => list.reduce((sum, n) => sum + n, 0) / list.length;
  const third = Math.floor(gaps.length / 3);
  assert(mean(gaps.slice(0, third)) > 2 * mean(gaps.slice(-third)), `${gaps}`);
});

Deno.test("what no run leads to is left out last, with all before it", () => {
  const all = states(60).map((one, i) => ({ ...one, pinned: i % 10 === 5 }));
  const thin = kept(all, kept(all, 2 ** 30).bytes / 5);
  const left = moments(all, thin);
  for (const { instret } of all.filter(({ pinned }) => pinned)) assert(left.includes(instret));
  const tight = kept(all, kept(all, 2 ** 30).bytes / 40);
  assert(tight.start > all[0].instret);
  const from = all.find(({ instret }) => instret === tight.start)!;
  assert(from.pinned, "the record begins with one that was pinned");
  assertEquals(tight.before(tight.start - 1), undefined);
});

Deno.test("a long record keeps to its room, and any moment of it can be gone to", () => {
  const guest = busy({ harts: 3 });
  recordOften(guest, { every: 1000, bytes: 3_000_000 });
  run(guest, 400_000);
  const { size } = guestPartsOf(guest).history;
  assert(size.bytes <= 3_000_000 && size.states > 5 && size.states < 300, `${size.states}`);
  assertEquals(guest.recorded, [0, 400_000]);
  for (const at of [0, 1, 399_999, 123_456, 7000]) {
    guest.goto(at);
    assertEquals(guest.instret, at);
  }
});
