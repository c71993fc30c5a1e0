/* cycle, time, instret: they count, M writes them, and S and U read them only when let. */
#include "harness.inc"

/* Reads a counter from a privilege: it must work, or be illegal. */
#define READS(mpp, name) reads __LINE__, mpp, name
#define DENIED(mpp, name) denied __LINE__, mpp, name
.macro reads line, mpp, name
  li gp, \line
  RESUME_AT 9f
  ENTER \mpp, 8f
8:
  csrr a0, \name
7:
  ecall
9:
  record_at \line, M_EPC, 7b
.endm
.macro denied line, mpp, name
  li gp, \line
  RESUME_AT 9f
  ENTER \mpp, 8f
  .balign 4
8:
  csrr a0, \name
9:
  record_same \line, M_CAUSE, 2
  record_at \line, M_EPC, 8b
  la t5, 8b
  lwu t6, 0(t5)
  record_is \line, M_TVAL, t6
.endm

/* name rises, strictly, over some work */
#define RISES(name) rises __LINE__, name
.macro rises line, name
  li gp, \line
  csrr a0, \name
  li a2, 2000
1:
  addi a2, a2, -1
  bnez a2, 1b
  csrr a1, \name
  bltu a0, a1, .Lrises\@
  j test_failed
.Lrises\@:
.endm

START
  RISES(mcycle)
  RISES(minstret)
  RISES(cycle)
  RISES(instret)
  /* time rises too; a read never goes back */
  HERE
  csrr a0, time
1:
  csrr a1, time
  bgeu a1, a0, 2f
  j test_failed
2:
  beq a1, a0, 1b
  /* time is the CLINT's mtime */
  HERE
  li s0, CLINT_MTIME
  csrr a0, time
  ld a1, 0(s0)
  csrr a2, time
  bgeu a1, a0, 1f
  j test_failed
1:
  bgeu a2, a1, 1f
  j test_failed
1:

  /* M may stop nothing here but the enables: all denied … */
  csrw mcounteren, zero
  csrw scounteren, zero
  .irp name, cycle, time, instret
  DENIED(MPP_S, \name)
  DENIED(MPP_U, \name)
  .endr
  /* … mcounteren lets S, scounteren then U, each bit its own counter */
  csrwi mcounteren, 7
  .irp name, cycle, time, instret
  READS(MPP_S, \name)
  DENIED(MPP_U, \name)
  .endr
  csrwi scounteren, 7
  .irp name, cycle, time, instret
  READS(MPP_S, \name)
  READS(MPP_U, \name)
  .endr
  csrwi scounteren, 7
  csrwi mcounteren, 2
  READS(MPP_S, time)
  READS(MPP_U, time)
  DENIED(MPP_S, cycle)
  DENIED(MPP_U, instret)
  csrwi mcounteren, 7
  csrwi scounteren, 1
  READS(MPP_U, cycle)
  DENIED(MPP_U, time)
  DENIED(MPP_U, instret)
  READS(MPP_S, instret)
  csrwi mcounteren, 0
  csrwi scounteren, 7
  DENIED(MPP_U, cycle)
  /* M itself is never denied */
  csrr a0, cycle
  csrr a0, time
  csrr a0, instret
  /* and never writable by their user names */
  ILLEGAL(csrrw a0, cycle, a1)
  ILLEGAL(csrrwi a0, instret, 1)

  /* M sets them: they go on from there; and stops them, each by its own bit */
  HERE
  li a0, 1 << 40
  csrw minstret, a0
  csrr a1, minstret
  csrr a2, instret
  bgeu a1, a0, 1f
  j test_failed
1:
  bgeu a2, a1, 1f
  j test_failed
1:
  sub a1, a2, a0
  srli a1, a1, 36
  ZERO(a1)
  csrw mcycle, a0
  csrr a1, mcycle
  HERE
  bgeu a1, a0, 1f
  j test_failed
1:
  csrwi mcountinhibit, 5
  CSR_SAME(mcountinhibit, 5)
  csrr a0, minstret
  csrr a2, mcycle
  nop
  nop
  csrr a1, minstret
  EQUAL(a0, a1)
  csrr a3, mcycle
  EQUAL(a2, a3)
  li a0, 12345
  csrw minstret, a0
  CSR_SAME(minstret, 12345)
  csrwi mcountinhibit, 1
  RISES(minstret)
  csrr a2, mcycle
  nop
  csrr a3, mcycle
  EQUAL(a2, a3)
  csrwi mcountinhibit, 0
  RISES(mcycle)

  /* hardware performance counters, if any, read; without events they stay 0 */
  csrr a0, mhpmcounter3
  csrr a0, mhpmevent3
  csrr a0, mcountinhibit
PASS
