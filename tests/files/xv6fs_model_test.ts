import { assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { openXv6fs } from "../../src/vm/kernel/files/xv6fs/xv6fs.ts";
import { mkfs } from "../../src/vm/kernel/files/xv6fs/mkfs.ts";
import { fsck } from "../../src/vm/kernel/files/xv6fs/fsck.ts";
import { contents, Model, type Op, Runner } from "./workload.ts";

const path = fc.array(fc.constantFrom("a", "b", "c", "d"), { minLength: 1, maxLength: 3 })
  .map((names) => names.join("/"));
const slot = fc.integer({ min: 0, max: 4 });
const size = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 0, max: 3000 }) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 40_000 }) },
  { weight: 1, arbitrary: fc.constant(280_000) },
);
const op: fc.Arbitrary<Op> = fc.oneof(
  fc.record({ op: fc.constant("create" as const), path, slot }),
  fc.record({ op: fc.constant("open" as const), path, slot }),
  fc.record({ op: fc.constant("truncate" as const), path }),
  fc.record({ op: fc.constant("write" as const), slot, off: size, n: size }),
  fc.record({ op: fc.constant("close" as const), slot }),
  fc.record({ op: fc.constant("link" as const), path, to: path }),
  fc.record({ op: fc.constant("unlink" as const), path }),
  fc.record({ op: fc.constant("mkdir" as const), path }),
);

Deno.test("any sequence of calls does what a plain tree of byte strings does", () => {
  const empty = mkfs({ size: 4000 });
  fc.assert(
    fc.property(fc.array(op, { maxLength: 60 }), (ops) => {
      const image = empty.slice();
      const runner = new Runner(openXv6fs(image));
      const model = new Model();
      ops.forEach((op, i) => {
        assertEquals(runner.run(op), model.run(op), `step ${i}: ${JSON.stringify(op)}`);
        if (i % 10 === 9) {
          const open = new Set(runner.fs.inUse().map((ip) => ip.inum));
          assertEquals(fsck(image, { open }), []);
        }
      });
      assertEquals(sorted(contents(runner.fs)), sorted(model.contents()));
      runner.closeAll();
      assertEquals(fsck(image), []);
      // What memory says is what the disk says.
      assertEquals(sorted(contents(openXv6fs(image.slice()))), sorted(model.contents()));
    }),
    { numRuns: 300, seed: 20 },
  );
});

function sorted(map: Map<string, string>): [string, string][] {
  return [...map].sort(([a], [b]) => a < b ? -1 : 1);
}
