// The sizes and limits of the system that programs may count on.
#pragma once

#define PGSIZE 4096UL
#define SUPERPGSIZE (512 * PGSIZE)
#define MAXVA (1UL << 38)
#define KERNBASE 0x80000000UL     // first byte of RAM, never a user's
#define TRAMPOLINE (MAXVA - PGSIZE)
#define TRAPFRAME (TRAMPOLINE - PGSIZE)
#define USYSCALL (TRAPFRAME - PGSIZE)  // the page-table lab: what the kernel tells a process

#define NPROC 64      // processes
#define NOFILE 16     // open files a process
#define NINODE 50     // inodes in use
#define MAXARG 32     // exec arguments
#define MAXPATH 128   // bytes in a path
#define BSIZE 1024    // bytes in a disk block
#define MAXFILE (12 + BSIZE / 4)  // blocks in a file
#define MAXOPBLOCKS 10            // blocks one call may write before it is split

#define CONSOLE 1  // device major number

// Sv39 PTE bits, for programs that look at what pgpte returns.
#define PTE_V (1UL << 0)
#define PTE_R (1UL << 1)
#define PTE_W (1UL << 2)
#define PTE_X (1UL << 3)
#define PTE_U (1UL << 4)
