/*
 * Start and end of a bare-metal loop, for C and assembly alike: hart 0 in M-mode with a stack calls
 * work(), which returns 0 when its result is right; the finisher at 0x10_0000 ends the machine.
 */
#ifdef __ASSEMBLER__

.macro START
  .section .text.start, "ax"
  .globl _start
_start:
  csrw mie, zero
  csrr t0, mhartid
1:
  beqz t0, 2f
  wfi
  j 1b
2:
  la sp, stack_top
  call work
  li t0, 0x5555
  beqz a0, 1f
  li t0, 0x13333
1:
  li t1, 0x100000
  sw t0, 0(t1)
  j .
  .section .bss
  .balign 16
  .fill 65536, 1, 0
stack_top:
  .section .text
.endm

#else

__asm__(".section .text.start, \"ax\"\n"
        ".globl _start\n"
        "_start:\n"
        "  csrw mie, zero\n"
        "  csrr t0, mhartid\n"
        "1: beqz t0, 2f\n"
        "  wfi\n"
        "  j 1b\n"
        "2: la sp, stack_top\n"
        "  call work\n"
        "  li t0, 0x5555\n"
        "  beqz a0, 1f\n"
        "  li t0, 0x13333\n"
        "1: li t1, 0x100000\n"
        "  sw t0, 0(t1)\n"
        "  j .\n"
        ".section .bss\n"
        ".balign 16\n"
        ".fill 65536, 1, 0\n"
        "stack_top:\n"
        ".text\n");

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;

#endif
