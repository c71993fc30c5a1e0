// List directories: name, type (1 directory, 2 file, 3 device), inode number and size in bytes.
#include "lib/user.h"

static void show(const char *path, const char *name) {
  struct stat st;
  if (stat(path, &st) < 0) {
    fprintf(2, "ls: cannot stat %s\n", path);
    return;
  }
  printf("%-14s %d %d %ld\n", name, st.type, st.ino, st.size);
}

static void list(const char *path, int fd) {
  static char full[MAXPATH + 1 + DIRSIZ + 1];
  size_t n = strlen(path);
  if (n > MAXPATH) {
    fprintf(2, "ls: path too long\n");
    return;
  }
  strcpy(full, path);
  full[n++] = '/';

  struct dirent entry;
  while (read(fd, &entry, sizeof entry) == sizeof entry) {
    if (entry.inum == 0) continue;
    memmove(full + n, entry.name, DIRSIZ);
    full[n + DIRSIZ] = 0;
    show(full, full + n);
  }
}

static const char *last(const char *path) {
  const char *name = path;
  for (; *path != 0; path++) {
    if (path[0] == '/' && path[1] != 0) name = path + 1;
  }
  return name;
}

static void ls(const char *path) {
  int fd = open(path, O_RDONLY);
  struct stat st;
  if (fd < 0 || fstat(fd, &st) < 0) {
    fprintf(2, "ls: cannot open %s\n", path);
    exit(1);
  }
  if (st.type == T_DIR) list(path, fd);
  else show(path, last(path));
  close(fd);
}

int main(int argc, char *argv[]) {
  if (argc == 1) ls(".");
  for (int i = 1; i < argc; i++) ls(argv[i]);
  return 0;
}
