/* M: products, quotients and remainders at the edges, then identities over a grid of operands. */
#include "harness.inc"

#define MIN64 0x8000000000000000
#define MAX64 0x7fffffffffffffff
#define MIN32 0xffffffff80000000
#define MAX32 0x000000007fffffff

#define RR(op, a, b, ...) rr __LINE__, op, a, b, __VA_ARGS__

.macro rr line, op, a, b, result
  li a0, \a
  li a1, \b
  \op a2, a0, a1
  same \line, a2, \result
  mv a3, a0
  \op a3, a3, a1
  same \line, a3, \result
  mv a3, a1
  \op a3, a0, a3
  same \line, a3, \result
  \op zero, a0, a1
  equal \line, zero, x0
  same \line, a0, \a
  same \line, a1, \b
.endm

START
  RR(mul, 0, -1, 0)
  RR(mul, -1, -1, 1)
  RR(mul, MIN64, -1, MIN64)
  RR(mul, MIN64, MIN64, 0)
  RR(mul, 0xffffffff, 0xffffffff, 0xfffffffe00000001)
  RR(mul, 0x123456789abcdef0, 16, 0x23456789abcdef00)
  RR(mul, MAX64, 2, -2)
  RR(mulh, -1, -1, 0)
  RR(mulh, MIN64, MIN64, 0x4000000000000000)
  RR(mulh, MIN64, -1, 0)
  RR(mulh, MIN64, 1, -1)
  RR(mulh, MAX64, MAX64, 0x3fffffffffffffff)
  RR(mulh, MIN64, MAX64, 0xc000000000000000)
  RR(mulh, 1, -1, -1)
  RR(mulhu, -1, -1, 0xfffffffffffffffe)
  RR(mulhu, MIN64, 2, 1)
  RR(mulhu, MIN64, MIN64, 0x4000000000000000)
  RR(mulhu, 0xffffffff, 0xffffffff, 0)
  RR(mulhu, 1, -1, 0)
  RR(mulhsu, -1, -1, -1)
  RR(mulhsu, -1, 1, -1)
  RR(mulhsu, 1, -1, 0)
  RR(mulhsu, MIN64, -1, MIN64)
  RR(mulhsu, MIN64, MIN64, 0xc000000000000000)
  RR(mulhsu, MAX64, -1, 0x7ffffffffffffffe)
  RR(mulhsu, 0, -1, 0)
  RR(mulw, MAX32, 2, -2)
  RR(mulw, MIN32, -1, MIN32)
  RR(mulw, 0x100000003, 0x500000007, 21)
  RR(mulw, 0x10000, 0x10000, 0)
  RR(mulw, 0xffff, 0x10001, -1)

  /* division by zero gives all ones and the dividend, overflow gives the dividend and 0; no trap */
  RR(div, 20, 6, 3)
  RR(div, -20, 6, -3)
  RR(div, 20, -6, -3)
  RR(div, -20, -6, 3)
  RR(div, 1, 0, -1)
  RR(div, -1, 0, -1)
  RR(div, 0, 0, -1)
  RR(div, MIN64, 0, -1)
  RR(div, MIN64, -1, MIN64)
  RR(div, MIN64, 1, MIN64)
  RR(div, MIN64, MIN64, 1)
  RR(div, MAX64, MIN64, 0)
  RR(divu, 20, 6, 3)
  RR(divu, -20, 6, 0x2aaaaaaaaaaaaaa7)
  RR(divu, 20, -6, 0)
  RR(divu, MIN64, -1, 0)
  RR(divu, -1, 1, -1)
  RR(divu, 5, 0, -1)
  RR(divu, 0, 0, -1)
  RR(divu, -1, MIN64, 1)
  RR(rem, 20, 6, 2)
  RR(rem, -20, 6, -2)
  RR(rem, 20, -6, 2)
  RR(rem, -20, -6, -2)
  RR(rem, 5, 0, 5)
  RR(rem, MIN64, 0, MIN64)
  RR(rem, MIN64, -1, 0)
  RR(rem, MAX64, -1, 0)
  RR(rem, 0, 0, 0)
  RR(remu, 20, 6, 2)
  RR(remu, -20, 6, 2)
  RR(remu, 20, -6, 20)
  RR(remu, MIN64, -1, MIN64)
  RR(remu, -1, 0, -1)
  RR(remu, -1, MIN64, MAX64)

  RR(divw, -20, 6, -3)
  RR(divw, 0x1234567800000014, 0xffffffff00000006, 3)
  RR(divw, MIN32, -1, MIN32)
  RR(divw, 0x80000000, 0xffffffff, MIN32)
  RR(divw, 7, 0, -1)
  RR(divw, 7, 0x100000000, -1)
  RR(divw, MIN32, 1, MIN32)
  RR(divuw, -20, 6, 0x2aaaaaa7)
  RR(divuw, 0xffffffff, 1, -1)
  RR(divuw, MIN32, 1, MIN32)
  RR(divuw, 7, 0, -1)
  RR(divuw, 7, 0x700000000, -1)
  RR(divuw, 0x100000000, 1, 0)
  RR(remw, -20, 6, -2)
  RR(remw, MIN32, -1, 0)
  RR(remw, 0x80000000, 0, MIN32)
  RR(remw, 0x500000007, 0, 7)
  RR(remw, 0xfffffff9, 4, -3)
  RR(remuw, -20, 6, 2)
  RR(remuw, 0x80000000, 0xffffffff, MIN32)
  RR(remuw, 0xf80000000, 0, MIN32)
  RR(remuw, 0xffffffff, 0x80000000, MAX32)

  /*
   * Over every pair of the grid: the two halves of the unsigned product agree with one made from
   * 32-bit pieces, the signed high halves follow from it, and dividend = quotient * divisor +
   * remainder with the remainder smaller than the divisor and of the dividend's sign.
   */
  la s0, grid
outer:
  la s1, grid
inner:
  ld a0, 0(s0)
  ld a1, 0(s1)
  jal pair
  addi s1, s1, 8
  la t6, grid_end
  bne s1, t6, inner
  addi s0, s0, 8
  la t6, grid_end
  bne s0, t6, outer
PASS

pair:
  /* a2:a3 = a0 * a1 unsigned, from four 32 x 32 products */
  slli s2, a0, 32
  srli s2, s2, 32
  srli s3, a0, 32
  slli s4, a1, 32
  srli s4, s4, 32
  srli s5, a1, 32
  mul s6, s2, s4
  mul s7, s3, s4
  mul s8, s2, s5
  mul s9, s3, s5
  srli s10, s6, 32
  slli t0, s7, 32
  srli t0, t0, 32
  slli t1, s8, 32
  srli t1, t1, 32
  add s10, s10, t0
  add s10, s10, t1
  slli a3, s10, 32
  slli t0, s6, 32
  srli t0, t0, 32
  or a3, a3, t0
  srli s10, s10, 32
  srli t0, s7, 32
  srli t1, s8, 32
  add a2, s9, t0
  add a2, a2, t1
  add a2, a2, s10

  mul t0, a0, a1
  EQUAL(t0, a3)
  mulhu t0, a0, a1
  EQUAL(t0, a2)
  /* signed × unsigned = unsigned − (a0 < 0 ? a1 : 0) in the high half */
  srai t1, a0, 63
  and t1, t1, a1
  sub t1, a2, t1
  mulhsu t0, a0, a1
  EQUAL(t0, t1)
  srai t2, a1, 63
  and t2, t2, a0
  sub t1, t1, t2
  mulh t0, a0, a1
  EQUAL(t0, t1)

  divu t0, a0, a1
  remu t1, a0, a1
  mul t2, t0, a1
  add t2, t2, t1
  EQUAL(t2, a0)
  beqz a1, 1f
  HERE
  bltu t1, a1, 2f
  j test_failed
1:
  SAME(t0, -1)
2:
  div t0, a0, a1
  rem t1, a0, a1
  mul t2, t0, a1
  add t2, t2, t1
  EQUAL(t2, a0)
  beqz t1, 3f
  xor t2, t1, a0
  HERE
  bgez t2, 3f
  j test_failed
3:
  beqz a1, 5f
  /* |remainder| < |divisor|, compared as unsigned so that the least integer is its own magnitude */
  srai t2, t1, 63
  xor t1, t1, t2
  sub t1, t1, t2
  srai t2, a1, 63
  xor t3, a1, t2
  sub t3, t3, t2
  HERE
  bltu t1, t3, 4f
  j test_failed
5:
  SAME(t0, -1)
4:
  /* the word forms equal the wide ones on sign- or zero-extended operands */
  sext.w s2, a0
  sext.w s3, a1
  mul t0, s2, s3
  sext.w t0, t0
  mulw t1, a0, a1
  EQUAL(t0, t1)
  div t0, s2, s3
  sext.w t0, t0
  divw t1, a0, a1
  EQUAL(t0, t1)
  rem t0, s2, s3
  sext.w t0, t0
  remw t1, a0, a1
  EQUAL(t0, t1)
  slli s2, a0, 32
  srli s2, s2, 32
  slli s3, a1, 32
  srli s3, s3, 32
  divu t0, s2, s3
  sext.w t0, t0
  divuw t1, a0, a1
  EQUAL(t0, t1)
  remu t0, s2, s3
  sext.w t0, t0
  remuw t1, a0, a1
  EQUAL(t0, t1)
  ret

  .section .data
  .balign 8
grid:
  .dword 0, 1, 2, 3, 7, 10, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000
  .dword 0x123456789abcdef0, 0x0fedcba987654321, MAX64, MAX64 - 1, MIN64, MIN64 + 1, -1, -2, -7
  .dword -0x10000, MIN32, MIN32 + 1, 0xffffffff00000000, 0xaaaaaaaaaaaaaaaa, 0x5555555555555555
grid_end:
