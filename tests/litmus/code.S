/*
 * Code and data that one hart writes where another one runs; what came of it is said line by line:
 *
 *   fenced 60       calls that ran what the other had written, after word of it and fence.i
 *   data 500        stores to a page that the other runs at the same time
 *   calls 400       and its calls
 */
#include "harts.inc"
#include "written.inc"

  HARTS(2, 2)
  la s2, patch
  la s4, right
  WRITTEN fenced, fence.i
  /* Hart 0 counts in a cell of the page that hart 1 runs. */
  HERE
  call barrier
  bnez tp, 2f
  li s3, 500
1:
  la t0, beside
  ld t1, 0(t0)
  addi t1, t1, 1
  sd t1, 0(t0)
  addi s3, s3, -1
  bnez s3, 1b
  j 4f
2:
  li s3, 400
  li s5, 0
3:
  call bump
  addi s3, s3, -1
  bnez s3, 3b
  sd s5, 0(s4)
4:
  call barrier
  la t0, beside
  ld s5, 0(t0)
  PRINT data, s5
  ld s5, 0(s4)
  PRINT calls, s5

  DONE

  .section .data
  .balign 4096
  .option push
  .option norvc
patch:
  li a0, 0
  ret
bump:
  addi s5, s5, 1
  ret
  .option pop
  .balign 8
beside:
  .dword 0
  .balign 4096
right:
  .dword 0
