// Tests of the system calls, from outside: what a program may ask, wrongly asked included, and what
// must be left when it is gone.
//
//   usertests [-q] [-c] [NAME]
//
//   -q    the quick tests only        -c    again and again, until one fails
//   NAME  that test only
//
// Messages of the kernel about killed children in between are part of the tests.
#include "tests.h"

#define ROW(name) {#name, test_##name},
static const struct test quick_tests[] = {TESTS(ROW){0, 0}};
static const struct test slow_tests[] = {SLOW_TESTS(ROW){0, 0}};

char buffer[BUFFER];

// How many pages the heap can still grow by, page tables aside.
static int free_pages(void) {
  int pages = 0;
  for (int step = 256; step > 0;) {
    if (sbrk(step * PGSIZE) == SBRK_ERROR) step /= 2;
    else pages += step;
  }
  sbrk(-(pages * (int)PGSIZE));
  return pages;
}

// Where a program's pages come at their first touch they would be missed in a later count.
static void touch_program(void) {
  extern char end[];
  for (volatile char *p = 0; p < end; p += PGSIZE) (void)*p;
}

static bool round_passes(bool quick, const char *only) {
  printf("usertests starting\n");
  int before = free_pages();
  int n = run_tests(quick_tests, only);
  if (n >= 0 && !quick) {
    if (only == 0) printf("usertests slow tests starting\n");
    int slow = run_tests(slow_tests, only);
    n = slow < 0 ? -1 : n + slow;
  }
  if (n < 0) {
    printf("SOME TESTS FAILED\n");
    return false;
  }
  if (n == 0) {
    printf("NO TESTS EXECUTED\n");
    return false;
  }
  int after = free_pages();
  if (after < before) {
    printf("FAILED -- lost some free pages %d (out of %d)\n", after, before);
    return false;
  }
  return true;
}

int main(int argc, char *argv[]) {
  bool quick = false, forever = false;
  const char *only = 0;
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "-q") == 0) quick = true;
    else if (strcmp(argv[i], "-c") == 0) forever = true;
    else if (argv[i][0] != '-' && only == 0) only = argv[i];
    else {
      printf("Usage: usertests [-q] [-c] [testname]\n");
      return 1;
    }
  }
  touch_program();
  do {
    if (!round_passes(quick, only)) return 1;
  } while (forever);
  printf("ALL TESTS PASSED\n");
  return 0;
}
