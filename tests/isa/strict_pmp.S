/*
 * What the specification says of physical memory protection and QEMU 7.2 does otherwise: it looks at
 * a page's protection from an instruction to the page's end, at an access over a page end as if its
 * bytes lay together, and not at all at the walker's own stores.
 */
#include "harness.inc"
#include "paging.inc"
#include "pmp.inc"

PMP_PAGING
  /* fetches: a piece of a page that may not be executed, reached from before it and by a jump */
  NAPOT_AT(0, closed, 0, 32)
  CFG(NAPOT | PMP_R | PMP_W)
  li s5, 3
1:
  STOPS(MPP_S, open, closed, closed)
  STOPS(MPP_U, open, closed, closed)
  STOPS(MPP_U, jumps, closed_too, closed_too)
  STOPS(MPP_S, closed_too, closed_too, closed_too)
  RUNS(MPP_S, behind)
  RUNS(MPP_U, behind)
  addi s5, s5, -1
  bnez s5, 1b
  /* M may */
  HERE
  la a3, open
  RESUME_AT 1f
  jr a3
1:
  M_TRAP(11)
  CFG(0)
  RUNS(MPP_S, open)
  RUNS(MPP_U, jumps)
  CFG(NAPOT | PMP_X)
  RUNS(MPP_S, open)
  RUNS(MPP_U, jumps)
  /* half of an instruction: mtval says which */
  NAPOT_AT(0, half, 2, 8)
  CFG(NAPOT)
  STOPS(MPP_S, astride, half, half + 2)
  STOPS(MPP_U, astride, half, half + 2)
  CFG(NAPOT | PMP_X)
  RUNS(MPP_S, astride)
  /* over a page end */
  NAPOT_AT(0, page_end, 2, 4096)
  CFG(NAPOT)
  STOPS(MPP_S, page_end, page_end, page_end + 2)
  STOPS(MPP_U, before_end, page_end, page_end + 2)
  NAPOT_AT(0, page_end, -2, 4)
  CFG(NAPOT)
  STOPS(MPP_U, page_end, page_end, page_end)
  CFG(0)
  RUNS(MPP_S, before_end)
  RUNS(MPP_U, page_end)

  /* over a page end: each part by itself */
  NAPOT_AT(0, frame_b, 0, 4096)
  CFG(NAPOT | PMP_R)
  PTE(l0, 4, frame_b, ALL)
  PTE(l0, 5, frame_a, ALL)
  FINE(MPP_S, load8, PAGES + 0x5000 - 4)
  FAULT(MPP_S, store8, 7, PAGES + 0x5000 - 4)
  PTE(l0, 4, frame_a, ALL)
  PTE(l0, 5, frame_b, ALL)
  FINE(MPP_S, load8, PAGES + 0x5000 - 4)
  RESUME_AT 1f
  HERE
  ENTER MPP_S, 2f
2:
  li a0, PAGES + 0x5000 - 4
  sd zero, 0(a0)
  ecall
1:
  M_TRAP(7)
  RECORD_SAME(M_TVAL, PAGES + 0x5000)

  /* A and D are stored by the walker, as S would */
  NAPOT_AT(0, l0, 0, 4096)
  CFG(NAPOT | PMP_R)
  PTE(l0, 4, frame_a, V | R | W | A)
  FINE(MPP_S, load, PAGES + 0x4000)
  FAULT(MPP_S, store, 7, PAGES + 0x4000)
  PTE(l0, 4, frame_a, V | R | W)
  FAULT(MPP_S, load, 5, PAGES + 0x4000)
  CFG(NAPOT | PMP_R | PMP_W)
  FINE(MPP_S, store, PAGES + 0x4000)

  /* M, too, can be kept from executing */
  NAPOT_AT(5, closed, 0, 32)
  CFG((LOCK | NAPOT | PMP_R) << 40)
  HERE
  la a3, open
  RESUME_AT 1f
  jr a3
1:
  M_TRAP(1)
  RECORD_AT(M_EPC, closed)
  RECORD_AT(M_TVAL, closed)
  STOPS(MPP_S, open, closed, closed)
  PASS

  /* What is run: each block ends with an ecall. */
  .option norvc
  .balign 4096
open:
  nop
  addi a0, a0, 1
  .balign 32
closed:
  addi a0, a0, 1
  nop
closed_too:
  addi a0, a0, 1
  nop
  .balign 32
behind:
  addi a0, a0, 1
  ecall
jumps:
  j closed_too
  .option rvc
  .balign 32
astride:
  c.nop
  c.nop
  c.nop
half:
  .option norvc
  addi a0, a0, 1
  ecall
  .option rvc
  .balign 4096
  .fill 2047 - 2, 2, 1
before_end:
  c.nop
  c.nop
page_end:
  .option norvc
  addi a0, a0, 1
  ecall
