#include "testing.h"

static const char *current = "?";  // the running test's name

void fail(const char *format, ...) {
  va_list args;
  va_start(args, format);
  printf("%s: ", current);
  vfprintf(1, format, args);
  printf("\n");
  exit(1);
}

static bool passes(const struct test *test) {
  printf("test %s: ", test->name);
  current = test->name;
  int pid = fork();
  if (pid < 0) {
    printf("fork failed\n");
    exit(1);
  }
  if (pid == 0) {
    test->run();
    exit(0);
  }
  int status = 0;
  wait(&status);
  printf(status == 0 ? "OK\n" : "FAILED\n");
  return status == 0;
}

int run_tests(const struct test *tests, const char *only) {
  int n = 0;
  for (const struct test *t = tests; t->name != 0; t++) {
    if (only != 0 && strcmp(only, t->name) != 0) continue;
    if (!passes(t)) return -1;
    n++;
  }
  return n;
}

int test_main(const char *program, const struct test *tests, int argc, char *argv[]) {
  int n = argc > 1 ? 1 : run_tests(tests, 0);
  for (int i = 1; i < argc && n > 0; i++) {
    n = run_tests(tests, argv[i]);
    if (n == 0) printf("%s: no test %s\n", program, argv[i]);
  }
  if (n > 0) printf("%s: all tests succeeded\n", program);
  else printf("%s: failed\n", program);
  return n > 0 ? 0 : 1;
}

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

void try_load(uint64_t address) {
  printf("loaded %d from %p\n", *(volatile char *)address, (void *)address);
  exit(1);
}

void try_store(uint64_t address) {
  *(volatile int *)address = 10;
  printf("stored to %p\n", (void *)address);
  exit(1);
}

void must_kill(void (*body)(uint64_t), uint64_t argument) {
  int status = status_of(body, argument);
  require(status == -1, "status %d after touching %p", status, (void *)argument);
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
