// What every test uses. A test runs in a process of its own; it passes by returning.
#pragma once
#include "../lib/user.h"

struct test {
  const char *name;
  void (*run)(void);
};

// Ended by a row without a name. The quick ones are everywhere; the slow ones, in slow.c, run the
// system out of memory, blocks or inodes.
extern const struct test slow_tests[];

#define TESTS(X)                                                                               \
  X(copyin) X(copyout) X(copyinstr1) X(copyinstr2) X(copyinstr3) X(rwsbrk)                     \
  X(truncate1) X(truncate2) X(truncate3) X(openiput) X(exitiput) X(iput)                       \
  X(opentest) X(descriptors) X(writetest) X(writebig) X(createtest) X(dirtest) X(exectest)     \
  X(pipe1) X(killstatus) X(preempt) X(exitwait) X(reparent) X(twochildren) X(forkfork)         \
  X(forkforkfork) X(reparent2) X(mem) X(sharedfd) X(fourfiles) X(createdelete) X(unlinkread)   \
  X(linktest) X(concreate) X(linkunlink) X(subdir) X(bigwrite) X(bigfile) X(fourteen) X(rmdot) \
  X(dirfile) X(iref) X(forktest) X(sbrkbasic) X(sbrkmuch) X(kernmem) X(MAXVAplus) X(sbrkfail)  \
  X(sbrkarg) X(validatetest) X(bsstest) X(bigargtest) X(argptest) X(stacktest) X(textwrite)    \
  X(nowrite) X(pgbug) X(sbrkbugs) X(sbrklast) X(sbrk8000) X(badarg)                            \
  X(lazy_alloc) X(lazy_unmap) X(lazy_copy)

#define SLOW_TESTS(X) X(bigdir) X(manywrites) X(badwrite) X(execout) X(diskfull) X(outofinodes)

#define DECLARE(name) void test_##name(void);
TESTS(DECLARE)
SLOW_TESTS(DECLARE)

// Say what went wrong, after the test's name, and end the process with status 1.
void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#define require(condition, ...)           \
  do {                                    \
    if (!(condition)) fail(__VA_ARGS__);  \
  } while (0)

int must_fork(void);
int child_status(void);  // waits for a child, which must be there

// Run body(argument) in a child; its exit status, 0 if it returned, -1 if it was killed.
int status_of(void (*body)(uint64_t), uint64_t argument);

int must_open(const char *path, int flags);
void touch(const char *path);                   // an empty file, if there is none
void make_file(const char *path, const char *content);
void numbered(char *name, char letter, int n);  // letter and three digits

#define BUFFER ((MAXOPBLOCKS + 2) * BSIZE)  // more than one transaction of the disk's log
extern char buffer[BUFFER];
