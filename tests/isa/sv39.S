/* Sv39: every check of a translation, at each level, with its cause and address. */
#include "harness.inc"
#include "paging.inc"

PAGING
  /*
   * Permissions: each of R W X U, from S and U, under SUM and MXR, for load, store, fetch and AMO.
   * s0 = RWXU bits, s1 = 0 S or 1 U, s2 = SUM | MXR bits, s3 = kind; the rule is worked out beside it.
   */
  li s0, 0
each_flags:
  la t6, frame_a
  srli t6, t6, 12
  slli t6, t6, 10
  ori t6, t6, V | A | D
  slli t5, s0, 1
  or t6, t6, t5
  la t5, l0
  sd t6, 0(t5)
  sfence.vma
  li s1, 0
each_privilege:
  li s2, 0
each_status:
  li s3, 0
each_kind:
  jal permission
  addi s3, s3, 1
  li t6, 4
  bne s3, t6, each_kind
  addi s2, s2, 1
  li t6, 4
  bne s2, t6, each_status
  addi s1, s1, 1
  li t6, 2
  bne s1, t6, each_privilege
  addi s0, s0, 1
  li t6, 16
  bne s0, t6, each_flags
  li t6, SUM | MXR
  csrc mstatus, t6

  /* A leaf is valid: V = 0 faults whatever else it holds */
  PTE(l0, 1, frame_a, R | W | X | A | D)
  FAULT(MPP_S, load, 13, PAGES + 0x1123)
  FAULT(MPP_S, store, 15, PAGES + 0x1123)
  FAULT(MPP_S, exec, 12, PAGES + 0x1000)
  FAULT(MPP_S, amo, 15, PAGES + 0x1120)
  FAULT(MPP_S, lr, 13, PAGES + 0x1120)
  PTE_RAW(l0, 1, 0)
  FAULT(MPP_S, load, 13, PAGES + 0x1fff)
  FAULT(MPP_U, store, 15, PAGES + 0x1000)
  /* … at the middle level and the root */
  FAULT(MPP_S, load, 13, MEGA + 5)
  FAULT(MPP_U, exec, 12, MEGA + 4)
  FAULT(MPP_S, store, 15, GIGA + 5)
  FAULT(MPP_U, load, 13, GIGA + 5)
  FAULT(MPP_U, exec, 12, 0)
  FAULT(MPP_U, load, 13, 0)
  FAULT(MPP_S, store, 15, 8)
  PTE(l1, 1, l0, R | W)
  FAULT(MPP_S, load, 13, MEGA)
  PTE(l1, 1, l0, V)
  PTE(l0, 1, frame_a, ALL)
  FINE(MPP_S, load, MEGA + 0x1000)
  FINE(MPP_S, load, PAGES + 0x1000)

  /* A table's entry keeps U, A and D clear; G, RSW are free */
  PTE(l1, 1, l0, V | U)
  FAULT(MPP_S, load, 13, MEGA + 0x1000)
  PTE(l1, 1, l0, V | A)
  FAULT(MPP_S, load, 13, MEGA + 0x1000)
  PTE(l1, 1, l0, V | D)
  FAULT(MPP_S, load, 13, MEGA + 0x1000)
  PTE(l1, 1, l0, V | 0x300)
  FINE(MPP_S, load, MEGA + 0x1000)
  PTE(l1, 1, l0, V | G)
  FINE(MPP_S, load, MEGA + 0x1000)
  PTE(root, 3, l1, V | A)
  FAULT(MPP_S, store, 15, GIGA)
  PTE(root, 3, l1, V)
  FINE(MPP_S, store, GIGA + 0x1010)
  PTE_RAW(root, 3, 0)
  /* a table where the last level must be a leaf */
  PTE(l0, 2, frame_a, V)
  FAULT(MPP_S, load, 13, PAGES + 0x2000)
  FAULT(MPP_S, exec, 12, PAGES + 0x2000)

  /* RSW, G on a leaf are without effect */
  PTE(l0, 2, frame_a, ALL | 0x300 | G)
  FINE(MPP_S, load, PAGES + 0x2000)
  FINE(MPP_S, store, PAGES + 0x2010)
  FINE(MPP_S, exec, PAGES + 0x2000)
  PTE(l0, 2, frame_a, ALL | U | 0x100)
  FINE(MPP_U, store, PAGES + 0x2010)

  /* bits 54 … 63 of a leaf are reserved here: N, PBMT and the rest */
  .irp bit, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63
  PTE(l0, 2, frame_a, ALL | (1 << \bit))
  FAULT(MPP_S, load, 13, PAGES + 0x2000)
  FAULT(MPP_S, store, 15, PAGES + 0x2000)
  FAULT(MPP_S, exec, 12, PAGES + 0x2000)
  .endr
  /* and of a table's entry, N and PBMT at least */
  .irp bit, 61, 62, 63
  PTE(l1, 1, l0, V | (1 << \bit))
  FAULT(MPP_S, load, 13, MEGA + 0x1000)
  .endr
  PTE_RAW(l1, 1, 0)

  /* superpages: the low bits of the address pass through; a misaligned one faults */
  PTE_RAW(l1, 1, (0x80000 << 10) | ALL)
  la s6, frame_a
  li s7, 0x80000000
  sub s6, s6, s7
  li s7, MEGA
  add s6, s6, s7
  li a1, 0
  HERE
  RESUME_AT 2f
  addi a0, s6, 8
  ENTER MPP_S, stub_load8
2:
  SAME(a1, 0xa0a1a2a3a4a5a6a7)
  FINE(MPP_S, load, MEGA)
  FINE(MPP_S, load, MEGA + 0x1fffff)
  FAULT(MPP_U, load, 13, MEGA)
  PTE_RAW(l1, 1, (0x80000 << 10) | ALL | U)
  FINE(MPP_U, load, MEGA)
  FAULT(MPP_S, load, 13, MEGA)
  PTE_RAW(l1, 1, (0x80000 << 10) | (V | R | A))
  FAULT(MPP_S, store, 15, MEGA + 0x12345)
  FAULT(MPP_S, exec, 12, MEGA + 0x12344)
  .irp bit, 10, 14, 18
  PTE_RAW(l1, 1, (0x80000 << 10) | ALL | (1 << \bit))
  FAULT(MPP_S, load, 13, MEGA)
  FAULT(MPP_S, store, 15, MEGA + 0x1ffff8)
  FAULT(MPP_S, exec, 12, MEGA)
  .endr
  PTE_RAW(l1, 1, (0x80200 << 10) | ALL)
  FINE(MPP_S, load, MEGA)
  PTE_RAW(l1, 1, 0)

  PTE_RAW(root, 3, (0x80000 << 10) | ALL)
  la s6, frame_b
  li s7, 0x80000000
  sub s6, s6, s7
  li s7, GIGA
  add s6, s6, s7
  HERE
  RESUME_AT 2f
  addi a0, s6, 8
  ENTER MPP_S, stub_load8
2:
  SAME(a1, 0xb0b1b2b3b4b5b6b7)
  FINE(MPP_S, load, GIGA + 0x7ffffff)
  FAULT(MPP_U, load, 13, GIGA)
  .irp bit, 10, 18, 19, 27
  PTE_RAW(root, 3, (0x80000 << 10) | ALL | (1 << \bit))
  FAULT(MPP_S, load, 13, GIGA)
  FAULT(MPP_S, store, 15, GIGA + 8)
  FAULT(MPP_S, exec, 12, GIGA)
  .endr
  PTE_RAW(root, 3, (0x80000 << 10) | ALL | (1 << 60))
  FAULT(MPP_S, load, 13, GIGA)
  PTE_RAW(root, 3, (0x80000 << 10) | (V | W | A | D))
  FAULT(MPP_S, load, 13, GIGA)
  FAULT(MPP_S, store, 15, GIGA)
  PTE_RAW(root, 3, 0)

  /* bits 63 … 39 equal bit 38, or the address is no address */
  PTE_RAW(root, 0, (0x80000 << 10) | ALL)
  PTE_RAW(root, 255, (0x80000 << 10) | ALL)
  PTE_RAW(root, 256, (0x80000 << 10) | ALL)
  PTE_RAW(root, 511, (0x80000 << 10) | ALL)
  FINE(MPP_S, load, 0)
  FINE(MPP_S, load, 0x3fc0000000)
  FINE(MPP_S, load, 0x3fc7ffffff)
  FINE(MPP_S, load, 0xffffffc000000000)
  FINE(MPP_S, load, 0xffffffffc0000000)
  FINE(MPP_S, store8, 0xffffffffc7fffff8)
  .irp va, 0x4000000000, 0x7fc0000000, 0x8000000000, 0x8000000000000000, 0xffffffbfc0000000, 0xff80000000000000, 0x0000010000000000, 0xffff7fffc0000000
  FAULT(MPP_S, load, 13, \va)
  FAULT(MPP_S, store8, 15, \va + 8)
  FAULT(MPP_S, exec, 12, \va + 4)
  FAULT(MPP_U, load, 13, \va)
  .endr
  PTE_RAW(root, 0, 0)
  PTE_RAW(root, 255, 0)
  PTE_RAW(root, 256, 0)
  PTE_RAW(root, 511, 0)

  /* the walker sets A at any access, D at a store and never at a load or a failing store */
  .macro ad mpp, kind, before, after
  PTE(l0, 3, frame_a, V | \before)
  FINE(\mpp, \kind, PAGES + 0x3000)
  PTE_GET a2, l0, 3
  andi a2, a2, 0x3ff
  SAME(a2, V | \after)
  .endm
  li a1, 0x73
  ad MPP_S, load, R, (R | A)
  ad MPP_S, load, (R | W), (R | W | A)
  ad MPP_S, store, (R | W), (R | W | A | D)
  ad MPP_S, store, (R | W | A), (R | W | A | D)
  ad MPP_S, exec, X, (X | A)
  ad MPP_S, exec, (R | W | X), (R | W | X | A)
  ad MPP_U, load, (R | W | U | 0x300), (R | W | U | A | 0x300)
  ad MPP_U, store, (R | W | U | G), (R | W | U | G | A | D)
  ad MPP_S, amo, (R | W), (R | W | A | D)
  ad MPP_S, lr, (R | W), (R | W | A)
  ad MPP_S, sc, (R | W), (R | W | A | D)
  ad MPP_S, load, (R | W | D), (R | W | A | D)
  /* load, then store: D comes with the store */
  PTE(l0, 3, frame_a, V | R | W)
  FINE(MPP_S, load, PAGES + 0x3000)
  FINE(MPP_S, store, PAGES + 0x3010)
  PTE_GET a2, l0, 3
  andi a2, a2, A | D
  SAME(a2, A | D)
  PTE(l0, 3, frame_a, V | R | A)
  FAULT(MPP_S, store, 15, PAGES + 0x3000)
  PTE_GET a2, l0, 3
  andi a2, a2, D
  ZERO(a2)
  PTE_RAW(l1, 1, (0x80000 << 10) | (V | R | W))
  FINE(MPP_S, load, MEGA + 0x100)
  PTE_GET a2, l1, 1
  SAME(a2, (0x80000 << 10) | (V | R | W | A))
  la s6, frame_b
  li s7, 0x80000000 - MEGA
  sub a0, s6, s7
  HERE
  RESUME_AT 2f
  ENTER MPP_S, stub_store8
2:
  PTE_GET a2, l1, 1
  SAME(a2, (0x80000 << 10) | (V | R | W | A | D))
  PTE_RAW(l1, 1, 0)
  PTE_RAW(root, 3, (0x80000 << 10) | (V | R | W))
  FINE(MPP_S, load, GIGA)
  PTE_GET a2, root, 3
  SAME(a2, (0x80000 << 10) | (V | R | W | A))
  PTE_RAW(root, 3, 0)
  /* table entries get neither */
  PTE_GET a2, l1, 0
  andi a2, a2, A | D
  ZERO(a2)
  PTE_GET a2, root, 1
  andi a2, a2, A | D
  ZERO(a2)

  /* an SC that could succeed, on a page that may not be written, is a store page fault */
  PTE(l0, 3, frame_a, V | R | A)
  HERE
  RESUME_AT 2f
  li a0, PAGES + 0x3000
  ENTER MPP_S, stub_sc
2:
  M_TRAP(15)
  RECORD_SAME(M_TVAL, PAGES + 0x3000)
  la a2, stub_sc + 4
  RECORD_IS(M_EPC, a2)

  /* a page where there is no memory: access faults, of the kind of the access (tables: strict.S) */
  PTE_RAW(l0, 3, ((HOLE >> 12) << 10) | ALL)
  FAULT(MPP_S, load, 5, PAGES + 0x3000)
  FAULT(MPP_S, store, 7, PAGES + 0x3008)
  FAULT(MPP_S, exec, 1, PAGES + 0x3000)
  /* … after the translation, whose step 7 sets A and D as ever */
  .macro hole_sets line, kind, cause, bits
  pte_raw l0, 3, (((HOLE >> 12) << 10) | V | R | W | X)
  access_fault \line, MPP_S, \kind, \cause, (PAGES + 0x3000)
  PTE_GET a2, l0, 3
  same \line, a2, (((HOLE >> 12) << 10) | V | R | W | X | \bits)
  .endm
  hole_sets __LINE__, load, 5, A
  hole_sets __LINE__, lr, 5, A
  hole_sets __LINE__, exec, 1, A
  hole_sets __LINE__, store, 7, A | D
  hole_sets __LINE__, store8, 7, A | D
  PTE_RAW(l1, 1, ((HOLE >> 12) << 10) | V | R | W)
  FAULT(MPP_S, load, 5, MEGA + 0x3000)
  PTE_GET a2, l1, 1
  SAME(a2, ((HOLE >> 12) << 10) | V | R | W | A)
  FAULT(MPP_S, store, 7, MEGA + 0x3000)
  PTE_GET a2, l1, 1
  SAME(a2, ((HOLE >> 12) << 10) | V | R | W | A | D)
  PTE_RAW(l1, 1, 0)
  /* a device through a mapping: the UART's line status says its transmitter is empty */
  PTE_RAW(l0, 3, ((UART >> 12) << 10) | ALL)
  HERE
  FINE(MPP_S, load, PAGES + 0x3005)
  andi a1, a1, 0x60
  SAME(a1, 0x60)

  /* M is not translated, and satp Bare translates nobody */
  HERE
  la a0, frame_b
  ld a1, 8(a0)
  SAME(a1, 0xb0b1b2b3b4b5b6b7)
  csrr s6, satp
  csrw satp, zero
  sfence.vma
  RESUME_AT 2f
  addi a0, a0, 8
  li a1, 0
  ENTER MPP_U, stub_load8
2:
  M_TRAP(8)
  SAME(a1, 0xb0b1b2b3b4b5b6b7)
  csrw satp, s6
  sfence.vma
  /* MPRV: M's loads and stores go as MPP's would, its fetches do not */
  PTE(l0, 4, frame_a, V | R | W | A | D | U)
  PTE(l0, 5, frame_b, V | R | W | A | D)
  li a0, PAGES + 0x4000
  li a2, PAGES + 0x5000
  li t6, MPP
  csrc mstatus, t6
  li t6, MPRV
  csrs mstatus, t6
  ld a1, 8(a0)
  csrc mstatus, t6
  SAME(a1, 0xa0a1a2a3a4a5a6a7)
  HERE
  RESUME_AT 2f
  li t6, MPP
  csrc mstatus, t6
  li t6, MPRV
  csrs mstatus, t6
1:
  ld a1, 8(a2)
  FAIL
2:
  li t6, MPRV
  csrc mstatus, t6
  M_TRAP(13)
  RECORD_AT(M_EPC, 1b)
  RECORD_SAME(M_TVAL, PAGES + 0x5008)
  CSR_BITS(mstatus, MPP, MPP_M)
  li t6, MPP
  csrc mstatus, t6
  li t6, MPP_S | MPRV
  csrs mstatus, t6
  ld a1, 8(a2)
  li t6, MPRV
  csrc mstatus, t6
  SAME(a1, 0xb0b1b2b3b4b5b6b7)
  li t6, MPP_M | MPRV
  csrs mstatus, t6
  la a3, frame_a
  ld a1, 8(a3)
  li t6, MPRV
  csrc mstatus, t6
  SAME(a1, 0xa0a1a2a3a4a5a6a7)
  /* S may not reach the U page under MPRV unless SUM */
  HERE
  RESUME_AT 2f
  li t6, MPP
  csrc mstatus, t6
  li t6, MPP_S | MPRV
  csrs mstatus, t6
1:
  sd a1, 16(a0)
  FAIL
2:
  li t6, MPRV
  csrc mstatus, t6
  M_TRAP(15)
  RECORD_SAME(M_TVAL, PAGES + 0x4010)
  li t6, MPP
  csrc mstatus, t6
  li t6, MPP_S | MPRV | SUM
  csrs mstatus, t6
  sd a1, 16(a0)
  li t6, MPRV | SUM
  csrc mstatus, t6

  /* delegated page faults reach S with stval */
  li t6, (1 << 12) | (1 << 13) | (1 << 15)
  csrw medeleg, t6
  .macro delegated mpp, kind, cause, va
  li a0, \va
  RESUME_AT 9f
  la t6, stub_\kind
  .if \mpp == 0
  li t5, U_ALIAS
  add t6, t6, t5
  .endif
  csrw mepc, t6
  li t6, MPP
  csrc mstatus, t6
  li t6, \mpp
  csrs mstatus, t6
  mret
9:
  M_TRAP(9)
  S_TRAP(\cause)
  RECORD_IS(S_TVAL, a0)
  .endm
  delegated MPP_U, load, 13, (PAGES + 0x5003)
  delegated MPP_U, store, 15, (PAGES + 0x5003)
  delegated MPP_U, exec, 12, (PAGES + 0x5000)
  RECORD_IS(S_EPC, a0)
  delegated MPP_S, load, 13, (PAGES + 0x4003)
  delegated MPP_S, store, 15, (PAGES + 0x4003)
  delegated MPP_S, exec, 12, (PAGES + 0x4000)
  csrw medeleg, zero
PASS

permission:
  mv s11, ra
  li t6, SUM | MXR
  csrc mstatus, t6
  slli t6, s2, 18
  csrs mstatus, t6
  li t6, MPP
  csrc mstatus, t6
  /* s4: may this access be made? bits of s0: 1 R, 2 W, 4 X, 8 U */
  li s4, 0
  andi a2, s0, 7
  beqz a2, 5f
  andi a3, s0, 3
  li a4, 2
  beq a3, a4, 5f
  /* the user bit */
  andi a5, s0, 8
  beqz s1, 1f
  beqz a5, 5f
  j 2f
1:
  beqz a5, 2f
  li a4, 2
  beq s3, a4, 5f
  andi a4, s2, 1
  beqz a4, 5f
2:
  /* the kind: 0 load, 1 store, 2 fetch, 3 AMO */
  li a4, 2
  beq s3, a4, 3f
  bgtu s3, a4, 4f
  bnez s3, 4f
  andi a4, s0, 1
  bnez a4, 6f
  andi a4, s2, 2
  beqz a4, 5f
3:
  andi a4, s0, 4
  bnez a4, 6f
  j 5f
4:
  andi a4, s0, 2
  beqz a4, 5f
6:
  li s4, 1
5:
  RESUME_AT 9f
  la t5, stubs
  slli t6, s3, 3
  add t5, t5, t6
  ld t6, 0(t5)
  beqz s1, 1f
  li t5, U_ALIAS
  add t6, t6, t5
1:
  csrw mepc, t6
  mv s5, t6
  li t5, MPP_S
  bnez s1, 1f
  csrs mstatus, t5
1:
  li a0, PAGES
  li a1, 0x73
  mret
9:
  HERE
  RECORD a2, M_CAUSE
  beqz s4, 1f
  /* allowed: the ecall, 9 from S and 8 from U */
  li a3, 9
  sub a3, a3, s1
  EQUAL(a2, a3)
  mv ra, s11
  ret
1:
  la t5, causes
  add t5, t5, s3
  lbu a3, 0(t5)
  EQUAL(a2, a3)
  RECORD_IS(M_TVAL, a0)
  li a4, 2
  bne s3, a4, 1f
  mv s5, a0
1:
  RECORD_IS(M_EPC, s5)
  mv ra, s11
  ret

  .section .data
  .balign 8
stubs:
  .dword stub_load, stub_store, stub_exec, stub_amo
causes:
  .byte 13, 15, 12, 15
