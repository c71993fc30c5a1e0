// The names of the tests. The quick ones are everywhere; the slow ones, in slow.c, run the system
// out of memory, blocks or inodes.
#pragma once
#include "../lib/testing.h"

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

#define BUFFER ((MAXOPBLOCKS + 2) * BSIZE)  // more than one transaction of the disk's log
extern char buffer[BUFFER];
