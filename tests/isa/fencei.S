/* Zifencei: code written by stores runs as written after fence.i, physical and behind page tables. */
#include "harness.inc"
#include "paging.inc"

/* Writes `addi a0, a0, \n` and `ret` at (s0), then calls it: a0 = 100 + n. */
.macro write_and_call n
  li t5, 0x00050513 | ((\n) << 20)
  sw t5, 0(s0)
  li t5, 0x00008067
  sw t5, 4(s0)
  fence.i
  li a0, 100
  jalr s0
.endm

PAGING
  la s0, patch
  write_and_call 1
  SAME(a0, 101)
  write_and_call 2
  SAME(a0, 102)
  .rept 3
  write_and_call 7
  SAME(a0, 107)
  write_and_call 8
  SAME(a0, 108)
  .endr
  /* by halves, bytes, doublewords and AMOs */
  HERE
  li t5, 0x0035
  sh t5, 2(s0)
  fence.i
  li a0, 100
  jalr s0
  SAME(a0, 103)
  li t5, 0x45
  sb t5, 2(s0)
  fence.i
  li a0, 100
  jalr s0
  SAME(a0, 104)
  li t5, 0x0000806700550513
  sd t5, 0(s0)
  fence.i
  li a0, 100
  jalr s0
  SAME(a0, 105)
  li t5, 0x00650513
  amoswap.w zero, t5, (s0)
  fence.i
  li a0, 100
  jalr s0
  SAME(a0, 106)
  /* misaligned, over an instruction's end: its upper half and the next one's lower */
  li t5, 0x80670075
  sw t5, 2(s0)
  fence.i
  li a0, 100
  jalr s0
  SAME(a0, 107)
  /* 4-byte code becomes two 2-byte instructions, and back */
  li t5, 0x05090505 /* c.addi a0, 1; c.addi a0, 2 */
  sw t5, 0(s0)
  fence.i
  li a0, 100
  jalr s0
  SAME(a0, 103)
  addi s1, s0, 2
  li a0, 100
  jalr s1
  SAME(a0, 102)
  write_and_call 9
  SAME(a0, 109)

  /* in a loop that patches what is just ahead of it, on the same page */
  la s0, ahead
  li s1, 0
  li a0, 0
1:
  slli t5, s1, 20
  li t6, 0x00050513
  or t5, t5, t6
  sw t5, 0(s0)
  fence.i
ahead:
  addi a0, a0, 0
  addi s1, s1, 1
  li t6, 50
  bne s1, t6, 1b
  SAME(a0, 1225)

  /* written through one mapping, run through another, in U */
  PTE(l0, 1, patch, V | X | U | A)
  PTE(l0, 2, patch, V | R | W | A | D)
  .macro run_in_u n
  HERE
  li s0, PAGES + 0x2000
  li s2, 0x00050513 | ((\n) << 20)
  RESUME_AT 9f
  ENTER MPP_S, 8f
8:
  sw s2, 0(s0)
  li s2, 0x00000073
  sw s2, 4(s0)
  fence.i
  ecall
9:
  M_TRAP(9)
  li a0, 100
  RESUME_AT 9f
  li t6, MPP
  csrc mstatus, t6
  li t6, PAGES + 0x1000
  csrw mepc, t6
  mret
9:
  M_TRAP(8)
  SAME(a0, 100 + (\n))
  .endm
  run_in_u 1
  run_in_u 2
  run_in_u 3
  /* the frame given away and its page filled anew */
  la s0, patch
  write_and_call 33
  SAME(a0, 133)
  PTE(l0, 1, patch_too, V | X | U | A)
  PTE(l0, 2, patch_too, V | R | W | A | D)
  run_in_u 4
  PTE(l0, 1, patch, V | X | U | A)
  PTE(l0, 2, patch, V | R | W | A | D)
  run_in_u 5
PASS

  .section .data
  .balign 4096
patch:
  .fill 4096, 1, 0
patch_too:
  .fill 4096, 1, 0
