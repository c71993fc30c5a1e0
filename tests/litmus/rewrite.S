/*
 * Code that one hart rewrites while another one runs it, without fence.i. Nothing obliges a hart to see
 * that, and QEMU 7.2 with its threads may go on for ever with what it has translated, fence.i or not;
 * here code is what was stored last.
 *
 *   unfenced 60     calls that ran what the other had written, after word of it
 *   backwards 0     times that a caller of a function that is rewritten upwards saw it go down
 *   freed 3         loops without an end that a store made end: by sw, by AMO, by SC
 */
#include "harts.inc"
#include "written.inc"

  HARTS(2, 2)
  la s2, patch
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
  .option pop
  .balign 4096
right:
  .dword 0
