// Flags of open, mmap and clone.
#pragma once

#define O_RDONLY 0x000
#define O_WRONLY 0x001
#define O_RDWR 0x002
#define O_CREATE 0x200
#define O_TRUNC 0x400

#define PROT_NONE 0
#define PROT_READ 1
#define PROT_WRITE 2
#define PROT_EXEC 4

#define MAP_SHARED 0x01
#define MAP_PRIVATE 0x02
#define MAP_FIXED 0x10
#define MAP_ANONYMOUS 0x20
#define MAP_FAILED ((void *)-1)

#define MS_SYNC 4

#define CLONE_VM 0x100        // share the address space
#define CLONE_FS 0x200        // the current directory
#define CLONE_FILES 0x400     // the descriptors
#define CLONE_SIGHAND 0x800   // signal handlers, of which there are none; CLONE_THREAD goes with it
#define CLONE_VFORK 0x4000    // the caller waits until the child calls exec or exit
#define CLONE_PARENT 0x8000   // a child of the caller's parent
#define CLONE_THREAD 0x10000  // a thread of the caller, not a child
#define CLONE_SETTLS 0x80000  // tp
#define CLONE_PARENT_SETTID 0x100000   // the id is stored for the caller
#define CLONE_CHILD_CLEARTID 0x200000  // cleared when the child leaves the memory
#define CLONE_CHILD_SETTID 0x1000000   // stored for the child
#define CLONE_PIDFD 0x1000             // not here
#define SIGCHLD 17

// The second argument of the sbrk call.
#define SBRK_EAGER 1
#define SBRK_LAZY 2
#define SBRK_ERROR ((char *)-1)
