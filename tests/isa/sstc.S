/* Sstc: S's own timer. stimecmp, who may touch it, and STIP as its shadow. */
#include "harness.inc"

#define STIMECMP 0x14d
#define MENVCFG  0x30a
#define STCE     (1 << 63)

#define ILLEGAL_FROM(mpp, ...) from __LINE__, mpp; __VA_ARGS__; illegal_from_end __LINE__
#define FINE_FROM(mpp, ...) from __LINE__, mpp; __VA_ARGS__; fine_from_end __LINE__, mpp
.macro from line, mpp
  li gp, \line
  RESUME_AT 9f
  ENTER \mpp, 8f
  .balign 4
8:
.endm
.macro illegal_from_end line
  fail \line
9:
  record_same \line, M_CAUSE, 2
  record_at \line, M_EPC, 8b
.endm
.macro fine_from_end line, mpp
7:
  ecall
9:
  record_same \line, M_CAUSE, (8 + (\mpp >> 11))
  record_at \line, M_EPC, 7b
.endm

START
  /* S needs both menvcfg.STCE and mcounteren.TM; M needs neither; U never may */
  li s0, STCE
  li a1, -1
  csrc MENVCFG, s0
  csrwi mcounteren, 0
  csrw STIMECMP, a1
  ILLEGAL_FROM(MPP_S, csrr a0, STIMECMP)
  ILLEGAL_FROM(MPP_U, csrr a0, STIMECMP)
  csrs MENVCFG, s0
  HERE
  csrr a0, MENVCFG
  and a0, a0, s0
  EQUAL(a0, s0)
  ILLEGAL_FROM(MPP_S, csrr a0, STIMECMP)
  csrc MENVCFG, s0
  csrwi mcounteren, 2
  ILLEGAL_FROM(MPP_S, csrw STIMECMP, a1)
  csrs MENVCFG, s0
  FINE_FROM(MPP_S, csrr a0, STIMECMP; csrw STIMECMP, a1; csrr a0, time)
  ILLEGAL_FROM(MPP_U, csrr a0, STIMECMP)
  ILLEGAL_FROM(MPP_S, csrr a0, MENVCFG)
  li a0, 0x123456789abcdef0
  csrw STIMECMP, a0
  CSR_SAME(STIMECMP, 0x123456789abcdef0)

  /* STIP is 1 while time >= stimecmp and cannot be written by hand */
  csrw STIMECMP, a1
  li s1, STI
  csrr a0, mip
  and a0, a0, s1
  ZERO(a0)
  csrs mip, s1
  csrr a0, mip
  and a0, a0, s1
  ZERO(a0)
  csrw STIMECMP, zero
1:
  csrr a0, mip
  and a0, a0, s1
  beqz a0, 1b
  HERE
  csrc mip, s1
  csrr a0, mip
  and a0, a0, s1
  EQUAL(a0, s1)
  csrw STIMECMP, a1
1:
  csrr a0, mip
  and a0, a0, s1
  bnez a0, 1b

  /* delegated, it interrupts S; the handler's way out is a later stimecmp */
  HERE
  csrw mideleg, s1
  csrw mie, s1
  la t6, tick
  csrw stvec, t6
  li s2, 0
  csrr a0, time
  li a1, 1000
  add a0, a0, a1
  csrw STIMECMP, a0
  csrsi mstatus, SIE
  RESUME_AT 3f
  ENTER MPP_S, 1f
1:
  li a2, 3
2:
  bne s2, a2, 2b
  ecall
3:
  M_TRAP(9)
  SAME(s2, 3)
  SAME(s3, INTERRUPT + 5)
  /* wfi in S waits for it */
  HERE
  li s2, 0
  csrr a0, time
  li a1, 20000
  add s5, a0, a1
  csrw STIMECMP, s5
  csrci mstatus, SIE
  RESUME_AT 3f
  ENTER MPP_S, 1f
1:
  wfi
  csrr a0, sip
  and a0, a0, s1
  beqz a0, 1b
  csrr a1, time
  ecall
3:
  M_TRAP(9)
  ZERO(s2)
  HERE
  bgeu a1, s5, 1f
  j test_failed
1:
  /* in U it comes whatever SIE says */
  HERE
  csrci mstatus, SIE
  RESUME_AT 3f
  la t6, trap_s
  csrw stvec, t6
  ENTER MPP_U, 1f
1:
  j 1b
3:
  S_TRAP(INTERRUPT + 5)
  RECORD_AT(S_EPC, 1b)
  li a1, -1
  csrw STIMECMP, a1
  csrw mie, zero
  csrw mideleg, zero

  /* with STCE off, STIP is an ordinary bit again */
  csrc MENVCFG, s0
  csrs mip, s1
  HERE
  csrr a0, mip
  and a0, a0, s1
  EQUAL(a0, s1)
  csrc mip, s1
  csrr a0, mip
  and a0, a0, s1
  ZERO(a0)
PASS

  .balign 4
tick:
  addi s2, s2, 1
  csrr s3, scause
  csrr t5, time
  li t6, 500
  add t5, t5, t6
  csrw STIMECMP, t5
  sret
