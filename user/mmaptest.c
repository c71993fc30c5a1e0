// Memory-mapped files and anonymous memory, test by test.
//
//   mmaptest [NAME ...]
//
// The tests from private_read to exit_writes ask what the mmap lab asks; the rest ask for more.
#include "lib/testing.h"

#define FILE "mmap.file"
#define LENGTH (PGSIZE + PGSIZE / 2)  // of that file: the second page ends in zeros when mapped

static char page[PGSIZE];

static void make(void) {
  unlink(FILE);
  int fd = must_open(FILE, O_CREATE | O_WRONLY);
  memset(page, 'A', sizeof page);
  require(write(fd, page, PGSIZE) == (int)PGSIZE, "write failed");
  require(write(fd, page, PGSIZE / 2) == (int)PGSIZE / 2, "write failed");
  close(fd);
}

static char *map(size_t length, int prot, int flags, int fd, size_t offset) {
  char *p = mmap(0, length, prot, flags, fd, offset);
  require(p != MAP_FAILED, "mmap failed");
  require((uintptr_t)p % PGSIZE == 0, "mmap returned %p, which is no page's start", p);
  return p;
}

static char *map_file(int open_flags, size_t pages, int prot, int flags) {
  make();
  int fd = must_open(FILE, open_flags);
  char *p = map(pages * PGSIZE, prot, flags, fd, 0);
  require(close(fd) == 0, "close failed");  // the map holds the file from here on
  return p;
}

static void unmap(char *p, size_t pages) {
  require(munmap(p, pages * PGSIZE) == 0, "munmap(%p) failed", p);
}

static void is_file(const char *p) {
  for (size_t i = 0; i < 2 * PGSIZE; i++) {
    require(p[i] == (i < LENGTH ? 'A' : 0), "byte %ld of the map is 0x%x", i, p[i]);
  }
}

// The file's own bytes, by read: `first` throughout its first page, `second` after.
static void file_holds(char first, char second) {
  int fd = must_open(FILE, O_RDONLY);
  require(read(fd, page, PGSIZE) == (int)PGSIZE, "the file's first page is short");
  for (size_t i = 0; i < PGSIZE; i++) require(page[i] == first, "file byte %ld is wrong", i);
  require(read(fd, page, PGSIZE) == (int)PGSIZE / 2, "the file's size has changed");
  for (size_t i = 0; i < PGSIZE / 2; i++) {
    require(page[i] == second, "file byte %ld is wrong", PGSIZE + i);
  }
  close(fd);
}

static void private_read(void) {
  char *p = map_file(O_RDONLY, 2, PROT_READ, MAP_PRIVATE);
  is_file(p);
  unmap(p, 2);
}

static void private_write(void) {
  char *p = map_file(O_RDONLY, 2, PROT_READ | PROT_WRITE, MAP_PRIVATE);
  is_file(p);
  memset(p, 'Z', 2 * PGSIZE);
  unmap(p, 2);
  file_holds('A', 'A');
}

static void readonly_file(void) {
  make();
  int fd = must_open(FILE, O_RDONLY);
  void *p = mmap(0, 2 * PGSIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  require(p == MAP_FAILED, "a writable shared map of a read-only file");
  close(fd);
}

// Writes reach the file when a part is unmapped, and do not make it longer.
static void shared_write(void) {
  char *p = map_file(O_RDWR, 3, PROT_READ | PROT_WRITE, MAP_SHARED);
  is_file(p);
  memset(p, 'B', PGSIZE);
  memset(p + PGSIZE, 'C', PGSIZE);
  unmap(p, 2);
  file_holds('B', 'C');
  unmap(p + 2 * PGSIZE, 1);  // never touched
  file_holds('B', 'C');
}

// mmap itself reads nothing: what is written to the file before the first touch is seen.
static void lazy_read(void) {
  char *p = map_file(O_RDWR, 2, PROT_READ | PROT_WRITE, MAP_SHARED);
  int fd = must_open(FILE, O_RDWR);
  require(write(fd, "m", 1) == 1, "write failed");
  close(fd);
  require(p[0] == 'm', "the file was read before the first touch");
  unmap(p, 2);
}

static char *map_small(const char *name, const char *content) {
  make_file(name, content);
  int fd = must_open(name, O_RDONLY);
  char *p = map(PGSIZE, PROT_READ, MAP_PRIVATE, fd, 0);
  close(fd);
  unlink(name);
  return p;
}

static void two_files(void) {
  char *p = map_small("mmap1", "12345"), *q = map_small("mmap2", "67890");
  require(memcmp(p, "12345", 6) == 0, "the first map is wrong");
  require(memcmp(q, "67890", 6) == 0, "the second map is wrong");
  unmap(p, 1);
  require(memcmp(q, "67890", 6) == 0, "the second map changed when the first went");
  unmap(q, 1);
}

static void fork_inherits(void) {
  make();
  int fd = must_open(FILE, O_RDONLY);
  unlink(FILE);
  char *p = map(2 * PGSIZE, PROT_READ, MAP_SHARED, fd, 0);
  char *q = map(2 * PGSIZE, PROT_READ, MAP_SHARED, fd, 0);
  require(p[PGSIZE] == 'A', "the second page is wrong");  // only this page is there at fork
  if (must_fork() == 0) {
    is_file(p);
    unmap(p, 1);
    exit(0);
  }
  require(child_status() == 0, "the child failed");
  is_file(p);
  is_file(q);
}

static char *shared;

static void unmap_first_and_load(uint64_t unused) {
  (void)unused;
  unmap(shared, 1);
  require(shared[PGSIZE] == 'Y', "the second page went with the first");
  try_load((uint64_t)shared);
}

static void unmap_second_and_load(uint64_t unused) {
  (void)unused;
  unmap(shared + PGSIZE, 1);
  require(shared[0] == 'X', "the first page went with the second");
  try_load((uint64_t)shared + PGSIZE);
}

// What is unmapped, at either end, is gone for the one who did it and for no one else.
static void unmap_parts(void) {
  shared = map_file(O_RDWR, 2, PROT_READ | PROT_WRITE, MAP_SHARED);
  shared[0] = 'X';
  shared[PGSIZE] = 'Y';
  must_kill(unmap_first_and_load, 0);
  must_kill(unmap_second_and_load, 0);
  memset(shared, 'P', PGSIZE);
  memset(shared + PGSIZE, 'Q', PGSIZE);
  unmap(shared, 1);
  memset(shared + PGSIZE, 'R', PGSIZE);
  unmap(shared + PGSIZE, 1);
  file_holds('P', 'R');
}

static void store_readonly(void) {
  char *p = map_file(O_RDWR, 2, PROT_READ, MAP_SHARED);
  must_kill(try_store, (uint64_t)p);      // not there yet
  require(p[0] == 'A', "the map is wrong");
  must_kill(try_store, (uint64_t)p);      // there, and not writable
  unmap(p, 2);
}

static void sixteen_areas(void) {
  enum { N = 16 };
  char *maps[N];
  make();
  int fd = must_open(FILE, O_RDWR);
  for (int i = 0; i < N; i++) maps[i] = map(PGSIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  for (int i = 0; i < N; i++) maps[i][0] = 'a' + i;
  for (int i = 0; i < N; i++) {
    require(maps[i][0] == 'a' + i && maps[i][1] == 'A', "map %d is wrong", i);
    unmap(maps[i], 1);
  }
  close(fd);
}

static void exit_writes(void) {
  make();
  if (must_fork() == 0) {
    int fd = must_open(FILE, O_RDWR);
    char *p = map(2 * PGSIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    memset(p, 'E', 2 * PGSIZE);
    exit(0);
  }
  require(child_status() == 0, "the child failed");
  file_holds('E', 'E');
}

static void offset(void) {
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
static void fixed(void) {
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

static void anonymous_private(void) {
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

static void anonymous_shared(void) {
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
static void hole(void) {
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
static void shared_between(void) {
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
static void private_after_fork(void) {
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

static void protect(void) {
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

static void sync(void) {
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
static void buffers(void) {
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

static void bad_requests(void) {
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

static const struct test tests[] = {
    {"private_read", private_read},
    {"private_write", private_write},
    {"readonly_file", readonly_file},
    {"shared_write", shared_write},
    {"lazy_read", lazy_read},
    {"two_files", two_files},
    {"fork_inherits", fork_inherits},
    {"unmap_parts", unmap_parts},
    {"store_readonly", store_readonly},
    {"sixteen_areas", sixteen_areas},
    {"exit_writes", exit_writes},

    {"offset", offset},
    {"fixed", fixed},
    {"anonymous_private", anonymous_private},
    {"anonymous_shared", anonymous_shared},
    {"hole", hole},
    {"shared_between", shared_between},
    {"private_after_fork", private_after_fork},
    {"protect", protect},
    {"sync", sync},
    {"buffers", buffers},
    {"bad_requests", bad_requests},
    {0, 0},
};

int main(int argc, char *argv[]) {
  int result = test_main("mmaptest", tests, argc, argv);
  unlink(FILE);
  return result;
}
