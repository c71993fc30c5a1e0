/* C: every 16-bit instruction of RV64C without floating point, its hints, and its reserved encodings. */
#include "harness.inc"

#define MIN64 0x8000000000000000

/* One instruction on a0 (and a1), then a0. */
#define ONE(a, result, ...) one_begin a, 0; __VA_ARGS__; one_end __LINE__, result
#define TWO(a, b, result, ...) one_begin a, b; __VA_ARGS__; one_end __LINE__, result
/* Encodings that must trap, and hints that must do nothing. */
#define RESERVED(encoding) ILLEGAL(.hword encoding)
#define HINT(encoding) hint __LINE__, encoding

.macro one_begin a, b
  .option push
  .option norvc
  li a0, \a
  li a1, \b
  .option pop
.endm
.macro one_end line, result
  same \line, a0, \result
.endm
.macro hint line, encoding
  .option push
  .option norvc
  li a0, 0x1234
  .option pop
  .hword \encoding
  equal \line, zero, x0
  same \line, a0, 0x1234
.endm

START
  .option rvc
  ONE(5, 5, c.nop)
  ONE(5, 6, c.addi a0, 1)
  ONE(5, 36, c.addi a0, 31)
  ONE(5, -27, c.addi a0, -32)
  ONE(MIN64, 0x7fffffffffffffff, c.addi a0, -1)
  ONE(0x7fffffff, 0xffffffff80000000, c.addiw a0, 1)
  ONE(0x1234567880000000, 0xffffffff80000000, c.addiw a0, 0)
  ONE(0xffffffff80000000, 0x7fffffff, c.addiw a0, -1)
  ONE(9, 31, c.li a0, 31)
  ONE(9, -32, c.li a0, -32)
  ONE(9, 0, c.li a0, 0)
  ONE(9, 0x1f000, c.lui a0, 0x1f)
  ONE(9, -4096, c.lui a0, 0xfffff)
  ONE(9, -0x20000, c.lui a0, 0xfffe0)
  ONE(9, 0x1000, c.lui a0, 1)
  ONE(MIN64, 1, c.srli a0, 63)
  ONE(MIN64, 0x80000000, c.srli a0, 32)
  ONE(-1, 0x7fffffffffffffff, c.srli a0, 1)
  ONE(MIN64, -1, c.srai a0, 63)
  ONE(MIN64, 0xffffffff80000000, c.srai a0, 32)
  ONE(0x4000000000000000, 1, c.srai a0, 62)
  ONE(0x12345678, 0x18, c.andi a0, 31 - 7)
  ONE(-1, -32, c.andi a0, -32)
  ONE(1, MIN64, c.slli a0, 63)
  ONE(3, 0x300000000, c.slli a0, 32)
  ONE(3, 6, c.slli a0, 1)
  TWO(5, 7, -2, c.sub a0, a1)
  TWO(0, MIN64, MIN64, c.sub a0, a1)
  TWO(0x0ff0, 0xff00, 0xf0f0, c.xor a0, a1)
  TWO(0x0ff0, 0xff00, 0xfff0, c.or a0, a1)
  TWO(0x0ff0, 0xff00, 0x0f00, c.and a0, a1)
  TWO(0, 1, -1, c.subw a0, a1)
  TWO(0x100000000, 0x280000000, 0xffffffff80000000, c.subw a0, a1)
  TWO(0x7fffffff, 1, 0xffffffff80000000, c.addw a0, a1)
  TWO(0x1ffffffff, 1, 0, c.addw a0, a1)
  TWO(5, MIN64, MIN64, c.mv a0, a1)
  TWO(-1, 1, 0, c.add a0, a1)
  TWO(MIN64, MIN64, 0, c.add a0, a1)

  /* the full register forms reach x16 … x29 too */
  li x28, 40
  c.addi x28, 2
  SAME(x28, 42)
  c.mv x17, x28
  c.add x17, x28
  SAME(x17, 84)
  c.li x20, -5
  SAME(x20, -5)
  c.lui x21, 2
  SAME(x21, 0x2000)
  c.slli x21, 4
  SAME(x21, 0x20000)
  c.addiw x20, 4
  SAME(x20, -1)

  /* the eight short registers, as source and destination */
  .irp n, 8, 9, 10, 11, 12, 13, 14, 15
  li x\n, 1 << \n
  .endr
  .irp n, 9, 10, 11, 12, 13, 14, 15
  c.or x8, x\n
  .endr
  SAME(x8, 0xff00)
  .irp n, 9, 10, 11, 12, 13, 14, 15
  c.and x\n, x8
  SAME(x\n, 1 << \n)
  .endr

  /* the stack pointer's forms */
  mv s1, sp
  c.addi16sp sp, 496
  sub a0, sp, s1
  SAME(a0, 496)
  c.addi16sp sp, -512
  sub a0, sp, s1
  SAME(a0, -16)
  c.addi16sp sp, 16
  sub a0, sp, s1
  ZERO(a0)
  c.addi4spn a0, sp, 4
  sub a0, a0, sp
  SAME(a0, 4)
  c.addi4spn s0, sp, 1020
  sub s0, s0, sp
  SAME(s0, 1020)
  c.addi4spn a5, sp, 520
  sub a5, a5, sp
  SAME(a5, 520)

  /* loads and stores through sp: word offsets to 252, doubleword offsets to 504 */
  addi sp, sp, -512
  li a0, 0x123456789abcdef0
  c.sdsp a0, 0(sp)
  c.sdsp a0, 504(sp)
  c.sdsp a0, 64(sp)
  c.lwsp a1, 0(sp)
  SAME(a1, 0xffffffff9abcdef0)
  c.lwsp a1, 4(sp)
  SAME(a1, 0x12345678)
  c.ldsp a1, 504(sp)
  EQUAL(a1, a0)
  ld a1, 64(sp)
  EQUAL(a1, a0)
  c.swsp a0, 252(sp)
  lw a1, 252(sp)
  SAME(a1, 0xffffffff9abcdef0)
  c.lwsp a2, 252(sp)
  EQUAL(a2, a1)
  c.swsp zero, 128(sp)
  lwu a1, 128(sp)
  ZERO(a1)
  c.ldsp x17, 0(sp)
  EQUAL(x17, a0)
  c.sdsp x17, 256(sp)
  ld a1, 256(sp)
  EQUAL(a1, a0)
  addi sp, sp, 512

  /* through the short registers: word offsets to 124, doubleword offsets to 248 */
  la s0, field
  li a0, 0x0fedcba987654321
  c.sd a0, 0(s0)
  c.sd a0, 248(s0)
  c.sd a0, 64(s0)
  c.lw a1, 0(s0)
  SAME(a1, 0xffffffff87654321)
  c.lw a1, 4(s0)
  SAME(a1, 0x0fedcba9)
  c.ld a1, 248(s0)
  EQUAL(a1, a0)
  ld a1, 64(s0)
  EQUAL(a1, a0)
  c.sw a0, 124(s0)
  lwu a1, 124(s0)
  SAME(a1, 0x87654321)
  c.lw a1, 124(s0)
  SAME(a1, 0xffffffff87654321)
  c.sw a0, 68(s0)
  c.ld a1, 64(s0)
  SAME(a1, 0x8765432187654321)
  mv a5, s0
  c.ld a5, 0(a5)
  EQUAL(a5, a0)
  /* misaligned through a compressed form */
  addi a2, s0, 1
  c.ld a3, 0(a2)
  SAME(a3, 0x000fedcba9876543 | 0x0000000000000000)

  /* control flow */
  HERE
  c.j 1f
2:
  c.j 3f
  j test_failed
1:
  c.j 2b
  j test_failed
3:
  li a0, 0
  c.beqz a0, 1f
  j test_failed
1:
  c.bnez a0, 4f
  li a0, MIN64
  c.bnez a0, 1f
4:
  j test_failed
1:
  c.beqz a0, 4b
  la a0, 1f
  c.jr a0
  j test_failed
1:
  la a0, 1f
  c.jalr a0
2:
  j test_failed
1:
  la a1, 2b
  EQUAL(ra, a1)
  la ra, 1f
  c.jalr ra
2:
  j test_failed
1:
  la a1, 2b
  EQUAL(ra, a1)
  la a0, 1f + 1
  c.jr a0
  j test_failed
1:

  /* the reach of c.j (+2046, -2048) and of c.beqz (+254, -256) */
  HERE
1:
  c.j 3f
  j test_failed
2:
  j 5f
  .org 1b + 2046
3:
  j 4f
  .org 2b + 2048
4:
  c.j 2b
  j test_failed
5:
  HERE
  li a0, 0
1:
  c.beqz a0, 3f
  j test_failed
2:
  j 5f
  .org 1b + 254
3:
  j 4f
  .org 2b + 256
4:
  c.beqz a0, 2b
  j test_failed
5:
  HERE
1:
  c.bnez s0, 3f
  j test_failed
2:
  j 5f
  .org 1b + 254
3:
  j 4f
  .org 2b + 256
4:
  c.bnez s0, 2b
  j test_failed
5:

  /* a 4-byte instruction across a page's end, physical */
  HERE
  li a0, 0x111
  j 1f
  .balign 4096
  .fill 4094 / 2, 2, 0x0001
1:
  .option norvc
  addi a0, a0, 0x222
  .option rvc
  SAME(a0, 0x333)

  /* c.ebreak is a breakpoint of two bytes */
  HERE
  RESUME_AT 2f
1:
  c.ebreak
  FAIL
2:
  M_TRAP(3)
  RECORD_AT(M_EPC, 1b)

  /* hints do nothing */
  HINT(0x0085) /* c.addi zero, 1: c.nop with an immediate */
  HINT(0x0501) /* c.addi a0, 0 */
  HINT(0x4005) /* c.li zero, 1 */
  HINT(0x6005) /* c.lui zero, 1 */
  HINT(0x802a) /* c.mv zero, a0 */
  HINT(0x902a) /* c.add zero, a0 */
  HINT(0x0006) /* c.slli zero, 1 */
  HINT(0x0502) /* c.slli a0, 0 */
  HINT(0x8101) /* c.srli a0, 0 */
  HINT(0x8501) /* c.srai a0, 0 */

  /* reserved and illegal encodings */
  RESERVED(0x0000)
  RESERVED(0x0008) /* c.addi4spn a0, sp, 0 */
  RESERVED(0x2001) /* c.addiw zero, 0 */
  RESERVED(0x2005) /* c.addiw zero, 1 */
  RESERVED(0x6101) /* c.addi16sp sp, 0 */
  RESERVED(0x6501) /* c.lui a0, 0 */
  RESERVED(0x4002) /* c.lwsp zero, 0(sp) */
  RESERVED(0x6002) /* c.ldsp zero, 0(sp) */
  RESERVED(0x8002) /* c.jr zero */
  RESERVED(0x8000) /* quadrant 0, funct3 100 */
  RESERVED(0x9c41) /* quadrant 1, 100 1 11, funct2 10 */
  RESERVED(0x9c61) /* quadrant 1, 100 1 11, funct2 11 */
  /* D is absent: its compressed loads and stores are illegal */
  RESERVED(0x2108) /* c.fld fa0, 0(a0) */
  RESERVED(0xa108) /* c.fsd fa0, 0(a0) */
  RESERVED(0x2502) /* c.fldsp fa0, 0(sp) */
  RESERVED(0xa02a) /* c.fsdsp fa0, 0(sp) */
PASS
  .section .bss
  .balign 8
field:
  .fill 512, 1, 0
