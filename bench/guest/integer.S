/* Integer work on registers: shifts, adds, xors, a multiply, compares. 16 instructions a round. */
#include "start.h"
#define ROUNDS 100000000

START
  .option norvc
work:
  li a0, 0x9e3779b97f4a7c15
  li a1, 0x2545f4914f6cdd1d
  li a2, 0
  li a3, ROUNDS
  .balign 16
1:
  srli t0, a0, 12
  xor a0, a0, t0
  slli t0, a0, 25
  xor a0, a0, t0
  srli t0, a0, 27
  xor a0, a0, t0
  mul t1, a0, a1
  add a2, a2, t1
  sraiw t2, t1, 7
  sltu t3, t2, a0
  add a2, a2, t3
  andi t4, a2, 0x7ff
  or t5, t4, t3
  sub a2, a2, t5
  addi a3, a3, -1
  bnez a3, 1b
  li t0, 0x82d91272ba5ab800
  sub a0, a2, t0
  ret
