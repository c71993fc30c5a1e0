/*
 * sfence.vma: after it, nothing stale is used. By address, by ASID, by both, for all; and ASIDs that
 * keep two address spaces apart without any fence. Never the other way: a hart may forget early.
 */
#include "harness.inc"
#include "paging.inc"

/* An entry of l0, without any fence. */
#define QUIET_PTE(table, index, where, ...) quiet_pte table, index, where, (__VA_ARGS__)
.macro quiet_pte table, index, where, flags
  la t6, \where
  srli t6, t6, 12
  slli t6, t6, 10
  li t5, \flags
  or t6, t6, t5
  la t5, \table
  sd t6, (\index) * 8(t5)
.endm
/* What S, or U, finds at a page must be frame_a or frame_b: they differ in their second doubleword. */
#define IN_A 0xa0a1a2a3a4a5a6a7
#define IN_B 0xb0b1b2b3b4b5b6b7
#define FINDS(mpp, index, ...) FINE(mpp, load8, PAGES + (index) * 4096 + 8); SAME(a1, __VA_ARGS__)
.macro SATP asid, table
  la t6, \table
  srli t6, t6, 12
  li t5, SV39 | (\asid << 44)
  or t6, t6, t5
  csrw satp, t6
.endm

PAGING
  /* change a page's frame: by each form of fence that covers it */
  .macro moved fence
  QUIET_PTE(l0, 1, frame_a, ALL)
  sfence.vma
  FINDS(MPP_S, 1, IN_A)
  QUIET_PTE(l0, 1, frame_b, ALL)
  li s0, PAGES + 0x1000
  li s1, 0
  \fence
  FINDS(MPP_S, 1, IN_B)
  .endm
  moved "sfence.vma"
  moved "sfence.vma s0"
  moved "sfence.vma zero, s1"
  moved "sfence.vma s0, s1"
  /* an address anywhere in the page will do */
  li s2, PAGES + 0x1abc
  moved "sfence.vma s2"
  /* satp written with its own value is no fence; with a fence after it, all is new */
  moved "csrr s3, satp; csrw satp, s3; sfence.vma"

  /* permissions taken away: load, store and fetch stop; given: they go */
  QUIET_PTE(l0, 1, frame_a, ALL)
  sfence.vma
  FINE(MPP_S, load, PAGES + 0x1000)
  FINE(MPP_S, store8, PAGES + 0x1010)
  FINE(MPP_S, exec, PAGES + 0x1000)
  QUIET_PTE(l0, 1, frame_a, V | R | X | A | D)
  li s0, PAGES + 0x1000
  sfence.vma s0
  FINE(MPP_S, load, PAGES + 0x1000)
  FAULT(MPP_S, store, 15, PAGES + 0x1010)
  FINE(MPP_S, exec, PAGES + 0x1000)
  QUIET_PTE(l0, 1, frame_a, V | R | W | A | D)
  sfence.vma s0
  FINE(MPP_S, store8, PAGES + 0x1010)
  FAULT(MPP_S, exec, 12, PAGES + 0x1000)
  QUIET_PTE(l0, 1, frame_a, V | X | A)
  sfence.vma s0
  FAULT(MPP_S, load, 13, PAGES + 0x1000)
  FINE(MPP_S, exec, PAGES + 0x1000)
  QUIET_PTE(l0, 1, frame_a, ALL | U)
  sfence.vma s0
  FAULT(MPP_S, load, 13, PAGES + 0x1000)
  FINE(MPP_U, load, PAGES + 0x1000)
  QUIET_PTE(l0, 1, frame_a, ALL)
  sfence.vma s0
  FINE(MPP_S, load, PAGES + 0x1000)
  FAULT(MPP_U, load, 13, PAGES + 0x1000)
  QUIET_PTE(l0, 1, frame_a, 0)
  sfence.vma s0
  FAULT(MPP_S, load, 13, PAGES + 0x1000)
  FAULT(MPP_S, store, 15, PAGES + 0x1000)
  FAULT(MPP_S, exec, 12, PAGES + 0x1000)
  /* from nothing to something needs a fence too */
  QUIET_PTE(l0, 1, frame_b, ALL)
  sfence.vma s0
  FINDS(MPP_S, 1, IN_B)

  /* SUM and MXR act at once, without a fence, on what was used a moment ago */
  QUIET_PTE(l0, 1, frame_a, V | X | U | A)
  QUIET_PTE(l0, 2, frame_b, ALL | U)
  sfence.vma
  FINE(MPP_U, exec, PAGES + 0x1000)
  FAULT(MPP_U, load, 13, PAGES + 0x1000)
  FINE(MPP_U, load, PAGES + 0x2000)
  FAULT(MPP_S, load, 13, PAGES + 0x2000)
  li t6, SUM
  csrs mstatus, t6
  FINE(MPP_S, load, PAGES + 0x2000)
  FINE(MPP_S, store8, PAGES + 0x2010)
  FAULT(MPP_S, load, 13, PAGES + 0x1000)
  li t6, MXR
  csrs mstatus, t6
  FINE(MPP_S, load, PAGES + 0x1000)
  li t6, SUM
  csrc mstatus, t6
  FAULT(MPP_S, load, 13, PAGES + 0x1000)
  FAULT(MPP_S, store, 15, PAGES + 0x2010)
  FINE(MPP_U, load, PAGES + 0x1000)
  li t6, MXR
  csrc mstatus, t6
  FAULT(MPP_U, load, 13, PAGES + 0x1000)

  /* A and D taken back: after a fence the walker sets them again */
  QUIET_PTE(l0, 1, frame_a, ALL)
  sfence.vma
  FINE(MPP_S, store8, PAGES + 0x1010)
  QUIET_PTE(l0, 1, frame_a, V | R | W | X)
  li s0, PAGES + 0x1000
  sfence.vma s0
  FINE(MPP_S, load, PAGES + 0x1010)
  PTE_GET a2, l0, 1
  andi a2, a2, A | D
  SAME(a2, A)
  FINE(MPP_S, store8, PAGES + 0x1010)
  PTE_GET a2, l0, 1
  andi a2, a2, A | D
  SAME(a2, A | D)
  /* … also in a copy-on-write's order: read-only, written, copied, made writable */
  QUIET_PTE(l0, 1, frame_a, V | R | A)
  sfence.vma s0
  FINDS(MPP_S, 1, IN_A)
  FAULT(MPP_S, store8, 15, PAGES + 0x1010)
  QUIET_PTE(l0, 1, frame_b, V | R | W | A)
  sfence.vma s0
  FINE(MPP_S, store8, PAGES + 0x1010)
  FINDS(MPP_S, 1, IN_B)

  /* tables: an entry above the leaf, changed, is seen after a fence of an address below it */
  PTE(other_l1, 0, other_l0, V)
  PTE(other_l0, 1, frame_b, ALL)
  QUIET_PTE(l0, 1, frame_a, ALL)
  sfence.vma
  FINDS(MPP_S, 1, IN_A)
  QUIET_PTE(l1, 0, other_l0, V)
  sfence.vma s0
  FINDS(MPP_S, 1, IN_B)
  QUIET_PTE(l1, 0, l0, V)
  sfence.vma s0
  FINDS(MPP_S, 1, IN_A)
  QUIET_PTE(root, 1, other_l1, V)
  sfence.vma s0
  FINDS(MPP_S, 1, IN_B)
  QUIET_PTE(root, 1, l1, V)
  sfence.vma
  FINDS(MPP_S, 1, IN_A)

  /* a superpage becomes a table of pages, and back: nothing of it is left in any part */
  PTE_RAW(l1, 1, (0x80000 << 10) | ALL)
  FINE(MPP_S, load, MEGA)
  FINE(MPP_S, load, MEGA + 0x1000)
  FINE(MPP_S, load8, MEGA + 0x100000)
  QUIET_PTE(l1, 1, l0, V)
  li s3, MEGA + 0x1000
  sfence.vma s3
  FINE(MPP_S, load8, MEGA + 0x1008)
  SAME(a1, IN_A)
  sfence.vma
  FAULT(MPP_S, load8, 13, MEGA + 0x100000)
  PTE_RAW(l1, 1, (0x80000 << 10) | ALL)
  la s4, frame_b
  li s5, 0x80000000 - MEGA
  sub a0, s4, s5
  addi a0, a0, 8
  HERE
  RESUME_AT 2f
  ENTER MPP_S, stub_load8
2:
  SAME(a1, IN_B)
  /* one fence at any address of a superpage drops all of it */
  PTE_RAW(l1, 1, (0x80000 << 10) | ALL)
  FINE(MPP_S, load, MEGA)
  FINE(MPP_S, load, MEGA + 0x1ff000)
  FINE(MPP_S, load, MEGA + 0x3000)
  la t5, l1
  sd zero, 8(t5)
  li s3, MEGA + 0x5000
  sfence.vma s3
  FAULT(MPP_S, load, 13, MEGA)
  FAULT(MPP_S, load, 13, MEGA + 0x1ff000)
  FAULT(MPP_S, load, 13, MEGA + 0x3000)

  /* two address spaces under two ASIDs, switched without fences */
  PTE_RAW(other_root, 2, (0x80000 << 10) | ALL)
  PTE_RAW(other_root, 4, (0x80000 << 10) | ALL | U)
  PTE(other_root, 1, other_l1, V)
  PTE(other_l0, 1, frame_b, ALL)
  PTE(l0, 1, frame_a, ALL)
  SATP 0xffff, root
  csrr s5, satp
  srli s5, s5, 44
  slli s5, s5, 48
  srli s5, s5, 48
  /* s5: the ASID bits this hart has; without any, a fence stands in */
  .macro SWITCH asid, table
  SATP \asid, \table
  bnez s5, .Lapart\@
  sfence.vma
.Lapart\@:
  .endm
  sfence.vma
  .rept 3
  SWITCH 1, root
  FINDS(MPP_S, 1, IN_A)
  SWITCH 2, other_root
  FINDS(MPP_S, 1, IN_B)
  .endr
  /* a fence for one ASID shows the change in it */
  SWITCH 1, root
  QUIET_PTE(l0, 1, frame_b, ALL)
  li s1, 1
  sfence.vma zero, s1
  FINDS(MPP_S, 1, IN_B)
  SWITCH 2, other_root
  QUIET_PTE(other_l0, 1, frame_a, ALL)
  li s1, 2
  sfence.vma s0, s1
  FINDS(MPP_S, 1, IN_A)
  /* a fence for ASID 1 while 2 is on, seen when 1 is on again */
  QUIET_PTE(l0, 1, frame_a, ALL)
  li s1, 1
  sfence.vma zero, s1
  SWITCH 1, root
  FINDS(MPP_S, 1, IN_A)
  /* the same ASID for another root needs a fence, and with it shows the other space */
  SATP 1, other_root
  li s1, 1
  sfence.vma zero, s1
  PTE(other_l0, 1, frame_b, ALL)
  FINDS(MPP_S, 1, IN_B)

  /* a global page may outlive a fence of one ASID; it must not outlive one of all */
  PTE(l0, 2, frame_a, ALL | G)
  PTE(other_l0, 2, frame_a, ALL | G)
  SWITCH 1, root
  sfence.vma
  FINDS(MPP_S, 2, IN_A)
  SWITCH 2, other_root
  FINDS(MPP_S, 2, IN_A)
  QUIET_PTE(l0, 2, frame_b, ALL | G)
  QUIET_PTE(other_l0, 2, frame_b, ALL | G)
  sfence.vma
  FINDS(MPP_S, 2, IN_B)
  SWITCH 1, root
  FINDS(MPP_S, 2, IN_B)
  QUIET_PTE(l0, 2, frame_a, ALL | G)
  li s3, PAGES + 0x2000
  sfence.vma s3
  FINDS(MPP_S, 2, IN_A)
  QUIET_PTE(l0, 2, frame_a, 0)
  sfence.vma s3
  FAULT(MPP_S, load, 13, PAGES + 0x2000)

  /* from S itself: the usual way of a kernel */
  SATP 0, root
  sfence.vma
  QUIET_PTE(l0, 1, frame_a, ALL)
  sfence.vma
  HERE
  RESUME_AT 9f
  ENTER MPP_S, 1f
1:
  li s0, PAGES + 0x1000
  ld s2, 8(s0)
  QUIET_PTE(l0, 1, frame_b, ALL)
  sfence.vma s0, zero
  ld s3, 8(s0)
  QUIET_PTE(l0, 1, frame_a, ALL)
  sfence.vma
  ld s4, 8(s0)
  /* to other tables and back, in S, at the same addresses */
  csrr s5, satp
  la t6, other_root
  srli t6, t6, 12
  li t5, SV39
  or t6, t6, t5
  csrw satp, t6
  sfence.vma
  ld s6, 8(s0)
  csrw satp, s5
  sfence.vma
  ld s7, 8(s0)
  /* to Bare and back */
  csrw satp, zero
  sfence.vma
  la t6, frame_b
  ld s8, 8(t6)
  csrw satp, s5
  sfence.vma
  ld s9, 8(s0)
  ecall
9:
  M_TRAP(9)
  SAME(s2, IN_A)
  SAME(s3, IN_B)
  SAME(s4, IN_A)
  SAME(s6, IN_B)
  SAME(s7, IN_A)
  SAME(s8, IN_B)
  SAME(s9, IN_A)
PASS
