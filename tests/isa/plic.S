/*
 * The PLIC's registers, with the UART's transmitter as its source: what is pending, claimed, completed, for
 * whom, over which threshold. Interrupts that are taken stand in interrupts.S.
 */
#include "harness.inc"

#define SOURCE   10
#define BIT      (1 << SOURCE)

/* mip must come to hold these bits of MEI and SEI, and no other. */
#define LINES(...) lines __LINE__, (__VA_ARGS__)
.macro lines line, bits
  li gp, \line
1:
  csrr t5, mip
  li t6, MEI | SEI
  and t5, t5, t6
  li t6, \bits
  bne t5, t6, 1b
.endm
/* A claim by a context (its registers in \reg) must give \source. */
#define CLAIM(reg, source) claim __LINE__, reg, source
.macro claim line, reg, source
  lw a0, 4(\reg)
  same \line, a0, \source
.endm
.macro COMPLETE reg, source
  li t5, \source
  sw t5, 4(\reg)
.endm
#define REGISTER(value, ...) register __LINE__, (value), (__VA_ARGS__)
.macro register line, value, address
  li t5, \address
  lw a0, 0(t5)
  same \line, a0, \value
.endm
.macro SET address, value
  li t6, \address
  li t5, \value
  sw t5, 0(t6)
.endm
/* Enables of a context; QEMU looks at them when something else changes, a threshold for instance. */
.macro ENABLED address, value
  SET \address, \value
  lw t5, 0(s3)
  sw t5, 0(s3)
.endm
/* The source asks, or no longer: "transmitter empty" goes up with its enable. */
.macro ASK
  li t5, 2
  sb t5, 1(s2)
.endm
.macro HUSH
  sb zero, 1(s2)
.endm

#define PRIORITY  (PLIC + 4 * SOURCE)
#define WAITING   (PLIC + 0x1000)
#define ENABLE_M  (PLIC + 0x2000)
#define ENABLE_S  (PLIC + 0x2080)
#define THRESHOLD_M (PLIC + 0x200000)
#define THRESHOLD_S (PLIC + 0x201000)

START
  li s2, UART
  li s3, THRESHOLD_M
  li s4, THRESHOLD_S
  HUSH
  SET PRIORITY, 1
  ENABLED ENABLE_M, BIT
  ENABLED ENABLE_S, 0
  SET THRESHOLD_M, 0
  SET THRESHOLD_S, 0
  LINES(0)
  REGISTER(0, WAITING)
  REGISTER(BIT, ENABLE_M)
  CLAIM(s3, 0)

  /* pending, claimed, pending no more; a second claim finds nothing */
  ASK
  LINES(MEI)
  REGISTER(BIT, WAITING)
  CLAIM(s3, SOURCE)
  LINES(0)
  REGISTER(0, WAITING)
  CLAIM(s3, 0)
  CLAIM(s4, 0)
  /* completed while its line is still up: it does not come again by itself … */
  COMPLETE s3, SOURCE
  REGISTER(0, WAITING)
  LINES(0)
  CLAIM(s3, 0)
  /* … but when the device speaks again */
  HUSH
  ASK
  LINES(MEI)
  CLAIM(s3, SOURCE)

  /* while it is claimed the next request waits, and comes through with the completion */
  HUSH
  ASK
  REGISTER(BIT, WAITING)
  LINES(0)
  CLAIM(s3, 0)
  COMPLETE s3, SOURCE
  LINES(MEI)
  CLAIM(s3, SOURCE)
  COMPLETE s3, SOURCE

  /* a request stays when its line falls: it is for the handler to find that there is nothing to do */
  HUSH
  ASK
  LINES(MEI)
  HUSH
  REGISTER(BIT, WAITING)
  LINES(MEI)
  CLAIM(s3, SOURCE)
  COMPLETE s3, SOURCE
  REGISTER(0, WAITING)
  LINES(0)

  /* to complete what nobody claimed changes nothing: not this source, not another, not one that is none */
  ASK
  LINES(MEI)
  COMPLETE s3, SOURCE
  COMPLETE s3, 0
  COMPLETE s3, 11
  COMPLETE s3, 1023
  COMPLETE s3, -1
  LINES(MEI)
  REGISTER(BIT, WAITING)
  CLAIM(s3, SOURCE)
  /* … and neither does another source's number end this claim */
  HUSH
  ASK
  COMPLETE s3, 11
  COMPLETE s3, 0
  COMPLETE s3, 1023
  LINES(0)
  CLAIM(s3, 0)
  COMPLETE s3, SOURCE
  LINES(MEI)

  /* a source that is not enabled is pending, and nobody's */
  ENABLED ENABLE_M, 0
  LINES(0)
  REGISTER(BIT, WAITING)
  CLAIM(s3, 0)
  ENABLED ENABLE_M, ~BIT
  LINES(0)
  CLAIM(s3, 0)
  ENABLED ENABLE_M, BIT
  LINES(MEI)

  /* priority 0 never interrupts; priorities and thresholds have three bits */
  SET PRIORITY, 0
  LINES(0)
  CLAIM(s3, 0)
  REGISTER(BIT, WAITING)
  li s5, 1
each_priority:
  li t6, PRIORITY
  sw s5, 0(t6)
  LINES(MEI)
  sw s5, 0(s3)
  LINES(0)
  addi t5, s5, -1
  sw t5, 0(s3)
  LINES(MEI)
  addi s5, s5, 1
  li t5, 8
  bne s5, t5, each_priority
  SET THRESHOLD_M, 7
  LINES(0)
  REGISTER(7, THRESHOLD_M)
  REGISTER(7, PRIORITY)
  SET PRIORITY, 0xf
  REGISTER(7, PRIORITY)
  SET THRESHOLD_M, 6
  LINES(MEI)

  /* a source for both contexts interrupts both, each over its own threshold, and one claim takes it from both */
  ENABLED ENABLE_S, BIT
  LINES(MEI | SEI)
  SET THRESHOLD_S, 7
  LINES(MEI)
  SET THRESHOLD_M, 7
  LINES(0)
  SET THRESHOLD_S, 6
  LINES(SEI)
  SET THRESHOLD_M, 0
  SET THRESHOLD_S, 0
  LINES(MEI | SEI)
  CLAIM(s4, SOURCE)
  LINES(0)
  CLAIM(s3, 0)
  /* any context that has it enabled may complete it */
  HUSH
  ASK
  LINES(0)
  COMPLETE s3, SOURCE
  LINES(MEI | SEI)
  CLAIM(s3, SOURCE)
  LINES(0)
  COMPLETE s3, SOURCE
  REGISTER(0, WAITING)
  LINES(0)
PASS
