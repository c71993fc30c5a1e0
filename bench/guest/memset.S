/* The byte-wise fill that xv6 spends half of usertests in: 4 KiB at a time, then a check. */
#include "start.h"
#define PASSES 120000

START
  .option norvc
work:
  li a3, PASSES
  la s0, page
  li t6, 4096
  add s1, s0, t6
2:
  mv a0, s0
1:
  sb a3, 0(a0)
  addi a0, a0, 1
  bne a0, s1, 1b
  addi a3, a3, -1
  bnez a3, 2b
  /* the last pass wrote ones */
  li a2, 0
  mv a0, s0
1:
  lbu t0, 0(a0)
  add a2, a2, t0
  addi a0, a0, 1
  bne a0, s1, 1b
  li t0, 4096
  sub a0, a2, t0
  ret
  .section .bss
  .balign 4096
page:
  .fill 4096, 1, 0
