/*
 * What becomes of hart 0's reservation while hart 1 does something: one line each, with what its SC
 * answers (0 when it stored) and what is in the cell then, which was 5; the SC would store 9.
 *
 * After a store of hart 1 to the cell, whatever it stored, the SC must fail. Where hart 1 did not store
 * there it may do either.
 */
#include "harts.inc"

/* Hart 0 reserves, hart 1 does what stands between, hart 0 stores. s2 = &cell. */
#define WHILE(name, ...) while __LINE__, name; __VA_ARGS__; while_end name
.macro while line, name
  li gp, \line
  call barrier
  bnez tp, 1f
  li t0, 5
  sd t0, 0(s2)
  sd t0, 128(s2)
  la s3, turn
  li s4, 1
  fence rw, rw
  lr.d s5, (s2)
  sw s4, 0(s3)
2:
  lw t0, 0(s3)
  beq t0, s4, 2b
  li s6, 9
  sc.d s7, s6, (s2)
  fence rw, rw
  j 3f
1:
  li t0, 1
  bne tp, t0, 3f
  AWAIT turn, 1
  li a0, 7
.endm
.macro while_end name
  fence rw, rw
  la t0, turn
  li t1, 2
  sw t1, 0(t0)
3:
  call barrier
  bnez tp, 4f
  la t0, turn
  sw zero, 0(t0)
  SAY "\name "
  mv a0, s7
  call say_number
  SAY " "
  ld a0, 0(s2)
  call say_number
  SAY "\n"
4:
.endm

  HARTS(2, 2)
  la s2, cell
  WHILE(nothing, nop)
  WHILE(load, lw a1, 0(s2))
  WHILE(far-store, sd a0, 128(s2))
  WHILE(store, sd a0, 0(s2))
  WHILE(half, sh a0, 0(s2))
  WHILE(byte, sb a0, 7(s2))
  WHILE(amo, amoadd.d zero, a0, (s2))
  WHILE(lr-sc, 7: lr.d a1, (s2); sc.d a1, a0, (s2); bnez a1, 7b)
  /* The value that was there: the SC compares no values. */
  WHILE(same-value, li a0, 5; sd a0, 0(s2))
  WHILE(there-and-back, sd a0, 0(s2); li a0, 5; sd a0, 0(s2))

  /* A reservation is of the hart that made it: hart 1's SC without one of its own fails. */
  WHILE(others-sc, sc.d a1, a0, (s2); beqz a1, test_failed)
  /* Its own one is of another place. */
  WHILE(others-place, addi a2, s2, 128; lr.d a1, (a2); sc.d a1, a0, (s2); beqz a1, test_failed)

  /* With both reserving at once, again and again, both come through in the end. */
  HERE
  call barrier
  bnez tp, 1f
  sd zero, 0(s2)
1:
  call barrier
  li s4, 200
2:
  lr.d t0, (s2)
  addi t0, t0, 1
  sc.d t1, t0, (s2)
  bnez t1, 2b
  addi s4, s4, -1
  bnez s4, 2b
  call barrier
  ld t0, 0(s2)
  SAME(t0, 400)
  DONE

  .section .bss
  .balign 64
cell:
  .fill 32, 8, 0
turn:
  .word 0
