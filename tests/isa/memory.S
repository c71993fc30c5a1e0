/* Loads and stores: sizes, extension, offsets, and every misalignment, also across a page's end. */
#include "harness.inc"

#define LOAD(op, offset, ...) load __LINE__, op, offset, __VA_ARGS__
#define STORE(op, offset, value, ...) store __LINE__, op, offset, value, __VA_ARGS__

/* Through base + offset, and through a base beyond it with a negative offset, and with rd = base. */
.macro load line, op, offset, result
  la a0, bytes
  \op a1, \offset(a0)
  same \line, a1, \result
  addi a0, a0, 1024
  addi a0, a0, \offset
  \op a1, -1024(a0)
  same \line, a1, \result
  addi a0, a0, -1024
  \op a0, 0(a0)
  same \line, a0, \result
.endm

/* Stores into a field of ones; checks the doubleword there and that its neighbours are whole. */
.macro store line, op, offset, value, low, high
  la a0, field
  li a1, -1
  sd a1, -8(a0)
  sd a1, 0(a0)
  sd a1, 8(a0)
  sd a1, 16(a0)
  li a1, \value
  \op a1, \offset(a0)
  ld a2, 0(a0)
  same \line, a2, \low
  ld a2, 8(a0)
  same \line, a2, \high
  ld a2, -8(a0)
  same \line, a2, -1
  ld a2, 16(a0)
  same \line, a2, -1
.endm

START
  LOAD(lb, 0, 0x01)
  LOAD(lb, 7, -17)
  LOAD(lb, 8, -128)
  LOAD(lbu, 7, 0xef)
  LOAD(lbu, 8, 0x80)
  LOAD(lh, 0, 0x2301)
  LOAD(lh, 6, 0xffffffffffffefcd)
  LOAD(lhu, 6, 0xefcd)
  LOAD(lw, 0, 0x67452301)
  LOAD(lw, 4, 0xffffffffefcdab89)
  LOAD(lwu, 4, 0xefcdab89)
  LOAD(ld, 0, 0xefcdab8967452301)
  LOAD(ld, 8, 0xfedcba9876543280)

  /* misaligned loads of every size at every offset */
  LOAD(lh, 1, 0x4523)
  LOAD(lh, 3, 0xffffffffffff8967)
  LOAD(lh, 7, 0xffffffffffff80ef)
  LOAD(lhu, 7, 0x80ef)
  LOAD(lw, 1, 0xffffffff89674523)
  LOAD(lw, 2, 0xffffffffab896745)
  LOAD(lw, 3, 0xffffffffcdab8967)
  LOAD(lw, 5, 0xffffffff80efcdab)
  LOAD(lw, 6, 0x3280efcd)
  LOAD(lw, 7, 0x543280ef)
  LOAD(lwu, 5, 0x80efcdab)
  LOAD(lwu, 7, 0x543280ef)
  LOAD(ld, 1, 0x80efcdab89674523)
  LOAD(ld, 2, 0x3280efcdab896745)
  LOAD(ld, 3, 0x543280efcdab8967)
  LOAD(ld, 4, 0x76543280efcdab89)
  LOAD(ld, 5, 0x9876543280efcdab)
  LOAD(ld, 6, 0xba9876543280efcd)
  LOAD(ld, 7, 0xdcba9876543280ef)

  STORE(sb, 0, 0x1234567890abcdef, 0xffffffffffffffef, -1)
  STORE(sb, 7, 0x1234567890abcd5f, 0x5fffffffffffffff, -1)
  STORE(sh, 0, 0x1234567890abcdef, 0xffffffffffffcdef, -1)
  STORE(sh, 6, 0x1234567890ab4def, 0x4defffffffffffff, -1)
  STORE(sw, 0, 0x1234567890abcdef, 0xffffffff90abcdef, -1)
  STORE(sw, 4, 0x1234567810abcdef, 0x10abcdefffffffff, -1)
  STORE(sd, 0, 0x1234567890abcdef, 0x1234567890abcdef, -1)
  STORE(sd, 8, 0x1234567890abcdef, -1, 0x1234567890abcdef)
  STORE(sh, 1, 0x1234, 0xffffffffff1234ff, -1)
  STORE(sh, 3, 0x1234, 0xffffff1234ffffff, -1)
  STORE(sh, 7, 0x1234, 0x34ffffffffffffff, 0xffffffffffffff12)
  STORE(sw, 1, 0x12345678, 0xffffff12345678ff, -1)
  STORE(sw, 2, 0x12345678, 0xffff12345678ffff, -1)
  STORE(sw, 3, 0x12345678, 0xff12345678ffffff, -1)
  STORE(sw, 5, 0x12345678, 0x345678ffffffffff, 0xffffffffffffff12)
  STORE(sw, 6, 0x12345678, 0x5678ffffffffffff, 0xffffffffffff1234)
  STORE(sw, 7, 0x12345678, 0x78ffffffffffffff, 0xffffffffff123456)
  STORE(sd, 1, 0x123456789abcdef0, 0x3456789abcdef0ff, 0xffffffffffffff12)
  STORE(sd, 2, 0x123456789abcdef0, 0x56789abcdef0ffff, 0xffffffffffff1234)
  STORE(sd, 3, 0x123456789abcdef0, 0x789abcdef0ffffff, 0xffffffffff123456)
  STORE(sd, 4, 0x123456789abcdef0, 0x9abcdef0ffffffff, 0xffffffff12345678)
  STORE(sd, 5, 0x123456789abcdef0, 0xbcdef0ffffffffff, 0xffffff123456789a)
  STORE(sd, 6, 0x123456789abcdef0, 0xdef0ffffffffffff, 0xffff123456789abc)
  STORE(sd, 7, 0x123456789abcdef0, 0xf0ffffffffffffff, 0xff123456789abcde)

  /* across a page's end, physical: write all ways, read back by bytes and whole */
  la s0, page_end
  li s1, 0x1122334455667788
  li s2, -7
1:
  add a0, s0, s2
  sd zero, -16(s0)
  sd zero, -8(s0)
  sd zero, 0(s0)
  sd zero, 8(s0)
  sd s1, 0(a0)
  ld a1, 0(a0)
  EQUAL(a1, s1)
  li a2, 0
  li a3, 7
2:
  add a4, a0, a3
  lbu a5, 0(a4)
  slli a2, a2, 8
  or a2, a2, a5
  addi a3, a3, -1
  bgez a3, 2b
  EQUAL(a2, s1)
  lbu a5, -1(a0)
  ZERO(a5)
  lbu a5, 8(a0)
  ZERO(a5)
  addi s2, s2, 1
  bnez s2, 1b

  li s1, 0x91a2b3c4
  sext.w s1, s1
  li s2, -3
1:
  add a0, s0, s2
  sd zero, -8(s0)
  sd zero, 0(s0)
  sw s1, 0(a0)
  lw a1, 0(a0)
  EQUAL(a1, s1)
  lwu a1, 0(a0)
  SAME(a1, 0x91a2b3c4)
  lbu a5, -1(a0)
  ZERO(a5)
  lbu a5, 4(a0)
  ZERO(a5)
  addi s2, s2, 1
  bnez s2, 1b
  sd zero, -8(s0)
  sd zero, 0(s0)
  li s1, 0x8123
  sh s1, -1(s0)
  lhu a1, -1(s0)
  EQUAL(a1, s1)
  lh a1, -1(s0)
  SAME(a1, 0xffffffffffff8123)
  lbu a1, -1(s0)
  SAME(a1, 0x23)
  lbu a1, 0(s0)
  SAME(a1, 0x81)

  /* a load into x0 still happens, and leaves x0 zero */
  la a0, bytes
  lw zero, 0(a0)
  ZERO(zero)
  ld zero, 3(a0)
  ZERO(zero)
  /* a store's data register may be its base */
  la a0, field
  sd a0, 0(a0)
  ld a1, 0(a0)
  EQUAL(a0, a1)
  /* widest offsets */
  la a0, field
  li a1, 0x77
  addi a2, a0, 2047
  sb a1, -2047(a2)
  lbu a3, 0(a0)
  EQUAL(a3, a1)
  li a1, 0x66
  addi a2, a0, -2048
  sb a1, 2040(a2)
  lbu a3, -8(a0)
  EQUAL(a3, a1)

  /* memory is little-endian by each size; a narrow store changes a wide load */
  la a0, field
  sd zero, 0(a0)
  li a1, 0x80
  sb a1, 3(a0)
  lw a2, 0(a0)
  SAME(a2, 0xffffffff80000000)
  sh a1, 6(a0)
  ld a2, 0(a0)
  SAME(a2, 0x0080000080000000)

  /* devices: registers by doubleword and word, extended as memory is */
  li a0, CLINT_MTIMECMP
  li a1, 0xf123456789abcdef
  sd a1, 0(a0)
  ld a2, 0(a0)
  EQUAL(a2, a1)
  lw a2, 0(a0)
  SAME(a2, 0xffffffff89abcdef)
  lwu a2, 0(a0)
  SAME(a2, 0x89abcdef)
  lw a2, 4(a0)
  SAME(a2, 0xfffffffff1234567)
  lwu a2, 4(a0)
  SAME(a2, 0xf1234567)
  li a1, 0x12345678
  sw a1, 4(a0)
  ld a2, 0(a0)
  SAME(a2, 0x1234567889abcdef)
  sw a1, 0(a0)
  ld a2, 0(a0)
  SAME(a2, 0x1234567812345678)
  li a0, CLINT_MSIP
  li a1, -1
  sw a1, 0(a0)
  lw a2, 0(a0)
  SAME(a2, 1)
  sw zero, 0(a0)
  lw a2, 0(a0)
  ZERO(a2)
  /* bytes: the UART's scratch register */
  li a0, UART
  li a1, 0x1a5
  sb a1, 7(a0)
  lbu a2, 7(a0)
  SAME(a2, 0xa5)
  lb a2, 7(a0)
  SAME(a2, 0xffffffffffffffa5)
  sb zero, 7(a0)
  lbu a2, 7(a0)
  ZERO(a2)

  /* nothing there: access faults, with the address */
  HERE
  RESUME_AT 2f
  li a0, HOLE
1:
  lw a1, 4(a0)
  FAIL
2:
  M_TRAP(5)
  RECORD_AT(M_EPC, 1b)
  RECORD_SAME(M_TVAL, HOLE + 4)
  RESUME_AT 2f
1:
  sb a1, 0(a0)
  FAIL
2:
  M_TRAP(7)
  RECORD_AT(M_EPC, 1b)
  RECORD_SAME(M_TVAL, HOLE)
  /* rd of a load that traps keeps its value */
  li a1, 0x5a5a
  RESUME_AT 2f
  ld a1, 0(a0)
2:
  SAME(a1, 0x5a5a)
  RESUME_AT 2f
  jalr a1, 0(a0)
2:
  M_TRAP(1)
  RECORD_IS(M_EPC, a0)
  RECORD_IS(M_TVAL, a0)
  la a2, 2b
  EQUAL(a1, a2)
PASS

  .section .data
  .balign 8
bytes:
  .dword 0xefcdab8967452301, 0xfedcba9876543280
  .dword 0
  .balign 8
  .fill 2048, 1, 0
field:
  .fill 2048, 1, 0
  .section .bss
  .balign 4096
  .fill 4096, 1, 0
page_end:
  .fill 4096, 1, 0
