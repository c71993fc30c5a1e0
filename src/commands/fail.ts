/** `fail`: an allocation that is to come finds no memory. */

import { command } from "../framework/command.ts";
import { note, result } from "../framework/result.ts";
import { refusing } from "../session/target.ts";

export default command({
  name: "fail",
  group: "memory",
  summary: "make an allocation of a frame fail, the next one or one that comes later",
  details:
    "So the ways out of fork, sbrk, exec and page faults are seen that a kernel takes when memory " +
    "is used up, one by one. Of a guest's kernel that call of its kalloc returns 0 at once; fail " +
    "counts what runs on from here, and going back takes it back.",
  args: [{
    name: "n",
    kind: "count",
    optional: true,
    doc: "the first, the second … allocation from now on; 1 unless given, 0 takes it back",
  }],
  examples: [{
    say: "sbrk finds no frame",
    lines: ["spawn", "fail", "call sbrk 4096"],
    shows: ["= -1"],
  }],
  run({ vm }, { n = 1 }) {
    refusing(() => vm.failAllocation(n));
    return result(
      [note(n === 0 ? "no allocation will fail" : `allocation ${n} from now on fails`)],
      {
        json: { allocation: n },
        api: `vm.failAllocation(${n});`,
      },
    );
  },
});
