/*
 * Each hart's timer at its own time. In a round each hart asks for one interrupt, in another order each
 * time, and all wait: in wfi until the last one has had its own, by the CLINT's mtimecmp and by S's
 * stimecmp in turn; and then spinning. For each round a line:
 *
 *   wfi 2 0 1 late 1       the harts in the order of their interrupts, and the most ticks late
 *
 * Nobody is interrupted too early, more than once, or by another hart's timer.
 */
#include "harts.inc"

#define ROUNDS 8
#define BEGIN_WFI  200000
#define BEGIN_SPIN 5000
#define STEP_WFI   40000
#define STEP_SPIN  1000

.macro TIME reg
  li \reg, CLINT_MTIME
  ld \reg, 0(\reg)
.endm

  HARTS(2, 8)
  la t0, rings
  csrw mtvec, t0
  la s3, harts
  lw s3, 0(s3)
  li t0, 1 << 63
  csrs 0x30a, t0     /* menvcfg: stimecmp (0x14d) counts */
  li t0, -1
  csrw 0x14d, t0
  li t0, MTI | STI | MSI
  csrw mie, t0
  li s4, 0           /* the round */
each_round:
  li s8, 1 << 63     /* when it rang; none yet */
  call barrier
  bnez tp, 1f
  li t1, BEGIN_WFI   /* by then all are asleep */
  li t0, ROUNDS / 2
  bltu s4, t0, 2f
  li t1, BEGIN_SPIN
2:
  TIME t0
  add t0, t0, t1
  la t1, base
  sd t0, 0(t1)
  la t1, rung
  sd zero, 0(t1)
  la t1, latest
  sd zero, 0(t1)
1:
  call barrier
  /* due at base + step × ((harts - 1 - hart + round) mod harts) */
  sub s5, s3, tp
  addi s5, s5, -1
  add s5, s5, s4
  remu s5, s5, s3
  andi s6, s4, 1
  li t0, STEP_WFI
  li t1, ROUNDS / 2
  bltu s4, t1, 2f
  li t0, STEP_SPIN
2:
  mul s5, s5, t0
  la t0, base
  ld t0, 0(t0)
  add s5, s5, t0
  li s11, MIE
  bnez s6, 3f
  li t0, CLINT_MTIMECMP
  slli t1, tp, 3
  add t0, t0, t1
  sd s5, 0(t0)
  j 4f
3:
  csrw 0x14d, s5
4:
  la s7, rung
  li t0, ROUNDS / 2
  bgeu s4, t0, 6f
  /* asleep, until the last one has rung and wakes all; with interrupts off, or one may come between
     the look and the sleep */
5:
  ld t0, 0(s7)
  beq t0, s3, 7f
  wfi
  csrs mstatus, s11
  csrc mstatus, s11
  j 5b
  /* awake, with registers that the handler leaves alone */
6:
  csrs mstatus, s11
  ld s9, 0(s7)
  bne s9, s3, 6b
  csrc mstatus, s11
7:
  HEARD
  HERE
  bltz s8, test_failed
  bltu s8, s5, test_failed
  sub t0, s8, s5
  la t1, latest
  amomaxu.d zero, t0, (t1)
  call barrier
  bnez tp, 9f
  li t0, ROUNDS / 2
  bltu s4, t0, 1f
  SAY "spin"
  j 2f
1:
  SAY "wfi"
2:
  la s9, order
  mv s10, s3
3:
  SAY " "
  ld a0, 0(s9)
  call say_number
  addi s9, s9, 8
  addi s10, s10, -1
  bnez s10, 3b
  SAY " late "
  la a0, latest
  ld a0, 0(a0)
  call say_number
  SAY "\n"
9:
  addi s4, s4, 1
  li t0, ROUNDS
  bne s4, t0, each_round
  DONE

/* A timer, or the word that all have rung. */
  .balign 4
rings:
  HERE
  csrr t0, mcause
  li t1, INTERRUPT | 3
  bne t0, t1, 1f
  HEARD
  mret
1:
  li t1, INTERRUPT | 7
  beqz s6, 2f
  li t1, INTERRUPT | 5
2:
  bne t0, t1, test_failed
  bgez s8, test_failed
  TIME s8
  li t1, -1
  csrw 0x14d, t1
  li t0, CLINT_MTIMECMP
  slli t2, tp, 3
  add t0, t0, t2
  sd t1, 0(t0)
  la t0, rung
  li t1, 1
  amoadd.d.aqrl t1, t1, (t0)
  la t0, order
  slli t2, t1, 3
  add t0, t0, t2
  sd tp, 0(t0)
  addi t1, t1, 1
  bne t1, s3, 4f
  mv t1, s3
3:
  addi t1, t1, -1
  SEND t1
  bnez t1, 3b
4:
  mret

  .section .bss
  .balign 8
base:
  .dword 0
rung:
  .dword 0
latest:
  .dword 0
order:
  .fill 8, 8, 0
