/*
 * Physical memory protection: which entry counts, what it lets through and whom, in data accesses,
 * fetches and walks; then what is locked, also for M.
 */
#include "harness.inc"
#include "paging.inc"
#include "pmp.inc"

PMP_PAGING
  CFG(0)
  FINE(MPP_S, load8, S_PAGE)
  FINE(MPP_U, store8, U_PAGE + 8)

  /* NA4: its four bytes and no others */
  ADDR(0, frame_a, 8)
  CFG(NA4 | PMP_R)
  FINE(MPP_S, load4, S_PAGE + 8)
  FINE(MPP_U, load4, U_PAGE + 8)
  FINE(MPP_U, load2, U_PAGE + 10)
  FAULT(MPP_S, store4, 7, S_PAGE + 8)
  FAULT(MPP_U, store, 7, U_PAGE + 11)
  FAULT(MPP_U, amo, 7, U_PAGE + 8)
  FAULT(MPP_U, exec, 1, U_PAGE + 8)
  FINE(MPP_U, lr, U_PAGE + 8)
  FINE(MPP_S, store4, S_PAGE + 12)
  FINE(MPP_S, store4, S_PAGE + 4)
  FINE(MPP_U, store8, U_PAGE + 16)
  /* "must match all bytes of an access, or the access fails", whatever it grants */
  FAULT(MPP_S, load8, 5, S_PAGE + 8)
  FAULT(MPP_U, store8, 7, U_PAGE + 8)
  CFG(NA4 | PMP_R | PMP_W | PMP_X)
  FAULT(MPP_U, load8, 5, U_PAGE + 8)
  FAULT(MPP_U, swap8, 7, U_PAGE + 8)
  FINE(MPP_U, store4, U_PAGE + 8)
  /* … and of M's, though M may do everything there */
  la s0, frame_a
  lw a0, 8(s0)
  M_FAULT(5, s0, 8, ld a0, 8(s0))
  M_FAULT(7, s0, 8, sd a0, 8(s0))
  CFG(NA4)
  lw a0, 8(s0)
  sw a0, 8(s0)
  FAULT(MPP_S, load4, 5, S_PAGE + 8)
  FAULT(MPP_S, lr, 5, S_PAGE + 8)
  FAULT(MPP_S, sc, 5, S_PAGE + 8)

  /* NAPOT of 8 bytes, of a page, of more than a page */
  NAPOT_AT(0, frame_a, 16, 8)
  CFG(NAPOT | PMP_R)
  FINE(MPP_S, load8, S_PAGE + 16)
  FAULT(MPP_S, store8, 7, S_PAGE + 16)
  FAULT(MPP_S, store, 7, S_PAGE + 23)
  FINE(MPP_S, store, S_PAGE + 24)
  FINE(MPP_S, store, S_PAGE + 15)
  NAPOT_AT(0, frame_a, 0, 4096)
  CFG(NAPOT | PMP_R)
  FINE(MPP_U, load8, U_PAGE)
  FINE(MPP_U, load8, U_PAGE + 4088)
  FAULT(MPP_U, store8, 7, U_PAGE + 4088)
  FINE(MPP_U, store8, U_NEXT)
  FAULT(MPP_U, exec, 1, U_PAGE)
  CFG(NAPOT | PMP_X)
  FINE(MPP_U, exec, U_PAGE)
  FAULT(MPP_U, load, 5, U_PAGE)
  /* MXR is about page tables, not about PMP */
  li t6, MXR
  csrs mstatus, t6
  FAULT(MPP_S, load, 5, S_PAGE)
  csrc mstatus, t6

  /* TOR: from the address before to its own, whatever the entry before is; empty, it matches nothing */
  ADDR(0, frame_a, 32)
  ADDR(1, frame_a, 64)
  CFG((TOR | PMP_R) << 8)
  FINE(MPP_S, store8, S_PAGE + 24)
  FAULT(MPP_S, store8, 7, S_PAGE + 32)
  FAULT(MPP_S, store8, 7, S_PAGE + 56)
  FINE(MPP_S, store8, S_PAGE + 64)
  FINE(MPP_S, load8, S_PAGE + 56)
  CFG((TOR | PMP_R) << 8 | NA4)
  FAULT(MPP_S, load4, 5, S_PAGE + 32)
  FINE(MPP_S, load4, S_PAGE + 36)
  ADDR(0, frame_a, 64)
  CFG(TOR << 8)
  FINE(MPP_S, store8, S_PAGE + 56)
  ADDR(0, frame_a, 72)
  FINE(MPP_S, store8, S_PAGE + 64)
  FINE(MPP_S, store8, S_PAGE + 56)
  /* the first of all begins at 0 */
  ADDR(0, frame_b, 0)
  CFG(TOR | PMP_R | PMP_X)
  FAULT(MPP_S, store8, 7, S_PAGE + 4088)
  FINE(MPP_S, store8, S_NEXT)

  /* the lowest entry that matches any byte decides, whatever the others grant */
  ADDR(0, frame_a, 40)
  NAPOT_AT(1, frame_a, 32, 32)
  ADDR(2, frame_a, 56)
  CFG(NA4 | PMP_R | (NAPOT | PMP_R | PMP_W) << 8 | NA4 << 16)
  FINE(MPP_S, load4, S_PAGE + 40)
  FAULT(MPP_S, store4, 7, S_PAGE + 40)
  FINE(MPP_S, store4, S_PAGE + 44)
  FINE(MPP_S, store8, S_PAGE + 56)
  CFG(NA4 | PMP_R | NA4 << 16)
  FAULT(MPP_S, load4, 5, S_PAGE + 56)

  /* who matches none: S and U may not, M may */
  CFG(0)
  csrr s1, pmpcfg2
  ADDR(0, frame_a, 0)
  ADDR(1, frame_b, 0)
  li t6, -1
  srli t6, t6, 10
  csrw pmpaddr2, t6
  CFG((TOR | PMP_R | PMP_W | PMP_X) | (TOR | PMP_R | PMP_W | PMP_X) << 16)
  FINE(MPP_S, store, S_PAGE)
  csrw pmpcfg2, zero
  sfence.vma
  FAULT(MPP_S, store, 7, S_PAGE)
  FAULT(MPP_U, load, 5, U_PAGE + 4095)
  FINE(MPP_S, store, S_NEXT)
  la s0, frame_a
  sd zero, 16(s0)
  csrw pmpcfg2, s1
  CFG(0)

  /* M's loads and stores as S or U by MPRV, whose satp may be Bare */
  NAPOT_AT(0, frame_a, 0, 4096)
  CFG(NAPOT | PMP_R)
  la s0, frame_a
  li s2, MPP | MPRV
  li s3, MPP_S | MPRV
  csrr s4, satp
  sd zero, 8(s0)
  csrc mstatus, s2
  csrs mstatus, s3
  ld a0, 8(s0)
  csrc mstatus, s2
  csrs mstatus, s3
  M_FAULT(7, s0, 8, sd zero, 8(s0))
  csrc mstatus, s2
  csrw satp, zero
  sd zero, 8(s0)
  csrs mstatus, s3
  M_FAULT(7, s0, 16, sd zero, 16(s0))
  csrc mstatus, s2
  sd zero, 8(s0)
  /* S itself, untranslated, by turns with M */
  RESUME_AT 1f
  HERE
  ENTER MPP_S, 2f
2:
  ld a0, 0(s0)
  sd a0, 0(s0)
  ecall
1:
  M_TRAP(7)
  RECORD_IS(M_TVAL, s0)
  sd zero, 8(s0)
  CFG(NAPOT)
  ld a0, 0(s0)
  RESUME_AT 1f
  HERE
  ENTER MPP_S, 2f
2:
  ld a0, 0(s0)
  ecall
1:
  M_TRAP(5)
  ld a0, 0(s0)
  csrw satp, s4
  sfence.vma

  /* walks read tables as S: an access fault of the access's own kind */
  CFG(0)
  FINE(MPP_U, load, U_PAGE)
  NAPOT_AT(0, l0, 0, 4096)
  CFG(NAPOT)
  FAULT(MPP_U, load, 5, U_PAGE)
  FAULT(MPP_S, store, 7, S_PAGE)
  FAULT(MPP_U, exec, 1, U_PAGE)
  /* also for what is not mapped there */
  FAULT(MPP_S, load, 5, PAGES + 0x100000)
  CFG(NAPOT | PMP_R)
  FINE(MPP_U, load, U_PAGE)
  FAULT(MPP_S, load, 13, PAGES + 0x100000)
  /* only the entry that is read counts */
  ADDR(0, l0, 8)
  ADDR(1, l0, 16)
  CFG(TOR << 8)
  FINE(MPP_S, load, S_PAGE)
  FAULT(MPP_U, load, 5, U_PAGE)
  FINE(MPP_S, load, S_NEXT)
  NAPOT_AT(0, l1, 0, 4096)
  CFG(NAPOT)
  FAULT(MPP_U, store, 7, U_PAGE)
  CFG(0)
  FINE(MPP_U, store, U_PAGE)

  /* devices, too */
  PTE_RAW(l0, 6, (UART >> 2) | ALL)
  FINE(MPP_S, load, PAGES + 0x6005)
  li t6, (UART + 0x7f) >> 2
  csrw pmpaddr0, t6
  CFG(NAPOT)
  FAULT(MPP_S, load, 5, PAGES + 0x6005)
  CFG(0)

  /* locked: nothing changes it, nor the base of its range; and M is held, too */
  ADDR(2, frame_a, 64)
  ADDR(3, frame_a, 96)
  CFG((LOCK | TOR | PMP_R) << 24)
  csrr s0, pmpaddr2
  csrr s1, pmpaddr3
  csrw pmpaddr2, zero
  csrr a0, pmpaddr2
  EQUAL(a0, s0)
  csrw pmpaddr3, zero
  csrr a0, pmpaddr3
  EQUAL(a0, s1)
  csrw pmpcfg0, zero
  CSR_SAME(pmpcfg0, (LOCK | TOR | PMP_R) << 24)
  li a0, -1
  csrc pmpcfg0, a0
  CSR_SAME(pmpcfg0, (LOCK | TOR | PMP_R) << 24)
  /* the others are as they were */
  CFG(NA4 | PMP_R)
  CSR_SAME(pmpcfg0, (LOCK | TOR | PMP_R) << 24 | NA4 | PMP_R)
  ADDR(1, frame_b, 0)
  csrr a0, pmpaddr1
  la t6, frame_b
  srli t6, t6, 2
  EQUAL(a0, t6)
  CFG(0)
  la s0, frame_a
  ld a0, 64(s0)
  ld a0, 88(s0)
  M_FAULT(7, s0, 64, sd a0, 64(s0))
  M_FAULT(7, s0, 95, sb a0, 95(s0))
  addi s2, s0, 64
  M_FAULT(7, s2, 0, amoadd.w a0, a0, (s2))
  sd a0, 56(s0)
  sd a0, 96(s0)
  M_FAULT(5, s0, 92, ld a0, 92(s0))
  FAULT(MPP_S, store, 7, S_PAGE + 64)
  FINE(MPP_S, load, S_PAGE + 64)
  /* an entry before it may open it for S and U, and for M */
  NAPOT_AT(0, frame_a, 64, 32)
  CFG(NAPOT | PMP_R | PMP_W)
  FINE(MPP_S, store8, S_PAGE + 64)
  sd a0, 64(s0)
  CFG(0)
  M_FAULT(7, s0, 64, sd a0, 64(s0))
  /* one that is off can be locked as well */
  CFG(LOCK << 32)
  csrw pmpaddr4, zero
  CSR_SAME(pmpaddr4, 0)
  li a0, 123
  csrw pmpaddr4, a0
  CSR_SAME(pmpaddr4, 0)
  PASS
