# One stub a system call: number in a7, arguments already in a0..a5, result in a0.
#include "syscall.h"

.macro stub name, number
    .section .text.\name, "ax", @progbits
    .globl \name
    .type \name, @function
\name:
    li      a7, \number
    ecall
    ret
    .size \name, . - \name
.endm

    stub fork, SYS_fork
    stub exit, SYS_exit
    stub wait, SYS_wait
    stub pipe, SYS_pipe
    stub read, SYS_read
    stub kill, SYS_kill
    stub exec, SYS_exec
    stub fstat, SYS_fstat
    stub chdir, SYS_chdir
    stub dup, SYS_dup
    stub getpid, SYS_getpid
    stub sys_sbrk, SYS_sbrk
    stub pause, SYS_pause
    stub uptime, SYS_uptime
    stub open, SYS_open
    stub write, SYS_write
    stub mknod, SYS_mknod
    stub unlink, SYS_unlink
    stub link, SYS_link
    stub mkdir, SYS_mkdir
    stub close, SYS_close
    stub trace, SYS_trace
    stub sysinfo, SYS_sysinfo
    stub sigalarm, SYS_sigalarm
    stub sigreturn, SYS_sigreturn
    stub mmap, SYS_mmap
    stub munmap, SYS_munmap
    stub pgaccess, SYS_pgaccess
    stub pgpte, SYS_pgpte
    stub kpgtbl, SYS_kpgtbl
    stub mprotect, SYS_mprotect
    stub msync, SYS_msync
    stub interpose, SYS_interpose
    stub gettid, SYS_gettid
