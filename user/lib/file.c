#include "user.h"

int stat(const char *path, struct stat *st) {
  int fd = open(path, O_RDONLY);
  if (fd < 0) return -1;
  int result = fstat(fd, st);
  close(fd);
  return result;
}

char *gets(char *line, int max) {
  int n = 0;
  while (n + 1 < max) {
    char c;
    if (read(0, &c, 1) != 1) break;
    line[n++] = c;
    if (c == '\n' || c == '\r') break;
  }
  line[n] = 0;
  return line;
}
