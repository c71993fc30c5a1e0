/* A: LR/SC pairs that succeed and that must fail, every AMO in both widths, and what must trap. */
#include "harness.inc"

#define MIN64 0x8000000000000000
#define MAX64 0x7fffffffffffffff
#define MIN32 0xffffffff80000000

/* op.w and op.d: memory before, operand, memory after (the old value must come back, extended). */
#define AMO_W(op, before, operand, after) amo_w __LINE__, op, before, operand, after
#define AMO_D(op, before, operand, after) amo_d __LINE__, op, before, operand, after

/* The word's neighbour keeps its ones; rd gets the word sign-extended whatever the operation. */
.macro amo_w line, op, before, operand, after
  la a0, cell
  .irp suffix, w, w.aq, w.rl, w.aqrl
  li a1, -1
  sd a1, 0(a0)
  li a1, \before
  sw a1, 0(a0)
  li a2, \operand
  \op\().\suffix a3, a2, (a0)
  lw a4, 0(a0)
  same \line, a4, \after
  lw a4, 4(a0)
  same \line, a4, -1
  sext.w a5, a1
  equal \line, a3, a5
  .endr
  /* upper half of a doubleword, rd = rs2, then rd = x0 */
  li a1, \before
  sw a1, 4(a0)
  li a2, \operand
  addi a4, a0, 4
  \op\().w a2, a2, (a4)
  sext.w a5, a1
  equal \line, a2, a5
  lw a4, 4(a0)
  same \line, a4, \after
  sw a1, 0(a0)
  li a2, \operand
  \op\().w zero, a2, (a0)
  equal \line, zero, x0
  lw a4, 0(a0)
  same \line, a4, \after
  /* rd = rs1 */
  sw a1, 0(a0)
  \op\().w a0, a2, (a0)
  equal \line, a0, a5
.endm

.macro amo_d line, op, before, operand, after
  la a0, cell
  .irp suffix, d, d.aq, d.rl, d.aqrl
  li a1, \before
  sd a1, 0(a0)
  li a2, \operand
  \op\().\suffix a3, a2, (a0)
  ld a4, 0(a0)
  same \line, a4, \after
  equal \line, a3, a1
  .endr
  sd a1, 0(a0)
  \op\().d a2, a2, (a0)
  equal \line, a2, a1
  sd a1, 0(a0)
  li a2, \operand
  \op\().d zero, a2, (a0)
  equal \line, zero, x0
  ld a4, 0(a0)
  same \line, a4, \after
  sd a1, 0(a0)
  \op\().d a0, a2, (a0)
  equal \line, a0, a1
.endm

/* An instruction on (a0) that must trap with \cause and a0 in mtval, and change nothing. */
#define BAD(cause, ...) bad_begin __LINE__; __VA_ARGS__; bad_end __LINE__, cause
.macro bad_begin line
  li gp, \line
  li a3, 0x77
  RESUME_AT 9f
8:
.endm
.macro bad_end line, cause
  fail \line
9:
  record_same \line, M_CAUSE, \cause
  record_at \line, M_EPC, 8b
  record_is \line, M_TVAL, a0
  same \line, a3, 0x77
.endm

START
  AMO_W(amoswap, 5, 7, 7)
  AMO_W(amoswap, 0x80000000, 0x1280000001, 0xffffffff80000001)
  AMO_W(amoadd, 1, -1, 0)
  AMO_W(amoadd, 0x7fffffff, 1, MIN32)
  AMO_W(amoadd, MIN32, MIN32, 0)
  AMO_W(amoand, 0x0ff00ff0, 0xff00ff00, 0x0f000f00)
  AMO_W(amoand, -1, MIN32, MIN32)
  AMO_W(amoor, 0x0ff00ff0, 0x7f00ff00, 0x7ff0fff0)
  AMO_W(amoor, 0, MIN32, MIN32)
  AMO_W(amoxor, -1, 0x7fffffff, MIN32)
  AMO_W(amoxor, 0x55555555, 0x55555555, 0)
  AMO_W(amomin, 1, -1, -1)
  AMO_W(amomin, MIN32, 0x7fffffff, MIN32)
  AMO_W(amomin, 5, 0x100000003, 3)
  AMO_W(amomax, 1, -1, 1)
  AMO_W(amomax, MIN32, 0x7fffffff, 0x7fffffff)
  AMO_W(amomax, -5, 0xffffffff00000000, 0)
  AMO_W(amominu, 1, -1, 1)
  AMO_W(amominu, MIN32, 0x7fffffff, 0x7fffffff)
  AMO_W(amominu, 7, 0x900000003, 3)
  AMO_W(amomaxu, 1, -1, -1)
  AMO_W(amomaxu, 0x7fffffff, 0x80000000, MIN32)
  AMO_W(amomaxu, 7, 0x900000003, 7)

  AMO_D(amoswap, 5, 7, 7)
  AMO_D(amoswap, MIN64, MAX64, MAX64)
  AMO_D(amoadd, MAX64, 1, MIN64)
  AMO_D(amoadd, 0xffffffff, 1, 0x100000000)
  AMO_D(amoand, -1, 0x123456789abcdef0, 0x123456789abcdef0)
  AMO_D(amoor, MIN64, 1, 0x8000000000000001)
  AMO_D(amoxor, 0x5555555555555555, -1, 0xaaaaaaaaaaaaaaaa)
  AMO_D(amomin, MIN64, MAX64, MIN64)
  AMO_D(amomin, 0, -1, -1)
  AMO_D(amomin, 0x100000000, 1, 1)
  AMO_D(amomax, MIN64, MAX64, MAX64)
  AMO_D(amomax, 0, -1, 0)
  AMO_D(amominu, MIN64, MAX64, MAX64)
  AMO_D(amominu, 0, -1, 0)
  AMO_D(amomaxu, MIN64, MAX64, MIN64)
  AMO_D(amomaxu, 0, -1, -1)

  /* LR then SC at once succeeds: rd 0, the value is in memory; LR.W sign-extends */
  la a0, cell
  li a1, 0x1234567887654321
  sd a1, 0(a0)
  lr.w a2, (a0)
  li a3, 0x11
  sc.w a4, a3, (a0)
  SAME(a2, 0xffffffff87654321)
  ZERO(a4)
  ld a5, 0(a0)
  SAME(a5, 0x1234567800000011)
  lr.d.aq a2, (a0)
  sc.d.rl a4, a1, (a0)
  SAME(a2, 0x1234567800000011)
  ZERO(a4)
  ld a5, 0(a0)
  EQUAL(a5, a1)
  lr.d.aqrl a2, (a0)
  sc.d.aqrl zero, a3, (a0)
  ZERO(zero)
  ld a5, 0(a0)
  EQUAL(a5, a3)

  /* a second SC has no reservation left: rd not 0, memory unchanged */
  sd a1, 0(a0)
  lr.d a2, (a0)
  sc.d a4, a3, (a0)
  ZERO(a4)
  sc.d a4, a1, (a0)
  UNEQUAL(a4, zero)
  ld a5, 0(a0)
  EQUAL(a5, a3)
  /* a failed SC drops the reservation as well */
  la s0, other
  sd zero, 0(s0)
  lr.d a2, (a0)
  sc.d a4, a1, (s0)
  UNEQUAL(a4, zero)
  ld a5, 0(s0)
  ZERO(a5)
  sc.d a4, a1, (a0)
  UNEQUAL(a4, zero)
  ld a5, 0(a0)
  EQUAL(a5, a3)
  /* a later LR moves it */
  lr.d a2, (a0)
  lr.d a2, (s0)
  sc.d a4, a1, (a0)
  UNEQUAL(a4, zero)
  /* ordinary work between a pair that restarts until it succeeds, as a lock does */
  li s1, 100
  sd zero, 0(a0)
1:
  lr.d a2, (a0)
  addi a2, a2, 3
  sc.d a4, a2, (a0)
  bnez a4, 1b
  addi s1, s1, -1
  bnez s1, 1b
  ld a5, 0(a0)
  SAME(a5, 300)
  /* a compare and swap that does not match leaves memory alone */
  li s1, 299
  lr.w a2, (a0)
  bne a2, s1, 1f
  sc.w a4, zero, (a0)
1:
  lw a5, 0(a0)
  SAME(a5, 300)

  /* misaligned: LR is a load (4), an AMO a store (6), neither is split; memory keeps its value */
  la a0, cell
  li a1, 0x1234567887654321
  sd a1, 0(a0)
  li a2, 3
  addi a0, a0, 1
  BAD(4, lr.w a3, (a0))
  BAD(6, amoadd.w a3, a2, (a0))
  addi a0, a0, 1
  BAD(4, lr.w a3, (a0))
  BAD(6, amoadd.w a3, a2, (a0))
  addi a0, a0, 2
  BAD(4, lr.d a3, (a0))
  BAD(6, amomax.d a3, a2, (a0))
  addi a0, a0, 3
  BAD(4, lr.d a3, (a0))
  BAD(6, amomax.d a3, a2, (a0))
  la a0, cell
  ld a5, 0(a0)
  EQUAL(a5, a1)

  /* nothing there: LR is a load (AMOs: strict.S) */
  li a0, HOLE
  BAD(5, lr.d a3, (a0))

  /* encodings that do not exist */
  la a0, cell
  ILLEGAL(.word 0x1015252f | (1 << 20)) /* lr.w with rs2 = x1 */
  ILLEGAL(.word 0x0005052f) /* amoadd of 1 byte */
  ILLEGAL(.word 0x0005452f) /* amoadd of 16 bytes */
  ILLEGAL(.word 0x2805252f | (1 << 28)) /* funct5 00111 */
  ILLEGAL(.word 0xf805252f) /* funct5 11111 */
PASS

  .section .data
  .balign 64
cell:
  .fill 64, 1, 0
other:
  .fill 64, 1, 0
