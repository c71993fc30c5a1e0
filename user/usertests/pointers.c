// Wrong pointers and wrong strings in system calls: the answer is -1, and the kernel lives.
#include "tests.h"

// Addresses that no program may name: kernel memory, the trapframe, the trampoline, the first
// address beyond the address space, and the last of all.
static const uint64_t wild[] = {KERNBASE, TRAPFRAME, TRAMPOLINE, MAXVA, ~0UL};
#define WILD (sizeof wild / sizeof wild[0])

// The kernel reads from a wild address.
void test_copyin(void) {
  for (size_t i = 0; i < WILD; i++) {
    void *p = (void *)wild[i];
    int fd = must_open("copyin1", O_CREATE | O_WRONLY);
    require(write(fd, p, 8192) < 0, "write of %p to a file succeeded", p);
    close(fd);
    unlink("copyin1");

    require(write(1, p, 8192) <= 0, "write of %p to the console succeeded", p);

    int ends[2];
    require(pipe(ends) == 0, "pipe failed");
    require(write(ends[1], p, 8192) <= 0, "write of %p to a pipe succeeded", p);
    close(ends[0]);
    close(ends[1]);
  }
}

// The kernel writes to a wild address, or to text.
static void read_to(uint64_t address) {
  void *p = (void *)address;
  int fd = must_open("copyout1", O_RDONLY);
  require(read(fd, p, 8192) <= 0, "read of a file to %p succeeded", p);
  close(fd);

  int ends[2];
  require(pipe(ends) == 0, "pipe failed");
  require(write(ends[1], "x", 1) == 1, "pipe write failed");
  require(read(ends[0], p, 8192) <= 0, "read of a pipe to %p succeeded", p);
  close(ends[0]);
  close(ends[1]);
}

void test_copyout(void) {
  make_file("copyout1", "some bytes");
  read_to(0);
  for (size_t i = 0; i < WILD; i++) read_to(wild[i]);
  unlink("copyout1");
}

// A path at a wild address.
void test_copyinstr1(void) {
  for (size_t i = 0; i < WILD; i++) {
    require(open((char *)wild[i], O_CREATE | O_WRONLY) < 0, "open(%p) succeeded", (void *)wild[i]);
  }
}

// Every call that takes a path must refuse this one.
static void refuse(char *path) {
  char *args[] = {"xx", 0};
  require(unlink(path) == -1, "unlink succeeded");
  require(open(path, O_CREATE | O_WRONLY) == -1, "open succeeded");
  require(link(path, path) == -1, "link succeeded");
  require(exec(path, args) == -1, "exec succeeded");
}

static void exec_big(uint64_t unused) {
  (void)unused;
  static char big[PGSIZE + 1];
  memset(big, 'x', PGSIZE);
  char *args[] = {big, big, big, 0};
  require(exec("echo", args) == -1, "exec with three arguments of a page succeeded");
  exit(747);
}

// A path whose terminating zero falls just beyond the kernel's buffer, and arguments too long.
void test_copyinstr2(void) {
  char path[MAXPATH + 1];
  memset(path, 'x', MAXPATH);
  path[MAXPATH] = 0;
  refuse(path);
  require(status_of(exec_big, 0) == 747, "exec of long arguments did not fail");
}

// A path without a terminating zero that runs beyond the end of memory.
void test_copyinstr3(void) {
  sbrk(8192);
  uint64_t top = (uint64_t)sbrk(0);
  if (top % PGSIZE != 0) sbrk(PGSIZE - top % PGSIZE);
  char *path = sbrk(0) - 1;
  *path = 'x';
  refuse(path);
}

// Memory given back with sbrk is nobody's.
void test_rwsbrk(void) {
  char *p = sbrk(2 * PGSIZE);
  require(p != SBRK_ERROR, "sbrk failed");
  require(sbrk(-(int)(2 * PGSIZE)) != SBRK_ERROR, "sbrk cannot shrink");
  p += PGSIZE;

  int fd = must_open("rwsbrk", O_CREATE | O_WRONLY);
  require(write(fd, p, 1024) < 0, "write of released memory at %p succeeded", p);
  close(fd);
  make_file("rwsbrk", "0123456789");
  fd = must_open("rwsbrk", O_RDONLY);
  require(read(fd, p, 10) < 0, "read into released memory at %p succeeded", p);
  close(fd);
  unlink("rwsbrk");
}

// A string at the start of each page of a mebibyte: mapped, guard, unmapped.
void test_validatetest(void) {
  for (uint64_t p = 0; p <= 1100 * 1024; p += PGSIZE) {
    require(link("nosuchfile", (char *)p) == -1, "link to a name at %p succeeded", (void *)p);
  }
}

// A negative length, at the very end of memory.
void test_argptest(void) {
  make_file("argptest", "some bytes");
  int fd = must_open("argptest", O_RDONLY);
  read(fd, sbrk(0) - 1, -1);
  close(fd);
  unlink("argptest");
}

// An address whose upper half a careless cast would drop.
void test_pgbug(void) {
  char *none[] = {0};
  char *p = (char *)0xeaeb0b5b00002f5e;
  require(exec(p, none) == -1, "exec succeeded");
  require(pipe((int *)p) == -1, "pipe succeeded");
}

static void exec_many(uint64_t unused) {
  (void)unused;
  static char *args[MAXARG];
  static char word[400];
  memset(word, ' ', sizeof word - 1);
  for (int i = 0; i < MAXARG - 1; i++) args[i] = word;
  exec("echo", args);
  touch("bigarg-ok");
}

// More argument bytes than the stack page holds: exec must fail, not write below the stack.
void test_bigargtest(void) {
  unlink("bigarg-ok");
  require(status_of(exec_many, 0) == 0, "the child failed");
  close(must_open("bigarg-ok", O_RDONLY));
  unlink("bigarg-ok");
}

// exec with an argument at a wrong address must give back the memory it took, each time.
void test_badarg(void) {
  char *args[] = {(char *)0xffffffff, 0};
  for (int i = 0; i < 50000; i++) exec("echo", args);
}

// write from a wrong address must not keep the block it had taken: as many as a disk has blocks.
void test_badwrite(void) {
  unlink("junk");
  for (int i = 0; i < 2000; i++) {
    int fd = must_open("junk", O_CREATE | O_WRONLY);
    write(fd, (char *)0xffffffffffUL, 1);
    close(fd);
    unlink("junk");
  }
  make_file("junk", "x");
  unlink("junk");
}
