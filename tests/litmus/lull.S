/*
 * A long time in which nobody but hart 0 has anything to do, as when a kernel fills memory at boot, and
 * then a race. Twice, so that what a machine has found out about waiting harts is used again.
 *
 *   waited 12345   instructions that hart 1 retired while it waited; fewer where it got no turns
 *   counted 150    what two harts counted together, ROUNDS times each, without any protection
 */
#include "harts.inc"

#define WORK   750000
#define ROUNDS 100

  HARTS(2, 8)
  la s2, flag
  la s3, cell
  li s4, 2           /* times */
again:
  call barrier
  bnez tp, 1f
  sd zero, 0(s2)
  sd zero, 0(s3)
1:
  call barrier
  rdinstret s5
  bnez tp, 2f
  li a0, WORK
  call dawdle
  li t0, 1
  sd t0, 0(s2)
2:
  ld t0, 0(s2)
  beqz t0, 2b
  rdinstret s6
  sub s6, s6, s5
  li t0, 1
  bne tp, t0, 3f
  la t0, waited
  sd s6, 0(t0)
3:
  /* a look at a clock is a sign of life */
  rdtime t0
  call barrier
  li t0, 2
  bgeu tp, t0, 5f
  li s5, ROUNDS
4:
  ld t0, 0(s3)
  addi t0, t0, 1
  sd t0, 0(s3)
  call dice
  srli a0, a0, 3
  call dawdle
  addi s5, s5, -1
  bnez s5, 4b
5:
  call barrier
  bnez tp, 6f
  SAY "waited "
  la a0, waited
  ld a0, 0(a0)
  call say_number
  SAY "\ncounted "
  ld a0, 0(s3)
  call say_number
  SAY "\n"
6:
  addi s4, s4, -1
  bnez s4, again
  DONE

  .section .bss
  .balign 64
flag:
  .fill 8, 8, 0
cell:
  .fill 8, 8, 0
waited:
  .dword 0
