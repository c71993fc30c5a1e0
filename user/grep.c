// Print the lines that match a pattern: ^ and $ at the ends, . for any character, x* for any number
// of x. Exits 0 if a line matched, 1 if none did, 2 on trouble.
#include "lib/user.h"

#define LONGEST 1023  // a longer line is taken in pieces

static char line[LONGEST + 1];
static bool found;

static bool one(char c, const char *text) {
  return *text != 0 && (c == '.' || c == *text);
}

static bool here(const char *pattern, const char *text) {
  if (pattern[0] == 0) return true;
  if (pattern[0] == '$' && pattern[1] == 0) return *text == 0;
  if (pattern[1] != '*') return one(pattern[0], text) && here(pattern + 1, text + 1);
  for (;; text++) {
    if (here(pattern + 2, text)) return true;
    if (!one(pattern[0], text)) return false;
  }
}

static bool matches(const char *pattern, const char *text) {
  if (pattern[0] == '^') return here(pattern + 1, text);
  for (;; text++) {
    if (here(pattern, text)) return true;
    if (*text == 0) return false;
  }
}

static void show(const char *pattern, int n) {
  line[n] = 0;
  if (!matches(pattern, line)) return;
  found = true;
  line[n] = '\n';
  write(1, line, n + 1);
}

static void search(const char *pattern, int fd) {
  static char buffer[512];
  int length = 0, n;
  while ((n = read(fd, buffer, sizeof buffer)) > 0) {
    for (int i = 0; i < n; i++) {
      if (buffer[i] != '\n') line[length++] = buffer[i];
      if (buffer[i] == '\n' || length == LONGEST) {
        show(pattern, length);
        length = 0;
      }
    }
  }
  if (length > 0) show(pattern, length);
}

int main(int argc, char *argv[]) {
  if (argc < 2) {
    fprintf(2, "usage: grep PATTERN [FILE ...]\n");
    return 2;
  }
  if (argc == 2) search(argv[1], 0);
  for (int i = 2; i < argc; i++) {
    int fd = open(argv[i], O_RDONLY);
    if (fd < 0) {
      fprintf(2, "grep: cannot open %s\n", argv[i]);
      return 2;
    }
    search(argv[1], fd);
    close(fd);
  }
  return found ? 0 : 1;
}
