/*
 * Interrupts to each other by the CLINT's msip. A message goes round all harts ROUNDS times: each sleeps
 * until its interrupt comes, finds the message that must have come by then, and sends the next hart on.
 * Then two harts play ping-pong without taking interrupts, woken by what is pending.
 *
 * Says how often each hart was interrupted.
 */
#include "harts.inc"

#define ROUNDS 50

  HARTS(2, 8)
  la t0, heard
  csrw mtvec, t0
  la s2, message
  la s3, harts
  lw s3, 0(s3)
  mv s4, tp          /* what the next message must be */
  li s5, 0           /* interrupts taken */
  addi s7, tp, 1     /* the next hart */
  remu s7, s7, s3
  li t0, MSI
  csrw mie, t0
  li s6, 0           /* the end has come */
  li s8, MIE
  call barrier
  bnez tp, 1f
  SEND tp            /* the first one is hart 0's to itself */
1:
  wfi                /* with interrupts off, or one may come between the look and the sleep */
  csrs mstatus, s8
  csrc mstatus, s8
  beqz s6, 1b
  /* nothing is left over */
  HERE
  csrr t0, mip
  andi t0, t0, MSI
  bnez t0, test_failed
  la t0, visits
  slli t1, tp, 3
  add t0, t0, t1
  sd s5, 0(t0)
  call barrier
  bnez tp, 3f
  la s9, visits
2:
  SAY "interrupted "
  ld a0, 0(s9)
  call say_number
  SAY "\n"
  addi s9, s9, 8
  addi s3, s3, -1
  bnez s3, 2b
3:
  /* Ping-pong: \me of the first two waits for its interrupt, takes it back and sends the other's. */
  HERE
  call barrier
  li t0, 2
  bgeu tp, t0, 7f
  li s4, ROUNDS
  xori s5, tp, 1
  bnez tp, 4f
  SEND s5
4:
  wfi
  csrr t0, mip
  andi t0, t0, MSI
  beqz t0, 4b
  HEARD
  csrr t0, mip
  andi t0, t0, MSI
  bnez t0, test_failed
  addi s4, s4, -1
  bnez tp, 5f
  beqz s4, 7f        /* hart 0 hears the last one */
5:
  SEND s5
  bnez s4, 4b
7:
  DONE

/*
 * The interrupt, taken between two instructions that use none of its registers: message s4 is there,
 * the next one goes to the next hart; after the last one all are woken.
 */
  .balign 4
heard:
  HERE
  csrr t0, mcause
  li t1, INTERRUPT | 3
  bne t0, t1, test_failed
  HEARD
  csrr t0, mip
  andi t0, t0, MSI
  bnez t0, test_failed
  la t0, over
  lw s6, 0(t0)
  bnez s6, 9f        /* woken for the end */
  addi s5, s5, 1
  ld t0, 0(s2)
  bne t0, s4, test_failed
  add s4, s4, s3
  addi t0, t0, 1
  sd t0, 0(s2)
  li t1, ROUNDS
  mul t1, t1, s3
  fence rw, rw
  beq t0, t1, 8f
  SEND s7
  mret
8:
  li s6, 1
  la t0, over
  sw s6, 0(t0)
  fence rw, rw
  mv t0, s3
1:
  addi t0, t0, -1
  beq t0, tp, 2f     /* this one is awake */
  SEND t0
2:
  bnez t0, 1b
9:
  mret

  .section .bss
  .balign 64
message:
  .fill 8, 8, 0
over:
  .fill 8, 8, 0
visits:
  .fill 8, 8, 0
