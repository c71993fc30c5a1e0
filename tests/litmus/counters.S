/*
 * All harts count, each ROUNDS times, in one cell and by one means after another. A line for each means
 * with what the cell ends as: ROUNDS × harts for all but the first, which protects nothing. The last
 * line is Peterson's lock without fences, which only a hart that is sequentially consistent may do.
 *
 * Where a lock protects the cell, its holder also writes its name beside the cell and finds it there a
 * little later; else the program fails.
 */
#include "harts.inc"

#define ROUNDS 100

/* Two harts, or all, count by \way and hart 0 says what came of it. A way finds s2 = &cell, s3 = &lock. */
#define COUNT(name, most, way) count __LINE__, name, most, way
.macro count line, name, most, way
  li gp, \line
  call barrier
  bnez tp, 1f
  sd zero, 0(s2)
  sd zero, 0(s3)
  sd zero, 8(s3)
  sd zero, 16(s3)
1:
  call barrier
  li s4, ROUNDS
  li t0, \most
  bgeu tp, t0, 3f
2:
  call \way
  addi s4, s4, -1
  bnez s4, 2b
3:
  call barrier
  bnez tp, 4f
  SAY "\name "
  ld a0, 0(s2)
  call say_number
  SAY "\n"
4:
.endm

/* What a lock protects, with the check that nobody else is here. */
.macro INSIDE
  ld t0, 0(s2)
  sd tp, 8(s2)
  addi t0, t0, 1
  sd t0, 0(s2)
  ld t1, 8(s2)
  bne t1, tp, test_failed
.endm

  HARTS(2, 8)
  la s2, cell
  la s3, lock
  bnez tp, 1f
  SAY "harts "
  la a0, harts
  lw a0, 0(a0)
  call say_number
  SAY "\n"
1:
  COUNT(unprotected, 8, unprotected)
  COUNT(amoadd.w, 8, amoadd_w)
  COUNT(amoadd.d, 8, amoadd_d)
  COUNT(lr.w, 8, lr_w)
  COUNT(lr.d, 8, lr_d)
  COUNT(compare, 8, compare)
  COUNT(spinlock, 8, spinlock)
  COUNT(lr-lock, 8, lr_lock)
  COUNT(ticket, 8, ticket)
  COUNT(peterson+fences, 2, peterson_fences)
  COUNT(peterson, 2, peterson)
  DONE

unprotected:
  ld t0, 0(s2)
  addi t0, t0, 1
  sd t0, 0(s2)
  ret

amoadd_w:
  li t0, 1
  amoadd.w zero, t0, (s2)
  ret

amoadd_d:
  li t0, 1
  amoadd.d zero, t0, (s2)
  ret

lr_w:
  lr.w t0, (s2)
  addi t0, t0, 1
  sc.w t0, t0, (s2)
  bnez t0, lr_w
  ret

lr_d:
  lr.d t0, (s2)
  addi t0, t0, 1
  sc.d t0, t0, (s2)
  bnez t0, lr_d
  ret

/* Compare and swap as the manual has it, in a loop. */
compare:
  ld t0, 0(s2)
  addi t1, t0, 1
1:
  lr.d t2, (s2)
  bne t2, t0, compare
  sc.d t3, t1, (s2)
  bnez t3, 1b
  ret

/* xv6's. */
spinlock:
  li t2, 1
1:
  amoswap.w.aq t3, t2, (s3)
  bnez t3, 1b
  INSIDE
  fence rw, w
  amoswap.w.rl zero, zero, (s3)
  ret

lr_lock:
  li t2, 1
1:
  lr.w.aq t3, (s3)
  bnez t3, 1b
  sc.w t3, t2, (s3)
  bnez t3, 1b
  INSIDE
  fence rw, w
  sw zero, 0(s3)
  ret

/* A number from the roll at 0(s3), served in the order of 8(s3). */
ticket:
  li t2, 1
  amoadd.w t2, t2, (s3)
1:
  lw t3, 8(s3)
  bne t2, t3, 1b
  fence rw, rw
  INSIDE
  fence rw, rw
  addi t3, t3, 1
  sw t3, 8(s3)
  ret

/* "I want in; after you": wants at 0(s3) and 8(s3), whose turn at 16(s3). */
.macro PETERSON fence
  slli t2, tp, 3
  add t2, t2, s3        /* mine */
  xori t3, tp, 1        /* the other's number */
  slli t4, t3, 3
  add t4, t4, s3        /* and what it wants */
  li t5, 1
  sd t5, 0(t2)
  \fence
  sd t3, 16(s3)
  \fence
1:
  ld t5, 0(t4)
  beqz t5, 2f
  ld t5, 16(s3)
  beq t5, t3, 1b
2:
  \fence
  INSIDE
  \fence
  sd zero, 0(t2)
  ret
.endm
peterson_fences:
  PETERSON "fence rw, rw"
peterson:
  PETERSON ""

  .section .bss
  .balign 64
cell:
  .fill 8, 8, 0
lock:
  .fill 8, 8, 0
