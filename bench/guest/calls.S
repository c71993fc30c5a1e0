/* Calls and returns: Fibonacci by recursion, as a compiler would lay it out. */
#include "start.h"
#define N 36
#define EXPECT 14930352

START
  .option norvc
work:
  addi sp, sp, -16
  sd ra, 8(sp)
  li a0, N
  call fib
  li t0, EXPECT
  sub a0, a0, t0
  ld ra, 8(sp)
  addi sp, sp, 16
  ret
fib:
  li t0, 2
  blt a0, t0, 1f
  addi sp, sp, -24
  sd ra, 0(sp)
  sd s0, 8(sp)
  sd s1, 16(sp)
  mv s0, a0
  addi a0, a0, -1
  call fib
  mv s1, a0
  addi a0, s0, -2
  call fib
  add a0, a0, s1
  ld ra, 0(sp)
  ld s0, 8(sp)
  ld s1, 16(sp)
  addi sp, sp, 24
1:
  ret
