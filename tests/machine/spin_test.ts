/**
 * Harts that only spin get no turns, and go on when what they wait for comes: a word that another
 * hart stores, an interrupt, input. What they compute is what they would compute without parking.
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { paNum, RAM_BASE } from "../../src/vm/machine/address.ts";
import { Machine, type MachineOptions } from "../../src/vm/machine/machine.ts";
import { sameSaved } from "../../src/vm/machine/saver.ts";
import { assemble } from "./assemble.ts";

const SMALL = 16 * 1024 * 1024;

/** A machine with a program at the start of RAM. */
function made(program: string, options: MachineOptions): Machine {
  const machine = new Machine({ memBytes: SMALL, ...options });
  machine.ram.write(RAM_BASE, assemble(program).bytes);
  return machine;
}

/** Hart 0 counts down, then sets a flag that the others wait for; they add themselves up. */
const flagProgram = (work: number, others: number) => `
  csrrs s0, mhartid, zero
  li s1, 0x80001000
  bne s0, zero, others
  li t0, ${work}
work:
  addi t0, t0, -1
  bne t0, zero, work
  li t0, 1
  sw t0, 0(s1)
  li s2, 0x80001008
all:
  lw t1, 0(s2)
  li t2, ${others}
  bne t1, t2, all
  li t0, 0x100000
  li t1, 0x5555
  sw t1, 0(t0)
others:
  lw t1, 0(s1)
  beq t1, zero, others
  li s2, 0x80001008
  li t1, 1
  amoadd.w zero, t1, (s2)
end:
  jal zero, end
`;

Deno.test("a hart that waits for a word costs nothing, and sees the word", () => {
  const machine = made(flagProgram(3_000_000, 2), { harts: 3 });
  const stop = machine.run(100_000_000);
  assertEquals(stop.kind, "finisher");
  const [worked, ...spun] = machine.harts.map((hart) => hart.retired);
  assert(worked > 6_000_000);
  for (const one of spun) assert(one < 400_000, `a spinning hart ran ${one} instructions`);
});

Deno.test("a loop without any access is found, too: nobody will ever run", () => {
  const machine = made("end:\njal zero, end\n", { harts: 2 });
  assertEquals(machine.run(10_000_000).kind, "wfi");
  assert(machine.instret < 2_000_000, `${machine.instret}`);
});

Deno.test("an only hart in such a loop is found soon, after long work, too", () => {
  const program =
    "li t0, 3000000\nwork:\naddi t0, t0, -1\nbne t0, zero, work\nend:\njal zero, end\n";
  const machine = made(program, {});
  assertEquals(machine.run(20_000_000).kind, "wfi");
  assert(machine.instret < 8_000_000, `${machine.instret}`);
});

/** Works: counts in a register, in memory, or by calling itself. */
const WORK = {
  register: "addi t0, zero, 0\nwork:\naddi t0, t0, 1\nxor t1, t1, t0\njal zero, work\n",
  memory: `
  li s0, 0x80001000
work:
  lw t0, 0(s0)
  addi t0, t0, 1
  sw t0, 0(s0)
  jal zero, work
`,
};

Deno.test("an only hart that works is never searched for whether it spins", () => {
  for (const [name, program] of Object.entries(WORK)) {
    const machine = made(program, {});
    assertEquals(machine.run(30_000_000).kind, "budget");
    const [{ search, patience }] = machine.save().turns.spins;
    // Each search in vain makes it more patient.
    assertEquals([search, patience], [undefined, 1], name);
  }
});

/** A round of some ten thousand instructions, a thousand of which load; before it, some millions of work. */
const LONG_ROUND = `
  li t0, 4000000
work:
  addi t0, t0, -1
  bne t0, zero, work
round:
  li t0, 1000
  li t1, 0x80001000
each:
  ld t2, 0(t1)
  addi t1, t1, 8
  xor t3, t2, t1
  and t3, t3, t2
  or t3, t3, t1
  addi t4, t3, 1
  addi t0, t0, -1
  bne t0, zero, each
  jal zero, round
`;

Deno.test("an only hart in a loop of many thousand instructions is found by its states", () => {
  const machine = made(LONG_ROUND, {});
  assertEquals(machine.run(400_000_000).kind, "wfi");
});

/**
 * Hart 1 spins with software interrupts on. Hart 0 counts down, sends it one, and counts how often
 * it looks for the answer.
 */
const IPI = `
  csrrs s0, mhartid, zero
  li s1, 0x80001000
  bne s0, zero, other
  li t0, 3000000
work:
  addi t0, t0, -1
  bne t0, zero, work
  li t1, 0x2000004
  li t0, 1
  sw t0, 0(t1)
look:
  addi s2, s2, 1
  lw t1, 0(s1)
  beq t1, zero, look
  li t0, 0x100000
  li t1, 0x5555
  sw t1, 0(t0)
other:
  la t1, handler
  csrrw zero, mtvec, t1
  csrrwi zero, mie, 8
  csrrsi zero, mstatus, 8
spin:
  lw t1, 64(s1)
  beq t1, zero, spin
handler:
  li t1, 1
  sw t1, 0(s1)
  jal zero, spin
`;

Deno.test("an interrupt ends parking in the hart's next turn", () => {
  const machine = made(IPI, { harts: 2 });
  assertEquals(machine.run(1_000_000_000).kind, "finisher");
  assert(machine.harts[1].retired < 400_000, `it was parked: ${machine.harts[1].retired}`);
  const looks = Number(machine.harts[0].x(18));
  // Three instructions a look: two turns at most, of no more than two quanta each.
  assert(looks < 2 * 2 * 10_000 / 3, `${looks} looks`);
});

Deno.test("who spins on a register goes on when somebody outside sets it", () => {
  const program = "spin:\nbeq t0, zero, spin\nli t0, 0x100000\nli t1, 0x5555\nsw t1, 0(t0)\n";
  const machine = made(program, { harts: 2 });
  assertEquals(machine.run(20_000_000).kind, "wfi");
  machine.harts[1].setX(5, 1n);
  machine.changed();
  assertEquals(machine.run(200_000).kind, "finisher");
});

/** Waits for its timer in a loop that reads nothing but a word of RAM, which the handler sets. */
const TIMER = `
  li s0, 0x80001000
  csrrs t0, mhartid, zero
  slli t0, t0, 3
  add s0, s0, t0
  la t1, handler
  csrrw zero, mtvec, t1
  li t1, 0x2004000
  add t1, t1, t0
  li t2, 50000000
  sd t2, 0(t1)
  addi t3, zero, 128
  csrrs zero, mie, t3
  csrrsi zero, mstatus, 8
wait:
  lw t1, 0(s0)
  beq t1, zero, wait
  li t0, 0x100000
  li t1, 0x5555
  sw t1, 0(t0)
handler:
  addi t1, zero, 1
  sw t1, 0(s0)
  addi t3, zero, 128
  csrrc zero, mie, t3
  mret
`;

Deno.test("a hart that spins until its timer: time jumps, or the run ends there when told to", () => {
  for (const harts of [1, 3]) {
    const machine = made(TIMER, { harts });
    assertEquals(machine.run(100_000_000).kind, "finisher");
    assert(machine.instret < 3_000_000, `${harts}: ${machine.instret}`);
    assert(machine.clock.time >= 50_000_000);
    const paced = made(TIMER, { harts });
    paced.stopsIdle = true;
    const stop = paced.run(100_000_000);
    assertEquals(stop, { kind: "idle", due: 50_000_000 });
    assertEquals(paced.run(1000), stop);
    paced.clock.time = 50_000_000;
    assertEquals(paced.run(100_000_000).kind, "finisher");
  }
});

/** In S-mode, with interrupts on between two instructions only, waits for a word that its timer sets. */
const WINDOW = `
  la t0, super
  csrrw zero, mepc, t0
  la t0, tick
  csrrw zero, stvec, t0
  li t0, 0x1800
  csrrc zero, mstatus, t0
  li t0, 0x800
  csrrs zero, mstatus, t0
  addi t0, zero, 32
  csrrw zero, mideleg, t0
  csrrw zero, mie, t0
  addi t0, zero, 1
  slli t0, t0, 63
  csrrw zero, menvcfg, t0
  addi t0, zero, 2
  csrrw zero, mcounteren, t0
  li s0, 0x80001000
  mret
super:
  li t0, 50000000
  csrrw zero, stimecmp, t0
wait:
  csrrsi zero, sstatus, 2
  csrrci zero, sstatus, 2
  lw t1, 0(s0)
  beq t1, zero, wait
  li t0, 0x100000
  li t1, 0x5555
  sw t1, 0(t0)
tick:
  addi t1, zero, 1
  sw t1, 0(s0)
  addi t1, zero, -1
  csrrw zero, stimecmp, t1
  sret
`;

Deno.test("a search sees interrupts that are let through for one instruction", () => {
  for (const harts of [1, 3]) {
    const machine = made(WINDOW, { harts });
    assertEquals(machine.run(100_000_000).kind, "finisher", `${harts} harts`);
    assert(machine.instret < 3_000_000, `${harts}: ${machine.instret}`);
    assert(machine.clock.time >= 50_000_000);
  }
});

/** In S-mode, counts to 200,000 in sscratch: each round leaves all registers as they were. */
const COUNT = `
  la t0, super
  csrrw zero, mepc, t0
  li t0, 0x1800
  csrrc zero, mstatus, t0
  li t0, 0x800
  csrrs zero, mstatus, t0
  mret
super:
  li t1, 200000
round:
  csrrs t0, sscratch, zero
  addi t0, t0, 1
  csrrw zero, sscratch, t0
  beq t0, t1, done
  addi t0, zero, 0
  jal zero, round
done:
  li t0, 0x100000
  li t1, 0x5555
  sw t1, 0(t0)
`;

Deno.test("who counts in a CSR does not spin", () => {
  for (const harts of [1, 3]) {
    const machine = made(COUNT, { harts });
    assertEquals(machine.run(10_000_000).kind, "finisher", `${harts} harts`);
  }
});

/** Works for long, so that searches find no loop; then looks at 32 words for ever, with a timer ten times a second. */
const IDLE = `
  la t0, tick
  csrrw zero, mtvec, t0
  li s0, 0x2004000
  li s1, 0x80001000
  li s2, 1000000
  addi t0, zero, 128
  csrrs zero, mie, t0
  li t0, 4000000
work:
  andi t1, t0, 2047
  slli t1, t1, 3
  add t1, t1, s1
  sd t0, 0(t1)
  addi t0, t0, -1
  bne t0, zero, work
  sd s2, 0(s0)
idle:
  csrrsi zero, mstatus, 8
  addi t1, s1, 0
  addi t2, zero, 32
each:
  ld t3, 0(t1)
  addi t1, t1, 8
  addi t2, t2, -1
  bne t2, zero, each
  jal zero, idle
tick:
  ld t4, 0(s0)
  add t4, t4, s2
  sd t4, 0(s0)
  mret
`;

Deno.test("a hart that has worked before it idles is found to spin between the ticks of a timer", () => {
  for (const harts of [1, 3]) {
    const machine = made(IDLE, { harts });
    machine.stopsIdle = true;
    const stop = machine.run(400_000_000);
    assertEquals(stop.kind, "idle", `${harts} harts`);
    // From then on it is known by its mark.
    const before = machine.instret;
    for (let ticks = 0; ticks < 30; ticks++) {
      const { kind, due } = machine.run(10_000_000) as { kind: string; due: number };
      assertEquals(kind, "idle");
      machine.clock.time = due;
    }
    const each = (machine.instret - before) / 30;
    assert(each < 100_000 * harts, `${each} instructions a tick`);
  }
});

/**
 * A scheduler as xv6 had it without wfi: it looks at 16 words, each under a lock of its own, with
 * interrupts on between; whoever finds one set clears it and counts, by a trap. Hart 0 sets them one by one.
 */
const scheduler = `
  csrrs s0, mhartid, zero
  li s1, 0x80001000
  li s2, 0x80002000
  la t0, back
  csrrw zero, mtvec, t0
  beq s0, zero, boss
sched:
  csrrsi zero, mstatus, 8
  addi s3, s1, 0
  addi s4, zero, 16
each:
  csrrci zero, mstatus, 8
lock:
  addi t0, zero, 1
  amoswap.w t0, t0, (s3)
  bne t0, zero, lock
  lw t1, 4(s3)
  beq t1, zero, none
  sw zero, 4(s3)
  addi t1, zero, 1
  amoadd.w zero, t1, (s2)
  ecall
none:
  amoswap.w zero, zero, (s3)
  addi s3, s3, 8
  addi s4, s4, -1
  bne s4, zero, each
  jal zero, sched
boss:
  addi s5, zero, 0
more:
  li t0, 300000
busy:
  addi t0, t0, -1
  bne t0, zero, busy
  andi t1, s5, 15
  slli t1, t1, 3
  add t1, t1, s1
  addi t2, zero, 1
  sw t2, 4(t1)
  addi s5, s5, 1
  addi t3, zero, 40
  bne s5, t3, more
wait:
  lw t0, 0(s2)
  bne t0, t3, wait
  li t0, 0x100000
  li t1, 0x5555
  sw t1, 0(t0)
back:
  csrrs t5, mepc, zero
  addi t5, t5, 4
  csrrw zero, mepc, t5
  mret
`;

Deno.test("schedulers without wfi: parked between, none of what they are to find is lost", () => {
  for (const seed of [0, 1, 2]) {
    const machine = made(scheduler, { harts: 3, seed });
    const stop = machine.run(400_000_000);
    assertEquals(stop.kind, "finisher", `seed ${seed}: ${JSON.stringify(stop)}`);
    const [boss, ...others] = machine.harts.map((hart) => hart.retired);
    assert(boss > 24_000_000);
    for (const one of others) assert(one < boss / 4, `seed ${seed}: ${one} of ${boss}`);
  }
});

/**
 * Each hart 300 times: takes a lock, holds it, hart 0 far longer than a turn and the others briefly,
 * counts, and fills 16 KiB of its own, byte by byte. It takes no interrupt on the way.
 */
const LOCKED = `
  csrrs s0, mhartid, zero
  li s1, 0x80001000
  li s2, 0x80002000
  li s3, 50000
  beq s0, zero, more
  li s3, 30
more:
  li t0, 1
lock:
  addi t1, t0, 0
  amoswap.w t1, t1, (s1)
  bne t1, zero, lock
  addi t2, s3, 0
hold:
  addi t2, t2, -1
  bne t2, zero, hold
  lw t3, 0(s2)
  addi t3, t3, 1
  sw t3, 0(s2)
  amoswap.w zero, zero, (s1)
  slli t2, s0, 16
  li t3, 0x80100000
  add t2, t2, t3
  li t3, 16384
  add t3, t3, t2
fill:
  sb s4, 0(t2)
  addi t2, t2, 1
  bne t2, t3, fill
  addi s4, s4, 1
  li t3, 300
  bne s4, t3, more
  beq s0, zero, boss
end:
  jal zero, end
boss:
  lw t0, 0(s2)
  li t1, 900
  bne t0, t1, boss
  li t0, 0x100000
  li t1, 0x5555
  sw t1, 0(t0)
`;

Deno.test("who waits for a lock is parked soon, though it fills memory at other times", () => {
  for (const seed of [0, 1, 2]) {
    const machine = made(LOCKED, { harts: 3, seed });
    assertEquals(machine.run(400_000_000).kind, "finisher");
    assertEquals(machine.ram.read32(paNum(RAM_BASE + 0x2000)), 900);
    const [boss, ...others] = machine.harts.map((hart) => hart.retired);
    const [holding, filling] = [300 * 2 * 50_000, 300 * 3 * 16_384];
    assert(boss > holding + filling && boss < 1.05 * (holding + filling), `seed ${seed}: ${boss}`);
    // A turn for each wait, at most.
    for (const one of others) assert(one < filling + 300 * 10_000, `seed ${seed}: ${one}`);
  }
});

/** Hart 0 works for long, so that searches find no loop, then idles as the others do from the start. */
const LATE = `
  csrrs s0, mhartid, zero
  li s1, 0x80001000
  bne s0, zero, idle
  li t0, 4000000
work:
  andi t1, t0, 2047
  slli t1, t1, 3
  add t1, t1, s1
  sd t0, 0(t1)
  addi t0, t0, -1
  bne t0, zero, work
idle:
  csrrsi zero, mstatus, 8
  li t1, 0x80010000
  addi t2, zero, 32
each:
  ld t3, 0(t1)
  addi t1, t1, 8
  addi t2, t2, -1
  bne t2, zero, each
  jal zero, idle
`;

Deno.test("a hart that has worked is found to idle by what is known of the others", () => {
  const machine = made(LATE, { harts: 3 });
  assertEquals(machine.run(400_000_000).kind, "wfi");
  const idle = machine.harts[0].retired - 6 * 4_000_000;
  assert(idle > 0 && idle < 500_000, `${idle} instructions`);
});

/** Hart 1 waits in WFI for its timer and notes when it came; hart 0 works on alone. */
const PUNCTUAL = `
  csrrs s0, mhartid, zero
  li s1, 0x80001000
  beq s0, zero, work
  la t1, handler
  csrrw zero, mtvec, t1
  li s2, 0x200bff8
  li s3, 0x2004008
  addi t1, zero, 128
  csrrs zero, mie, t1
next:
  ld t0, 0(s2)
  li t1, 100003
  add s4, t0, t1
  sd s4, 0(s3)
  csrrsi zero, mstatus, 8
wait:
  wfi
  jal zero, wait
handler:
  ld t0, 0(s2)
  sub t0, t0, s4
  ld t1, 0(s1)
  bge t1, t0, less
  sd t0, 0(s1)
less:
  addi s5, s5, 1
  addi t1, zero, 50
  bne s5, t1, next
  li t0, 0x100000
  li t1, 0x5555
  sw t1, 0(t0)
work:
  addi t0, t0, 1
  sd t0, 64(s1)
  jal zero, work
`;

Deno.test("a timer comes to a hart in time while another one works alone", () => {
  const machine = made(PUNCTUAL, { harts: 2 });
  assertEquals(machine.run(100_000_000).kind, "finisher");
  const latest = machine.ram.read32(paNum(RAM_BASE + 0x1000));
  // Ticks of ten instructions: two turns, of no more than one and a half quanta, twice extended.
  assert(latest <= 3_000, `${latest} ticks late`);
});

Deno.test("where all wait, a run that ends there as its budget ends leaves the same", () => {
  for (const harts of [1, 3]) {
    for (const program of [TIMER, WINDOW, IDLE]) {
      const [idle, cut] = [1, 2].map(() => made(program, { harts, seed: 3 }));
      idle.stopsIdle = cut.stopsIdle = true;
      // The first time it is searched, and later known, perhaps.
      for (let i = 0; i < 3; i++) {
        const stop = idle.run(400_000_000);
        if (stop.kind !== "idle") break;
        assertEquals(cut.run(idle.instret - cut.instret).kind, "budget");
        assert(sameSaved(cut.save(), idle.save()), `${harts} harts, ${i}`);
        idle.clock.time = cut.clock.time = stop.due;
      }
      assert(idle.clock.time >= 1_000_000);
    }
  }
});

Deno.test("however a run is cut, and saved and put back on the way, it is the same", () => {
  const cases = [[scheduler, 3], [LOCKED, 3], [IDLE, 1], [LONG_ROUND, 1], [
    WORK.memory,
    1,
  ]] as const;
  for (const [program, harts] of cases) {
    const whole = made(program, { harts, seed: 7 });
    whole.run(30_000_000);
    const end = whole.save();
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 4_000_000 }), { maxLength: 12 }), (cuts) => {
        let machine = made(program, { harts, seed: 7 });
        for (const cut of [...cuts, 30_000_000]) {
          machine.run(Math.min(cut, 30_000_000 - machine.instret));
          const other = made(program, { harts, seed: 7 });
          other.restore(machine.save());
          machine = other;
        }
        assert(sameSaved(machine.save(), end));
      }),
      { numRuns: 8 },
    );
  }
});
