/* Exceptions: each cause from each privilege, delegated and not, what is stacked, and the way back. */
#include "harness.inc"

/* Runs one instruction in a privilege; it must trap to M with cause; mtval is checked against a0. */
#define FROM(mpp, cause, ...) from_begin __LINE__, mpp; __VA_ARGS__; from_end __LINE__, mpp, cause
/* The same with the cause delegated: it must trap to S. */
#define FROM_DELEGATED(mpp, cause, ...) \
  delegate cause; from_begin __LINE__, mpp; __VA_ARGS__; from_end_s __LINE__, mpp, cause

.macro delegate cause
  li t6, 1 << \cause
  csrw medeleg, t6
.endm
.macro from_begin line, mpp
  li gp, \line
  la t5, trap_record
  sd zero, S_COUNT(t5)
  RESUME_AT 9f
  ENTER \mpp, 8f
  .balign 4
8:
.endm
.macro from_end line, mpp, cause
  fail \line
9:
  record_same \line, M_CAUSE, \cause
  record_at \line, M_EPC, 8b
  record_is \line, M_TVAL, a0
  record_same \line, S_COUNT, 0
  li t6, MPP
  csrr t5, mstatus
  and t5, t5, t6
  same \line, t5, \mpp
.endm
.macro from_end_s line, mpp, cause
  fail \line
9:
  record_same \line, M_CAUSE, 9
  record_same \line, S_COUNT, 1
  record_same \line, S_CAUSE, \cause
  record_at \line, S_EPC, 8b
  record_is \line, S_TVAL, a0
  la t5, trap_record
  ld t5, S_STATUS(t5)
  srli t5, t5, 8
  andi t5, t5, 1
  same \line, t5, (\mpp >> 11)
  csrw medeleg, zero
.endm

START
  /* environment calls: 8 from U, 9 from S, 11 from M, tval 0, epc at the ecall itself */
  li a0, 0
  FROM(MPP_U, 8, ecall)
  FROM(MPP_S, 9, ecall)
  FROM(MPP_M, 11, ecall)
  /* illegal instruction: tval is its encoding */
  li a0, 0
  FROM(MPP_U, 2, .word 0)
  FROM(MPP_S, 2, .word 0)
  li a0, 0xffffffff
  FROM(MPP_U, 2, .word 0xffffffff)
  FROM(MPP_S, 2, .word 0xffffffff)
  FROM(MPP_M, 2, .word 0xffffffff)
  li a0, 0x30200073
  FROM(MPP_U, 2, mret)
  FROM(MPP_S, 2, mret)
  li a0, 0x10200073
  FROM(MPP_U, 2, sret)
  /* access faults from U and S */
  li a0, HOLE
  FROM(MPP_U, 5, lb a1, 0(a0))
  FROM(MPP_S, 5, ld a1, 0(a0))
  FROM(MPP_U, 7, sb a1, 0(a0))
  FROM(MPP_S, 7, sd a1, 0(a0))
  /* misaligned atomics */
  la a0, trap_record + 2
  FROM(MPP_U, 4, lr.w a1, (a0))
  FROM(MPP_S, 6, amoadd.w a1, a2, (a0))

  /* a breakpoint's tval is its address or 0 */
  .macro breakpoint line, mpp
  li gp, \line
  RESUME_AT 9f
  ENTER \mpp, 8f
  .balign 4
8:
  ebreak
  j test_failed
9:
  record_same \line, M_CAUSE, 3
  record_at \line, M_EPC, 8b
  RECORD a0, M_TVAL
  beqz a0, .Lzero\@
  record_at \line, M_TVAL, 8b
.Lzero\@:
  .endm
  breakpoint __LINE__, MPP_U
  breakpoint __LINE__, MPP_S
  breakpoint __LINE__, MPP_M

  /* a fetch from nowhere: epc and tval are the target */
  .macro fetch mpp
  li a0, HOLE + 0x10
  RESUME_AT 9f
  li t6, MPP
  csrc mstatus, t6
  li t6, \mpp
  csrs mstatus, t6
  csrw mepc, a0
  mret
9:
  .endm
  fetch MPP_U
  M_TRAP(1)
  RECORD_IS(M_EPC, a0)
  RECORD_IS(M_TVAL, a0)
  fetch MPP_S
  M_TRAP(1)
  RECORD_IS(M_EPC, a0)
  fetch MPP_M
  M_TRAP(1)
  RECORD_IS(M_EPC, a0)

  /* delegated: to S from U and from S … */
  li a0, 0
  FROM_DELEGATED(MPP_U, 8, ecall)
  li a0, 0xffffffff
  FROM_DELEGATED(MPP_U, 2, .word 0xffffffff)
  FROM_DELEGATED(MPP_S, 2, .word 0xffffffff)
  li a0, HOLE
  FROM_DELEGATED(MPP_U, 5, lw a1, 0(a0))
  FROM_DELEGATED(MPP_S, 5, lw a1, 0(a0))
  FROM_DELEGATED(MPP_U, 7, sw a1, 0(a0))
  FROM_DELEGATED(MPP_S, 7, sw a1, 0(a0))
  la a0, trap_record + 1
  FROM_DELEGATED(MPP_U, 4, lr.w a1, (a0))
  FROM_DELEGATED(MPP_S, 6, amoadd.w a1, a2, (a0))
  /* … but never down from M, and only the causes whose bit is set */
  li t6, -1
  csrw medeleg, t6
  li a0, 0
  FROM(MPP_M, 11, ecall)
  li a0, 0xffffffff
  FROM(MPP_M, 2, .word 0xffffffff)
  li t6, ~(1 << 5) & ~(1 << 9)
  csrw medeleg, t6
  li a0, HOLE
  FROM(MPP_U, 5, lb a1, 0(a0))
  FROM(MPP_S, 5, lb a1, 0(a0))
  csrw medeleg, zero

  /* ebreak delegated; the handler in S sees the breakpoint */
  li t6, 1 << 3
  csrw medeleg, t6
  RESUME_AT 2f
  ENTER MPP_U, 1f
  .balign 4
1:
  ebreak
  FAIL
2:
  S_TRAP(3)
  RECORD_AT(S_EPC, 1b)
  /* ecall from S delegated to S itself: SPP = S, and back with sret */
  la t6, 3f
  csrw stvec, t6
  li t6, 1 << 9
  csrw medeleg, t6
  RESUME_AT 5f
  ENTER MPP_S, 1f
1:
  li s0, 0
2:
  ecall
  li s0, 2
  .word 0xffffffff
  .balign 4
3:
  csrr s1, scause
  csrr s2, sepc
  csrr s3, stval
  csrr s4, sstatus
  addi s5, s2, 4
  csrw sepc, s5
  sret
5:
  M_TRAP(2)
  SAME(s0, 2)
  SAME(s1, 9)
  la a0, 2b
  EQUAL(s2, a0)
  ZERO(s3)
  andi s4, s4, SPP
  SAME(s4, SPP)
  csrw medeleg, zero
  la t6, trap_s
  csrw stvec, t6

  /* what a trap into M stacks: MPIE = MIE, MIE = 0, MPP = where it came from; SIE, SPIE, SPP untouched */
  .macro stack_m line, mpp, status, expect
  li gp, \line
  li t6, MIE | MPIE | SIE | SPIE | SPP | MPP
  csrc mstatus, t6
  li t6, \status
  csrs mstatus, t6
  RESUME_AT 9f
  li t6, MPP
  csrc mstatus, t6
  li t6, \mpp
  csrs mstatus, t6
  la t6, 8f
  csrw mepc, t6
  mret
8:
  ecall
9:
  csrr t5, mstatus
  li t6, MIE | MPIE | SIE | SPIE | SPP | MPP
  and t5, t5, t6
  same \line, t5, (\expect)
  .endm
#define STACK_M(mpp, status, expect) stack_m __LINE__, mpp, (status), (expect)
  /* mret first moves MPIE to MIE and sets MPIE; the ecall then moves it back */
  STACK_M(MPP_U, 0, MPP_U)
  STACK_M(MPP_U, MPIE, MPIE + MPP_U)
  STACK_M(MPP_S, 0, MPP_S)
  STACK_M(MPP_S, MPIE, MPIE + MPP_S)
  STACK_M(MPP_M, 0, MPP_M)
  STACK_M(MPP_M, MPIE, MPIE + MPP_M)
  STACK_M(MPP_U, SIE + SPIE + SPP, SIE + SPIE + SPP)
  STACK_M(MPP_S, MPIE + SIE, MPIE + SIE + MPP_S)
  STACK_M(MPP_M, SPP, SPP + MPP_M)

  /* mret: MIE = MPIE, MPIE = 1, MPP = the least privilege */
  .macro after_mret line, status, expect
  li gp, \line
  li t6, MIE | MPIE | MPP
  csrc mstatus, t6
  li t6, \status
  csrs mstatus, t6
  la t6, 8f
  csrw mepc, t6
  mret
  j test_failed
8:
  csrr t5, mstatus
  li t6, MIE | MPIE | MPP
  and t5, t5, t6
  same \line, t5, (\expect)
  .endm
#define AFTER_MRET(status, expect) after_mret __LINE__, (status), (expect)
  AFTER_MRET(MPP_M, MPIE)
  AFTER_MRET(MPP_M + MPIE, MPIE + MIE)
  AFTER_MRET(MPP_M + MIE, MPIE)
  csrci mstatus, MIE

  /* sret from S and from M: SIE = SPIE, SPIE = 1, SPP = U; to U or S as SPP said */
  .macro after_sret line, mpp, spp, status, cause, expect
  li gp, \line
  li t6, SIE | SPIE | SPP
  csrc mstatus, t6
  li t6, \status | \spp
  csrs mstatus, t6
  la t6, 8f
  csrw sepc, t6
  RESUME_AT 9f
  ENTER \mpp, 7f
7:
  sret
  j test_failed
8:
  ecall
9:
  record_same \line, M_CAUSE, \cause
  csrr t5, mstatus
  li t6, SIE | SPIE | SPP
  and t5, t5, t6
  same \line, t5, (\expect)
  .endm
#define AFTER_SRET(mpp, spp, status, cause, expect) \
  after_sret __LINE__, mpp, spp, (status), cause, (expect)
  AFTER_SRET(MPP_S, 0, 0, 8, SPIE)
  AFTER_SRET(MPP_S, SPP, 0, 9, SPIE)
  AFTER_SRET(MPP_S, 0, SPIE, 8, SPIE + SIE)
  AFTER_SRET(MPP_S, SPP, SPIE, 9, SPIE + SIE)
  AFTER_SRET(MPP_S, SPP, SIE, 9, SPIE)
  AFTER_SRET(MPP_M, 0, SPIE, 8, SPIE + SIE)
  AFTER_SRET(MPP_M, SPP, 0, 9, SPIE)

  /* a trap into S: SPIE = SIE, SIE = 0, SPP; MIE, MPIE and MPP untouched until the way back */
  .macro stack_s line, mpp, status, expect
  li gp, \line
  li t6, 1 << 2
  csrw medeleg, t6
  li t6, SIE | SPIE | SPP
  csrc mstatus, t6
  li t6, \status
  csrs mstatus, t6
  RESUME_AT 9f
  ENTER \mpp, 8f
8:
  .word 0xffffffff
  j test_failed
9:
  csrw medeleg, zero
  la t5, trap_record
  ld t5, S_STATUS(t5)
  li t6, SIE | SPIE | SPP
  and t5, t5, t6
  same \line, t5, (\expect)
  .endm
#define STACK_S(mpp, status, expect) stack_s __LINE__, mpp, (status), (expect)
  STACK_S(MPP_U, 0, 0)
  STACK_S(MPP_U, SIE, SPIE)
  STACK_S(MPP_U, SPIE + SPP, 0)
  STACK_S(MPP_S, 0, SPP)
  STACK_S(MPP_S, SIE, SPIE + SPP)

  /* vectored mode: exceptions still go to the base */
  la t6, trap_m
  ori t6, t6, 1
  csrw mtvec, t6
  li a0, 0
  FROM(MPP_U, 8, ecall)
  FROM(MPP_M, 11, ecall)
  la t6, trap_m
  csrw mtvec, t6
  la t6, trap_s
  ori t6, t6, 1
  csrw stvec, t6
  FROM_DELEGATED(MPP_U, 8, ecall)
  la t6, trap_s
  csrw stvec, t6

  /* an epc 2 past a multiple of 4 is kept, since C is there (its bit 0: strict.S) */
  la a0, 1b + 2
1:
  csrw mepc, a0
  csrr a1, mepc
  EQUAL(a0, a1)
  csrw sepc, a0
  csrr a1, sepc
  EQUAL(a0, a1)
PASS
