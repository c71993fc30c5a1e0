// More than the lab asks, as Linux documents it.
#include "maps.h"

void test_offset(void) {
  make();
  int fd = must_open(FILE, O_RDWR);
  require(write(fd, "0123", 4) == 4, "write failed");
  char *p = map(PGSIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, PGSIZE);
  for (size_t i = 0; i < PGSIZE; i++) {
    require(p[i] == (i < PGSIZE / 2 ? 'A' : 0), "byte %ld of the map is 0x%x", i, p[i]);
  }
  memset(p, 'O', PGSIZE);
  unmap(p, 1);
  close(fd);
  fd = must_open(FILE, O_RDWR);
  require(write(fd, "AAAA", 4) == 4, "write failed");
  close(fd);
  file_holds('A', 'O');
}

// A fixed map takes the place of what was there, and of no more.
void test_fixed(void) {
  char *p = map(3 * PGSIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset(p, 'x', 3 * PGSIZE);
  make();
  int fd = must_open(FILE, O_RDONLY);
  char *q = mmap(p + PGSIZE, PGSIZE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0);
  close(fd);
  require(q == p + PGSIZE, "a fixed map at %p instead of %p", q, p + PGSIZE);
  require(p[0] == 'x' && p[PGSIZE - 1] == 'x', "the page below changed");
  require(p[PGSIZE] == 'A' && p[2 * PGSIZE - 1] == 'A', "the fixed map is wrong");
  require(p[2 * PGSIZE] == 'x' && p[3 * PGSIZE - 1] == 'x', "the page above changed");
  unmap(p, 3);
  must_kill(try_load, (uint64_t)p + PGSIZE);
}

void test_anonymous_private(void) {
  char *p = map(4 * PGSIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (size_t i = 0; i < 4 * PGSIZE; i += 512) require(p[i] == 0, "fresh memory is not zero");
  p[0] = 'p';
  if (must_fork() == 0) {
    require(p[0] == 'p' && p[PGSIZE] == 0, "the child sees something else");
    p[0] = p[PGSIZE] = 'c';
    exit(0);
  }
  require(child_status() == 0, "the child failed");
  require(p[0] == 'p' && p[PGSIZE] == 0, "the child's stores are seen");
  unmap(p, 4);
}

void test_anonymous_shared(void) {
  char *p = map(2 * PGSIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  p[0] = 'p';
  if (must_fork() == 0) {
    require(p[0] == 'p', "the child does not see the parent's store");
    p[0] = 'c';
    p[PGSIZE] = 'd';  // touched by the child first
    exit(0);
  }
  require(child_status() == 0, "the child failed");
  require(p[0] == 'c' && p[PGSIZE] == 'd', "the child's stores are not seen");
  unmap(p, 2);
}

// Unmapping the middle leaves two maps.
void test_hole(void) {
  char *p = map(5 * PGSIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < 5; i++) p[i * PGSIZE] = 'a' + i;
  unmap(p + 2 * PGSIZE, 1);
  require(p[PGSIZE] == 'b' && p[3 * PGSIZE] == 'd', "a neighbour of the hole changed");
  must_kill(try_load, (uint64_t)p + 2 * PGSIZE);
  require(munmap(p + 2 * PGSIZE, PGSIZE) == 0, "unmapping a hole is no error");
  unmap(p, 5);
  for (int i = 0; i < 5; i++) must_kill(try_load, (uint64_t)p + i * PGSIZE);
}

// Two processes with maps of their own of one file see each other's stores.
void test_shared_between(void) {
  char *p = map_file(O_RDWR, 1, PROT_READ | PROT_WRITE, MAP_SHARED);
  require(p[0] == 'A', "the map is wrong");
  if (must_fork() == 0) {
    unmap(p, 1);
    int fd = must_open(FILE, O_RDWR);
    char *q = map(PGSIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    q[1] = 'c';
    for (int i = 0; i < 100 && ((volatile char *)q)[2] != 'p'; i++) pause(1);
    exit(q[2] == 'p' ? 0 : 1);
  }
  for (int i = 0; i < 100 && ((volatile char *)p)[1] != 'c'; i++) pause(1);
  require(p[1] == 'c', "the child's store is not seen");
  p[2] = 'p';
  require(child_status() == 0, "the child does not see the parent's store");
  unmap(p, 1);
}

// A private file page is shared until one side writes.
void test_private_after_fork(void) {
  char *p = map_file(O_RDONLY, 2, PROT_READ | PROT_WRITE, MAP_PRIVATE);
  p[0] = 'p';
  require(p[PGSIZE] == 'A', "the map is wrong");
  if (must_fork() == 0) {
    require(p[0] == 'p' && p[PGSIZE] == 'A', "the child sees something else");
    p[0] = p[PGSIZE] = 'c';
    exit(0);
  }
  require(child_status() == 0, "the child failed");
  require(p[0] == 'p' && p[PGSIZE] == 'A', "the child's stores are seen");
  unmap(p, 2);
  file_holds('A', 'A');
}

void test_protect(void) {
  char *p = map(3 * PGSIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset(p, 'x', 3 * PGSIZE);
  require(mprotect(p + PGSIZE, PGSIZE, PROT_READ) == 0, "mprotect failed");
  require(p[PGSIZE] == 'x', "the content changed");
  must_kill(try_store, (uint64_t)p + PGSIZE);
  p[0] = p[2 * PGSIZE] = 'y';
  require(mprotect(p + PGSIZE, PGSIZE, PROT_NONE) == 0, "mprotect to nothing failed");
  must_kill(try_load, (uint64_t)p + PGSIZE);
  require(mprotect(p, 3 * PGSIZE, PROT_READ | PROT_WRITE) == 0, "mprotect back failed");
  p[PGSIZE] = 'z';
  require(p[0] == 'y' && p[PGSIZE + 1] == 'x' && p[2 * PGSIZE] == 'y', "the content changed");
  unmap(p, 3);
  require(mprotect(p, PGSIZE, PROT_READ) < 0, "mprotect of nothing succeeded");
}

void test_sync(void) {
  char *p = map_file(O_RDWR, 2, PROT_READ | PROT_WRITE, MAP_SHARED);
  memset(p, 'S', 2 * PGSIZE);
  require(msync(p, 2 * PGSIZE, MS_SYNC) == 0, "msync failed");
  file_holds('S', 'S');
  memset(p, 'T', PGSIZE);
  require(msync(p, PGSIZE, MS_SYNC) == 0, "the second msync failed");
  file_holds('T', 'S');
  unmap(p, 2);
}

// Maps as buffers of system calls, by which they are touched first.
void test_buffers(void) {
  char *p = map_file(O_RDWR, 2, PROT_READ | PROT_WRITE, MAP_PRIVATE);
  char *q = map(PGSIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  int ends[2];
  require(pipe(ends) == 0, "pipe failed");
  require(write(ends[1], p + PGSIZE - 8, 16) == 16, "write from a map failed");
  require(read(ends[0], q, 16) == 16, "read into a map failed");
  for (int i = 0; i < 16; i++) require(q[i] == 'A', "byte %d is wrong", i);
  char *r = map_file(O_RDWR, 1, PROT_READ, MAP_SHARED);
  require(write(ends[1], "x", 1) == 1, "write failed");
  require(read(ends[0], r, 1) < 0, "read into a read-only map succeeded");
  unmap(p, 2);
  unmap(q, 1);
  unmap(r, 1);
}

void test_bad_requests(void) {
  int anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
  char *p = map(PGSIZE, PROT_READ, anonymous, -1, 0);
  require(mmap(0, 0, PROT_READ, anonymous, -1, 0) == MAP_FAILED, "a map of no bytes");
  require(mmap(0, PGSIZE, PROT_READ, MAP_PRIVATE, -1, 0) == MAP_FAILED, "a map of no file");
  require(mmap(0, PGSIZE, PROT_READ, MAP_PRIVATE, 15, 0) == MAP_FAILED, "a map of a closed file");
  require(mmap(0, PGSIZE, PROT_READ, MAP_ANONYMOUS, -1, 0) == MAP_FAILED, "neither kind");
  require(mmap(0, 2 * MAXVA, PROT_READ, anonymous, -1, 0) == MAP_FAILED, "a map too large");
  require(mmap(p + 1, PGSIZE, PROT_READ, anonymous | MAP_FIXED, -1, 0) == MAP_FAILED,
          "a fixed map in the middle of a page");
  require(mmap((void *)TRAPFRAME, PGSIZE, PROT_READ, anonymous | MAP_FIXED, -1, 0) == MAP_FAILED,
          "a fixed map over the trapframe");
  make();
  int fd = must_open(FILE, O_RDONLY);
  require(mmap(0, PGSIZE, PROT_READ, MAP_PRIVATE, fd, 100) == MAP_FAILED, "an unaligned offset");
  close(fd);
  fd = must_open(FILE, O_WRONLY);
  require(mmap(0, PGSIZE, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED, "a write-only file");
  close(fd);
  require(munmap(p + 1, PGSIZE) < 0, "unmapped from the middle of a page");
  require(munmap(p, 0) < 0, "unmapped no bytes");
  unmap(p, 1);
}
