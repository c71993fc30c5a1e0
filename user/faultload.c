// Load from the first page above the break: a load page fault (13).
#include "lib/user.h"

int main(void) {
  char *p = (char *)(((uintptr_t)sbrk(0) + PGSIZE - 1) & -PGSIZE);
  printf("faultload: loading beyond the break at %p\n", p);
  char c = *(volatile char *)p;
  printf("faultload: survived, read %d\n", c);
  return 1;
}
