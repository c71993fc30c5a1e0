// A big heap: take memory, fill it, read it through once more.
//
//   bigheap [MiB]    64 by default
#include "lib/work.h"

int main(int argc, char *argv[]) {
  int mib = number_argument(argc, argv, 1, 64, 2047, "bigheap [MiB]");
  char *heap = sbrk(mib << 20);
  if (heap == SBRK_ERROR) {
    printf("bigheap: no %d MiB\n", mib);
    return 1;
  }
  int pages = mib * 256;
  for (int i = 0; i < pages; i++) fill_page(heap + i * PGSIZE, i);
  uint64_t sum = 0;
  for (int i = 0; i < pages; i++) sum = sum * 31 + page_sum(heap + i * PGSIZE);
  printf("bigheap: %d MiB, checksum 0x%lx\n", mib, sum);
  return 0;
}
