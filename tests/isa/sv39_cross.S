/* Accesses and fetches that lie across a page's end: two frames apart, and the second page not there. */
#include "harness.inc"
#include "paging.inc"

/* The bytes of frame_a's end and frame_b's start meet at PAGES + 0x1000. */
#define EDGE (PAGES + 0x1000)

PAGING
  /* the two pages are neighbours in virtual memory only: swap the frames to be sure */
  PTE(l0, 0, frame_b, ALL)
  PTE(l0, 1, frame_a, ALL)
  PTE(l0, 2, frame_b, ALL)

  /* loads of every size at every split, from S */
  FINE(MPP_S, load2, EDGE - 1)
  SAME(a1, 0x732f)
  FINE(MPP_S, load4, EDGE - 1)
  SAME(a1, 0x0000732f)
  FINE(MPP_S, load4, EDGE - 2)
  SAME(a1, 0x00732f2e)
  FINE(MPP_S, load4, EDGE - 3)
  SAME(a1, 0x732f2e2d)
  FINE(MPP_S, load8, EDGE - 1)
  SAME(a1, 0xaaaaaa000000732f)
  FINE(MPP_S, load8, EDGE - 2)
  SAME(a1, 0xaaaa000000732f2e)
  FINE(MPP_S, load8, EDGE - 3)
  SAME(a1, 0xaa000000732f2e2d)
  FINE(MPP_S, load8, EDGE - 4)
  SAME(a1, 0x000000732f2e2d2c)
  FINE(MPP_S, load8, EDGE - 5)
  SAME(a1, 0x0000732f2e2d2c2b)
  FINE(MPP_S, load8, EDGE - 6)
  SAME(a1, 0x00732f2e2d2c2b2a)
  FINE(MPP_S, load8, EDGE - 7)
  SAME(a1, 0x732f2e2d2c2b2a29)

  /* stores: each half goes to its own frame, and to no other byte */
  li a1, 0x8877665544332211
  FINE(MPP_S, store8, EDGE - 3)
  MEM_SAME(frame_b + 4088, 0x3322112c2b2a2928)
  MEM_SAME(frame_a, 0xaaaaaa8877665544)
  li a1, 0xddccbbaa
  FINE(MPP_S, store4, EDGE - 1)
  MEM_SAME(frame_b + 4088, 0xaa22112c2b2a2928)
  MEM_SAME(frame_a, 0xaaaaaa8877ddccbb)
  li a1, 0xeeff
  FINE(MPP_S, store2, EDGE - 1)
  MEM_SAME(frame_b + 4088, 0xff22112c2b2a2928)
  MEM_SAME(frame_a, 0xaaaaaa8877ddccee)
  /* both pages got A, the stored-to ones D */
  PTE(l0, 0, frame_b, V | R | W)
  PTE(l0, 1, frame_a, V | R | W)
  FINE(MPP_S, load8, EDGE - 4)
  PTE_GET a2, l0, 0
  andi a2, a2, A | D
  SAME(a2, A)
  PTE_GET a2, l0, 1
  andi a2, a2, A | D
  SAME(a2, A)
  FINE(MPP_S, store8, EDGE - 4)
  PTE_GET a2, l0, 0
  andi a2, a2, A | D
  SAME(a2, A | D)
  PTE_GET a2, l0, 1
  andi a2, a2, A | D
  SAME(a2, A | D)

  /* the second page is not there: the fault is at its first byte */
  PTE_RAW(l0, 1, 0)
  .macro second_missing size, split
  li a0, EDGE - \split
  HERE
  RESUME_AT 9f
  ENTER MPP_S, stub_load\size
9:
  M_TRAP(13)
  RECORD_SAME(M_TVAL, EDGE)
  la a2, stub_load\size
  RECORD_IS(M_EPC, a2)
  RESUME_AT 9f
  ENTER MPP_S, stub_store\size
9:
  M_TRAP(15)
  RECORD_SAME(M_TVAL, EDGE)
  la a2, stub_store\size
  RECORD_IS(M_EPC, a2)
  .endm
  li a1, -1
  second_missing 2, 1
  second_missing 4, 1
  second_missing 4, 2
  second_missing 4, 3
  second_missing 8, 1
  second_missing 8, 4
  second_missing 8, 7
  /* the register of the faulting load is whole */
  li a1, 0x1234
  li a0, EDGE - 4
  HERE
  RESUME_AT 2f
  ENTER MPP_S, stub_load8
2:
  SAME(a1, 0x1234)
  /* it may be read but not written: the store faults there */
  PTE(l0, 1, frame_a, V | R | A)
  FINE(MPP_S, load8, EDGE - 4)
  HERE
  li a0, EDGE - 4
  RESUME_AT 2f
  ENTER MPP_S, stub_store8
2:
  M_TRAP(15)
  RECORD_SAME(M_TVAL, EDGE)
  /* U sees the same, and U's page next to S's */
  PTE(l0, 0, frame_b, ALL | U)
  PTE(l0, 1, frame_a, ALL)
  HERE
  li a0, EDGE - 2
  RESUME_AT 2f
  li t5, U_ALIAS
  la t6, stub_load4
  add t6, t6, t5
  csrw mepc, t6
  li t6, MPP
  csrc mstatus, t6
  mret
2:
  M_TRAP(13)
  RECORD_SAME(M_TVAL, EDGE)

  /* the first page is not there: the fault is at the access's own address */
  PTE_RAW(l0, 0, 0)
  PTE(l0, 1, frame_a, ALL)
  .irp split, 1, 3, 7
  FAULT(MPP_S, load8, 13, EDGE - \split)
  FAULT(MPP_S, store8, 15, EDGE - \split)
  .endr
  FAULT(MPP_S, load2, 13, EDGE - 1)
  FAULT(MPP_S, store4, 15, EDGE - 1)

  /* across the end of a 2 MiB page into 4 KiB pages, which lie elsewhere */
  PTE_RAW(l1, 1, (0x80000 << 10) | ALL)
  PTE(l1, 2, l0, V)
  PTE(l0, 0, frame_b, ALL)
  FINE(MPP_S, store8, MEGA + 0x1ffffc)
  FINE(MPP_S, load8, MEGA + 0x1ffffc)
  /* … and over the end of the address space to its beginning */
  PTE(root, 511, l1, V)
  PTE(root, 0, l1, V)
  PTE(l1, 511, l0, V)
  PTE(l0, 511, frame_d, ALL)
  PTE(l0, 0, frame_b, ALL)
  li a1, 0x8877665544332211
  FINE(MPP_S, store8, -3)
  MEM_SAME(frame_d + 4088, 0x3322118505850585)
  FINE(MPP_S, load8, -3)
  SAME(a1, 0x8877665544332211)
  li a1, 0x0585058505850585
  FINE(MPP_S, store8, -8)
  PTE_RAW(root, 0, 0)
  HERE
  li a0, -3
  RESUME_AT 2f
  ENTER MPP_S, stub_load8
2:
  M_TRAP(13)
  RECORD_SAME(M_TVAL, 0)
  PTE_RAW(root, 511, 0)
  PTE_RAW(l1, 511, 0)

  /*
   * Fetches. A page that ends in a jump's first half: `addi a1, a1, 0x111` lies half on each page,
   * then an ecall. The frames are not neighbours.
   */
  PTE(l0, 0, frame_b, ALL)
  PTE(l0, 1, frame_a, ALL)
  la a2, frame_b
  li a3, 4094
  add a2, a2, a3
  li a3, 0x11158593
  sh a3, 0(a2)
  srli a3, a3, 16
  la a4, frame_a
  sh a3, 0(a4)
  li a3, 0x00000073
  sh a3, 2(a4)
  sh zero, 4(a4)
  fence.i
  li a1, 1
  FINE(MPP_S, exec, EDGE - 2)
  SAME(a1, 0x112)
  RECORD_SAME(M_EPC, EDGE + 2)
  /* the second page is not there: epc at the instruction, tval at the missing half */
  PTE_RAW(l0, 1, 0)
  HERE
  li a1, 1
  li a0, EDGE - 2
  RESUME_AT 2f
  ENTER MPP_S, stub_exec
2:
  M_TRAP(12)
  RECORD_SAME(M_EPC, EDGE - 2)
  RECORD_SAME(M_TVAL, EDGE)
  SAME(a1, 1)
  /* it is there but may not be executed */
  PTE(l0, 1, frame_a, V | R | W | A | D)
  HERE
  RESUME_AT 2f
  ENTER MPP_S, stub_exec
2:
  M_TRAP(12)
  RECORD_SAME(M_EPC, EDGE - 2)
  RECORD_SAME(M_TVAL, EDGE)
  /* put right, the same instruction runs */
  PTE(l0, 1, frame_a, V | X | A)
  FINE(MPP_S, exec, EDGE - 2)
  SAME(a1, 0x112)
  /* another frame as the second half: another instruction */
  la a4, frame_c
  li a3, 0x2225
  sh a3, 0(a4)
  li a3, 0x00000073
  sh a3, 2(a4)
  sh zero, 4(a4)
  fence.i
  PTE(l0, 1, frame_c, V | X | A)
  li a1, 1
  FINE(MPP_S, exec, EDGE - 2)
  SAME(a1, 0x223)
  /* the first page is not there: both at the instruction */
  PTE_RAW(l0, 0, 0)
  FAULT(MPP_S, exec, 12, EDGE - 2)

  /* a 2-byte instruction that ends the page runs, whatever follows; the fetch after it faults */
  PTE(l0, 0, frame_b, ALL)
  PTE_RAW(l0, 1, 0)
  la a2, frame_b
  li a3, 4094
  add a2, a2, a3
  li a3, 0x0585          /* c.addi a1, 1 */
  sh a3, 0(a2)
  fence.i
  HERE
  li a1, 1
  li a0, EDGE - 2
  RESUME_AT 2f
  ENTER MPP_S, stub_exec
2:
  M_TRAP(12)
  RECORD_SAME(M_EPC, EDGE)
  RECORD_SAME(M_TVAL, EDGE)
  SAME(a1, 2)
  /* so does a 4-byte instruction that ends the page */
  la a2, frame_b
  li a3, 4092
  add a2, a2, a3
  li a3, 0x11158593
  sw a3, 0(a2)
  fence.i
  HERE
  li a1, 1
  li a0, EDGE - 4
  RESUME_AT 2f
  ENTER MPP_S, stub_exec
2:
  M_TRAP(12)
  RECORD_SAME(M_EPC, EDGE)
  RECORD_SAME(M_TVAL, EDGE)
  SAME(a1, 0x112)
  /* running on from page to page over frames that are apart */
  PTE(l0, 1, frame_d, ALL)
  PTE(l0, 2, frame_c, ALL)
  li a1, 1
  la a4, frame_c
  li a3, 0x00000073
  sw a3, 0(a4)
  fence.i
  FINE(MPP_S, exec, EDGE - 4)
  SAME(a1, 0x112 + 2048)
  RECORD_SAME(M_EPC, EDGE + 0x1000)
  /* a jump to a page's very first byte, and a branch back to the last word of the one before */
  la a2, frame_b
  li a3, 4088
  add a2, a2, a3
  li a3, 0x0080006f      /* j . + 8 */
  sw a3, 0(a2)
  li a3, 0x00000073
  sw a3, 4(a2)
  la a2, frame_c
  li a3, 0x00558593      /* addi a1, a1, 5 */
  sw a3, 0(a2)
  li a3, 0xfe000ce3      /* beq zero, zero, . - 8 */
  sw a3, 4(a2)
  fence.i
  PTE(l0, 0, frame_b, ALL)
  PTE(l0, 1, frame_c, ALL)
  li a1, 1
  FINE(MPP_S, exec, EDGE - 8)
  SAME(a1, 6)
  RECORD_SAME(M_EPC, EDGE - 4)
  /* the page jumped to is not there: the fault is at the target, the jump has happened */
  PTE_RAW(l0, 1, 0)
  HERE
  li a0, EDGE - 8
  RESUME_AT 2f
  ENTER MPP_S, stub_exec
2:
  M_TRAP(12)
  RECORD_SAME(M_EPC, EDGE)
  RECORD_SAME(M_TVAL, EDGE)
  /* and a 4-byte instruction across the end of a 2 MiB leaf */
  PTE(l1, 2, l0, V)
  PTE_RAW(l1, 1, (0x80000 << 10) | ALL)
  li a2, 0x80000000 + 0x1ffffe
  li a3, 0x11158593
  sh a3, 0(a2)
  srli a3, a3, 16
  la a4, frame_a
  sh a3, 0(a4)
  PTE(l0, 0, frame_a, ALL)
  fence.i
  li a1, 1
  FINE(MPP_S, exec, MEGA + 0x1ffffe)
  SAME(a1, 0x112)
PASS

  .section .data
  .balign 4096
  /* a page of `c.addi a1, 1` */
frame_d:
  .fill 2048, 2, 0x0585
  .section .bss
  .balign 4096
frame_c:
  .fill 4096, 1, 0
