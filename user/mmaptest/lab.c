// What the mmap lab asks of a kernel.
#include "maps.h"

void test_private_read(void) {
  char *p = map_file(O_RDONLY, 2, PROT_READ, MAP_PRIVATE);
  is_file(p);
  unmap(p, 2);
}

void test_private_write(void) {
  char *p = map_file(O_RDONLY, 2, PROT_READ | PROT_WRITE, MAP_PRIVATE);
  is_file(p);
  memset(p, 'Z', 2 * PGSIZE);
  unmap(p, 2);
  file_holds('A', 'A');
}

void test_readonly_file(void) {
  make();
  int fd = must_open(FILE, O_RDONLY);
  void *p = mmap(0, 2 * PGSIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  require(p == MAP_FAILED, "a writable shared map of a read-only file");
  close(fd);
}

// Writes reach the file when a part is unmapped, and do not make it longer.
void test_shared_write(void) {
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
void test_lazy_read(void) {
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

void test_two_files(void) {
  char *p = map_small("mmap1", "12345"), *q = map_small("mmap2", "67890");
  require(memcmp(p, "12345", 6) == 0, "the first map is wrong");
  require(memcmp(q, "67890", 6) == 0, "the second map is wrong");
  unmap(p, 1);
  require(memcmp(q, "67890", 6) == 0, "the second map changed when the first went");
  unmap(q, 1);
}

void test_fork_inherits(void) {
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
void test_unmap_parts(void) {
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

void test_store_readonly(void) {
  char *p = map_file(O_RDWR, 2, PROT_READ, MAP_SHARED);
  must_kill(try_store, (uint64_t)p);      // not there yet
  require(p[0] == 'A', "the map is wrong");
  must_kill(try_store, (uint64_t)p);      // there, and not writable
  unmap(p, 2);
}

void test_sixteen_areas(void) {
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

void test_exit_writes(void) {
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
