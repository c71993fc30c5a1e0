// Everything a guest program may call. Link against this library only: there is no other libc.
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fcntl.h"
#include "param.h"
#include "stat.h"

struct sysinfo {
  uint64_t freemem;  // bytes
  uint64_t nproc;    // processes
};

// System calls (syscall.S). All return -1 on failure.
int fork(void);
void exit(int status) __attribute__((noreturn));
int wait(int *status);  // status may be 0
int pipe(int fds[2]);
int read(int fd, void *buffer, int n);
int write(int fd, const void *buffer, int n);
int kill(int pid);
int exec(const char *path, char *const argv[]);
int fstat(int fd, struct stat *st);
int chdir(const char *path);
int dup(int fd);
int getpid(void);
int gettid(void);  // the thread; getpid is the process
char *sys_sbrk(int n, int how);
int pause(int ticks);
int uptime(void);
int open(const char *path, int flags);
int mknod(const char *path, short major, short minor);
int unlink(const char *path);
int link(const char *old, const char *new);
int mkdir(const char *path);
int close(int fd);
void *mmap(void *addr, size_t length, int prot, int flags, int fd, size_t offset);
int munmap(void *addr, size_t length);
int mprotect(void *addr, size_t length, int prot);
int msync(void *addr, size_t length, int flags);
int trace(int mask);  // a bit for each call that prints a line when it returns
int sysinfo(struct sysinfo *info);
int sigalarm(int ticks, void (*handler)(void));  // ticks 0: no more
int sigreturn(void);                             // ends the handler
int interpose(int mask, const char *path);       // these calls fail, but open and exec of path
uint64_t pgpte(void *va);                            // the leaf PTE that maps va, or 0
int pgaccess(void *base, int pages, uint32_t *mask);  // which were touched since the last call
void kpgtbl(void);                                   // prints the page table

// memory.c: the old break, or SBRK_ERROR.
char *sbrk(int n);
char *sbrklazy(int n);

// thread.S: the clone call, its child made to run fn(arg) on the stack that grows down from `top`
// (16-aligned) and to exit with what fn returns. flags of fcntl.h; those about ids and tp take them from
// behind arg: int *parent_tid, void *tls, int *child_tid. Returns the child's id or -1.
int clone(unsigned long flags, void *top, int (*fn)(void *), void *arg, ...);

// usyscall.c: getpid without a system call, where the kernel has the USYSCALL page.
int ugetpid(void);

// string.c
void *memset(void *dst, int byte, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memcpy(void *dst, const void *src, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
char *strcpy(char *dst, const char *src);
int strcmp(const char *a, const char *b);
char *strchr(const char *s, int c);  // 0 if absent
int atoi(const char *s);

// printf.c: %d %i %u %x %p %c %s %%, with l or ll for 64 bits, and a width (-, 0) as in C.
void printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
void fprintf(int fd, const char *format, ...) __attribute__((format(printf, 2, 3)));
void vfprintf(int fd, const char *format, va_list args);

// malloc.c
void *malloc(size_t n);  // 16-aligned; 0 when memory is out
void free(void *p);

// file.c
int stat(const char *path, struct stat *st);
char *gets(char *line, int max);  // one line of standard input, its newline kept; "" at the end
