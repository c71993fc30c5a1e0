#include "maps.h"

static char page[PGSIZE];

void make(void) {
  unlink(FILE);
  int fd = must_open(FILE, O_CREATE | O_WRONLY);
  memset(page, 'A', sizeof page);
  require(write(fd, page, PGSIZE) == (int)PGSIZE, "write failed");
  require(write(fd, page, PGSIZE / 2) == (int)PGSIZE / 2, "write failed");
  close(fd);
}

char *map(size_t length, int prot, int flags, int fd, size_t offset) {
  char *p = mmap(0, length, prot, flags, fd, offset);
  require(p != MAP_FAILED, "mmap failed");
  require((uintptr_t)p % PGSIZE == 0, "mmap returned %p, which is no page's start", p);
  return p;
}

char *map_file(int open_flags, size_t pages, int prot, int flags) {
  make();
  int fd = must_open(FILE, open_flags);
  char *p = map(pages * PGSIZE, prot, flags, fd, 0);
  require(close(fd) == 0, "close failed");  // the map holds the file from here on
  return p;
}

void unmap(char *p, size_t pages) {
  require(munmap(p, pages * PGSIZE) == 0, "munmap(%p) failed", p);
}

void is_file(const char *p) {
  for (size_t i = 0; i < 2 * PGSIZE; i++) {
    require(p[i] == (i < LENGTH ? 'A' : 0), "byte %ld of the map is 0x%x", i, p[i]);
  }
}

void file_holds(char first, char second) {
  int fd = must_open(FILE, O_RDONLY);
  require(read(fd, page, PGSIZE) == (int)PGSIZE, "the file's first page is short");
  for (size_t i = 0; i < PGSIZE; i++) require(page[i] == first, "file byte %ld is wrong", i);
  require(read(fd, page, PGSIZE) == (int)PGSIZE / 2, "the file's size has changed");
  for (size_t i = 0; i < PGSIZE / 2; i++) {
    require(page[i] == second, "file byte %ld is wrong", PGSIZE + i);
  }
  close(fd);
}
