/**
 * The order of a region's blocks, on any graph: what stands inside a block is reached through it alone, loops have one
 * way in, and what is written where it is reached has one way there.
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { order } from "../../src/vm/machine/engine/regions/flow.ts";

/** A graph of a few blocks, each with up to two ways on, and some that are entered. */
const graph = fc.integer({ min: 1, max: 12 }).chain((blocks) => {
  const block = fc.nat(blocks - 1);
  return fc.record({
    next: fc.array(fc.array(block, { maxLength: 2 }), { minLength: blocks, maxLength: blocks }),
    entries: fc.uniqueArray(block, { minLength: 1, maxLength: 3 }),
  });
});

/** What can be reached from some blocks without passing through one. */
function reached(next: readonly (readonly number[])[], from: readonly number[], without = -1) {
  const seen = new Set<number>();
  const queue = from.filter((block) => block !== without);
  for (let block = queue.pop(); block !== undefined; block = queue.pop()) {
    if (seen.has(block)) continue;
    seen.add(block);
    queue.push(...next[block]!.filter((to) => to !== without));
  }
  return seen;
}

Deno.test("the order of blocks is one that WebAssembly can be written in", () => {
  fc.assert(
    fc.property(graph, ({ next, entries }) => {
      const { tops, rank, inner, merges, loops } = order(next, entries);
      const all = reached(next, entries);
      for (let block = 0; block < next.length; block++) {
        assertEquals(rank[block]! >= 0, all.has(block), "ranked when reached");
      }
      const dominates = (a: number, b: number) => a === b || !reached(next, tops, a).has(b);
      for (const entry of entries) assert(tops.includes(entry), "an entry is a top");
      for (const [i, top] of tops.entries()) {
        if (i > 0) assert(rank[tops[i - 1]!]! < rank[top]!, "tops are in order");
      }
      for (const block of all) {
        for (const part of inner[block]!) {
          assert(merges[part] === 1 && !tops.includes(part));
          assert(dominates(block, part), "what stands inside is reached through it");
        }
        const forward: number[] = [];
        for (const from of all) {
          for (const to of next[from]!) {
            if (to !== block) continue;
            if (rank[from]! < rank[block]!) forward.push(from);
            else if (dominates(block, from)) assertEquals(loops[block], 1, "a loop's first");
            else assert(tops.includes(block), "a way back from outside is through the dispatch");
          }
        }
        if (merges[block] === 1) continue;
        assertEquals(forward.length, 1, "what is written where it is reached has one way there");
        assert(dominates(forward[0]!, block));
      }
      // Everything is written once: as a top, in a list, or where it is reached.
      const listed = [...tops, ...inner.flat()];
      assertEquals(new Set(listed).size, listed.length);
      for (const block of all) assertEquals(listed.includes(block), merges[block] === 1);
    }),
    { numRuns: 500 },
  );
});
