/** Calls that wait and are run again: bytes through pipes, whatever the piece and whatever the schedule. */

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { PIPE_SIZE } from "../../../src/vm/kernel/files/pipe.ts";
import { assertAudit, boot, Guest, R, runGuest } from "../../vm/lab.ts";

const DATA = 0x1000;

/**
 * A child writes the whole heap (`total` bytes) to a pipe in pieces of `write`; the parent reads pieces of
 * `read` into a copy, closes, waits, and compares all of it: status 0 when every byte is there, in order.
 */
function through(total: number, write: number, read: number): Guest {
  const room = Math.ceil(total / 4096) * 4096;
  return new Guest()
    .call("sbrk", 2 * room + 4096, 1).mv(R.s0, R.a0)
    // Byte i is i * 7 modulo 251, near enough: add 7, wrap by the byte itself.
    .li(R.a1, total).mv(R.a2, R.s0).li(R.a3, 1)
    .label("fill")
    .put("sb", { rs1: R.a2, rs2: R.a3, imm: 0 })
    .put("addi", { rd: R.a3, rs1: R.a3, imm: 7 })
    .put("xor", { rd: R.a3, rs1: R.a3, rs2: R.a1 })
    .put("addi", { rd: R.a2, rs1: R.a2, imm: 1 })
    .put("addi", { rd: R.a1, rs1: R.a1, imm: -1 })
    .unless(R.a1, "fill")
    .call("pipe", DATA).call("fork").unless(R.a0, "parent")
    .li(R.t3, DATA).put("lw", { rd: R.s2, rs1: R.t3, imm: 4 })
    .mv(R.s1, R.s0).li(R.s3, total)
    .label("write")
    .li(R.a2, write)
    .put("bge", { rs1: R.s3, rs2: R.a2 }, "whole").mv(R.a2, R.s3).label("whole")
    .mv(R.a0, R.s2).mv(R.a1, R.s1).call("write")
    .below(R.a0, "failed")
    .put("add", { rd: R.s1, rs1: R.s1, rs2: R.a0 })
    .put("sub", { rd: R.s3, rs1: R.s3, rs2: R.a0 })
    .unless(R.s3, "write")
    .call("exit", 0)
    .label("failed").call("exit", 7)
    .label("parent")
    .li(R.t3, DATA).put("lw", { rd: R.a0, rs1: R.t3, imm: 4 }).call("close")
    .li(R.t3, DATA).put("lw", { rd: R.s2, rs1: R.t3, imm: 0 })
    .li(R.s1, room).put("add", { rd: R.s1, rs1: R.s0, rs2: R.s1 }).li(R.s3, 0)
    .label("read")
    .mv(R.a0, R.s2).put("add", { rd: R.a1, rs1: R.s1, rs2: R.s3 }).li(R.a2, read).call("read")
    .below(R.a0, "failed")
    .put("add", { rd: R.s3, rs1: R.s3, rs2: R.a0 })
    .unless(R.a0, "read")
    .li(R.a1, total).put("bne", { rs1: R.a1, rs2: R.s3 }, "failed")
    .label("compare")
    .put("lbu", { rd: R.a2, rs1: R.s0, imm: 0 }).put("lbu", { rd: R.a3, rs1: R.s1, imm: 0 })
    .put("bne", { rs1: R.a2, rs2: R.a3 }, "failed")
    .put("addi", { rd: R.s0, rs1: R.s0, imm: 1 }).put("addi", { rd: R.s1, rs1: R.s1, imm: 1 })
    .put("addi", { rd: R.a1, rs1: R.a1, imm: -1 })
    .unless(R.a1, "compare")
    .call("wait", DATA + 16)
    .li(R.t3, DATA).put("lw", { rd: R.a0, rs1: R.t3, imm: 16 }).call("exit");
}

Deno.test("any sizes of writes and reads, any tick length and seed: every byte, in order", () => {
  const size = fc.oneof(
    fc.integer({ min: 1, max: 1500 }),
    fc.constantFrom(1, PIPE_SIZE - 1, PIPE_SIZE, PIPE_SIZE + 1, 1033, 4096),
  );
  fc.assert(
    fc.property(
      fc.record({
        total: fc.integer({ min: 1, max: 9000 }),
        write: size,
        read: size,
        quantum: fc.integer({ min: 50, max: 5000 }),
        seed: fc.nat(1000),
        policy: fc.constantFrom("cow", "eager"),
      }),
      ({ total, write, read, quantum, seed, policy }) => {
        const vm = boot({ quantum, seed, policy });
        const free = vm.free().free;
        const report = runGuest(vm, through(total, write, read));
        assertEquals([report.status, report.console], [0, ""]);
        assertEquals(vm.free().free, free);
        assertAudit(vm);
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("a writer that waits for room hears when the last reader closes", () => {
  const end = (which: number) => (g: Guest) =>
    g.li(R.t3, DATA).put("lw", { rd: R.a0, rs1: R.t3, imm: 4 * which });
  const guest = new Guest().call("pipe", DATA).call("fork").unless(R.a0, "parent");
  end(0)(guest).call("close");
  end(1)(guest).call("write", null, DATA, 1000)
    .below(R.a0, "told").call("exit", 7).label("told").call("exit", 5)
    .label("parent").call("pause", 3);
  end(0)(guest).call("close").call("wait", DATA + 16)
    .li(R.t3, DATA).put("lw", { rd: R.a0, rs1: R.t3, imm: 16 }).call("exit");
  const vm = boot();
  assertEquals(runGuest(vm, guest).status, 5);
  assertAudit(vm);
});

Deno.test("a manual process fills a pipe, is told that more would wait, and loses nothing", () => {
  const vm = boot();
  const p = vm.spawn();
  p.sbrk(4096);
  for (let i = 0; i < 1024; i += 8) p.store(0x3000 + i, BigInt(i));
  p.call("pipe", 0x3f00);
  const [r, w] = [Number(p.load(0x3f00, 4)), Number(p.load(0x3f04, 4))];
  const child = p.fork();
  assertEquals(p.call("write", w, 0x3000, PIPE_SIZE).result, BigInt(PIPE_SIZE));
  const blocked = p.call("write", w, 0x3000, 8);
  assertEquals([blocked.result, blocked.blocked?.on], [undefined, "pipe-space"]);
  assertEquals(child.call("read", r, 0x3800, 600).result, BigInt(PIPE_SIZE));
  for (let i = 0; i < PIPE_SIZE; i += 8) assertEquals(child.load(0x3800 + i), BigInt(i));
  const empty = child.call("read", r, 0x3800, 1);
  assertEquals([empty.result, empty.blocked?.on], [undefined, "pipe-data"]);
  assertEquals(p.load(0x3800), 0n, "the child read into its own copy");
  assertAudit(vm);
});

Deno.test("a reader that waits gets what a running program writes", () => {
  const vm = boot();
  const guest = through(3000, 700, 90);
  // A thousand instructions at a time, with a manual process's calls in between.
  const other = vm.spawn();
  const run = vm.start("guest", [], guest.elf());
  while (!run.slice(1000)) assertEquals(other.call("getpid").result, BigInt(other.pid));
  assertEquals(run.report().status, 0);
  assertAudit(vm);
});
