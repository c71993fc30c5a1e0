/* Loads and stores over 32 KiB: a doubleword, a word and a byte each way. 14 instructions a round. */
#include "start.h"
#define PASSES 40000
#define SIZE   32768

START
  .option norvc
work:
  li a2, 0
  li a3, PASSES
  la s0, field
  li t6, SIZE
  add s1, s0, t6
2:
  mv a0, s0
  .balign 16
1:
  ld t0, 0(a0)
  lw t1, 8(a0)
  lbu t2, 13(a0)
  lhu t3, 14(a0)
  add t0, t0, a2
  add t1, t1, t0
  add t2, t2, t3
  sd t0, 0(a0)
  sw t1, 8(a0)
  sb t2, 13(a0)
  sh t1, 14(a0)
  addi a2, a2, 1
  addi a0, a0, 16
  bltu a0, s1, 1b
  addi a3, a3, -1
  bnez a3, 2b
  /* fold the field into one number */
  li a4, 0
  mv a0, s0
1:
  ld t0, 0(a0)
  slli t1, a4, 5
  srli t2, a4, 59
  or a4, t1, t2
  xor a4, a4, t0
  addi a0, a0, 8
  bltu a0, s1, 1b
  li t0, 0x374b1534de1c4236
  sub a0, a4, t0
  ret
  .section .bss
  .balign 4096
field:
  .fill SIZE, 1, 0
