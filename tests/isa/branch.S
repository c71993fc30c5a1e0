/* Control flow: the six branches, jal and jalr, their reach in both directions, links and targets. */
#include "harness.inc"

#define MIN64 0x8000000000000000
#define MAX64 0x7fffffffffffffff

#define TAKEN(op, a, b) taken __LINE__, op, a, b
#define UNTAKEN(op, a, b) untaken __LINE__, op, a, b

/* Forward, then backward to a target before the branch. */
.macro taken line, op, a, b
  li gp, \line
  li a0, \a
  li a1, \b
  \op a0, a1, .Lforward\@
  j test_failed
.Lback\@:
  j .Ldone\@
  j test_failed
.Lforward\@:
  \op a0, a1, .Lback\@
  j test_failed
.Ldone\@:
.endm

.macro untaken line, op, a, b
  li gp, \line
  li a0, \a
  li a1, \b
  \op a0, a1, .Lwrong\@
  j .Ldone\@
.Lwrong\@:
  j test_failed
.Ldone\@:
.endm

START
  TAKEN(beq, 0, 0)
  TAKEN(beq, MIN64, MIN64)
  UNTAKEN(beq, 0, MIN64)
  UNTAKEN(beq, 0x100000000, 0)
  TAKEN(bne, 0, MIN64)
  TAKEN(bne, 0x100000000, 0)
  UNTAKEN(bne, -1, -1)
  TAKEN(blt, -1, 0)
  TAKEN(blt, MIN64, MAX64)
  UNTAKEN(blt, 0, 0)
  UNTAKEN(blt, MAX64, MIN64)
  TAKEN(bge, 0, 0)
  TAKEN(bge, 0, -1)
  TAKEN(bge, MAX64, MIN64)
  UNTAKEN(bge, MIN64, MAX64)
  UNTAKEN(bge, -1, 0)
  TAKEN(bltu, 0, -1)
  TAKEN(bltu, MAX64, MIN64)
  UNTAKEN(bltu, -1, -1)
  UNTAKEN(bltu, MIN64, MAX64)
  TAKEN(bgeu, -1, 0)
  TAKEN(bgeu, MIN64, MAX64)
  TAKEN(bgeu, 5, 5)
  UNTAKEN(bgeu, 0, -1)
  UNTAKEN(bgeu, MAX64, MIN64)

  /* A branch writes no register. */
  li a0, 17
  li a1, 18
  beq a0, a1, 1f
  bne a0, a1, 1f
1:
  SAME(a0, 17)
  SAME(a1, 18)

  /* jal: link is the next instruction; rd may be any register, or none. */
  HERE
  jal a0, 1f
2:
  j test_failed
1:
  la a1, 2b
  EQUAL(a0, a1)
  HERE
  jal zero, 1f
  j test_failed
1:
  ZERO(zero)
  HERE
  jal t2, 3f
4:
  j 5f
3:
  jr t2
  j test_failed
5:

  /* jalr: base + immediate, bit 0 of the target cleared, rd = rs1 uses the old value. */
  HERE
  la a0, 1f
  jalr a1, 0(a0)
2:
  j test_failed
1:
  la a2, 2b
  EQUAL(a1, a2)
  HERE
  la a0, 1f + 2047
  jalr a0, -2047(a0)
2:
  j test_failed
1:
  la a2, 2b
  EQUAL(a0, a2)
  HERE
  la a0, 1f + 1
  jalr a1, 0(a0)
  j test_failed
1:
  HERE
  la a0, 1f - 2047
  jalr zero, 2047(a0)
  j test_failed
1:
  /* odd sum from an odd immediate: only bit 0 goes */
  HERE
  la a0, 1f
  jalr a1, 1(a0)
  j test_failed
1:
  /* a target 2 bytes off a multiple of 4 is fine with C */
  HERE
  la a0, 1f
  jalr a1, 0(a0)
  j test_failed
  .option push
  .option rvc
  c.nop
1:
  c.nop
  c.nop
  .option pop
  .balign 4

  /* the reach of a branch: +4094 (a multiple of 2, with C) and -4096 */
  HERE
  .option push
  .option rvc
  .balign 4
1:
  .insn b 0x63, 0, zero, zero, 1b + 4094
  j test_failed
  .space 4094 - 8
  c.nop
  j 3f
2:
  j 4f
  .space 4096 - 4
3:
  .insn b 0x63, 0, zero, zero, 2b
  j test_failed
4:
  .balign 4
  .option pop

  /* the reach of jal: +1 MiB less 2 and -1 MiB would make a large file; 64 KiB each way here */
  HERE
  j 1f
far:
  j 2f
  .fill 0x4000, 4, 0
1:
  jal a0, far
3:
  j test_failed
2:
  la a1, 3b
  EQUAL(a0, a1)

  /* deep call and return through the stack */
  li a0, 15
  jal fib
  SAME(a0, 610)
PASS

fib:
  li t0, 2
  blt a0, t0, 1f
  addi sp, sp, -24
  sd ra, 0(sp)
  sd s0, 8(sp)
  sd s1, 16(sp)
  mv s0, a0
  addi a0, a0, -1
  jal fib
  mv s1, a0
  addi a0, s0, -2
  jal fib
  add a0, a0, s1
  ld ra, 0(sp)
  ld s0, 8(sp)
  ld s1, 16(sp)
  addi sp, sp, 24
1:
  ret
