/**
 * One end of a pipe goes away, in each way and with each kind of co-owner, while somebody sleeps at the other:
 * what the sleeper gets and when, what becomes of the data, and that nothing is left.
 */

import { assert, assertEquals } from "@std/assert";
import { PIPE_SIZE } from "../../../src/vm/kernel/files/pipe.ts";
import type { Vm } from "../../../src/vm/vm.ts";
import { assertAudit, boot, Guest, R } from "../../vm/lab.ts";
import { kernelOf, recordOf } from "../../../src/vm/parts.ts";

const FDS = 0x1000, BUFFER = 0x1100;
/** What the sleeper does: reads an empty pipe, or writes more than fits. */
type Sleeper = "read" | "write";
const WAYS = ["close", "exit", "kill"] as const;
const OWNERS = ["one", "dup", "fork"] as const;

/** pipe(): the sleeper's descriptor is in s0, the other in s1. */
function piped(sleeper: Sleeper): Guest {
  const [mine, other] = sleeper === "read" ? [0, 4] : [4, 0];
  return new Guest().data(BUFFER, "abc").call("pipe", FDS).li(R.s2, FDS)
    .put("lw", { rd: R.s0, rs1: R.s2, imm: mine }).put("lw", { rd: R.s1, rs1: R.s2, imm: other });
}

/** The holder of the other end moves three bytes, then lets go in that way; the sleeper is pid 2. */
function scene(sleeper: Sleeper, way: typeof WAYS[number], owners: typeof OWNERS[number]): Guest {
  const close = (g: Guest, fd: number) => g.mv(R.a0, fd).call("close");
  const g = piped(sleeper);
  if (owners === "dup") g.mv(R.a0, R.s1).call("dup").mv(R.s2, R.a0);
  g.call("fork").unless(R.a0, "sleeper");
  close(g, R.s0);
  if (owners === "fork") {
    g.call("fork").unless(R.a0, "first").call("pause", 20).call("exit", 0).label("first");
  }
  g.call("pause", 3).mv(R.a0, R.s1).call(sleeper === "read" ? "write" : "read", null, BUFFER, 3)
    .call("pause", 3);
  if (way === "close") {
    close(g, R.s1).call("pause", 3);
    if (owners === "dup") close(g, R.s2);
    g.call("pause", 30);
  }
  if (way === "kill") g.label("ever").jump("ever");
  g.call("exit", 0).label("sleeper");
  close(g, R.s1);
  if (owners === "dup") close(g, R.s2);
  if (sleeper === "read") {
    g.li(R.s3, 0).label("again").mv(R.a0, R.s0).call("read", null, BUFFER, 10).below(R.a0, "ended")
      .put("add", { rd: R.s3, rs1: R.s3, rs2: R.a0 }).unless(R.a0, "again");
  } else g.mv(R.a0, R.s0).call("write", null, 0, PIPE_SIZE + 100).mv(R.s3, R.a0);
  return g.label("ended").call("wait", 0).call("wait", 0).mv(R.a0, R.s3).call("exit");
}

/** Runs in small slices until `when`, or the end. */
function runUntil(run: { slice(n: number): boolean }, when: () => boolean): void {
  for (let n = 0; !when() && !run.slice(500); n++) assert(n < 5000, "it does not come to that");
}

/** Number of the last event that is like that. */
function last(vm: Vm, like: (e: ReturnType<Vm["events"]>[number]) => boolean): number {
  return vm.events().findLast(like)?.n ?? -1;
}

for (const sleeper of ["read", "write"] as const) {
  for (const way of WAYS) {
    for (const owners of OWNERS) {
      Deno.test(`${sleeper} sleeps, the other end is let go by ${way}, owned by ${owners}`, () => {
        for (const [quantum, seed] of [[2000, 0], [700, 3]]) {
          const vm = boot({ quantum, seed });
          const { free } = vm.free();
          const files = kernelOf(vm).state.ftable.filter((f) => f !== undefined).length;
          const run = vm.start("guest", [], scene(sleeper, way, owners).elf());
          const moved = () =>
            last(
              vm,
              (e) =>
                e.kind === "return" && e.pid === 3 &&
                e.why === (sleeper === "read" ? "write" : "read"),
            );
          if (way === "kill") {
            runUntil(run, () => moved() >= 0 && kernelOf(vm).state.ticks > 8);
            assertEquals(recordOf(vm.process(2)).state, "sleeping");
            vm.process(3).kill();
          }
          const report = run.finish();
          // A reader has had the three bytes, and then the end of the file; a writer -1, whatever was taken.
          assertEquals([report.status, report.stop.kind], [sleeper === "read" ? 3 : -1, "exited"]);
          const woke = last(vm, (e) => e.kind === "return" && e.pid === 2 && e.why === sleeper);
          const gone = way === "close" && owners !== "fork"
            ? last(vm, (e) => e.kind === "return" && e.pid === 3 && e.why === "close")
            : last(vm, (e) => e.kind === "exit" && e.old === (owners === "fork" ? 4 : 3));
          assert(moved() >= 0 && gone > moved() && woke > gone, `${moved()} ${gone} ${woke}`);
          assertEquals([
            vm.free().free,
            kernelOf(vm).state.ftable.filter((f) => f !== undefined).length,
          ], [free, files]);
          assertAudit(vm);
        }
      });
    }
  }
  Deno.test(`${sleeper} sleeps and is killed: the other end notices, what is in the pipe stays`, () => {
    const vm = boot({ quantum: 2000 });
    const { free } = vm.free();
    const files = kernelOf(vm).state.ftable.filter((f) => f !== undefined).length;
    // The holder spins until the sleeper is gone, then takes or gives what it can; its status is what it got.
    const guest = piped(sleeper).call("fork").unless(R.a0, "sleeper")
      .mv(R.a0, R.s0).call("close").li(R.s2, FDS).label("ever")
      .put("lw", { rd: R.a0, rs1: R.s2, imm: 8 }).put("beq", { rs1: R.a0, rs2: 0 }, "ever")
      .li(R.s3, 0);
    if (sleeper === "read") guest.mv(R.a0, R.s1).call("write", null, BUFFER, 3).mv(R.s3, R.a0);
    else {
      guest.label("again").mv(R.a0, R.s1).call("read", null, BUFFER, 100)
        .put("add", { rd: R.s3, rs1: R.s3, rs2: R.a0 }).unless(R.a0, "again");
    }
    guest.mv(R.a0, R.s3).call("exit")
      .label("sleeper").mv(R.a0, R.s1).call("close").mv(R.a0, R.s0)
      .call(sleeper, null, BUFFER, sleeper === "read" ? 1 : PIPE_SIZE + 1).call("exit", 0);
    const run = vm.start("guest", [], guest.elf());
    runUntil(run, () => recordOf(vm.process(2)).state === "sleeping");
    vm.process(2).kill();
    vm.process(3).store(FDS + 8, 1, 4);
    assertEquals(run.finish().status, -1);
    const holder = kernelOf(vm).state.ended.find((one) => one.pid === 3)!;
    assertEquals(holder.status, sleeper === "read" ? -1 : PIPE_SIZE);
    assertEquals(
      [vm.free().free, kernelOf(vm).state.ftable.filter((f) => f !== undefined).length],
      [free, files],
    );
    assertAudit(vm);
  });
}
