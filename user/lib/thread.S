# clone for C. The kernel starts the child at the instruction after the ecall, with a0 = 0, every
# other register as its parent's and sp at the stack given, so what the child must run is put there.
#include "syscall.h"

    .section .text.clone, "ax", @progbits
    .globl clone
    .type clone, @function
# a0 = flags, a1 = top of the stack, a2 = function, a3 = argument, a4 = parent_tid, a5 = tls, a6 = child_tid
clone:
    addi    a1, a1, -16
    sd      a2, 0(a1)
    sd      a3, 8(a1)
    mv      a2, a4
    mv      a3, a5
    mv      a4, a6
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
    .size clone, . - clone
