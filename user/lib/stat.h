// What fstat fills in, and what reading a directory yields.
#pragma once
#include <stdint.h>

#define T_DIR 1
#define T_FILE 2
#define T_DEVICE 3

struct stat {
  int32_t dev;
  uint32_t ino;
  int16_t type;
  int16_t nlink;
  uint64_t size;  // bytes, at offset 16
};

#define DIRSIZ 14  // a full name has no terminating zero

struct dirent {
  uint16_t inum;  // 0: a free slot
  char name[DIRSIZ];
};
