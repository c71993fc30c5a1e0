/* Interrupts: software, timer and external, in M and in S, masked, delegated, vectored, in their order. */
#include "harness.inc"

#define PENDING(bits) pending __LINE__, bits
.macro pending line, bits
  li gp, \line
1:
  csrr t5, mip
  li t6, \bits
  and t5, t5, t6
  bne t5, t6, 1b
.endm
#define GONE(bits) gone __LINE__, bits
.macro gone line, bits
  li gp, \line
1:
  csrr t5, mip
  li t6, \bits
  and t5, t5, t6
  bnez t5, 1b
.endm

/* The next interrupt must be taken from \mpp to M with \cause, at once, epc within the loop it left. */
#define TAKEN_BY_M(mpp, cause) taken_m __LINE__, mpp, cause
.macro taken_m line, mpp, cause
  li gp, \line
  RESUME_AT 9f
  li t6, MPIE
  csrs mstatus, t6
  ENTER \mpp, 7f
7:
  j 7b
9:
  record_same \line, M_CAUSE, (INTERRUPT + \cause)
  record_at \line, M_EPC, 7b
  record_same \line, M_TVAL, 0
  csrci mstatus, MIE
.endm
/* … to S. The handler there comes back by an ecall. */
#define TAKEN_BY_S(mpp, cause) taken_s __LINE__, mpp, cause
.macro taken_s line, mpp, cause
  li gp, \line
  la t5, trap_record
  sd zero, S_COUNT(t5)
  RESUME_AT 9f
  csrsi mstatus, SIE
  ENTER \mpp, 7f
7:
  j 7b
9:
  record_same \line, M_CAUSE, 9
  record_same \line, S_COUNT, 1
  record_same \line, S_CAUSE, (INTERRUPT + \cause)
  record_at \line, S_EPC, 7b
  record_same \line, S_TVAL, 0
.endm
/* Nothing is taken: a few instructions pass and the ecall is what traps. */
#define QUIET(mpp, mstatus_bits) quiet __LINE__, mpp, (mstatus_bits)
.macro quiet line, mpp, bits
  li gp, \line
  li t6, MPIE | SIE
  csrc mstatus, t6
  li t6, \bits
  csrs mstatus, t6
  RESUME_AT 9f
  ENTER \mpp, 7f
7:
  .rept 8
  nop
  .endr
8:
  ecall
9:
  record_same \line, M_CAUSE, (8 + (\mpp >> 11))
  record_at \line, M_EPC, 8b
  csrci mstatus, MIE | SIE
.endm

.macro SOFTWARE value
  li t6, CLINT_MSIP
  li t5, \value
  sw t5, 0(t6)
.endm
.macro TIMER value
  li t6, CLINT_MTIMECMP
  li t5, \value
  sd t5, 0(t6)
.endm

START
  TIMER -1
  SOFTWARE 0
  GONE(MSI | MTI | MEI)

  /* software interrupt of M by the CLINT */
  SOFTWARE 1
  PENDING(MSI)
  /* masked by mie, then by mstatus.MIE in M; in S and U the M interrupt needs no MIE */
  QUIET(MPP_M, MPIE)
  QUIET(MPP_S, MPIE)
  QUIET(MPP_U, 0)
  csrwi mie, MSI
  QUIET(MPP_M, 0)
  TAKEN_BY_M(MPP_M, 3)
  TAKEN_BY_M(MPP_S, 3)
  TAKEN_BY_M(MPP_U, 3)
  HERE
  RESUME_AT 2f
  li t6, MPIE
  csrc mstatus, t6
  ENTER MPP_U, 1f
1:
  j 1b
2:
  M_TRAP(INTERRUPT + 3)
  CSR_BITS(mstatus, MPIE | MIE | MPP, MPP_U)
  /* MPIE records MIE */
  RESUME_AT 2f
  csrsi mstatus, MIE
1:
  j 1b
2:
  M_TRAP(INTERRUPT + 3)
  CSR_BITS(mstatus, MPIE | MIE | MPP, MPIE | MPP_M)
  SOFTWARE 0
  GONE(MSI)
  csrw mie, zero

  /* the timer of M by the CLINT: pending while mtime >= mtimecmp, gone when mtimecmp moves on */
  li t5, CLINT_MTIME
  ld a0, 0(t5)
  addi a0, a0, 100
  li t5, CLINT_MTIMECMP
  sd a0, 0(t5)
  PENDING(MTI)
  li t5, CLINT_MTIME
  ld a1, 0(t5)
  HERE
  bgeu a1, a0, 1f
  j test_failed
1:
  li a2, MTI
  csrw mie, a2
  TAKEN_BY_M(MPP_M, 7)
  TAKEN_BY_M(MPP_U, 7)
  TIMER -1
  GONE(MTI)
  QUIET(MPP_M, MPIE)
  TIMER 0
  PENDING(MTI)
  TAKEN_BY_M(MPP_S, 7)
  TIMER -1
  GONE(MTI)

  /* wfi wakes for a timer that is still to come, even with MIE off, and goes on behind itself */
  HERE
  li t5, CLINT_MTIME
  ld a0, 0(t5)
  li a1, 20000
  add a0, a0, a1
  li t5, CLINT_MTIMECMP
  sd a0, 0(t5)
1:
  wfi
  csrr a1, mip
  andi a1, a1, MTI
  beqz a1, 1b
  li t5, CLINT_MTIME
  ld a1, 0(t5)
  bgeu a1, a0, 1f
  j test_failed
1:
  /* with MIE on, wfi ends in the handler: epc is behind the wfi */
  HERE
  TIMER -1
  GONE(MTI)
  li t5, CLINT_MTIME
  ld a0, 0(t5)
  li a1, 20000
  add a0, a0, a1
  RESUME_AT 3f
  li t5, CLINT_MTIMECMP
  sd a0, 0(t5)
  csrsi mstatus, MIE
1:
  wfi
2:
  j 1b
3:
  csrci mstatus, MIE
  M_TRAP(INTERRUPT + 7)
  TIMER -1
  GONE(MTI)
  csrw mie, zero

  /* S's interrupts, raised by M, not delegated: taken by M with S's causes */
  csrwi mip, SSI
  csrwi mie, SSI
  TAKEN_BY_M(MPP_M, 1)
  TAKEN_BY_M(MPP_S, 1)
  TAKEN_BY_M(MPP_U, 1)
  li a0, STI
  csrw mip, a0
  csrw mie, a0
  TAKEN_BY_M(MPP_S, 5)
  li a0, SEI
  csrw mip, a0
  csrw mie, a0
  TAKEN_BY_M(MPP_U, 9)
  csrw mip, zero
  /* delegated: to S from U always, from S when SIE, never from M */
  li a0, SSI | STI | SEI
  csrw mideleg, a0
  csrw mie, a0
  csrwi mip, SSI
  QUIET(MPP_M, MPIE | SIE)
  QUIET(MPP_S, MPIE)
  TAKEN_BY_S(MPP_S, 1)
  TAKEN_BY_S(MPP_U, 1)
  HERE
  csrci mstatus, SIE
  RESUME_AT 2f
  ENTER MPP_U, 1f
1:
  j 1b
2:
  S_TRAP(INTERRUPT + 1)
  li a0, STI
  csrw mip, a0
  TAKEN_BY_S(MPP_S, 5)
  TAKEN_BY_S(MPP_U, 5)
  li a0, SEI
  csrw mip, a0
  TAKEN_BY_S(MPP_U, 9)
  /* one cause delegated, another not: M's share comes first */
  li a0, SSI
  csrw mideleg, a0
  li a0, SSI | STI
  csrw mip, a0
  TAKEN_BY_M(MPP_U, 5)
  li a0, SSI
  csrw mip, a0
  TAKEN_BY_S(MPP_U, 1)
  csrw mip, zero
  csrw mideleg, zero

  /* order within M: external, software, timer of M, then of S */
  TIMER 0
  SOFTWARE 1
  li a0, SSI | STI | SEI
  csrw mip, a0
  PENDING(MSI | MTI | SSI | STI | SEI)
  li a0, SSI | MSI | STI | MTI | SEI | MEI
  csrw mie, a0
  TAKEN_BY_M(MPP_U, 3)
  SOFTWARE 0
  GONE(MSI)
  TAKEN_BY_M(MPP_U, 7)
  TIMER -1
  GONE(MTI)
  TAKEN_BY_M(MPP_U, 9)
  li a0, SSI | STI
  csrw mip, a0
  TAKEN_BY_M(MPP_U, 1)
  li a0, STI
  csrw mip, a0
  TAKEN_BY_M(MPP_U, 5)
  /* and within S */
  li a0, SSI | STI | SEI
  csrw mideleg, a0
  csrw mip, a0
  TAKEN_BY_S(MPP_U, 9)
  li a0, SSI | STI
  csrw mip, a0
  TAKEN_BY_S(MPP_U, 1)
  csrw mip, zero
  csrw mideleg, zero
  csrw mie, zero

  /* vectored: base + 4 × cause, for M and for S */
  la t6, vector_m
  ori t6, t6, 1
  csrw mtvec, t6
  csrwi mie, MSI
  SOFTWARE 1
  PENDING(MSI)
  li s0, 0
  TAKEN_BY_M(MPP_U, 3)
  SAME(s0, 3)
  SOFTWARE 0
  GONE(MSI)
  li a0, SEI
  csrw mie, a0
  csrw mip, a0
  li s0, 0
  TAKEN_BY_M(MPP_S, 9)
  SAME(s0, 9)
  csrw mip, zero
  la t6, trap_m
  csrw mtvec, t6
  la t6, vector_s
  ori t6, t6, 1
  csrw stvec, t6
  li a0, SSI | STI | SEI
  csrw mideleg, a0
  csrw mie, a0
  .macro vectored_s line, bit, cause
  li a0, \bit
  csrw mip, a0
  li s0, 0
  taken_s \line, MPP_U, \cause
  same \line, s0, \cause
  .endm
  vectored_s __LINE__, SSI, 1
  vectored_s __LINE__, STI, 5
  vectored_s __LINE__, SEI, 9
  la t6, trap_s
  csrw stvec, t6
  csrw mip, zero
  csrw mideleg, zero
  csrw mie, zero

  /* writing mie, mip, mstatus or sie takes effect before the next instruction */
  HERE
  csrwi mip, SSI
  RESUME_AT 2f
  csrsi mstatus, MIE
  csrwi mie, SSI
1:
  FAIL
2:
  M_TRAP(INTERRUPT + 1)
  RECORD_AT(M_EPC, 1b)
  RESUME_AT 2f
  csrsi mstatus, MIE
1:
  FAIL
2:
  M_TRAP(INTERRUPT + 1)
  RECORD_AT(M_EPC, 1b)
  csrw mip, zero
  csrsi mstatus, MIE
  HERE
  RESUME_AT 2f
  csrwi mip, SSI
1:
  FAIL
2:
  M_TRAP(INTERRUPT + 1)
  RECORD_AT(M_EPC, 1b)
  csrw mip, zero
  csrw mie, zero

  /* external interrupts by the PLIC: the UART's transmitter is empty, source 10, contexts 0 (M) and 1 (S) */
  li s1, PLIC
  li s2, UART
  li t5, 1
  sw t5, 40(s1)        /* priority of source 10 */
  li t5, 1 << 10
  li t6, PLIC + 0x2000
  sw t5, 0(t6)         /* enabled for M of hart 0 */
  sw zero, 0x80(t6)    /* not for S */
  li s3, PLIC + 0x200000
  li s4, PLIC + 0x201000
  sw zero, 0(s3)       /* threshold */
  sw zero, 0(s4)
  GONE(MEI | SEI)
  li t5, 2
  sb t5, 1(s2)         /* IER: transmitter empty */
  PENDING(MEI)
  CSR_BITS(mip, SEI, 0)
  li a0, MEI | MSI
  csrw mie, a0
  SOFTWARE 1
  PENDING(MSI)
  TAKEN_BY_M(MPP_U, 11)
  SOFTWARE 0
  GONE(MSI)
  TAKEN_BY_M(MPP_M, 11)
  /* a threshold as high as the priority hides it */
  li t5, 1
  sw t5, 0(s3)
  GONE(MEI)
  sw zero, 0(s3)
  PENDING(MEI)
  /* claim gives the source once and takes the request back; complete lets it come again */
  lw a0, 4(s3)
  SAME(a0, 10)
  GONE(MEI)
  lw a1, 4(s3)
  ZERO(a1)
  lbu a2, 2(s2)        /* IIR names, and so clears, the transmitter interrupt */
  andi a2, a2, 0xf
  SAME(a2, 2)
  sb zero, 1(s2)
  sw a0, 4(s3)
  GONE(MEI)
  /* the same for S */
  li t6, PLIC + 0x2000
  sw zero, 0(t6)
  li t5, 1 << 10
  sw t5, 0x80(t6)
  li t5, 2
  sb t5, 1(s2)
  PENDING(SEI)
  CSR_BITS(mip, MEI, 0)
  li a0, SEI
  csrw mideleg, a0
  csrw mie, a0
  TAKEN_BY_S(MPP_U, 9)
  TAKEN_BY_S(MPP_S, 9)
  /* setting another bit of mip reads the PLIC's SEIP but does not keep it; M's own SEIP is kept beside */
  HERE
  csrrsi a1, mip, SSI
  li t5, SEI
  and a1, a1, t5
  EQUAL(a1, t5)
  csrci mip, SSI
  lw a0, 4(s4)
  GONE(SEI)
  li t5, SEI
  csrs mip, t5
  CSR_BITS(mip, SEI, SEI)
  csrc mip, t5
  CSR_BITS(mip, SEI, 0)
  sb zero, 1(s2)
  sw a0, 4(s4)
  li t5, 2
  sb t5, 1(s2)
  PENDING(SEI)
  lw a0, 4(s4)
  SAME(a0, 10)
  GONE(SEI)
  sb zero, 1(s2)
  sw a0, 4(s4)
  GONE(SEI)
  li t6, PLIC + 0x2000
  sw zero, 0x80(t6)
  csrw mideleg, zero
  csrw mie, zero
PASS

  .balign 256
vector_m:
  .option norvc
  .set slot, 0
  .rept 16
  j 1f + slot * 8
  .set slot, slot + 1
  .endr
1:
  .set slot, 0
  .rept 16
  li s0, slot
  j trap_m
  .set slot, slot + 1
  .endr
  .balign 256
vector_s:
  .set slot, 0
  .rept 16
  j 1f + slot * 8
  .set slot, slot + 1
  .endr
1:
  .set slot, 0
  .rept 16
  li s0, slot
  j trap_s
  .set slot, slot + 1
  .endr
