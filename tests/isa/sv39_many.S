/*
 * More translations than any TLB holds: 512 pages, 62 superpages, 20 address spaces. Each must be found
 * right again and again, and none survive a fence, whichever way the TLB is indexed.
 */
#include "harness.inc"
#include "paging.inc"

.macro SATP asid_reg, table_reg
  srli t6, \table_reg, 12
  li t5, SV39
  or t6, t6, t5
  slli t5, \asid_reg, 44
  or t6, t6, t5
  csrw satp, t6
.endm

/* Runs (in S, paged) the subroutine at a label, and comes back. */
#define IN_S(label) in_s __LINE__, label
.macro in_s line, label
  li gp, \line
  RESUME_AT 9f
  ENTER MPP_S, 8f
8:
  jal \label
  ecall
9:
  record_same \line, M_CAUSE, 9
  record_at \line, M_EPC, 9b - 4
.endm

PAGING
  /* 512 frames, each beginning with its number and code that returns it */
  la s0, frames
  li s1, 0
1:
  li t5, 0x00000513        /* li a0, n */
  slli t6, s1, 20
  add t5, t5, t6
  sw t5, 8(s0)
  li t5, 0x00008067        /* ret */
  sw t5, 12(s0)
  sd s1, 0(s0)
  li t5, 4096
  add s0, s0, t5
  addi s1, s1, 1
  li t5, 512
  bne s1, t5, 1b
  fence.i

  /* page i shows frame (5 i + shift) mod 512; all are read, written and run in two orders */
  li s2, 0
shifts:
  jal map_pages
  sfence.vma
  IN_S(check_pages)
  IN_S(check_pages_down)
  IN_S(check_pages)
  /* changed under a fence of all, then of this ASID only, then page by page from S */
  addi s2, s2, 37
  jal map_pages
  sfence.vma
  IN_S(check_pages)
  addi s2, s2, 41
  jal map_pages
  li t5, 0
  sfence.vma zero, t5
  IN_S(check_pages_down)
  addi s2, s2, 43
  jal map_pages
  IN_S(fence_pages)
  IN_S(check_pages)
  IN_S(check_pages_down)
  addi s2, s2, 11
  li t5, 300
  blt s2, t5, shifts

  /* writable taken away from every third page after all were written: those stores fault, the others do not */
  la s0, l0
  li s1, 0
1:
  ld t5, 0(s0)
  andi t5, t5, ~W
  sd t5, 0(s0)
  addi s0, s0, 24
  addi s1, s1, 3
  li t5, 512
  blt s1, t5, 1b
  sfence.vma
  li s1, 0
1:
  slli a0, s1, 12
  li t5, PAGES + 16
  add a0, a0, t5
  HERE
  RESUME_AT 2f
  ENTER MPP_S, stub_store8
2:
  RECORD a2, M_CAUSE
  li t5, 3
  remu t5, s1, t5
  li a3, 15
  beqz t5, 3f
  li a3, 9
3:
  EQUAL(a2, a3)
  addi s1, s1, 1
  li t5, 512
  bne s1, t5, 1b

  /* 62 superpages, all of RAM behind l1[2] … l1[63], in an order turned by one at each round */
  li s2, 0
mega_rounds:
  la s0, l1
  addi s0, s0, 16
  li s1, 0
1:
  add t5, s1, s2
  li t6, 62
  remu t5, t5, t6
  slli t5, t5, 19
  li t6, (0x80000 << 10) | (V | R | W | A | D)
  add t5, t5, t6
  sd t5, 0(s0)
  addi s0, s0, 8
  addi s1, s1, 1
  li t6, 62
  bne s1, t6, 1b
  sfence.vma
  /* mark each superpage's last doubleword by its physical address */
  li s0, 0x80000000 + 0x1ffff8
  li s1, 62
1:
  sd s0, 0(s0)
  li t5, 0x200000
  add s0, s0, t5
  addi s1, s1, -1
  bnez s1, 1b
  IN_S(check_mega)
  IN_S(check_mega)
  addi s2, s2, 1
  li t5, 5
  bne s2, t5, mega_rounds

  /* 20 address spaces that differ in one page, switched in turn without a fence where there are ASIDs */
  csrr s9, satp
  li t5, SV39 | (0xffff << 44)
  or t5, t5, s9
  csrw satp, t5
  csrr s8, satp
  slli s8, s8, 4
  srli s8, s8, 48
  csrw satp, s9
  sfence.vma
  /* root n: a copy of root, its own l1 and l0 */
  la s3, spaces
  li s1, 0
1:
  la t5, root
  ld t6, 16(t5)
  sd t6, 16(s3)
  li t5, 4096
  add s4, s3, t5
  add s5, s4, t5
  srli t6, s4, 2
  ori t6, t6, V
  sd t6, 8(s3)
  srli t6, s5, 2
  ori t6, t6, V
  sd t6, 0(s4)
  la t6, frames
  slli t5, s1, 12
  add t6, t6, t5
  srli t6, t6, 2
  ori t6, t6, ALL
  sd t6, 0(s5)
  li t5, 3 * 4096
  add s3, s3, t5
  addi s1, s1, 1
  li t5, 20
  bne s1, t5, 1b
  li s7, 0
  li s6, 0
switches:
  li t5, 3 * 4096
  mul s3, s6, t5
  la t5, spaces
  add s3, s3, t5
  addi s4, s6, 1
  li t5, 31
  bgeu s8, t5, 1f
  li s4, 0
1:
  SATP s4, s3
  bnez s4, 1f
  sfence.vma
1:
  li a0, PAGES
  HERE
  RESUME_AT 2f
  ENTER MPP_S, stub_load8
2:
  M_TRAP(9)
  EQUAL(a1, s6)
  /* and code: it returns the frame's number */
  HERE
  RESUME_AT 3f
  ENTER MPP_S, 2f
2:
  li a1, PAGES + 8
  jalr a1
  ecall
3:
  M_TRAP(9)
  EQUAL(a0, s6)
  addi s6, s6, 7
  li t5, 20
  remu s6, s6, t5
  addi s7, s7, 1
  li t5, 100
  bne s7, t5, switches
PASS

map_pages:
  la s0, l0
  li s1, 0
1:
  slli t5, s1, 2
  add t5, t5, s1
  add t5, t5, s2
  andi t5, t5, 511
  slli t5, t5, 12
  la t6, frames
  add t5, t5, t6
  srli t5, t5, 2
  ori t5, t5, ALL
  sd t5, 0(s0)
  addi s0, s0, 8
  addi s1, s1, 1
  li t5, 512
  bne s1, t5, 1b
  ret

/* Reads page i's number, stores it behind itself, reads it back, and calls the page. */
.macro check_page
  slli a2, s1, 12
  li a3, PAGES
  add a2, a2, a3
  slli a3, s1, 2
  add a3, a3, s1
  add a3, a3, s2
  andi a3, a3, 511
  ld a4, 0(a2)
  bne a4, a3, wrong
  sd s1, 16(a2)
  ld a4, 16(a2)
  bne a4, s1, wrong
  addi a2, a2, 8
  jalr a2
.endm

check_pages:
  mv s4, ra
  li s1, 0
1:
  check_page
  bne a0, a3, wrong
  addi s1, s1, 1
  li a4, 512
  bne s1, a4, 1b
  jr s4

check_pages_down:
  mv s4, ra
  li s1, 511
1:
  check_page
  bne a0, a3, wrong
  addi s1, s1, -1
  bgez s1, 1b
  jr s4

fence_pages:
  li s0, PAGES
  li s1, 512
  li a4, 4096
1:
  sfence.vma s0
  add s0, s0, a4
  addi s1, s1, -1
  bnez s1, 1b
  ret

check_mega:
  li s0, 0x40400000 + 0x1ffff8
  li s1, 0
1:
  add a2, s1, s2
  li a3, 62
  remu a2, a2, a3
  slli a2, a2, 21
  li a3, 0x80000000 + 0x1ffff8
  add a2, a2, a3
  ld a3, 0(s0)
  bne a2, a3, wrong
  li a3, 0x200000
  add s0, s0, a3
  addi s1, s1, 1
  li a3, 62
  bne s1, a3, 1b
  ret

/* From S: an ecall elsewhere than expected fails the check under way. */
wrong:
  ecall

  .section .bss
  .balign 4096
frames:
  .fill 512 * 4096, 1, 0
spaces:
  .fill 20 * 3 * 4096, 1, 0
