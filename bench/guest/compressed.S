/* A loop made of 16-bit instructions only, as most of a compiled kernel is. 16 instructions a round. */
#include "start.h"
#define ROUNDS 100000000

START
  .option rvc
work:
  li a0, 1
  li a1, 3
  li a2, 0
  li a3, ROUNDS
  la s0, cell
  .balign 16
1:
  c.add a0, a1
  c.mv a4, a0
  c.slli a4, 13
  c.xor a0, a4
  c.mv a5, a0
  c.srli a5, 7
  c.xor a0, a5
  c.sd a0, 0(s0)
  c.lw a4, 4(s0)
  c.andi a4, 15
  c.add a2, a4
  c.addi a1, 1
  c.addw a4, a5
  c.sub a2, a4
  c.addi a3, -1
  c.bnez a3, 1b
  li t0, 0xddfc797fd98
  sub a0, a2, t0
  ret
  .section .bss
  .balign 8
cell:
  .fill 16, 1, 0
