#include "tests.h"

int must_fork(void) {
  int pid = fork();
  require(pid >= 0, "fork failed");
  return pid;
}

int child_status(void) {
  int status = 12345;
  require(wait(&status) >= 0, "wait found no child");
  return status;
}

int status_of(void (*body)(uint64_t), uint64_t argument) {
  int pid = must_fork();
  if (pid == 0) {
    body(argument);
    exit(0);
  }
  int status = 12345;
  require(wait(&status) == pid, "wait returned another child");
  return status;
}

int must_open(const char *path, int flags) {
  int fd = open(path, flags);
  require(fd >= 0, "cannot open %s", path);
  return fd;
}

void touch(const char *path) {
  close(must_open(path, O_CREATE | O_RDWR));
}

void make_file(const char *path, const char *content) {
  int fd = must_open(path, O_CREATE | O_TRUNC | O_WRONLY);
  int n = strlen(content);
  require(write(fd, content, n) == n, "cannot write %s", path);
  close(fd);
}

void numbered(char *name, char letter, int n) {
  name[0] = letter;
  name[1] = '0' + n / 100;
  name[2] = '0' + n / 10 % 10;
  name[3] = '0' + n % 10;
  name[4] = 0;
}
