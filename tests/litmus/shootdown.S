/*
 * Page tables that one hart changes while another one uses them. Hart 1 runs in S-mode and keeps using
 * a page, by loads, stores or calls into it; hart 0 maps the page elsewhere, takes a right away or all,
 * and fences for itself. A line for each case:
 *
 *   forgotten 100 2      of TRIES uses by hart 1, how many still went to the old page; and what it found
 *                        after what it then did itself: 1 the old page, 2 the new one, or a page fault
 *
 * Fences are of the hart that executes them: until hart 1 has one of its own, nothing obliges it to see
 * the change. Where hart 0 asks for one by an interrupt and waits for it, nothing old may be left.
 */
#include "harts.inc"
#include "../isa/paging.inc"

#define TRIES 100
#define PAGE  PAGES
#define OTHER (PAGES + 0x1000)

/*
 * A case: the way of using the page, what hart 1 does after its tries, and then what hart 0 does to the
 * tables before them.
 */
#define CASE(name, use, after, ...) \
  case_begin __LINE__, use; __VA_ARGS__; case_end name, use, after
.macro case_begin line, use
  li gp, \line
  call barrier
  bnez tp, 1f
  PTE(l0, 0, page_a, ALL)
  PTE(l0, 1, page_a, ALL)
1:
  call barrier
  beqz tp, 2f
  sfence.vma
  fence.i
  call \use
  li t0, 1
  bne a0, t0, failed_in_s
2:
  call barrier
  bnez tp, 3f
.endm
.macro case_end name, use, after
3:
  call barrier
  beqz tp, 6f
  li s2, 0
  li s3, TRIES
4:
  call \use
  addi a0, a0, -1
  bnez a0, 5f
  addi s2, s2, 1
5:
  call dice
  call dawdle
  addi s3, s3, -1
  bnez s3, 4b
  \after
  call \use
  mv s3, a0
  la t0, found
  sd s2, 0(t0)
  sd s3, 8(t0)
6:
  call barrier
  bnez tp, 7f
  SAY "\name "
  la s2, found
  ld a0, 0(s2)
  call say_number
  SAY " "
  ld a0, 8(s2)
  call say_number
  SAY "\n"
7:
.endm

/* Fences of less than all. */
.macro fence_page
  li t0, PAGE
  sfence.vma t0
.endm
.macro fence_other
  li t0, OTHER
  sfence.vma t0
.endm
.macro fence_asid
  li t0, 1
  sfence.vma zero, t0
.endm

/* Hart 0 has hart 1 fence, and waits until it has. */
.macro SHOOT_DOWN
  la t0, fenced
  sw zero, 0(t0)
  li t0, 1
  SEND t0
  AWAIT fenced, 1
.endm

  HARTS(2, 2)
  la t0, traps
  csrw mtvec, t0
  bnez tp, 1f
  PTE(root, 1, l1, V)
  PTE(l1, 0, l0, V)
  PTE_RAW(root, 2, (0x80000 << 10) | ALL)
  PTE(root_0, 1, l1_0, V)
  PTE(l1_0, 0, l0_0, V)
  PTE(l0_0, 0, page_b, ALL)
1:
  call barrier
  beqz tp, 2f
  li t0, MSI
  csrw mie, t0
  la t0, root
  srli t0, t0, 12
  li t1, SV39 | (1 << 44)
  or t0, t0, t1
  csrw satp, t0
  sfence.vma
  ENTER MPP_S, 2f
2:
  CASE(forgotten, load, sfence.vma, PTE(l0, 0, page_b, ALL))
  CASE(forgotten-store, store, sfence.vma, PTE(l0, 0, page_b, ALL))
  CASE(forgotten-code, execute, sfence.vma, PTE(l0, 0, page_b, ALL))
  CASE(revoked, load, sfence.vma, PTE_RAW(l0, 0, 0))
  CASE(revoked-store, store, sfence.vma, PTE_RAW(l0, 0, 0))
  CASE(revoked-code, execute, sfence.vma, PTE_RAW(l0, 0, 0))
  CASE(protected, store, sfence.vma, PTE(l0, 0, page_a, V | R | X | A))
  CASE(no-code, execute, sfence.vma, PTE(l0, 0, page_a, V | R | W | A | D))
  CASE(table-gone, load, sfence.vma, PTE_RAW(l1, 0, 0))
  HERE
  call barrier
  bnez tp, 3f
  PTE(l1, 0, l0, V)
3:
  CASE(fence-of-page, load, fence_page, PTE(l0, 0, page_b, ALL))
  CASE(fence-of-other, load, fence_other, PTE(l0, 0, page_b, ALL))
  CASE(fence-of-asid, load, fence_asid, PTE(l0, 0, page_b, ALL))
  CASE(no-fence, load, nop, PTE(l0, 0, page_b, ALL))
  CASE(shot-down, load, nop, PTE(l0, 0, page_b, ALL); SHOOT_DOWN)
  CASE(shot-down-store, store, nop, PTE(l0, 0, page_b, ALL); SHOOT_DOWN)
  CASE(shot-down-code, execute, nop, PTE(l0, 0, page_b, ALL); SHOOT_DOWN)
  CASE(shot-down-revoked, load, nop, PTE_RAW(l0, 0, 0); SHOOT_DOWN)
  CASE(shot-down-protected, store, nop, PTE(l0, 0, page_a, V | R | X | A); SHOOT_DOWN)

  /* One address, two tables: hart 0 (by MPRV) sees page_b there while hart 1 sees page_a. */
  HERE
  call barrier
  bnez tp, 1f
  PTE(l0, 0, page_a, ALL)
  la t0, root_0
  srli t0, t0, 12
  li t1, SV39 | (1 << 44)
  or t0, t0, t1
  csrw satp, t0
  sfence.vma
1:
  call barrier
  li s3, TRIES
  beqz tp, 3f
  sfence.vma
2:
  call load
  addi a0, a0, -1
  bnez a0, failed_in_s
  addi s3, s3, -1
  bnez s3, 2b
  j 4f
3:
  li t0, MPP
  csrc mstatus, t0
  li t0, MPRV | MPP_S
  csrs mstatus, t0
  li a0, PAGE
  ld a0, 0(a0)
  li t0, MPRV
  csrc mstatus, t0
  addi a0, a0, -2
  bnez a0, test_failed
  sfence.vma
  addi s3, s3, -1
  bnez s3, 3b
4:
  DONE

failed_in_s:
  ecall

/* Uses of the page: a0 = 1 in page_a, 2 in page_b, or the cause of the fault. */
load:
  li a0, PAGE
  ld a0, 0(a0)
  ret
execute:
  li a0, PAGE + 16
  jr a0
store:
  li a0, PAGE
  li t0, 1
  sd t0, 8(a0)
  la t0, page_a
  ld a0, 8(t0)
  sd zero, 8(t0)
  bnez a0, 1f
  la t0, page_b
  ld a0, 8(t0)
  sd zero, 8(t0)
  slli a0, a0, 1
1:
  ret

/*
 * Hart 1's traps. A page fault in a use of the page is its answer; an interrupt asks for a fence; of
 * registers it may change a0 after a fault, and t5 and t6.
 */
  .balign 4
traps:
  csrr t5, mcause
  bltz t5, 1f
  mv a0, t5
  li t6, 12
  beq t5, t6, 2f
  li t6, 13
  beq t5, t6, 2f
  li t6, 15
  bne t5, t6, test_failed
2:
  csrw mepc, ra
  mret
1:
  HEARD
  sfence.vma
  fence.i
  la t5, fenced
  li t6, 1
  sw t6, 0(t5)
  mret

  .section .bss
  .balign 4096
root:
  .fill 4096, 1, 0
l1:
  .fill 4096, 1, 0
l0:
  .fill 4096, 1, 0
root_0:
  .fill 4096, 1, 0
l1_0:
  .fill 4096, 1, 0
l0_0:
  .fill 4096, 1, 0
fenced:
  .dword 0
found:
  .fill 2, 8, 0

  .section .data
  .option push
  .option norvc
  .balign 4096
page_a:
  .dword 1, 0
  li a0, 1
  ret
  .balign 4096
page_b:
  .dword 2, 0
  li a0, 2
  ret
  .balign 4096
  .option pop
