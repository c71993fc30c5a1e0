// Count lines, words and bytes of files or of standard input.
#include "lib/user.h"

static char buffer[512];

static void count(int fd, const char *name) {
  int lines = 0, words = 0, bytes = 0, n;
  bool inside = false;  // of a word
  while ((n = read(fd, buffer, sizeof buffer)) > 0) {
    bytes += n;
    for (int i = 0; i < n; i++) {
      char c = buffer[i];
      if (c == '\n') lines++;
      bool blank = c == ' ' || (c >= '\t' && c <= '\r');
      if (!blank && !inside) words++;
      inside = !blank;
    }
  }
  if (n < 0) {
    fprintf(2, "wc: read error\n");
    exit(1);
  }
  printf("%d %d %d %s\n", lines, words, bytes, name);
}

int main(int argc, char *argv[]) {
  if (argc == 1) count(0, "");
  for (int i = 1; i < argc; i++) {
    int fd = open(argv[i], O_RDONLY);
    if (fd < 0) {
      fprintf(2, "wc: cannot open %s\n", argv[i]);
      return 1;
    }
    count(fd, argv[i]);
    close(fd);
  }
  return 0;
}
