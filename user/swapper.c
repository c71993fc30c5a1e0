// A working set that may be larger than memory: fill it, check it in order, rewrite some of it in
// no order, check it backwards. Right answers show that no page was lost or mixed up on the way to
// the swap disk and back.
//
//   swapper [MiB]    64 by default
#include "lib/work.h"

static char *heap;
static int pages;

static void check(int i, uint64_t seed, const char *when) {
  if (page_holds(heap + i * PGSIZE, seed)) return;
  printf("swapper: page %d is wrong %s\n", i, when);
  exit(1);
}

static bool rewritten(int i) {
  return i % 7 == 3;
}

int main(int argc, char *argv[]) {
  int mib = number_argument(argc, argv, 1, 64, 2047, "swapper [MiB]");
  heap = sbrklazy(mib << 20);
  if (heap == SBRK_ERROR) {
    printf("swapper: no %d MiB\n", mib);
    return 1;
  }
  pages = mib * 256;

  for (int i = 0; i < pages; i++) fill_page(heap + i * PGSIZE, i);
  for (int i = 0; i < pages; i++) check(i, i, "in order");

  // An odd step visits every page of a power of two once; skip what lies beyond.
  int span = 1;
  while (span < pages) span *= 2;
  for (int n = 0, i = 0; n < span; n++, i = (i + 40503) & (span - 1)) {
    if (i < pages && rewritten(i)) fill_page(heap + i * PGSIZE, pages + i);
  }

  uint64_t sum = 0;
  for (int i = pages - 1; i >= 0; i--) {
    check(i, rewritten(i) ? pages + i : i, "backwards");
    sum = sum * 31 + *(uint64_t *)(heap + i * PGSIZE);
  }
  printf("swapper: %d MiB, checksum 0x%lx\n", mib, sum);
  return 0;
}
