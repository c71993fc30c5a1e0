// System call numbers: xv6's 21, then those its labs add, then ours (60 and up, clear of both).
#pragma once

#define SYS_fork 1
#define SYS_exit 2
#define SYS_wait 3
#define SYS_pipe 4
#define SYS_read 5
#define SYS_kill 6
#define SYS_exec 7
#define SYS_fstat 8
#define SYS_chdir 9
#define SYS_dup 10
#define SYS_getpid 11
#define SYS_sbrk 12
#define SYS_pause 13  // "sleep" before 2025
#define SYS_uptime 14
#define SYS_open 15
#define SYS_write 16
#define SYS_mknod 17
#define SYS_unlink 18
#define SYS_link 19
#define SYS_mkdir 20
#define SYS_close 21

// The labs'.
#define SYS_trace 22
#define SYS_sysinfo 23
#define SYS_sigalarm 24
#define SYS_sigreturn 25

#define SYS_mmap 27
#define SYS_munmap 28

// The page-table lab's, of several years.
#define SYS_pgaccess 30
#define SYS_pgpte 33
#define SYS_kpgtbl 34

#define SYS_clone 60
#define SYS_mprotect 61
#define SYS_msync 62
#define SYS_interpose 63
#define SYS_gettid 64
