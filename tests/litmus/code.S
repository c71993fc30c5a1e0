/*
 * Code that another hart writes. Hart 0 writes, hart 1 runs; what came of it is said line by line:
 *
 *   fenced 60       calls that ran what was written, with fence.i after word that it is
 *   unfenced 60     the same without fence.i, where hart 1 need not see it
 *   backwards 0     times that a caller of a function that is rewritten upwards saw it go down
 *   data 500        stores to a page that the other runs at the same time
 *   calls 400       and its calls
 *   freed 3         loops without an end that a store made end: by sw, by AMO, by SC
 */
#include "harts.inc"

#define ROUNDS 60

/* The word for `addi a0, zero, \n` (a register), in \reg. */
.macro LI_A0 reg, n
  slli \reg, \n, 20
  li t0, 0x00000513
  or \reg, \reg, t0
.endm
.macro PRINT name, reg
  bnez tp, .Lquiet\@
  SAY "\name "
  mv a0, \reg
  call say_number
  SAY "\n"
.Lquiet\@:
.endm

/* Hart 0 writes ROUNDS times, hart 1 calls after \fence; s5 counts the calls that were right. */
.macro WRITTEN name, fence
  HERE
  li s3, 1
  call barrier
  bnez tp, 1f
  la t0, right
  sd zero, 0(t0)
1:
  call barrier
  bnez tp, 2f
  LI_A0 t1, s3
  sw t1, 0(s2)
2:
  call barrier
  beqz tp, 3f
  \fence
  jalr s2
  bne a0, s3, 3f
  la t0, right
  ld t1, 0(t0)
  addi t1, t1, 1
  sd t1, 0(t0)
3:
  addi s3, s3, 1
  li t0, ROUNDS + 1
  bne s3, t0, 1b
  call barrier
  la t0, right
  ld s5, 0(t0)
  PRINT \name, s5
.endm

  HARTS(2, 2)
  la s2, patch
  WRITTEN fenced, fence.i
  WRITTEN unfenced, nop

  /* Hart 0 writes 1, 2 … 200 in its own time, hart 1 calls on and on. */
  HERE
  call barrier
  la s4, right
  bnez tp, 2f
  sd zero, 0(s4)
  li s3, 1
1:
  LI_A0 t1, s3
  sw t1, 0(s2)
  call dice
  call dawdle
  addi s3, s3, 1
  li t0, 201
  bne s3, t0, 1b
  j 5f
2:
  fence.i
  li s3, 0
  li s5, 0
  /* what it was at the end of the part before, or 1 … */
  jalr s2
  li t0, ROUNDS
  beq a0, t0, 2b
3:
  mv s3, a0
  jalr s2
  bge a0, s3, 4f
  addi s5, s5, 1
4:
  li t0, 200
  bne a0, t0, 3b
  sd s5, 0(s4)
5:
  call barrier
  ld s5, 0(s4)
  PRINT backwards, s5

  /* Hart 0 counts in a cell of the page that hart 1 runs. */
  HERE
  call barrier
  bnez tp, 2f
  li s3, 500
1:
  la t0, beside
  ld t1, 0(t0)
  addi t1, t1, 1
  sd t1, 0(t0)
  addi s3, s3, -1
  bnez s3, 1b
  j 4f
2:
  li s3, 400
  li s5, 0
3:
  call bump
  addi s3, s3, -1
  bnez s3, 3b
  sd s5, 0(s4)
4:
  call barrier
  la t0, beside
  ld s5, 0(t0)
  PRINT data, s5
  ld s5, 0(s4)
  PRINT calls, s5

  /* Hart 1 runs in a circle of one instruction until hart 0 has made it another one. */
  HERE
  call barrier
  li s5, 0
  .irp how, plain, amo, conditional
  call barrier
  bnez tp, 1f
  call dice
  call dawdle
  la t0, circle_\how
  li t1, 0x00000013  /* nop */
  call write_\how
  j 2f
1:
  .balign 4
  .option push
  .option norvc
circle_\how:
  j circle_\how
  .option pop
  addi s5, s5, 1
2:
  .endr
  beqz tp, 1f
  sd s5, 0(s4)
1:
  call barrier
  ld s5, 0(s4)
  PRINT freed, s5
  DONE

write_plain:
  sw t1, 0(t0)
  ret
write_amo:
  amoswap.w zero, t1, (t0)
  ret
write_conditional:
  lr.w t2, (t0)
  sc.w t2, t1, (t0)
  bnez t2, write_conditional
  ret

  .section .data
  .balign 4096
  .option push
  .option norvc
patch:
  li a0, 0
  ret
bump:
  addi s5, s5, 1
  ret
  .option pop
  .balign 8
beside:
  .dword 0
  .balign 4096
right:
  .dword 0
