// What the tests of mmap have in common: a file of one page and a half, and maps of it.
#pragma once
#include "../lib/testing.h"

#define FILE "mmap.file"
#define LENGTH (PGSIZE + PGSIZE / 2)  // of that file: the second page ends in zeros when mapped

#define LAB_TESTS(X)                                                                          \
  X(private_read) X(private_write) X(readonly_file) X(shared_write) X(lazy_read) X(two_files) \
  X(fork_inherits) X(unmap_parts) X(store_readonly) X(sixteen_areas) X(exit_writes)

#define MORE_TESTS(X)                                                                \
  X(offset) X(fixed) X(anonymous_private) X(anonymous_shared) X(hole)                \
  X(shared_between) X(private_after_fork) X(protect) X(sync) X(buffers) X(bad_requests)

#define DECLARE(name) void test_##name(void);
LAB_TESTS(DECLARE)
MORE_TESTS(DECLARE)

void make(void);  // the file, all of it 'A'
char *map(size_t length, int prot, int flags, int fd, size_t offset);
char *map_file(int open_flags, size_t pages, int prot, int flags);  // made afresh, and closed again
void unmap(char *p, size_t pages);
void is_file(const char *p);  // a map of two pages shows the file as it was made

// The file's own bytes, by read: `first` throughout its first page, `second` after.
void file_holds(char first, char second);
