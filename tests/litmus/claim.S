/*
 * One device, several harts: the UART's transmitter asks, the PLIC tells all harts that have it enabled,
 * and one of them claims it. ROUNDS times each, for all harts, for all but hart 0, for all but hart 1
 * (whose threshold is too high), and for hart 1's S-mode alone. A line for each:
 *
 *   all claimed 20 20 empty 3      by hart 0, hart 1 …; and claims that came too late and found nothing
 */
#include "harts.inc"

#define ROUNDS   40
#define SOURCE   10
#define PRIORITY (PLIC + 4 * SOURCE)
#define ENABLE   (PLIC + 0x2000)
#define CONTEXT  (PLIC + 0x200000)

/* The UART's interrupt for an empty transmitter on or off; it asks when it comes on. */
.macro ASK
  li t0, UART
  li t1, 2
  sb t1, 1(t0)
.endm
.macro HUSH
  li t0, UART
  sb zero, 1(t0)
.endm

/* s2: what this hart looks at in mip; s3: its context's registers; s4 says whether it may hear. */
  HARTS(2, 8)
  la s5, claimed
  la s7, mine
  la s8, empty
  la s9, harts
  lw s9, 0(s9)
  bnez tp, 1f
  li t0, PRIORITY
  li t1, 1
  sw t1, 0(t0)
1:

/* \deaf: a hart that may not hear, or -1; \by: what hinders it, its enable or its threshold. */
#define PART(name, deaf, by) part __LINE__, name, deaf, by
.macro part line, name, deaf, by
  slli t0, tp, 8                  /* context 2 × hart: M */
  li t1, ENABLE
  add t0, t0, t1
  slli s3, tp, 13
  li t1, CONTEXT
  add s3, s3, t1
  li s2, MEI
  li s4, 1
  li t1, 1 << SOURCE
  li t2, 0
  li t3, \deaf
  bne tp, t3, 2f
  li s4, 0
  \by
2:
  sw t1, 0(t0)
  sw t2, 0(s3)
  rounds \line, \name
.endm

.macro rounds line, name
  li gp, \line
  li s6, ROUNDS
  slli t0, tp, 3
  add t0, t0, s7
  sd zero, 0(t0)
  sd zero, 0(s8)
1:
  call barrier
  bnez tp, 2f
  sd zero, 0(s5)
  ASK
2:
  call barrier
  /* until one has claimed it */
3:
  call dice
  call dawdle
  csrr t0, mip
  and t0, t0, s2
  beqz t0, 6f
  beqz s4, test_failed
  lw t0, 4(s3)
  beqz t0, 5f
  li t1, SOURCE
  bne t0, t1, test_failed
  slli t2, tp, 3
  add t2, t2, s7
  ld t1, 0(t2)
  addi t1, t1, 1
  sd t1, 0(t2)
  mv s10, t0
  HUSH
  sw s10, 4(s3)
  li t1, 1
  amoadd.d.aqrl zero, t1, (s5)
  j 6f
5:
  li t1, 1
  amoadd.d.aqrl zero, t1, (s8)
6:
  fence rw, rw
  ld t0, 0(s5)
  beqz t0, 3b
  call barrier
  ld t0, 0(s5)
  SAME(t0, 1)
  addi s6, s6, -1
  bnez s6, 1b
  call barrier
  bnez tp, 9f
  SAY "\name claimed"
  li s6, 0
8:
  SAY " "
  slli t0, s6, 3
  add t0, t0, s7
  ld a0, 0(t0)
  call say_number
  addi s6, s6, 1
  bne s6, s9, 8b
  SAY " empty "
  ld a0, 0(s8)
  call say_number
  SAY "\n"
9:
  call barrier
.endm

  PART(all, -1, nop)
  PART(disabled-0, 0, "li t1, 0")
  PART(threshold-1, 1, "li t2, 7")
  /* all of M's contexts off, and hart 1's S-mode on: it is pending as SEI there */
  slli t0, tp, 8
  li t1, ENABLE
  add t0, t0, t1
  sw zero, 0(t0)
  sw zero, 0(s3)
  li s4, 0
  li t1, 1
  bne tp, t1, 1f
  li s4, 1
  li t1, 1 << SOURCE
  sw t1, 0x80(t0)
  li t1, 0x1000
  add s3, s3, t1
  sw zero, 0(s3)
1:
  li s2, MEI | SEI
  rounds __LINE__, supervisor-1
  DONE

  .section .bss
  .balign 64
claimed:
  .dword 0
  .balign 64
empty:
  .dword 0
mine:
  .fill 8, 8, 0
