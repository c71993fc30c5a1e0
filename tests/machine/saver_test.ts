/** Saved records: equal to what was live, never changed, and shared as far as nothing changed. */

import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { DiskBytes } from "../../src/vm/machine/disk_bytes.ts";
import {
  cut,
  joined,
  keptAt,
  numberAt,
  pieceAt,
  pieceCount,
  piecesSince,
  zeros,
} from "../../src/vm/machine/pieces.ts";
import { Saver } from "../../src/vm/machine/saver.ts";

Deno.test("property: an array cut into pieces is that array, and shares the pieces that did not change", () => {
  const value = fc.oneof(fc.nat(0xffff), fc.constantFrom(0x0101, 0x01010101, 0xffff));
  const writes = fc.array(fc.tuple(fc.nat(), value), { maxLength: 20 });
  const filled = fc.constantFrom(0, 1, 0x0101, 0x01010101, 0xffff_ffff);
  fc.assert(
    fc.property(
      fc.constantFrom(Uint8Array, Uint16Array, Uint32Array, Int32Array, Float64Array),
      fc.constantFrom(1, 7, 64, 1000, 9001),
      fc.constantFrom(1, 3, 16, 1024),
      filled,
      writes,
      writes,
      (Kind, length, each, fill, first, second) => {
        const live = new Kind(length).fill(fill);
        const none = zeros<typeof live>(Kind.name, length, each);
        for (const [at, value] of first) live[at % length] = value;
        const before = cut(live, none);
        assertEquals(joined(before), live);
        assertStrictEquals(cut(live, before), before);
        const kept = live.slice();
        const changed = new Set<number>();
        for (const [at, value] of second) live[at % length] = value;
        live.forEach((value, i) => {
          if (value !== kept[i]) changed.add(Math.floor(i / each));
        });
        const after = cut(live, before);
        assertEquals(joined(after), live);
        assertEquals(joined(before), kept);
        assertEquals([...piecesSince(after, before)].map(([n]) => n), [...changed]);
        live.forEach((value, i) => assertEquals(numberAt(after, i), value));
        for (let n = 0; n < pieceCount(after); n++) {
          const part = live.slice(n * each, (n + 1) * each);
          assertEquals(pieceAt(after, n) ?? new Kind(part.length), part);
        }
        assertEquals(after, cut(live, none), "equal contents, equal states");
        assertEquals(structuredClone(after), after);
      },
    ),
    { numRuns: 60 },
  );
  assertEquals(pieceCount(zeros("Uint8Array", 4097, 4096)), 2);
});

Deno.test("a piece that ends in one byte over and over keeps only the beginning", () => {
  const live = new Uint8Array(4 * 4096);
  const image = () => cut(live, zeros<Uint8Array>("Uint8Array", live.length, 4096));
  const kept = (n: number) => keptAt(image(), n)?.length;
  live.fill(1, 0, 4096);
  // As a freed frame of xv6: a pointer to the next one in front of the junk.
  live.fill(1, 4096, 8192).set([0, 0x30, 2, 0x80, 0, 0, 0, 0], 4096);
  live[2 * 4096 + 100] = 9;
  live[4 * 4096 - 1] = 5;
  assertEquals([kept(0), kept(1), kept(2), kept(3)], [4, 12, 108, 4096]);
  assertEquals(joined(image()), live);
});

/** A live record with all that state is made of. */
function record(seed: number) {
  const shared = { references: seed, offset: 0n };
  return {
    seed,
    big: 1n << 60n,
    missing: undefined as string | undefined,
    list: [{ n: 1 }, { n: 2 }, undefined as { n: number } | undefined],
    files: [shared, shared, { references: seed, offset: 0n }],
    byKey: new Map<string, { n: number }>([["a", { n: 1 }], ["b", { n: 2 }]]),
    words: new Uint32Array(1000),
    bytes: new Uint8Array(5),
  };
}
type Live = ReturnType<typeof record>;

const CHANGES: readonly ((live: Live, n: number) => void)[] = [
  () => {},
  (live, n) => live.seed = n,
  (live) => live.missing = live.missing === undefined ? "here" : undefined,
  (live, n) => live.list.push({ n }),
  (live) => live.list.shift(),
  (live, n) => live.list[0] = { n },
  (live, n) => live.files[0].references = n,
  (live) => live.files[2] = live.files[0],
  (live) => live.files[1] = { ...live.files[1] },
  (live, n) => live.byKey.set(`k${n % 3}`, { n }),
  (live) => live.byKey.delete("a"),
  (live) => live.byKey.set("a", { n: 1 }),
  (live, n) => live.words[n % 1000] = n,
  (live, n) => live.bytes[n % 5] = n,
  (live, n) => live.byKey.get("b")!.n = n,
];

/** What can be told of a record: its contents, the order of its map, and what in it is one object. */
function picture(live: Live) {
  const copy = structuredClone(live);
  const same = copy.files.map((one) => copy.files.indexOf(one));
  return { ...copy, order: [...copy.byKey.keys()], same };
}

Deno.test("property: what was saved comes back as it was, whatever happened since, aliases too", () => {
  const step = fc.tuple(fc.nat(CHANGES.length - 1), fc.nat(5000), fc.boolean());
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const saver = new Saver();
      let live = record(1);
      const states = [{ saved: saver.save(live), was: picture(live) }];
      const images = [structuredClone(states[0].saved)];
      for (const [change, n, back] of steps) {
        if (back) {
          const at = n % states.length;
          live = saver.revive<Live>(states[at].saved);
          assertEquals(picture(live), states[at].was);
          assertStrictEquals(saver.save(live), states[at].saved, "nothing changed since");
        } else CHANGES[change](live, n);
        const saved = saver.save(live);
        states.push({ saved, was: picture(live) });
        images.push(structuredClone(saved));
      }
      states.forEach(({ saved, was }, i) => {
        assertEquals(saved, images[i], "a saved state is never changed");
        assertEquals(picture(new Saver().revive<Live>(images[i])), was, "a clone does as well");
      });
    }),
    { numRuns: 100 },
  );
});

Deno.test("only the way to what changed is copied", () => {
  const saver = new Saver();
  const live = record(1);
  const before = saver.save(live);
  live.words[999] = 1;
  const after = saver.save(live);
  assertNotStrictEquals(after, before);
  assertNotStrictEquals(after.words, before.words);
  assertStrictEquals(after.words.tree[0], before.words.tree[0]);
  for (const same of ["list", "files", "byKey", "bytes"] as const) {
    assertStrictEquals<unknown>(after[same], before[same]);
  }
});

Deno.test("a disk's states share the blocks that were not written", () => {
  const disk = new DiskBytes(new Uint8Array(1_000_000).fill(1));
  const before = disk.save();
  assertStrictEquals(disk.save(), before);
  disk.touch(8191, 2);
  disk.bytes[8192] = 7;
  const after = disk.save();
  assertEquals(
    [...piecesSince(after, before)].map(([n]) => n),
    [2],
    "the same bytes are no change",
  );
  const copy = new DiskBytes(after);
  assertEquals(copy.bytes, disk.bytes);
  assertStrictEquals(copy.save(), after);
  copy.touch(0, 1);
  copy.bytes[0] = 9;
  assert(numberAt(copy.save(), 0) === 9 && disk.bytes[0] === 1 && numberAt(after, 0) === 1);
});
