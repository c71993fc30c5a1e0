// Memory-mapped files and anonymous memory, test by test.
//
//   mmaptest [NAME ...]
//
// The tests from private_read to exit_writes are the mmap lab's; the rest ask for more.
#include "maps.h"

#define ROW(name) {#name, test_##name},
static const struct test tests[] = {LAB_TESTS(ROW) MORE_TESTS(ROW){0, 0}};

int main(int argc, char *argv[]) {
  int result = test_main("mmaptest", tests, argc, argv);
  unlink(FILE);
  return result;
}
