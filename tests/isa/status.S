/* mstatus.TVM, TW and TSR: what a monitor in M-mode can keep S from doing; and MPRV through mret. */
#include "harness.inc"

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
  la t5, 8b
  lwu t6, 0(t5)
  record_is \line, M_TVAL, t6
.endm
.macro fine_from_end line, mpp
7:
  ecall
9:
  record_same \line, M_CAUSE, (8 + (\mpp >> 11))
  record_at \line, M_EPC, 7b
.endm
.macro SET bits
  li t6, \bits
  csrs mstatus, t6
.endm
.macro CLEAR bits
  li t6, \bits
  csrc mstatus, t6
.endm

START
  csrr a0, satp
  /* TVM: satp and sfence.vma trap in S, not in M */
  SET TVM
  ILLEGAL_FROM(MPP_S, csrr a0, satp)
  ILLEGAL_FROM(MPP_S, csrw satp, a0)
  ILLEGAL_FROM(MPP_S, sfence.vma)
  ILLEGAL_FROM(MPP_S, sfence.vma a0, a1)
  FINE_FROM(MPP_S, csrr a0, sstatus; csrw sscratch, a0)
  sfence.vma
  csrr a0, satp
  csrw satp, zero
  CLEAR TVM
  FINE_FROM(MPP_S, csrr a0, satp; csrw satp, zero; sfence.vma)
  ILLEGAL_FROM(MPP_U, sfence.vma)

  /* TSR: sret traps in S, not in M */
  SET TSR
  ILLEGAL_FROM(MPP_S, sret)
  HERE
  la t6, 1f
  csrw sepc, t6
  CLEAR SPP
  RESUME_AT 2f
  sret
1:
  ecall
2:
  M_TRAP(8)
  CLEAR TSR
  la t6, 1f
  csrw sepc, t6
  FINE_FROM(MPP_S, la t6, 1f; csrw sepc, t6; li t6, SPP; csrs sstatus, t6; sret; 1:)

  /* TW: wfi traps in S while nothing is pending; it never traps in M */
  SET TW
  ILLEGAL_FROM(MPP_S, wfi)
  csrci mstatus, SIE
  csrwi mie, SSI
  csrwi mideleg, SSI
  csrwi mip, SSI
  wfi
  CLEAR TW
  FINE_FROM(MPP_S, wfi)
  csrw mip, zero
  csrw mie, zero

  /* the bits read back as written */
  SET TVM | TW | TSR | MXR | SUM
  CSR_BITS(mstatus, TVM | TW | TSR | MXR | SUM, TVM | TW | TSR | MXR | SUM)
  CLEAR TVM | TW | TSR | MXR | SUM
  CSR_BITS(mstatus, TVM | TW | TSR | MXR | SUM, 0)

  /* mret to M keeps MPRV (to less than M: strict.S) */
  HERE
  SET MPRV
  RESUME_AT 2f
  ENTER MPP_M, 1f
1:
  ecall
2:
  CSR_BITS(mstatus, MPRV, MPRV)
  CLEAR MPRV

  /* xret takes the stacked privilege even when it is its own, and a trap from it comes back the same */
  FINE_FROM(MPP_U, nop)
  FINE_FROM(MPP_S, nop)
  FINE_FROM(MPP_M, nop) /* cause 11 = 8 + 3 */
PASS
