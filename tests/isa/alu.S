/* RV64I on registers: every integer operation with edge operands, in each register aliasing. */
#include "harness.inc"

#define MIN64 0x8000000000000000
#define MAX64 0x7fffffffffffffff
#define MIN32 0xffffffff80000000
#define MAX32 0x000000007fffffff

/* op rd, rs1, rs2 with rd apart, rd = rs1, rd = rs2 and rd = x0. */
#define RR(op, a, b, ...) rr __LINE__, op, a, b, __VA_ARGS__
#define RI(op, a, imm, ...) ri __LINE__, op, a, imm, __VA_ARGS__

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

.macro ri line, op, a, imm, result
  li a0, \a
  \op a2, a0, \imm
  same \line, a2, \result
  mv a3, a0
  \op a3, a3, \imm
  same \line, a3, \result
  \op zero, a0, \imm
  same \line, a0, \a
.endm

START
  /* add, addi: wrap, no overflow trap */
  RR(add, 0, 0, 0)
  RR(add, 1, -1, 0)
  RR(add, MAX64, 1, MIN64)
  RR(add, MIN64, MIN64, 0)
  RR(add, MIN64, -1, MAX64)
  RR(add, 0xffffffff, 1, 0x100000000)
  RI(addi, 0, 2047, 2047)
  RI(addi, 0, -2048, -2048)
  RI(addi, MAX64, 1, MIN64)
  RI(addi, MIN64, -1, MAX64)
  RR(sub, 0, 0, 0)
  RR(sub, 0, 1, -1)
  RR(sub, 0, MIN64, MIN64)
  RR(sub, MIN64, 1, MAX64)
  RR(sub, 1, MAX64, -0x7ffffffffffffffe)

  /* signed and unsigned order */
  RR(slt, 0, 0, 0)
  RR(slt, -1, 0, 1)
  RR(slt, 0, -1, 0)
  RR(slt, MIN64, MAX64, 1)
  RR(slt, MAX64, MIN64, 0)
  RR(slt, 0xffffffff, 0x100000000, 1)
  RR(sltu, 0, 0, 0)
  RR(sltu, -1, 0, 0)
  RR(sltu, 0, -1, 1)
  RR(sltu, MAX64, MIN64, 1)
  RR(sltu, MIN64, MAX64, 0)
  RI(slti, -2048, -2047, 1)
  RI(slti, -2048, -2048, 0)
  RI(slti, MIN64, 0, 1)
  RI(slti, MAX64, -1, 0)
  RI(sltiu, 0, -1, 1)
  RI(sltiu, -1, -1, 0)
  RI(sltiu, 2048, 2047, 0)
  RI(sltiu, 0, 1, 1)
  RI(sltiu, 1, 1, 0)
  RI(sltiu, -2049, -2048, 1)

  /* logic */
  RR(and, 0x0ff00ff00ff00ff0, 0xff00ff00ff00ff00, 0x0f000f000f000f00)
  RR(or, 0x0ff00ff00ff00ff0, 0xff00ff00ff00ff00, 0xfff0fff0fff0fff0)
  RR(xor, 0x0ff00ff00ff00ff0, 0xff00ff00ff00ff00, 0xf0f0f0f0f0f0f0f0)
  RI(andi, -1, -2048, -2048)
  RI(andi, 0x123456789abcdef0, 0x70f, 0x600)
  RI(ori, 0, -2048, -2048)
  RI(ori, MIN64, 1, 0x8000000000000001)
  RI(xori, 0x5555555555555555, -1, 0xaaaaaaaaaaaaaaaa)
  RI(xori, 0, 0x7ff, 0x7ff)

  /* shifts: six bits of the amount count */
  RR(sll, 1, 0, 1)
  RR(sll, 1, 63, MIN64)
  RR(sll, 1, 64, 1)
  RR(sll, 3, 127, MIN64)
  RR(sll, -1, 32, 0xffffffff00000000)
  RR(sll, 0x123456789abcdef0, -60, 0x23456789abcdef00)
  RR(srl, MIN64, 63, 1)
  RR(srl, -1, 1, MAX64)
  RR(srl, -1, 64, -1)
  RR(srl, MIN64, 32, 0x80000000)
  RR(srl, -1, -1, 1)
  RR(sra, MIN64, 63, -1)
  RR(sra, MAX64, 62, 1)
  RR(sra, MIN64, 0, MIN64)
  RR(sra, MIN64, 65, 0xc000000000000000)
  RR(sra, MIN64, 32, 0xffffffff80000000)
  RI(slli, 1, 63, MIN64)
  RI(slli, 0x80000000, 1, 0x100000000)
  RI(slli, 5, 0, 5)
  RI(srli, MIN64, 63, 1)
  RI(srli, MIN32, 4, 0x0ffffffff8000000)
  RI(srai, MIN64, 63, -1)
  RI(srai, MIN64, 1, 0xc000000000000000)
  RI(srai, MAX64, 63, 0)

  /* word forms: 32 bits in, sign-extended out, upper halves of the operands without effect */
  RR(addw, MAX32, 1, MIN32)
  RR(addw, 0xffffffff, 1, 0)
  RR(addw, 0x1234567880000000, 0xabcdef0180000000, 0)
  RR(addw, MIN32, -1, MAX32)
  RI(addiw, MAX32, 1, MIN32)
  RI(addiw, 0xffffffffffffffff, 1, 0)
  RI(addiw, 0x0000000180000000, 0, MIN32)
  RI(addiw, 0x1234567800000000, -1, -1)
  RR(subw, 0, 1, -1)
  RR(subw, MIN32, 1, MAX32)
  RR(subw, 0, MIN32, MIN32)
  RR(subw, 0x500000005, 0x300000003, 2)
  RR(sllw, 1, 31, MIN32)
  RR(sllw, 1, 32, 1)
  RR(sllw, 0xffffffff12345678, 4, 0x23456780)
  RR(sllw, 3, 63, MIN32)
  RR(srlw, MIN32, 31, 1)
  RR(srlw, 0xffffffff, 0, -1)
  RR(srlw, 0x1080000000, 32, MIN32)
  RR(srlw, 0xffffffff00000010, 4, 1)
  RR(sraw, MIN32, 31, -1)
  RR(sraw, 0x80000000, 31, -1)
  RR(sraw, 0xffffffff40000000, 30, 1)
  RR(sraw, MIN32, 33, 0xffffffffc0000000)
  RI(slliw, 1, 31, MIN32)
  RI(slliw, 0x1234567880000001, 1, 2)
  RI(srliw, MIN32, 31, 1)
  RI(srliw, 0xffffffff, 0, -1)
  RI(sraiw, MIN32, 31, -1)
  RI(sraiw, 0x7fffffff80000000, 4, 0xfffffffff8000000)
  RI(sraiw, 0xffffffff7fffffff, 30, 1)

  /* lui sign-extends bit 31; auipc adds to its own address */
  lui a0, 0x80000
  SAME(a0, MIN32)
  lui a0, 0x7ffff
  SAME(a0, 0x7ffff000)
  lui a0, 0xfffff
  SAME(a0, -4096)
  lui zero, 0x12345
  ZERO(zero)
1:
  auipc a0, 0
  auipc a1, 0x7ffff
  auipc a2, 0x80000
  sub a1, a1, a0
  SAME(a1, 0x7ffff004)
  sub a2, a2, a0
  SAME(a2, 0xffffffff80000008)
  la a3, 1b
  EQUAL(a0, a3)

  /* Every register holds its own value: write all but x0, gp, t5 and t6, then read all back. */
  HERE
  .irp n, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29
  li x\n, 0x0101010101010101 * \n
  .endr
  .irp n, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29
  SAME(x\n, 0x0101010101010101 * \n)
  .endr
  li x3, -3
  li x30, -30
  li x31, -31
  add x5, x3, x30
  add x5, x5, x31
  SAME(x5, -64)

  /* fence in all its forms is a no-op here, the hint spaces too. */
  fence
  fence rw, w
  fence.tso
  .insn i 0x0f, 0, x0, x0, 0
  .insn i 0x0f, 0, x5, x6, 0x7f
  SAME(x5, -64)
  lui x0, 1
  slti x0, x5, 1
  ZERO(x0)
PASS
