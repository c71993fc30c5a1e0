/*
 * What each hart has for itself: x registers, CSRs, mhartid, its count of instructions. Every hart fills
 * them with values of its own, all run on for ROUNDS rounds, and each finds what it wrote.
 *
 * Says by how much minstret moved over a loop of 2000 instructions and one more, hart by hart: 2001
 * when a hart's own instructions count and no others (QEMU counts time instead).
 */
#include "harts.inc"

#define ROUNDS 500

/* All but sp, tp, and x31, which counts the rounds. */
#define REGISTERS 1,3,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30

/* A value of this hart's in \reg. */
.macro MINE reg, n
  addi \reg, tp, 1
  slli \reg, \reg, 40
  addi \reg, \reg, \n
.endm

  HARTS(2, 8)
  .irp n, REGISTERS
  MINE x\n, \n
  .endr
  li x31, ROUNDS
1:
  .irp n, REGISTERS
  addi x\n, x\n, 1
  .endr
  addi x31, x31, -1
  bnez x31, 1b
  addi sp, sp, -256
  .irp n, REGISTERS
  sd x\n, 8 * \n(sp)
  .endr
  .irp n, REGISTERS
  HERE
  ld a0, 8 * \n(sp)
  MINE a1, \n
  addi a1, a1, ROUNDS
  bne a0, a1, test_failed
  .endr
  addi sp, sp, 256

/* The CSR keeps the bits of \mask. */
.macro WRITE csr, n, mask
  MINE a0, 8 * \n
  slli a1, tp, 4
  or a0, a0, a1
  li a1, \mask
  and a0, a0, a1
  csrw \csr, a0
.endm
#define READ(csr, n, mask) read __LINE__, csr, n, mask
.macro read line, csr, n, mask
  MINE a0, 8 * \n
  slli a1, tp, 4
  or a0, a0, a1
  li a1, \mask
  and a0, a0, a1
  csrr a2, \csr
  li a1, \mask
  and a2, a2, a1
  equal \line, a0, a2
.endm
#define ALL_BITS -1
#define ADDRESS  0x7ffffffff8
#define LOW_BITS 0xf8

  /* 0x14d: stimecmp, S's timer; menvcfg (0x30a) lets it be. */
  li a0, 1 << 63
  csrs 0x30a, a0
  WRITE mscratch, 1, ALL_BITS
  WRITE sscratch, 2, ALL_BITS
  WRITE mepc, 3, ADDRESS
  WRITE sepc, 4, ADDRESS
  WRITE mtval, 5, ADDRESS
  WRITE stval, 6, ADDRESS
  WRITE stvec, 7, ADDRESS
  WRITE mcause, 1, LOW_BITS & 0xf
  WRITE scause, 2, LOW_BITS & 0xf
  WRITE 0x14d, 8, ALL_BITS
  /* bits that differ from hart to hart, in those with few */
  andi s2, tp, 1
  slli s3, s2, 12
  csrw medeleg, s3
  slli s4, s2, 5
  csrw mideleg, s4
  slli s5, tp, 2
  csrw pmpaddr1, s5
  andi s6, tp, 7
  csrw mcounteren, s6
  xori s7, s6, 7
  csrw scounteren, s7
  slli s8, s2, 7
  csrw mie, s8
  li s9, ROUNDS / 10
2:
  call barrier
  csrr a0, mhartid
  EQUAL(a0, tp)
  READ(mscratch, 1, ALL_BITS)
  READ(sscratch, 2, ALL_BITS)
  READ(mepc, 3, ADDRESS)
  READ(sepc, 4, ADDRESS)
  READ(mtval, 5, ADDRESS)
  READ(stval, 6, ADDRESS)
  READ(stvec, 7, ADDRESS)
  READ(mcause, 1, LOW_BITS & 0xf)
  READ(scause, 2, LOW_BITS & 0xf)
  READ(0x14d, 8, ALL_BITS)
  csrr a0, medeleg
  EQUAL(a0, s3)
  csrr a0, mideleg
  andi a0, a0, STI
  EQUAL(a0, s4)
  csrr a0, pmpaddr1
  EQUAL(a0, s5)
  csrr a0, mcounteren
  EQUAL(a0, s6)
  csrr a0, scounteren
  EQUAL(a0, s7)
  csrr a0, mie
  EQUAL(a0, s8)
  addi s9, s9, -1
  bnez s9, 2b
  csrw mie, zero

  /* written and read, with 1 + 2 × 1000 between */
  MINE s2, 0
  csrw minstret, s2
  li a0, 1000
3:
  addi a0, a0, -1
  bnez a0, 3b
  csrr s3, minstret
  sub s3, s3, s2
  la t0, moved
  slli t1, tp, 3
  add t0, t0, t1
  sd s3, 0(t0)
  call barrier
  bnez tp, 5f
  la s4, moved
  la s5, harts
  lw s5, 0(s5)
4:
  SAY "instret "
  ld a0, 0(s4)
  call say_number
  SAY "\n"
  addi s4, s4, 8
  addi s5, s5, -1
  bnez s5, 4b
5:
  DONE

  .section .bss
  .balign 8
moved:
  .fill 8, 8, 0
