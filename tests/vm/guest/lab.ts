/** Guests that do a bit of everything, for tests of their time. */

import { Guest, type GuestOptions } from "../../../src/vm/guest.ts";
import type { Pace } from "../../../src/vm/guest/record.ts";
import { guestPartsOf } from "../../../src/vm/parts.ts";
import { assemble } from "../../machine/assemble.ts";
import { elf } from "../../machine/bare_lab.ts";
import { SMALL } from "../../machine/machine_lab.ts";

/** Where it counts what all harts do together. */
export const SHARED = 0x8000_2000;
/** Each hart's own page, one behind the other. */
export const OWN = 0x8001_0000;

/**
 * Each hart draws random numbers and stores them into a page of its own; now and then it calls its
 * handler (ecall) or waits (WFI); all add to one counter by LR and SC. A timer comes every some
 * hundred instructions; seldom a word is stored that others may wait for. Hart 0 hears the UART: it
 * adds up what is typed, says it back, and ends with code 3 at `q`.
 */
const program = (spins: boolean) => `
  csrrs s0, mhartid, zero
  la t0, handler
  csrrw zero, mtvec, t0
  li s1, ${SHARED}
  li s2, ${OWN}
  slli t1, s0, 12
  add s2, s2, t1
  csrrw zero, mscratch, s2
  li s3, 0x2004000
  slli t1, s0, 3
  add s3, s3, t1
  li s4, 0x200bff8
  ld t0, 0(s4)
  addi t0, t0, 50
  sd t0, 0(s3)
  li s6, 0x0c000000
  addi t0, zero, 1
  sw t0, 40(s6)
  li s6, 0x0c200004
  li s7, 0x10000000
  bne s0, zero, deaf
  li t1, 0x0c002000
  addi t0, zero, 1024
  sw t0, 0(t1)
  addi t0, zero, 1
  sb t0, 1(s7)
deaf:
  li t0, 0x888
  csrrw zero, mie, t0
  csrrsi zero, mstatus, 8
  addi s5, s0, 17
  li s8, 1103515245
  ${spins ? "bne s0, zero, deafened" : ""}
loop:
  mul s5, s5, s8
  addi s5, s5, 1237
  srli t0, s5, 20
  andi t1, t0, 2040
  add t1, t1, s2
  sd s5, 256(t1)
  andi t0, t0, 127
  bne t0, zero, nocall
  ecall
nocall:
  addi t1, zero, 9
  bne t0, t1, nowait
  wfi
nowait:
  srli t1, s5, 40
  andi t1, t1, 1023
  bne t1, zero, quiet
  sd s5, 8(s1)
quiet:
  lr.w t2, (s1)
  addi t2, t2, 1
  sc.w t3, t2, (s1)
  jal zero, loop
deafened:
  csrrw zero, mie, zero
spin:
  ld t0, 8(s1)
  beq t0, s9, spin
  addi s9, t0, 0
  sd s9, 64(s2)
  jal zero, spin
handler:
  csrrw a0, mscratch, a0
  sd t0, 8(a0)
  sd t1, 16(a0)
  csrrs t0, mcause, zero
  bge t0, zero, called
  slli t0, t0, 1
  addi t1, zero, 14
  bne t0, t1, heard
  ld t1, 24(a0)
  addi t1, t1, 1
  sd t1, 24(a0)
  ld t0, 0(s4)
  addi t0, t0, 50
  sd t0, 0(s3)
  jal zero, back
heard:
  lw t0, 0(s6)
  beq t0, zero, back
  sd t0, 48(a0)
next:
  lbu t1, 5(s7)
  andi t1, t1, 1
  beq t1, zero, claimed
  lbu t1, 0(s7)
  addi t0, zero, 113
  beq t1, t0, quit
  sb t1, 0(s7)
  ld t0, 40(a0)
  slli t0, t0, 3
  add t0, t0, t1
  sd t0, 40(a0)
  jal zero, next
claimed:
  ld t0, 48(a0)
  sw t0, 0(s6)
  jal zero, back
called:
  csrrs t0, mepc, zero
  addi t0, t0, 4
  csrrw zero, mepc, t0
  ld t1, 32(a0)
  addi t1, t1, 1
  sd t1, 32(a0)
back:
  ld t0, 8(a0)
  ld t1, 16(a0)
  csrrw a0, mscratch, a0
  mret
quit:
  li t0, 0x100000
  li t1, 0x33333
  sw t1, 0(t0)
  jal zero, quit
`;

const assembled = { busy: assemble(program(false)), spinning: assemble(program(true)) };

/** The address of a label of the busy guest. */
export function at(label: string): bigint {
  return 0x8000_0000n + BigInt(assembled.busy.labels.get(label)!);
}

/** A busy guest. */
export function busy(options: GuestOptions = {}): Guest {
  return new Guest(elf(assembled.busy.bytes), { memBytes: SMALL, quantum: 100, ...options });
}

/** The same, whose other harts only spin until hart 0 stores a word, which it seldom does. */
export function spinning(options: GuestOptions = {}): Guest {
  return new Guest(elf(assembled.spinning.bytes), { memBytes: SMALL, quantum: 1000, ...options });
}

/** Records a guest with states close to each other. */
export function recordOften(guest: Guest, pace: Partial<Pace> = {}): void {
  guestPartsOf(guest).history.record({
    every: 2000,
    everyFrame: 1,
    most: 100_000,
    bytes: 2 ** 28,
    ...pace,
  });
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const said = (guest: Guest): string =>
  guest.take().map((bytes) => new TextDecoder().decode(bytes)).join("");

/** Runs on by so many instructions, however often it waits. */
export function run(guest: Guest, instructions: number): void {
  for (const until = guest.instret + instructions; guest.instret < until;) {
    if (guest.slice(until - guest.instret).end !== undefined) return;
  }
}
