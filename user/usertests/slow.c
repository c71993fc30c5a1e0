// Tests that run the system out of something, or take their time.
#include "tests.h"

// A directory so large that it needs its indirect block.
void test_bigdir(void) {
  enum { N = 800 };
  char name[5];
  unlink("bd");
  touch("bd");
  for (int i = 0; i < N; i++) {
    numbered(name, 'x', i);
    require(link("bd", name) == 0, "link %s failed", name);
  }
  struct stat st;
  require(stat("bd", &st) == 0 && st.nlink == N + 1, "bd has %d links", st.nlink);
  unlink("bd");
  for (int i = 0; i < N; i++) {
    numbered(name, 'x', i);
    require(unlink(name) == 0, "unlink %s failed", name);
  }
}

static void write_again_and_again(int child) {
  char name[5];
  numbered(name, 'b', child);
  for (int round = 0; round < 30; round++) {
    unlink(name);
    for (int i = 0; i <= child; i++) {
      int fd = must_open(name, O_CREATE | O_RDWR);
      int n = write(fd, buffer, sizeof buffer);
      require(n == sizeof buffer, "write gave %d", n);
      close(fd);
    }
  }
  unlink(name);
  exit(0);
}

// Four processes with long writes at the same time.
void test_manywrites(void) {
  for (int i = 0; i < 4; i++) {
    if (must_fork() == 0) write_again_and_again(i);
  }
  for (int i = 0; i < 4; i++) require(child_status() == 0, "a writer failed");
}

static void exec_with(uint64_t pages) {
  for (int step = 1024; step > 0;) {  // take every page there is
    if (sbrk(step * PGSIZE) == SBRK_ERROR) step /= 2;
  }
  for (uint64_t i = 0; i < pages; i++) sbrk(-(int)PGSIZE);
  close(1);
  char *args[] = {"echo", "x", 0};
  exec("echo", args);
}

// exec with 0 to 14 pages left, so that each of its allocations is the one that fails once.
void test_execout(void) {
  for (int pages = 0; pages < 15; pages++) {
    require(status_of(exec_with, pages) == 0, "the child failed with %d pages left", pages);
  }
}

// Files of the largest size until the disk is full: what needs a block fails, and all is as before
// when they are gone.
void test_diskfull(void) {
  char name[5];
  int files = 0, entries = 0;
  for (bool full = false; !full; files++) {
    numbered(name, 'D', files);
    unlink(name);
    int fd = open(name, O_CREATE | O_RDWR | O_TRUNC);
    if (fd < 0) break;
    for (unsigned i = 0; i < MAXFILE && !full; i++) full = write(fd, buffer, BSIZE) != BSIZE;
    close(fd);
  }
  // New names fit only as long as the directory has a slot left.
  for (; entries < 128; entries++) {
    numbered(name, 'z', entries);
    int fd = open(name, O_CREATE | O_RDWR | O_TRUNC);
    if (fd < 0) break;
    close(fd);
  }
  require(mkdir("diskfulldir") < 0, "made a directory on a full disk");
  for (int i = 0; i < entries; i++) {
    numbered(name, 'z', i);
    require(unlink(name) == 0, "unlink %s failed", name);
  }
  for (int i = 0; i < files; i++) {
    numbered(name, 'D', i);
    unlink(name);
  }
  make_file("afterfull", "room again");
  unlink("afterfull");
}

// Empty files until no inode is left.
void test_outofinodes(void) {
  char name[5];
  int n = 0;
  for (; n < 1000; n++) {
    numbered(name, 'z', n);
    unlink(name);
    int fd = open(name, O_CREATE | O_RDWR | O_TRUNC);
    if (fd < 0) break;
    close(fd);
  }
  require(n < 1000, "there were 1000 inodes");
  for (int i = 0; i < n; i++) {
    numbered(name, 'z', i);
    require(unlink(name) == 0, "unlink %s failed", name);
  }
  make_file("afterfull", "an inode again");
  unlink("afterfull");
}
