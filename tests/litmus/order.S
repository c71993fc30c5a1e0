/*
 * In which order harts see each other's accesses: the usual shapes, each run `ROUNDS` times, without
 * fences and with them. For each shape a line of what was seen and how often:
 *
 *   sb 01:37 10:41 11:22
 *
 * One digit for each hart of the shape, "-" for one that only stores; of a hart that loads twice,
 * 2 × first + second, and of one that loads once, what it loaded. `END` shapes have one more digit, for
 * what was in memory at the end.
 *
 * A body finds s2 = &x, s3 = &y, s4 = 1, s5 = 2 and comes back with its digit in a0.
 */
#include "harts.inc"

#define ROUNDS 60
#define NOTHING_SEEN li a0, 4; ret

.macro LOADED first, second
  slli a0, \first, 1
  add a0, a0, \second
  ret
.endm

.macro SHAPE name, harts, zero, one, two=0, three=0, end=0
  .pushsection .data, 1
.Lname\@:
  .asciz "\name"
  .popsection
  .pushsection .data
  .dword .Lname\@, \harts, \zero, \one, \two, \three, \end
  .popsection
.endm
#define NAME 0
#define COUNT 8
#define BODY 16
#define END 48
#define SIZE 56

  .section .data
  .balign 8
shapes:
  .section .text

/* Message passing: who sees the flag sees the message. */
.macro MESSAGE name, zero, one
7:
  sw s4, 0(s2)
  \zero
  sw s4, 0(s3)
  NOTHING_SEEN
8:
  lw a1, 0(s3)
  \one
  lw a2, 0(s2)
  LOADED a1, a2
  SHAPE \name, 2, 7b, 8b
.endm

/* Store buffering: of two that first store and then look, one at least sees the other. */
.macro BUFFERED_STORES name, fence
7:
  sw s4, 0(s2)
  \fence
  lw a0, 0(s3)
  ret
8:
  sw s4, 0(s3)
  \fence
  lw a0, 0(s2)
  ret
  SHAPE \name, 2, 7b, 8b
.endm

/* Load buffering: no two loads see stores that come after the other's. */
.macro BUFFERED_LOADS name, fence
7:
  lw a0, 0(s2)
  \fence
  sw s4, 0(s3)
  ret
8:
  lw a0, 0(s3)
  \fence
  sw s4, 0(s2)
  ret
  SHAPE \name, 2, 7b, 8b
.endm

/* Two and two stores: not both first ones are the last ones. The end is 2(x - 1) + (y - 1). */
.macro STORES_ONLY name, fence
7:
  sw s4, 0(s2)
  \fence
  sw s5, 0(s3)
  NOTHING_SEEN
8:
  sw s4, 0(s3)
  \fence
  sw s5, 0(s2)
  NOTHING_SEEN
  SHAPE \name, 2, 7b, 8b, 0, 0, both
.endm
both:
  lw a1, 0(s2)
  lw a2, 0(s3)
  addi a1, a1, -1
  addi a2, a2, -1
  LOADED a1, a2

/* A store and a load against stores: if y ends as hart 1's, whose load comes later, it sees x. */
.macro STORE_AND_LOAD name, fence
7:
  sw s4, 0(s2)
  \fence
  sw s4, 0(s3)
  NOTHING_SEEN
8:
  sw s5, 0(s3)
  \fence
  lw a0, 0(s2)
  ret
  SHAPE \name, 2, 7b, 8b, 0, 0, last_y
.endm
last_y:
  lw a0, 0(s3)
  ret

/* Coherence of one place: what was new does not become old again. */
7:
  sw s4, 0(s2)
  NOTHING_SEEN
8:
  lw a1, 0(s2)
  lw a2, 0(s2)
  LOADED a1, a2
  SHAPE corr, 2, 7b, 8b

/* Write to read causality: hart 2 learns from hart 1 what hart 0 did. */
.macro CAUSALITY name, one, two
6:
  sw s4, 0(s2)
  NOTHING_SEEN
7:
  lw a0, 0(s2)
  \one
  sw a0, 0(s3)
  ret
8:
  lw a1, 0(s3)
  \two
  lw a2, 0(s2)
  LOADED a1, a2
  SHAPE \name, 3, 6b, 7b, 8b
.endm

/* Some time between two loads, in which others can store. */
.macro PAUSE
  .rept 12
  nop
  .endr
.endm

/* Independent reads of independent writes: all agree which of two stores was first. */
.macro INDEPENDENT name, fence
5:
  sw s4, 0(s2)
  NOTHING_SEEN
6:
  sw s4, 0(s3)
  NOTHING_SEEN
7:
  lw a1, 0(s2)
  PAUSE
  \fence
  lw a2, 0(s3)
  LOADED a1, a2
8:
  lw a1, 0(s3)
  PAUSE
  \fence
  lw a2, 0(s2)
  LOADED a1, a2
  SHAPE \name, 4, 5b, 6b, 7b, 8b
.endm

  MESSAGE mp, "", ""
  MESSAGE mp+fences, "fence w, w", "fence r, r"
  BUFFERED_STORES sb, ""
  BUFFERED_STORES sb+fences, "fence w, r"
  BUFFERED_LOADS lb, ""
  BUFFERED_LOADS lb+fences, "fence r, w"
  STORES_ONLY 2+2w, ""
  STORES_ONLY 2+2w+fences, "fence w, w"
  STORE_AND_LOAD r, ""
  STORE_AND_LOAD r+fences, "fence rw, rw"
  CAUSALITY wrc, "", ""
  CAUSALITY wrc+fences, "fence r, w", "fence r, r"
  INDEPENDENT iriw, ""
  INDEPENDENT iriw+fences, "fence r, r"

/* Message passing with an AMO that releases and one that acquires. */
7:
  sw s4, 0(s2)
  amoswap.w.rl zero, s4, (s3)
  NOTHING_SEEN
8:
  amoor.w.aq a1, zero, (s3)
  lw a2, 0(s2)
  LOADED a1, a2
  SHAPE mp+amo, 2, 7b, 8b

/* Store buffering with AMOs for stores. */
7:
  amoswap.w.aqrl zero, s4, (s2)
  lw a0, 0(s3)
  ret
8:
  amoswap.w.aqrl zero, s4, (s3)
  lw a0, 0(s2)
  ret
  SHAPE sb+amo, 2, 7b, 8b

/* Two swaps of one place: one of them is first and gets the zero, the other gets what that one put. */
7:
  amoswap.w a0, s4, (s2)
  ret
8:
  amoswap.w a0, s5, (s2)
  ret
  SHAPE swaps, 2, 7b, 8b, 0, 0, last_x
last_x:
  lw a0, 0(s2)
  ret

/* Eight bytes are stored at once: 3 when both halves are seen, 0 when none. */
.macro WHOLE name, offset
7:
  li a1, -1
  sd a1, \offset(s2)
  NOTHING_SEEN
8:
  ld a1, \offset(s2)
  slli a2, a1, 32
  snez a2, a2
  srli a1, a1, 32
  snez a1, a1
  LOADED a1, a2
  SHAPE \name, 2, 7b, 8b
.endm
  WHOLE whole, 0
/* The same over the end of a page, where hardware may do it in parts. */
  WHOLE across, -4

  .section .data
shapes_end:
  .section .text

  HARTS(2, 4)
  la s2, x
  la s3, y
  li s4, 1
  li s5, 2
  la s6, shapes
each_shape:
  la t0, harts
  lw t0, 0(t0)
  ld s7, COUNT(s6)
  bltu t0, s7, next_shape
  li s8, ROUNDS
each_round:
  bnez tp, 1f
  sd zero, 0(s2)
  sd zero, -8(s2)
  sd zero, 0(s3)
1:
  call barrier
  bgeu tp, s7, 2f
  call dice
  srli a0, a0, 2
  call dawdle
  slli t0, tp, 3
  add t0, t0, s6
  ld t0, BODY(t0)
  jalr t0
  la t0, seen
  slli t1, tp, 3
  add t0, t0, t1
  sd a0, 0(t0)
2:
  call barrier
  bnez tp, 3f
  call tally
3:
  addi s8, s8, -1
  bnez s8, each_round
  call barrier
  bnez tp, next_shape
  call report
next_shape:
  addi s6, s6, SIZE
  la t0, shapes_end
  bne s6, t0, each_shape
  DONE

/* Counts an outcome: its digits, base 5, are an index. */
tally:
  addi sp, sp, -16
  sd ra, 0(sp)
  li s9, 0
  li s10, 5
  la s11, seen
  mv t1, s7
1:
  mul s9, s9, s10
  ld t2, 0(s11)
  add s9, s9, t2
  addi s11, s11, 8
  addi t1, t1, -1
  bnez t1, 1b
  ld t0, END(s6)
  beqz t0, 2f
  jalr t0
  mul s9, s9, s10
  add s9, s9, a0
2:
  la t0, counts
  slli t1, s9, 3
  add t0, t0, t1
  ld t1, 0(t0)
  addi t1, t1, 1
  sd t1, 0(t0)
  ld ra, 0(sp)
  addi sp, sp, 16
  ret

/* A line with the counts that are not 0, which it clears. */
report:
  addi sp, sp, -16
  sd ra, 8(sp)
  ld a0, NAME(s6)
  call say
  ld t0, END(s6)
  snez t0, t0
  add s7, s7, t0 /* the digits */
  li s9, 0
  la s10, counts
1:
  ld s11, 0(s10)
  beqz s11, 4f
  SAY " "
  /* the digits onto the stack, the last one first */
  mv t0, s9
  mv t1, s7
  mv a0, sp
  sb zero, 0(a0)
2:
  li t2, 5
  remu t3, t0, t2
  divu t0, t0, t2
  addi t3, t3, '0'
  li t2, '4'
  bne t3, t2, 3f
  li t3, '-'
3:
  addi a0, a0, -1
  sb t3, 0(a0)
  addi t1, t1, -1
  bnez t1, 2b
  call say
  SAY ":"
  mv a0, s11
  call say_number
  sd zero, 0(s10)
4:
  addi s9, s9, 1
  addi s10, s10, 8
  li t0, 3125
  bne s9, t0, 1b
  SAY "\n"
  ld ra, 8(sp)
  addi sp, sp, 16
  ret

  .section .bss
  .balign 4096
  .fill 4096, 1, 0
x:
  .fill 4096, 1, 0
y:
  .fill 4096, 1, 0
seen:
  .fill 4, 8, 0
counts:
  .fill 3125, 8, 0
