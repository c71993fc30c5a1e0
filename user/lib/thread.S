# Threads on top of clone. The child of clone starts at the instruction after its ecall, with a0 = 0
# and nothing on its stack but what was put there before, so what it must run is put there.
#include "fcntl.h"
#include "syscall.h"

    .section .text.thread_create, "ax", @progbits
    .globl thread_create
    .type thread_create, @function
thread_create:                      # a0 = function, a1 = its argument, a2 = top of the stack
    addi    a2, a2, -16
    sd      a0, 0(a2)
    sd      a1, 8(a2)
    li      a0, CLONE_VM | CLONE_THREAD
    mv      a1, a2
    li      a7, SYS_clone
    ecall
    beqz    a0, 1f
    ret
1:  ld      t0, 0(sp)
    ld      a0, 8(sp)
    addi    sp, sp, 16
    jalr    t0
    li      a7, SYS_exit
    ecall
    .size thread_create, . - thread_create
