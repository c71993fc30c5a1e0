// A large parent and a child that changes a tenth: fill, fork, write every tenth page in the child,
// check both sides.
//
//   forkwrite [MiB]    16 by default
#include "lib/work.h"

static char *heap;
static int pages;

static int child(void) {
  for (int i = 0; i < pages; i += 10) fill_page(heap + i * PGSIZE, pages + i);
  for (int i = 0; i < pages; i++) {
    if (!page_holds(heap + i * PGSIZE, i % 10 == 0 ? pages + i : i)) return 1;
  }
  return 0;
}

int main(int argc, char *argv[]) {
  int mib = number_argument(argc, argv, 1, 16, 2047, "forkwrite [MiB]");
  heap = sbrk(mib << 20);
  if (heap == SBRK_ERROR) {
    printf("forkwrite: no %d MiB\n", mib);
    return 1;
  }
  pages = mib * 256;
  for (int i = 0; i < pages; i++) fill_page(heap + i * PGSIZE, i);

  int pid = fork();
  if (pid < 0) {
    printf("forkwrite: fork failed\n");
    return 1;
  }
  if (pid == 0) exit(child());
  int status = 1;
  wait(&status);
  bool right = status == 0;
  for (int i = 0; i < pages && right; i++) right = page_holds(heap + i * PGSIZE, i);
  int written = (pages + 9) / 10;
  printf("forkwrite: %d MiB, %d pages written, %s\n", mib, written, right ? "ok" : "wrong");
  return right ? 0 : 1;
}
